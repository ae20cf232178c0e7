/* SPDX-License-Identifier: MIT */
#include "base/words.h"

#include "base/mem.h"
#include "base/text.h"

#include <envoi/error.h>
#include <string.h>

#define SLOTS_MIN 16

/* FNV-1a of the word in upper case. The address of the list goes in, so that a stranger cannot choose words that all
 * meet in one slot. */
static uint64_t words_hash(const struct words *w, const char *word, size_t len)
{
    uint64_t hash = 0xcbf29ce484222325u ^ (uintptr_t)w;

    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (unsigned char)text_upper(word[i])) * 0x100000001b3u;
    return hash ^ hash >> 32;
}

/* The slot of the word, or the free one where it belongs. */
static uint32_t *words_slot(const struct words *w, const char *word, size_t len)
{
    size_t at = (size_t)words_hash(w, word, len);

    for (;; at++) {
        uint32_t *slot = &w->slots[at & (w->slot_count - 1)];
        const char *known = *slot ? w->text + *slot - 1 : NULL;

        if (!known || (strcspn(known, " ") == len && text_equal_n(known, word, len)))
            return slot;
    }
}

/* Keeps half of the slots free. */
static int words_grow_slots(struct words *w)
{
    size_t count = w->slot_count ? w->slot_count * 2 : SLOTS_MIN, len;
    const char *rest = w->text, *word;
    uint32_t *more;

    if (w->count * 2 < w->slot_count)
        return ENVOI_OK;
    if (!(more = mem_zalloc(count * sizeof *more)))
        return ENVOI_E_MEMORY;
    mem_free(w->slots);
    w->slots = more;
    w->slot_count = count;
    while (rest && (rest = text_word(rest, &word, &len)))
        *words_slot(w, word, len) = (uint32_t)(word - w->text) + 1;
    return ENVOI_OK;
}

/* Makes room for so many octets and the NUL. */
static int words_grow_text(struct words *w, size_t len)
{
    size_t room = w->room;
    char *more;

    while (room <= len)
        room = room ? room * 2 : 64;
    if (room == w->room)
        return ENVOI_OK;
    if (room > UINT32_MAX || !(more = mem_realloc(w->text, room)))
        return ENVOI_E_MEMORY;
    if (!w->text)
        *more = '\0';
    w->text = more;
    w->room = room;
    return ENVOI_OK;
}

int words_add(struct words *w, const char *word, size_t len)
{
    size_t gap = w->len ? 1 : 0;
    uint32_t *slot;

    if (words_grow_slots(w) || words_grow_text(w, w->len + gap + len))
        return ENVOI_E_MEMORY;
    slot = words_slot(w, word, len);
    if (*slot)
        return ENVOI_OK;
    memcpy(w->text + w->len, " ", gap);
    *slot = (uint32_t)(w->len + gap) + 1;
    memcpy(w->text + w->len + gap, word, len);
    w->len += gap + len;
    w->text[w->len] = '\0';
    w->count++;
    return ENVOI_OK;
}

const char *words_text(const struct words *w)
{
    return w->text ? w->text : "";
}

void words_free(struct words *w)
{
    mem_free(w->text);
    mem_free(w->slots);
    *w = (struct words){0};
}

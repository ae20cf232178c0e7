/* SPDX-License-Identifier: MIT */
#include "layer/output.h"

#include "base/mem.h"

#include <envoi/error.h>
#include <string.h>

#define PIECES_AT_ONCE 5 /* a BDAT and its chunk */

int output_init(struct output *o)
{
    *o = (struct output){0};
    if (!(o->pieces = mem_alloc(OUTPUT_PIECES_MIN * sizeof *o->pieces)))
        return ENVOI_E_MEMORY;
    o->room = OUTPUT_PIECES_MIN;
    return ENVOI_OK;
}

void output_free(struct output *o)
{
    buf_free(&o->text);
    mem_free(o->pieces);
    *o = (struct output){0};
}

void output_clear(struct output *o)
{
    buf_reset(&o->text);
    o->head = o->count = o->lent = o->commands = 0;
    o->octets = 0;
}

static bool output_resize(struct output *o, unsigned room)
{
    struct output_piece *pieces = mem_alloc(room * sizeof *pieces);
    unsigned behind = o->room - o->head; /* pieces before the ring begins anew */

    if (!pieces)
        return false;
    if (behind > o->count)
        behind = o->count;
    memcpy(pieces, o->pieces + o->head, behind * sizeof *pieces);
    memcpy(pieces + behind, o->pieces, (o->count - behind) * sizeof *pieces);
    mem_free(o->pieces);
    o->pieces = pieces;
    o->room = room;
    o->head = 0;
    return true;
}

void output_shrink(struct output *o, size_t keep)
{
    if (o->text.cap > keep)
        buf_free(&o->text);
    if (o->room > OUTPUT_PIECES_MIN)
        (void)output_resize(o, OUTPUT_PIECES_MIN);
}

bool output_has_room(struct output *o)
{
    if (o->octets >= OUTPUT_LIMIT || o->commands >= OUTPUT_PIECES_MAX)
        return false;
    return o->count + PIECES_AT_ONCE <= o->room || (o->room < OUTPUT_PIECES_MAX && output_resize(o, 2 * o->room));
}

/* The octets from piece number *index on that lie together in memory: a lent piece, or neighbouring commands. *index
 * becomes that of the piece behind them; *text is the first command's octets at first. iov_len is 0 behind the last. */
static struct iovec output_run(const struct output *o, unsigned *index, const uint8_t **text)
{
    const uint8_t *at = *text;
    size_t len = 0;

    for (; *index < o->count; ++*index) {
        const struct output_piece *p = output_piece(o, *index);

        if (p->lent && p->len) {
            if (!len) {
                ++*index;
                return (struct iovec){(void *)(uintptr_t)p->lent, p->len};
            }
            break;
        }
        len += p->len;
    }
    /* Where there is no text, the pointer may be NULL. */
    if (len)
        *text += len;
    return (struct iovec){(void *)(uintptr_t)at, len};
}

size_t output_drain(const struct output *o, struct iovec *pieces, size_t max)
{
    const uint8_t *text = buf_head(&o->text);
    unsigned index = 0;
    size_t n = 0;

    while (n < max && (pieces[n] = output_run(o, &index, &text)).iov_len)
        n++;
    return n;
}

struct iovec output_gather(const struct output *o, uint8_t *block, size_t most)
{
    const uint8_t *text = buf_head(&o->text);
    struct iovec all = {.iov_base = block, .iov_len = o->octets < most ? o->octets : most};
    unsigned index = 0;
    struct iovec run = output_run(o, &index, &text);

    if (run.iov_len >= all.iov_len)
        return (struct iovec){run.iov_base, all.iov_len};
    if (o->text.secret)
        return run;
    for (size_t at = 0; at < all.iov_len; run = output_run(o, &index, &text)) {
        size_t room = all.iov_len - at, len = run.iov_len < room ? run.iov_len : room;

        memcpy(block + at, run.iov_base, len);
        at += len;
    }
    return all;
}

/* Commands that end within these octets. */
static unsigned output_count_lines(const uint8_t *text, size_t len)
{
    const uint8_t *end = text + len;
    unsigned n = 0;

    for (; (text = memchr(text, '\n', (size_t)(end - text))); text++)
        n++;
    return n;
}

unsigned output_drained(struct output *o, size_t len, uint64_t position)
{
    unsigned commands = 0, ended;
    size_t text = 0;

    o->octets -= len;
    while (o->count) {
        struct output_piece *p = &o->pieces[o->head];
        size_t take = len < p->len ? len : p->len;

        ended = p->commands;
        if (take < p->len && ended)
            ended = p->lent ? 0 : output_count_lines(buf_head(&o->text) + text, take);
        if (p->lent)
            p->lent += take;
        else
            text += take;
        commands += ended;
        p->commands -= ended;
        p->len -= take;
        len -= take;
        if (p->len)
            break;
        o->lent -= p->lent ? 1 : 0;
        if (p->gone_at)
            *p->gone_at = position;
        o->head = (o->head + 1) & (o->room - 1);
        o->count--;
    }
    o->commands -= commands;
    buf_consume(&o->text, text);
    o->text.secret = o->text.secret && o->text.len;
    return commands;
}

/* SPDX-License-Identifier: MIT */
#include "layer/output.h"

#include "base/mem.h"

#include <envoi/error.h>

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
    o->head = o->count = o->lent = 0;
    o->octets = 0;
}

static bool output_resize(struct output *o, unsigned room)
{
    struct output_piece *pieces = mem_alloc(room * sizeof *pieces);

    if (!pieces)
        return false;
    for (unsigned i = 0; i < o->count; i++)
        pieces[i] = *output_piece(o, i);
    mem_free(o->pieces);
    o->pieces = pieces;
    o->room = room;
    o->head = 0;
    return true;
}

void output_shrink(struct output *o)
{
    buf_free(&o->text);
    if (o->room > OUTPUT_PIECES_MIN)
        (void)output_resize(o, OUTPUT_PIECES_MIN);
}

bool output_has_room(struct output *o)
{
    if (o->octets >= OUTPUT_LIMIT)
        return false;
    return o->count + PIECES_AT_ONCE <= o->room || (o->room < OUTPUT_PIECES_MAX && output_resize(o, 2 * o->room));
}

size_t output_drain(const struct output *o, struct iovec *pieces, size_t max)
{
    const uint8_t *text = buf_head(&o->text);
    bool joins = false; /* the next command lies directly behind the last piece */
    size_t n = 0;

    for (unsigned i = 0; i < o->count; i++) {
        const struct output_piece *p = output_piece(o, i);
        const uint8_t *at = p->lent ? p->lent : text;

        if (p->len == 0)
            continue;
        if (!p->lent)
            text += p->len;
        if (joins && !p->lent) {
            pieces[n - 1].iov_len += p->len;
            continue;
        }
        if (n == max)
            break;
        pieces[n++] = (struct iovec){(void *)(uintptr_t)at, p->len};
        joins = !p->lent;
    }
    return n;
}

unsigned output_drained(struct output *o, size_t len, uint64_t position)
{
    unsigned commands = 0;
    size_t text = 0;

    o->octets -= len;
    while (o->count) {
        struct output_piece *p = &o->pieces[o->head];
        size_t take = len < p->len ? len : p->len;

        if (p->lent)
            p->lent += take;
        else
            text += take;
        p->len -= take;
        len -= take;
        if (p->len)
            break;
        commands += p->ends_command ? 1 : 0;
        o->lent -= p->lent ? 1 : 0;
        if (p->gone_at)
            *p->gone_at = position;
        o->head = (o->head + 1) & (o->room - 1);
        o->count--;
    }
    buf_consume(&o->text, text);
    o->text.secret = o->text.secret && o->text.len;
    return commands;
}

/* SPDX-License-Identifier: MIT */
#include "engine/output.h"

#define PIECES_AT_ONCE 5 /* a BDAT and its chunk */

void output_init(struct output *o)
{
    o->head = o->count = o->lent = 0;
    o->octets = 0;
    buf_init(&o->text, 0, false);
}

void output_free(struct output *o)
{
    buf_free(&o->text);
    output_init(o);
}

void output_clear(struct output *o)
{
    buf_reset(&o->text);
    o->head = o->count = o->lent = 0;
    o->octets = 0;
}

bool output_has_room(const struct output *o)
{
    return o->count + PIECES_AT_ONCE <= OUTPUT_PIECES && o->octets < OUTPUT_LIMIT;
}

static void add(struct output *o, const uint8_t *lent, size_t len)
{
    o->pieces[(o->head + o->count++) % OUTPUT_PIECES] = (struct output_piece){.lent = lent, .len = len};
    o->octets += len;
    o->lent += lent ? 1 : 0;
}

void output_add_text(struct output *o, size_t from)
{
    add(o, NULL, o->text.len - from);
}

void output_lend(struct output *o, const void *data, size_t len)
{
    add(o, data, len);
}

static struct output_piece *last_piece(struct output *o)
{
    return &o->pieces[(o->head + o->count - 1) % OUTPUT_PIECES];
}

void output_mark(struct output *o, bool *left)
{
    last_piece(o)->left = left;
}

void output_end_command(struct output *o, bool *left)
{
    last_piece(o)->ends_command = true;
    last_piece(o)->left = left;
}

size_t output_drain(const struct output *o, struct iovec *pieces, size_t max)
{
    const uint8_t *text = buf_head(&o->text);
    bool joins = false; /* neighbouring commands lie side by side: one piece for the wire */
    size_t n = 0;

    for (unsigned i = 0; i < o->count; i++) {
        const struct output_piece *p = &o->pieces[(o->head + i) % OUTPUT_PIECES];
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

unsigned output_drained(struct output *o, size_t len)
{
    unsigned commands = 0;

    o->octets -= len;
    while (o->count) {
        struct output_piece *p = &o->pieces[o->head];
        size_t take = len < p->len ? len : p->len;

        if (p->lent)
            p->lent += take;
        else
            buf_consume(&o->text, take);
        p->len -= take;
        len -= take;
        if (p->len)
            break;
        commands += p->ends_command ? 1 : 0;
        o->lent -= p->lent ? 1 : 0;
        if (p->left)
            *p->left = true;
        o->head = (o->head + 1) % OUTPUT_PIECES;
        o->count--;
    }
    o->text.secret = o->text.secret && o->text.len;
    return commands;
}

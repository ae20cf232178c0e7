/* SPDX-License-Identifier: MIT */
/* What waits to leave the engine: commands (copied) and content (lent), in order, with a mark at the end of each command, so
 * that it is known which commands have left whole. */
#ifndef ENGINE_OUTPUT_H
#define ENGINE_OUTPUT_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#define OUTPUT_PIECES_MIN 16   /* commands and blocks that there is always room for; powers of two */
#define OUTPUT_PIECES_MAX 1024 /* ... that wait at most */
/* Octets that may wait (content is lent) before nothing more is written. With little at a time a fast receiver falls asleep
 * while content is looked at, and to wake it costs the sender more than the look; with very much, what was looked at has
 * left the processor's cache again when it goes. */
#define OUTPUT_LIMIT      786432u

struct output_piece {
    const uint8_t *lent; /* NULL: the octets are in text */
    size_t len;
    bool ends_command;
    uint64_t *left; /* told where the last octet stands on the wire, when it leaves; NULL: nobody asks */
};

struct output {
    struct buf text;             /* the commands; `secret` while a login is among them */
    struct output_piece *pieces; /* a ring */
    unsigned room, head, count;
    unsigned lent; /* pieces that are lent */
    size_t octets;
};

/* ENVOI_OK or ENVOI_E_MEMORY. */
int output_init(struct output *o);
void output_free(struct output *o);
void output_clear(struct output *o);
/* Gives back what only many commands at once need. Nothing must be waiting. */
void output_rest(struct output *o);
/* May one more command, or one more chunk with its command, be added? Where memory is short, fewer wait at once. */
bool output_has_room(struct output *o);

/* ---- inline, since every command needs them ---- */

static inline struct output_piece *output_piece(const struct output *o, unsigned index)
{
    return &o->pieces[(o->head + index) & (o->room - 1)];
}

/* Adds what was appended to o->text since octet `from` of it (text.len before): a whole command, or the head of one. */
static inline void output_add_text(struct output *o, size_t from, bool whole)
{
    size_t len = o->text.len - from;

    *output_piece(o, o->count++) = (struct output_piece){.len = len, .ends_command = whole};
    o->octets += len;
}

/* Adds octets that stay valid until they have left. */
static inline void output_lend(struct output *o, const void *data, size_t len)
{
    *output_piece(o, o->count++) = (struct output_piece){.lent = data, .len = len};
    o->octets += len;
    o->lent++;
}

/* *left is set when the last piece that was added leaves. */
static inline void output_mark(struct output *o, uint64_t *left)
{
    output_piece(o, o->count - 1)->left = left;
}

/* The last piece that was added ends a command; *left (NULL: nobody asks) is set when it leaves. */
static inline void output_end_command(struct output *o, uint64_t *left)
{
    output_piece(o, o->count - 1)->ends_command = true;
    output_mark(o, left);
}

/* ---- what has left ---- */

size_t output_drain(const struct output *o, struct iovec *pieces, size_t max);
/* The next len octets leave, and what ends with them stands at `position` (not 0) on the wire. Returns how many commands
 * have left whole with them. */
unsigned output_drained(struct output *o, size_t len, uint64_t position);

#endif

/* SPDX-License-Identifier: MIT */
/* The output of the engine: commands (copied) and content (lent), in order. It knows which commands have left whole.
 * Neighbouring commands are one piece: each of them is one line, so its LF is its end. */
#ifndef LAYER_OUTPUT_H
#define LAYER_OUTPUT_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#define OUTPUT_PIECES_MIN 16   /* room for pieces at the beginning; both are powers of two */
#define OUTPUT_PIECES_MAX 1024 /* pieces that may wait, and commands */
/* Octets that may wait, lent content included, before no more is written. With a small limit a fast receiver goes to
 * sleep while content is scanned, and waking it costs the sender more than the scan. With a very large one, scanned
 * content has left the processor's cache by the time it is sent. */
#define OUTPUT_LIMIT      786432u

struct output_piece {
    const uint8_t *lent; /* NULL: the octets are in text */
    size_t len;
    unsigned commands; /* that end in the piece */
    uint64_t *gone_at; /* set when the piece leaves: where the octets that leave with it end on the wire; or NULL */
};

struct output {
    struct buf text;             /* the commands; `secret` while one of them belongs to a login */
    struct output_piece *pieces; /* a ring */
    unsigned room, head, count;
    unsigned lent;     /* pieces that are lent */
    unsigned commands; /* of all pieces */
    size_t octets;     /* of all pieces */
};

/* ENVOI_OK or ENVOI_E_MEMORY. */
int output_init(struct output *o);
void output_free(struct output *o);
void output_clear(struct output *o);
/* Frees the memory of text if it is more than `keep` octets, and that of more than OUTPUT_PIECES_MIN pieces. The output
 * must be empty. */
void output_shrink(struct output *o, size_t keep);
/* Is there room for one more command, or one more chunk with its command? Grows the ring if need be; if memory is
 * short, fewer pieces wait at once. */
bool output_has_room(struct output *o);

/* ---- inline, because every command needs them ---- */

static inline struct output_piece *output_piece(const struct output *o, unsigned index)
{
    return &o->pieces[(o->head + index) & (o->room - 1)];
}

/* Adds the octets that were appended to o->text from offset `from` on: a line that is a whole command, or the head of
 * one. */
static inline void output_add_text(struct output *o, size_t from, bool whole)
{
    struct output_piece *last = output_piece(o, o->count - 1);
    size_t len = o->text.len - from;

    o->octets += len;
    o->commands += whole;
    if (whole && o->count && last->commands && !last->lent) {
        last->len += len;
        last->commands++;
    } else {
        *output_piece(o, o->count++) = (struct output_piece){.len = len, .commands = whole};
    }
}

/* Adds octets without a copy: they must stay valid until they have left. */
static inline void output_lend(struct output *o, const void *data, size_t len)
{
    *output_piece(o, o->count++) = (struct output_piece){.lent = data, .len = len};
    o->octets += len;
    o->lent++;
}

/* Has *gone_at set when the piece that was added last leaves. */
static inline void output_mark(struct output *o, uint64_t *gone_at)
{
    output_piece(o, o->count - 1)->gone_at = gone_at;
}

/* The piece that was added last ends a command. gone_at as in output_mark(), or NULL. */
static inline void output_end_command(struct output *o, uint64_t *gone_at)
{
    output_piece(o, o->count - 1)->commands = 1;
    o->commands++;
    output_mark(o, gone_at);
}

/* ---- leaving ---- */

/* Lends at most max pieces; returns how many. Neighbouring texts are one piece. */
size_t output_drain(const struct output *o, struct iovec *pieces, size_t max);
/* The first `most` octets that wait, or all if they are fewer, for a layer that makes a record of them; iov_len 0: none
 * waits. They are lent where they lie together; else they are copied to block, which has room for `most`. Until octets
 * leave, the same ones are given again, perhaps at another address and followed by more: as a transport that has said
 * AGAIN wants it. Secret text is never copied; then only octets that lie together are lent. (It is alone in the output
 * anyway, because the commands of a login wait for their replies.) */
struct iovec output_gather(const struct output *o, uint8_t *block, size_t most);
/* The next len octets leave; their end is at `position` (not 0) on the wire. Returns how many commands have thereby
 * left whole. */
unsigned output_drained(struct output *o, size_t len, uint64_t position);

#endif

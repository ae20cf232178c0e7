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

#define OUTPUT_PIECES 128    /* commands and blocks that wait at once; a power of two */
#define OUTPUT_LIMIT  65536u /* octets that may wait before nothing more is written */

struct output_piece {
    const uint8_t *lent; /* NULL: the octets are in text */
    size_t len;
    bool ends_command;
    bool *left; /* set when the last octet has left; NULL: nobody asks */
};

struct output {
    struct buf text; /* the commands; `secret` while a login is among them */
    struct output_piece pieces[OUTPUT_PIECES];
    unsigned head, count;
    unsigned lent; /* pieces that are lent */
    size_t octets;
};

void output_init(struct output *o);
void output_free(struct output *o);
void output_clear(struct output *o);
/* May one more command, or one more chunk with its command, be added? */
bool output_has_room(const struct output *o);
/* Adds what was appended to o->text since octet `from` of it (text.len before). */
void output_add_text(struct output *o, size_t from);
/* Adds octets that stay valid until they have left. */
void output_lend(struct output *o, const void *data, size_t len);
/* *left is set when the last piece that was added has left. */
void output_mark(struct output *o, bool *left);
/* The last piece that was added ends a command; *left (NULL: nobody asks) is set when it has left whole. */
void output_end_command(struct output *o, bool *left);
size_t output_drain(const struct output *o, struct iovec *pieces, size_t max);
/* Returns how many commands have left whole with these octets. */
unsigned output_drained(struct output *o, size_t len);

#endif

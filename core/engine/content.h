/* SPDX-License-Identifier: MIT */
/* The content of a message on its way to the wire: taken from its source block by block, line ends made CR LF, dots
 * doubled (for DATA). A block that is regular is lent as it is; only an irregular one is copied. */
#ifndef ENGINE_CONTENT_H
#define ENGINE_CONTENT_H

#include "base/buf.h"

#include <envoi/message.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct content_source {
    const uint8_t *memory; /* not NULL: all of it is here, pull is not used */
    envoi_pull_fn *pull;
    envoi_rewind_fn *rewind;    /* NULL: can be had once */
    void (*release)(void *ctx); /* NULL: nothing to release */
    void *ctx;
    int64_t size; /* octets the source has; -1: unknown */
};

/* What a look at the whole content told. */
struct content_measure {
    bool known;    /* the whole was looked at */
    uint64_t size; /* octets with CR LF line ends, without doubled dots: what SIZE= means (RFC 1870) */
    bool has_8bit;
    bool has_nul;
};

enum content_mode {
    CONTENT_DOT,    /* for DATA: dots doubled, ends with CR LF . CR LF */
    CONTENT_PLAIN,  /* for BDAT: line ends made CR LF */
    CONTENT_BINARY, /* for BDAT with BINARYMIME: as it is */
};

struct content {
    struct content_source source;
    bool pulled; /* something was taken from a source that cannot be rewound */
    enum content_mode mode;
    uint64_t taken; /* octets taken from the source in this run */
    bool ended;     /* the source has no more */
    bool finished;  /* the terminator was given out */
    /* the normaliser */
    bool after_cr;        /* the last octet taken was a CR that is still owed */
    bool at_line_start;   /* the next octet begins a line */
    const uint8_t *block; /* what is taken but not given out */
    size_t block_len;
    unsigned turn;   /* which half of the buffers is used next: one piece may still be on its way */
    uint8_t *input;  /* twice CONTENT_BLOCK octets, for pull */
    uint8_t *output; /* twice CONTENT_STAGE octets, for irregular blocks */
};

#define CONTENT_BLOCK ((size_t)16384)
#define CONTENT_STAGE (2 * CONTENT_BLOCK + 8)

void content_init(struct content *c);
/* Releases the source and the buffers. */
void content_free(struct content *c);
/* Gives back the buffers, keeps the source. */
void content_idle(struct content *c);
/* Looks at memory, or at a source that can be rewound (reading it whole). Others: measure.known false, size from the
 * source when told. ENVOI_OK; ENVOI_E_CONTENT; ENVOI_E_MEMORY. */
int content_look(struct content *c, struct content_measure *measure);
/* Begins a run from the first octet. ENVOI_E_CONTENT: it was taken before and cannot be had again. */
int content_begin(struct content *c, enum content_mode mode);
/* The next octets for the wire; valid until the call after the next one. *last is set with the piece that ends the content (the dot
 * included); that piece may be empty. ENVOI_OK; ENVOI_E_AGAIN; ENVOI_E_CONTENT (also: a NUL, a source that is shorter or
 * longer than it said); ENVOI_E_MEMORY. */
int content_next(struct content *c, const uint8_t **data, size_t *len, bool *last);

#endif

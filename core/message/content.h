/* SPDX-License-Identifier: MIT */
/* The content of a message on its way to the wire: taken from its source block by block, line ends made CR LF, dots
 * doubled (for DATA). A block that is regular is lent as it is; only an irregular one is copied. */
#ifndef MESSAGE_CONTENT_H
#define MESSAGE_CONTENT_H

#include <envoi/message.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#define CONTENT_BLOCK                                                                                                  \
    ((size_t)65536)      /* most octets of one block, and so of one chunk, unless the settings say otherwise */
#define CONTENT_PIECES 3 /* of one chunk: an owed line end, the block, the end */

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

/* From the first to the last block in which something was found; empty: from == to. */
struct content_span {
    uint64_t from, to;
};

struct content {
    struct content_source source;
    bool canonical;             /* the caller says that all line ends are CR LF and that there is no NUL */
    bool looked;                /* what is sent was looked at, and the next two spans say what was found */
    bool counted;               /* the look found `count` octets; a run that finds another number is broken */
    bool pulled;                /* something was taken from a source that is not memory */
    struct content_span stray;  /* line ends to repair */
    struct content_span dotted; /* lines that begin with a dot */
    uint64_t count;
    const uint8_t *held; /* all of it, when it was taken by looking at it; NULL: it was not */
    enum content_mode mode;
    size_t block_max;
    uint64_t taken; /* octets taken from the source in this run */
    bool ended;     /* the source has no more */
    /* the normaliser */
    bool after_cr;        /* the last octet taken was a CR that is still owed */
    bool at_line_start;   /* the next octet begins a line */
    const uint8_t *block; /* what is taken but not given out */
    size_t block_len;
    uint64_t left;   /* what was given out last has left the engine: not 0 */
    unsigned turn;   /* which half of the buffers is used next: one block may be on its way while the next is taken */
    bool own;        /* what was given out last lies in the buffers below */
    size_t room;     /* octets of half an input buffer */
    uint8_t *input;  /* two halves, for pull */
    uint8_t *output; /* two halves of twice the room and some, for irregular blocks */
};

/* One chunk: what goes out together. */
struct content_chunk {
    struct iovec pieces[CONTENT_PIECES];
    size_t count;
    size_t total; /* octets */
    bool last;    /* it ends the content (the dot included) */
};

void content_init(struct content *c);
/* Releases the source and the buffers. */
void content_free(struct content *c);
/* Gives back the buffers, keeps the source. */
void content_idle(struct content *c);
/* Before a run in that mode: looks at memory, or at a source that can be rewound. All of it is looked at when twice is set;
 * else one block, and when there is more nothing is known (it would have to be read twice). A pulled source that fits in a
 * block is kept and read but once. Others, one that says AGAIN, and one that has more: measure.known false, size from the
 * source when told. ENVOI_OK; ENVOI_E_CONTENT; ENVOI_E_MEMORY. */
int content_look(struct content *c, enum content_mode mode, bool twice, struct content_measure *measure);
/* Begins a run from the first octet, block_max octets at a time. ENVOI_E_CONTENT: it was taken before and cannot be had
 * again. */
int content_begin(struct content *c, enum content_mode mode, size_t block_max);
/* May the next chunk be made while the one before is still in the output? */
bool content_may_go_on(const struct content *c);
/* The next octets for the wire. ENVOI_OK; ENVOI_E_AGAIN; ENVOI_E_CONTENT (also: a NUL, a source that is shorter or longer
 * than it said); ENVOI_E_MEMORY. */
int content_next(struct content *c, struct content_chunk *chunk);

#endif

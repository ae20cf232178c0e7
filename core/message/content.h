/* SPDX-License-Identifier: MIT */
/* The content of a message on its way to the wire: it is taken from its source block by block, line ends become CR LF,
 * and dots are doubled (for DATA). A block that needs no repair is lent as it is; only an irregular one is copied.
 * Memory use does not grow with the content. */
#ifndef MESSAGE_CONTENT_H
#define MESSAGE_CONTENT_H

#include <envoi/message.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

/* Most octets of one block, and so of one chunk, unless the settings say otherwise. */
#define CONTENT_BLOCK  ((size_t)65536)
#define CONTENT_PIECES 3 /* of one chunk: the line end that the block before left open, the block, the end */

struct content_source {
    const uint8_t *memory; /* NULL: octets come from pull; else all of them are here */
    envoi_pull_fn *pull;
    envoi_rewind_fn *rewind;    /* NULL: the source can be read once only */
    void (*release)(void *ctx); /* NULL: nothing to release */
    void *ctx;
    int64_t size; /* octets that the source has; -1: unknown */
};

/* The result of content_measure(). */
struct content_measure {
    bool known;    /* the whole content was read; if not, `size` is the size that the source declares; 0: unknown */
    uint64_t size; /* octets with CR LF line ends and without doubled dots, as SIZE= counts (RFC 1870) */
    bool has_8bit;
    bool has_nul;
};

enum content_mode {
    CONTENT_DOT,    /* for DATA: dots are doubled, and CR LF . CR LF ends it */
    CONTENT_PLAIN,  /* for BDAT: line ends become CR LF */
    CONTENT_BINARY, /* for BDAT with BINARYMIME: unchanged */
};

/* From the first to the last block in which something was found. from == to: nowhere. */
struct content_span {
    uint64_t from, to;
};

struct content {
    struct content_source source;
    const char *why; /* the reason of the last ENVOI_E_CONTENT or ENVOI_E_NOT_SUPPORTED; NULL: there is none */
    size_t line_max; /* octets, its end not counted; a longer one is refused on its way out; 0: none is */
    uint64_t line, longest_line; /* octets of the line at hand, and of the longest so far */
    bool lines;                  /* the longest line is looked for */
    bool seven_bit;              /* an 8-bit octet is refused on its way out: the server does not take any */
    bool canonical; /* the caller says: all line ends are CR LF, and there is no NUL. It is looked at on its way out */
    bool scanned;   /* the octets to be sent were scanned: `stray` and `dotted` are known */
    bool counted;   /* `count` octets were measured: a run that finds another number fails */
    bool pulled;    /* octets were taken from a source that is not memory */
    struct content_span stray;  /* line ends to repair */
    struct content_span dotted; /* lines that begin with a dot */
    bool no_cr;                 /* scanned: no octet is a CR */
    uint64_t count;
    const uint8_t *held; /* the whole content, if measuring it read it into one block; else NULL */
    enum content_mode mode;
    size_t block_max; /* most octets of a block, but for a LF that completes its last line end */
    uint64_t taken;   /* octets taken from the source in this run */
    bool ended;       /* the source has no more */
    /* the normaliser */
    bool after_cr;        /* the last octet taken was a CR, and its line end is not given out yet */
    bool at_line_start;   /* the next octet begins a line */
    const uint8_t *block; /* octets that are taken but not given out */
    size_t block_len;
    uint64_t gone_at; /* set by the caller when the last chunk has left the engine; 0: it has not */
    unsigned turn;    /* which half of the buffers is next: a block goes out while the one after it is looked at */
    bool own;         /* the last chunk lies in the buffers below */
    size_t room;      /* octets of half the input buffer */
    uint8_t *input;   /* two halves, for pull */
    uint8_t *output;  /* two halves, for repaired blocks */
};

/* Octets that go out together. */
struct content_chunk {
    struct iovec pieces[CONTENT_PIECES];
    size_t count;
    size_t total; /* octets */
    bool last;    /* it ends the content; the final dot is in it */
};

void content_init(struct content *c);
/* Releases the source and frees the buffers. */
void content_free(struct content *c);
/* Frees the buffers and keeps the source. */
void content_idle(struct content *c);

/* Can the content be read from its first octet? Not if a source without rewind was read already. */
static inline bool content_is_repeatable(const struct content *c)
{
    return !c->pulled || c->source.rewind;
}

/* Before a run in that mode: measures memory, or a source that can be rewound. Unless `twice` is set, reads one block
 * only. If there is more, the source says AGAIN, it cannot be rewound, or the content is canonical, measure->known is
 * false. A source that fits into one block is read only once: the run uses the block. ENVOI_OK; ENVOI_E_CONTENT: the
 * source failed, or it was read and cannot be rewound; ENVOI_E_MEMORY. */
int content_measure(struct content *c, enum content_mode mode, bool twice, struct content_measure *measure);
/* Begins a run from the first octet, with blocks of block_max octets. ENVOI_OK; ENVOI_E_CONTENT: it was read and cannot
 * be rewound. */
int content_begin(struct content *c, enum content_mode mode, size_t block_max);
/* May content_next() be called now? Not while the chunk before lies in the buffers (`own`) and gone_at is 0. */
bool content_may_go_on(const struct content *c);
/* Gives out the next octets for the wire. They stay valid until the next call, or as source.memory if they are lent
 * from there. ENVOI_OK: the chunk may be empty; ENVOI_E_AGAIN; ENVOI_E_CONTENT: the source failed, holds a NUL, or is
 * not as long as it said, or has a line beyond line_max; ENVOI_E_NOT_SUPPORTED: an 8-bit octet although seven_bit is
 * set; ENVOI_E_MEMORY. */
int content_next(struct content *c, struct content_chunk *chunk);

#endif

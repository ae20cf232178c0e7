/* SPDX-License-Identifier: MIT */
/* A queue of octets, with a limit: appended at the end, consumed at the front. If it holds secrets, octets are wiped as
 * they are consumed, moved or freed.
 *
 * A buffer remembers its failure: after an append has failed, each later one that is not empty returns the same code,
 * until buf_reset() or buf_free(). So a text is put together piece by piece, and buf_failed() is asked once at the
 * end. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct buf {
    uint8_t *data; /* the memory, NULL: none yet */
    size_t head;   /* first octet not consumed */
    size_t len;    /* octets not consumed */
    size_t cap;    /* octets of memory */
    size_t limit;  /* most octets it may hold; 0: no limit */
    bool secret;   /* wipe octets as they are consumed, moved or freed */
    int failure;   /* ENVOI_E_*: the first append that failed; ENVOI_OK: none has */
};

void buf_init(struct buf *b, size_t limit, bool secret);
/* Frees the memory; the buffer is as after buf_init() and can be used again. */
void buf_free(struct buf *b);
/* Wipes the octets that it holds. */
void buf_wipe(struct buf *b);

/* Empties the buffer, keeps its memory and clears its failure. Only octets that are held have to be wiped: consumed and
 * moved ones are wiped already. */
static inline void buf_reset(struct buf *b)
{
    if (b->secret && b->len)
        buf_wipe(b);
    b->head = b->len = 0;
    b->failure = 0;
}

int buf_append_slow(struct buf *b, const void *data, size_t len);

/* ENVOI_OK; ENVOI_E_MEMORY; ENVOI_E_PROTOCOL if the limit would be passed. On failure nothing is appended. Always
 * inline, because a command is made of many small pieces, of constant length mostly, and there nearly always is
 * room. */
static inline __attribute__((always_inline)) int buf_append(struct buf *b, const void *data, size_t len)
{
    size_t end = b->head + b->len;

    if (!len)
        return 0;
    if (len >= b->cap - end || (b->limit && b->len + len > b->limit))
        return buf_append_slow(b, data, len);
    memcpy(b->data + end, data, len);
    b->len += len;
    return 0;
}

static inline __attribute__((always_inline)) int buf_append_text(struct buf *b, const char *text)
{
    return buf_append(b, text, strlen(text));
}

/* The code of the first append that failed; ENVOI_OK if none has. */
static inline int buf_failed(const struct buf *b)
{
    return b->failure;
}

int buf_reserve_slow(struct buf *b, size_t len, uint8_t **at);

/* Makes room for len more octets. *at is where they go; buf_commit() then adds those that were written. Results as of
 * buf_append(). */
static inline int buf_reserve(struct buf *b, size_t len, uint8_t **at)
{
    size_t end = b->head + b->len;

    if (len >= b->cap - end || (b->limit && b->len + len > b->limit))
        return buf_reserve_slow(b, len, at);
    *at = b->data + end;
    return 0;
}

void buf_commit(struct buf *b, size_t len);

/* The first octet not consumed; NULL if there is no memory. */
const uint8_t *buf_head(const struct buf *b);
/* Takes len octets off the front; len is at most b->len. */
void buf_consume(struct buf *b, size_t len);

#endif

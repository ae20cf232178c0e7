/* SPDX-License-Identifier: MIT */
#include "base/buf.h"

#include "base/mem.h"

#include <envoi/error.h>
#include <string.h>

#define BUF_MIN 64u /* most replies fit */

void buf_init(struct buf *b, size_t limit, bool secret)
{
    *b = (struct buf){.limit = limit, .secret = secret};
}

void buf_free(struct buf *b)
{
    if (b->secret)
        mem_wipe(b->data, b->cap);
    mem_free(b->data);
    buf_init(b, b->limit, b->secret);
}

void buf_wipe(struct buf *b)
{
    mem_wipe(b->data + b->head, b->len);
}

/* Also takes away the room after the octets. So each later append takes the slow way, which finds the failure, and the
 * fast way does not look for one. */
static int buf_fail(struct buf *b, int code)
{
    size_t end = b->head + b->len;

    if (b->secret && b->cap)
        mem_wipe(b->data + end, b->cap - end);
    b->failure = code;
    b->cap = end;
    return code;
}

/* Not realloc(): it may free the old memory without wiping it, and a secret would stay there. */
static int buf_grow(struct buf *b, size_t need)
{
    size_t cap = b->cap < BUF_MIN ? BUF_MIN : b->cap;
    uint8_t *data;

    while (cap < need) {
        if (cap > SIZE_MAX / 2)
            return ENVOI_E_MEMORY;
        cap *= 2;
    }
    if (!(data = mem_alloc(cap)))
        return ENVOI_E_MEMORY;
    if (b->len)
        memcpy(data, b->data + b->head, b->len);
    if (b->secret)
        mem_wipe(b->data, b->cap);
    mem_free(b->data);
    b->data = data;
    b->cap = cap;
    b->head = 0;
    return ENVOI_OK;
}

int buf_reserve_slow(struct buf *b, size_t len, uint8_t **at)
{
    if (b->failure)
        return b->failure;
    if (len > SIZE_MAX - b->len)
        return buf_fail(b, ENVOI_E_MEMORY);
    if (b->limit && b->len + len > b->limit)
        return buf_fail(b, ENVOI_E_PROTOCOL);
    if (b->cap - b->head - b->len < len) {
        if (b->head && b->cap - b->len >= len) {
            memmove(b->data, b->data + b->head, b->len);
            if (b->secret)
                mem_wipe(b->data + b->len, b->head);
            b->head = 0;
        } else if (buf_grow(b, b->len + len)) {
            return buf_fail(b, ENVOI_E_MEMORY);
        }
    }
    *at = b->data ? b->data + b->head + b->len : NULL;
    return ENVOI_OK;
}

void buf_commit(struct buf *b, size_t len)
{
    b->len += len;
}

int buf_append_slow(struct buf *b, const void *data, size_t len)
{
    uint8_t *at;
    int rc;

    if (len == 0)
        return ENVOI_OK;
    if ((rc = buf_reserve_slow(b, len, &at)) || !at)
        return rc ? rc : ENVOI_E_MEMORY;
    memcpy(at, data, len);
    b->len += len;
    return ENVOI_OK;
}

const uint8_t *buf_head(const struct buf *b)
{
    return b->data ? b->data + b->head : NULL;
}

void buf_consume(struct buf *b, size_t len)
{
    if (b->secret && len)
        mem_wipe(b->data + b->head, len);
    b->head += len;
    b->len -= len;
    if (b->len == 0 && !b->failure)
        b->head = 0;
}

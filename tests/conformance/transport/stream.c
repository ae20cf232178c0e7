/* SPDX-License-Identifier: MIT */
#include "../check.h"
#include "peer.h"

#include <stdlib.h>
#include <string.h>

void stream_put(struct stream *stream, const void *data, size_t len)
{
    if (stream->end + len > stream->cap) {
        stream->cap = 2 * (stream->end + len);
        stream->data = realloc(stream->data, stream->cap);
        check(stream->data);
    }
    memcpy(stream->data + stream->end, data, len);
    stream->end += len;
    stream->moved += len;
}

size_t stream_take(struct stream *stream, void *buf, size_t cap)
{
    size_t n = stream_len(stream) < cap ? stream_len(stream) : cap;

    if (n > 0)
        memcpy(buf, stream->data + stream->begin, n);
    stream->begin += n;
    stream->moved += n;
    if (stream->begin == stream->end)
        stream->begin = stream->end = 0;
    return n;
}

size_t stream_len(const struct stream *stream)
{
    return stream->end - stream->begin;
}

void stream_clear(struct stream *stream)
{
    free(stream->data);
    *stream = (struct stream){0};
}

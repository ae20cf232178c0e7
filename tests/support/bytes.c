/* SPDX-License-Identifier: MIT */
#include "bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *bytes_must(void *memory)
{
    if (!memory) {
        fputs("tests: out of memory\n", stderr);
        abort();
    }
    return memory;
}

void bytes_add(struct bytes *b, const void *data, size_t len)
{
    if (b->len + len + 1 > b->cap) {
        b->cap = (b->len + len + 1) * 2;
        b->data = bytes_must(realloc(b->data, b->cap));
    }
    if (len)
        memcpy(b->data + b->len, data, len);
    b->len += len;
    b->data[b->len] = 0;
}

void bytes_add_text(struct bytes *b, const char *text)
{
    bytes_add(b, text, strlen(text));
}

void bytes_drop(struct bytes *b, size_t len)
{
    if (!len)
        return;
    memmove(b->data, b->data + len, b->len - len + 1);
    b->len -= len;
}

void bytes_clear(struct bytes *b)
{
    bytes_drop(b, b->len);
}

void bytes_free(struct bytes *b)
{
    free(b->data);
    *b = (struct bytes){0};
}

const char *bytes_text(const struct bytes *b)
{
    return b->data ? (const char *)b->data : "";
}

bool bytes_contain(const void *data, size_t len, const void *what, size_t what_len)
{
    return len && memmem(data, len, what, what_len) != NULL;
}

void bytes_add_quoted(struct bytes *b, const void *data, size_t len, size_t max)
{
    const uint8_t *octets = data;
    char one[8];

    bytes_add_text(b, "\"");
    for (size_t i = 0; i < len && i < max; i++) {
        if (octets[i] == '\r')
            bytes_add_text(b, "\\r");
        else if (octets[i] == '\n')
            bytes_add_text(b, "\\n");
        else if (octets[i] >= 0x20 && octets[i] < 0x7f && octets[i] != '"' && octets[i] != '\\')
            bytes_add(b, octets + i, 1);
        else {
            (void)snprintf(one, sizeof one, "\\x%02x", octets[i]);
            bytes_add_text(b, one);
        }
    }
    bytes_add_text(b, len > max ? "\"..." : "\"");
}

char *bytes_strndup(const char *text, size_t len)
{
    char *copy = bytes_must(malloc(len + 1));

    memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}

void *bytes_grow(void *array, size_t count, size_t size)
{
    bool full = !(count & (count - 1)); /* it doubles: at a power of two, and at nought */

    return full ? bytes_must(realloc(array, (count ? 2 * count : 1) * size)) : array;
}

/* SPDX-License-Identifier: MIT */
/* Octets that grow. For tests only: plain malloc, so that envoi's own allocations can be counted and made to fail. If
 * there is no memory, the process ends. */
#ifndef SUPPORT_BYTES_H
#define SUPPORT_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes {
    uint8_t *data; /* a NUL follows the last octet; NULL while nothing was added */
    size_t len;
    size_t cap;
};

void bytes_add(struct bytes *b, const void *data, size_t len);
void bytes_add_text(struct bytes *b, const char *text);
void bytes_drop(struct bytes *b, size_t len); /* the first len octets */
void bytes_clear(struct bytes *b);
void bytes_free(struct bytes *b);
const char *bytes_text(const struct bytes *b);
bool bytes_contain(const void *data, size_t len, const void *what, size_t what_len);
/* Appends them as C would write them, at most max octets, then "...". */
void bytes_add_quoted(struct bytes *b, const void *data, size_t len, size_t max);

char *bytes_strndup(const char *text, size_t len);
void *bytes_grow(void *array, size_t count, size_t size); /* room for one more */

#endif

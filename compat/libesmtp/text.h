/* SPDX-License-Identifier: MIT */
/* A text that grows. It remembers if there was no memory, so that this is checked once, at the end. */
#ifndef LIBESMTP_TEXT_H
#define LIBESMTP_TEXT_H

#include <stdbool.h>
#include <stddef.h>

struct text {
    char *data; /* NULL: nothing was added yet. No NUL behind it */
    size_t len, room;
    bool failed;
};

void text_add(struct text *t, const void *data, size_t len);
/* Adds strings; the last argument is NULL. */
void text_add_all(struct text *t, ...) __attribute__((sentinel));
/* Empties it and keeps its memory. */
void text_clear(struct text *t);
void text_free(struct text *t);

#endif

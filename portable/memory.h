/* SPDX-License-Identifier: MIT */
#ifndef PORTABLE_MEMORY_H
#define PORTABLE_MEMORY_H

#include <stddef.h>

/* Overwrites a secret; the compiler cannot drop it. */
void memory_wipe(void *data, size_t len);
/* The first place of these octets (at least one) in others, or NULL. */
void *memory_find(const void *data, size_t len, const void *octets, size_t count);
/* realloc() for an array, which fails with ENOMEM instead of overflowing. */
void *memory_resize(void *array, size_t count, size_t size);
/* A text of the format, for free(). Returns its length, or -1: no memory, and *out is NULL. */
int memory_print(char **out, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif

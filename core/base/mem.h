/* SPDX-License-Identifier: MIT */
/* All memory of envoi goes through here: the one allocation hook, and wiping that the compiler cannot drop. */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

/* All return NULL when there is no memory. */
void *mem_alloc(size_t size);
void *mem_zalloc(size_t size);
void *mem_realloc(void *ptr, size_t size);
void mem_free(void *ptr);
char *mem_strdup(const char *text);
char *mem_strndup(const char *text, size_t len);

void mem_wipe(void *ptr, size_t len);
/* Wipes a NUL-terminated secret and frees it; NULL is a no-op. */
void mem_free_secret(char *text);

/* Replaces *slot by a copy of text (or NULL), frees the old one. ENVOI_OK or ENVOI_E_MEMORY (the old one stays). */
int mem_replace(char **slot, const char *text);

#endif

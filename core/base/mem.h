/* SPDX-License-Identifier: MIT */
/* All memory of envoi comes from here: so envoi_set_allocator() has one place to work, and wiping is not optimised
 * away. */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

/* All return NULL if memory is short; mem_realloc() then leaves ptr as it is. A size of 0 counts as 1. mem_free(NULL)
 * is a no-op. */
void *mem_alloc(size_t size);
void *mem_zalloc(size_t size);
void *mem_realloc(void *ptr, size_t size);
void mem_free(void *ptr);
char *mem_strdup(const char *text);
char *mem_strndup(const char *text, size_t len);

/* Overwrites len octets. ptr may be NULL. */
void mem_wipe(void *ptr, size_t len);
/* Wipes a NUL-terminated secret and frees it. NULL is a no-op. */
void mem_free_secret(char *text);

/* Frees *slot and puts a copy of text there, or NULL if text is NULL. ENVOI_OK, or ENVOI_E_MEMORY: *slot is as
 * before. */
int mem_replace(char **slot, const char *text);

#endif

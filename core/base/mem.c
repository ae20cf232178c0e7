/* SPDX-License-Identifier: MIT */
#include "base/mem.h"

#include "portable/memory.h"

#include <envoi/library.h>
#include <stdlib.h>
#include <string.h>

static struct {
    envoi_allocate_fn *allocate;
    void *ctx;
} hook;

void envoi_set_allocator(envoi_allocate_fn *allocate, void *ctx)
{
    hook.allocate = allocate;
    hook.ctx = ctx;
}

void *mem_realloc(void *ptr, size_t size)
{
    if (size == 0)
        size = 1;
    return hook.allocate ? hook.allocate(hook.ctx, ptr, size) : realloc(ptr, size);
}

void *mem_alloc(size_t size)
{
    if (size == 0)
        size = 1;
    return hook.allocate ? hook.allocate(hook.ctx, NULL, size) : malloc(size);
}

void *mem_zalloc(size_t size)
{
    void *ptr = mem_alloc(size);

    if (ptr)
        memset(ptr, 0, size);
    return ptr;
}

void mem_free(void *ptr)
{
    if (!ptr)
        return;
    if (hook.allocate)
        hook.allocate(hook.ctx, ptr, 0);
    else
        free(ptr);
}

char *mem_strndup(const char *text, size_t len)
{
    char *copy = mem_alloc(len + 1);

    if (copy) {
        memcpy(copy, text, len);
        copy[len] = '\0';
    }
    return copy;
}

char *mem_strdup(const char *text)
{
    return mem_strndup(text, strlen(text));
}

void mem_wipe(void *ptr, size_t len)
{
    if (ptr && len)
        memory_wipe(ptr, len);
}

void mem_free_secret(char *text)
{
    if (text)
        mem_wipe(text, strlen(text));
    mem_free(text);
}

int mem_replace(char **slot, const char *text)
{
    char *copy = NULL;

    if (text && !(copy = mem_strdup(text)))
        return ENVOI_E_MEMORY;
    mem_free(*slot);
    *slot = copy;
    return ENVOI_OK;
}

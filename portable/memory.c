/* SPDX-License-Identifier: MIT */
#include "portable/memory.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void memory_wipe(void *data, size_t len)
{
#ifdef HAVE_EXPLICIT_BZERO
    explicit_bzero(data, len);
#else
    static void *(*const volatile fill)(void *, int, size_t) = memset;

    fill(data, 0, len);
#endif
}

void *memory_find(const void *data, size_t len, const void *octets, size_t count)
{
#ifdef HAVE_MEMMEM
    return memmem(data, len, octets, count);
#else
    const char *at = data, *end = at + len;

    while ((size_t)(end - at) >= count && (at = memchr(at, *(const char *)octets, (size_t)(end - at) - count + 1))) {
        if (!memcmp(at, octets, count))
            return (void *)(uintptr_t)at;
        at++;
    }
    return NULL;
#endif
}

void *memory_resize(void *array, size_t count, size_t size)
{
#ifdef HAVE_REALLOCARRAY
    return reallocarray(array, count, size);
#else
    if (size && count > SIZE_MAX / size) {
        errno = ENOMEM;
        return NULL;
    }
    return realloc(array, count && size ? count * size : 1);
#endif
}

static int __attribute__((format(printf, 2, 0))) memory_print_list(char **out, const char *format, va_list args)
{
#ifdef HAVE_VASPRINTF
    return vasprintf(out, format, args);
#else
    va_list again;
    int len;

    va_copy(again, args);
    len = vsnprintf(NULL, 0, format, again);
    va_end(again);
    *out = len < 0 ? NULL : malloc((size_t)len + 1);
    return *out ? vsnprintf(*out, (size_t)len + 1, format, args) : -1;
#endif
}

int memory_print(char **out, const char *format, ...)
{
    va_list args;
    int len;

    va_start(args, format);
    len = memory_print_list(out, format, args);
    va_end(args);
    if (len < 0)
        *out = NULL;
    return len;
}

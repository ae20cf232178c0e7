/* SPDX-License-Identifier: MIT */
#include "fuzz.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fuzz_fail(const char *file, int line, const char *condition, const char *format, ...)
{
    va_list args;

    fprintf(stderr, "%s:%d: must hold: %s\n  ", file, line, condition);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    abort();
}

static void *must(void *memory)
{
    if (!memory)
        fuzz_fail(__FILE__, __LINE__, "memory", "out of memory");
    return memory;
}

uint8_t fuzz_octet(struct fuzz_input *in)
{
    if (!in->len)
        return 0;
    in->len--;
    return *in->data++;
}

char *fuzz_line(struct fuzz_input *in)
{
    const uint8_t *end = in->len ? memchr(in->data, '\n', in->len) : NULL;
    size_t len = end ? (size_t)(end - in->data) : in->len;
    char *line = fuzz_string(in->data, len);

    in->data += len + (end ? 1 : 0);
    in->len -= len + (end ? 1 : 0);
    return line;
}

void *fuzz_copy(const void *data, size_t len)
{
    void *copy = must(malloc(len ? len : 1));

    if (len)
        memcpy(copy, data, len);
    return copy;
}

char *fuzz_string(const void *data, size_t len)
{
    size_t n = len ? strnlen(data, len) : 0;
    char *copy = must(malloc(n + 1));

    if (n)
        memcpy(copy, data, n);
    copy[n] = '\0';
    return copy;
}

void fuzz_free(void *copy)
{
    free(copy);
}

void fuzz_add(struct fuzz_bytes *b, const void *data, size_t len)
{
    if (b->len + len > b->cap) {
        b->cap = (b->len + len) * 2;
        b->data = must(realloc(b->data, b->cap));
    }
    if (len)
        memcpy(b->data + b->len, data, len);
    b->len += len;
}

void fuzz_add_octet(struct fuzz_bytes *b, uint8_t octet)
{
    fuzz_add(b, &octet, 1);
}

bool fuzz_same(const struct fuzz_bytes *a, const struct fuzz_bytes *b)
{
    return a->len == b->len && (!a->len || memcmp(a->data, b->data, a->len) == 0);
}

void fuzz_clear(struct fuzz_bytes *b)
{
    b->len = 0;
}

void fuzz_bytes_free(struct fuzz_bytes *b)
{
    free(b->data);
    *b = (struct fuzz_bytes){0};
}

bool fuzz_has_control(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return true;
    return false;
}

bool fuzz_is_printable(const char *text)
{
    for (; *text; text++)
        if (((unsigned char)*text < 0x20 && *text != '\t') || *text == 0x7f)
            return false;
    return true;
}

bool fuzz_is_utf8(const char *text, size_t len)
{
    /* UTF8-1 to UTF8-4 of RFC 3629 section 4: the ranges of the first and the second octet, how many follow that. */
    static const uint8_t rows[][5] = {
        {0x00, 0x7f, 0x00, 0x00, 0}, {0xc2, 0xdf, 0x80, 0xbf, 1}, {0xe0, 0xe0, 0xa0, 0xbf, 2},
        {0xe1, 0xec, 0x80, 0xbf, 2}, {0xed, 0xed, 0x80, 0x9f, 2}, {0xee, 0xef, 0x80, 0xbf, 2},
        {0xf0, 0xf0, 0x90, 0xbf, 3}, {0xf1, 0xf3, 0x80, 0xbf, 3}, {0xf4, 0xf4, 0x80, 0x8f, 3},
    };
    const size_t count = sizeof rows / sizeof rows[0];
    const unsigned char *s = (const unsigned char *)text;

    for (size_t i = 0, row; i < len; i += 1u + rows[row][4]) {
        for (row = 0; row < count && (s[i] < rows[row][0] || s[i] > rows[row][1]); row++)
            ;
        if (row == count || len - i <= rows[row][4])
            return false;
        for (size_t k = 1; k <= rows[row][4]; k++)
            if (s[i + k] < (k == 1 ? rows[row][2] : 0x80) || s[i + k] > (k == 1 ? rows[row][3] : 0xbf))
                return false;
    }
    return true;
}

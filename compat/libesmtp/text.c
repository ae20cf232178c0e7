/* SPDX-License-Identifier: MIT */
#include "text.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_FIRST 256

void text_add(struct text *t, const void *data, size_t len)
{
    size_t room = t->room ? t->room : TEXT_FIRST;
    char *more;

    if (t->failed || len > SIZE_MAX / 4 - t->len) {
        t->failed = true;
        return;
    }
    while (room - t->len < len || room < t->len)
        room *= 2;
    if (room != t->room) {
        if (!(more = realloc(t->data, room))) {
            t->failed = true;
            return;
        }
        t->data = more;
        t->room = room;
    }
    if (len)
        memcpy(t->data + t->len, data, len);
    t->len += len;
}

void text_add_all(struct text *t, ...)
{
    va_list list;
    const char *part;

    va_start(list, t);
    while ((part = va_arg(list, const char *)))
        text_add(t, part, strlen(part));
    va_end(list);
}

void text_clear(struct text *t)
{
    t->len = 0;
    t->failed = false;
}

void text_free(struct text *t)
{
    free(t->data);
    *t = (struct text){0};
}

/* SPDX-License-Identifier: MIT */
#include "accounts/text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd"

/* Returns the length of the UTF-8 sequence at `text`, with its code point, or 0 if there is none (RFC 3629: no overlong
 * forms, no surrogates, nothing above U+10FFFF). */
static size_t text_sequence(const unsigned char *text, uint32_t *point)
{
    static const struct {
        unsigned char mask, lead;
        uint32_t least;
    } forms[] = {{0x80, 0x00, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};

    for (size_t n = 0; n < 4; n++) {
        uint32_t value = text[0] & (unsigned char)~forms[n].mask;

        if ((text[0] & forms[n].mask) != forms[n].lead)
            continue;
        for (size_t i = 1; i <= n; i++) {
            if ((text[i] & 0xc0) != 0x80)
                return 0;
            value = value << 6 | (text[i] & 0x3f);
        }
        if (value < forms[n].least || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
            return 0;
        *point = value;
        return n + 1;
    }
    return 0;
}

/* Also what changes the order of what is shown: line and paragraph separators, bidirectional controls. */
static int text_is_control(uint32_t point)
{
    return point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0x61c || point == 0x200e || point == 0x200f ||
           (point >= 0x2028 && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069);
}

char *text_clean(const char *text, char newline)
{
    const unsigned char *in = (const unsigned char *)(text ? text : "");
    /* One octet becomes at most three. */
    char *out = calloc(strlen((const char *)in) + 1, strlen(REPLACEMENT));
    char *end = out;

    if (!out)
        return NULL;
    while (*in) {
        uint32_t point = 0;
        size_t n = text_sequence(in, &point);

        if (!n)
            end = (char *)memcpy(end, REPLACEMENT, strlen(REPLACEMENT)) + strlen(REPLACEMENT);
        else if (point == '\n')
            *end++ = newline;
        else if (text_is_control(point))
            *end++ = point == '\t' ? ' ' : '?';
        else
            end = (char *)memcpy(end, in, n) + n;
        in += n ? n : 1;
    }
    return out;
}

bool text_is_clean(const char *text)
{
    uint32_t point = 0;
    size_t n;

    for (; *text; text += n) {
        n = text_sequence((const unsigned char *)text, &point);
        if (!n || text_is_control(point))
            return false;
    }
    return true;
}

/* SPDX-License-Identifier: MIT */
#include "base/text.h"

#include <string.h>

bool text_is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool text_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

char text_upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

bool text_equal_n(const char *a, const char *b, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (text_upper(a[i]) != text_upper(b[i]))
            return false;
    return true;
}

bool text_equal(const char *a, const char *b)
{
    size_t len = strlen(a);

    return len == strlen(b) && text_equal_n(a, b, len);
}

void text_to_upper(char *text)
{
    for (; *text; text++)
        *text = text_upper(*text);
}

const char *text_word(const char *list, const char **word, size_t *len)
{
    while (*list == ' ' || *list == '\t')
        list++;
    if (!*list)
        return NULL;
    *word = list;
    while (*list && *list != ' ' && *list != '\t')
        list++;
    *len = (size_t)(list - *word);
    return list;
}

bool text_has_word(const char *list, const char *word)
{
    size_t want = strlen(word), len;
    const char *at;

    while ((list = text_word(list, &at, &len)))
        if (len == want && text_equal_n(at, word, len))
            return true;
    return false;
}

bool text_number(const char *digits, size_t len, uint64_t *out)
{
    uint64_t n = 0;

    if (len == 0)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (!text_is_digit(digits[i]))
            return false;
        unsigned d = (unsigned)(digits[i] - '0');
        n = n > (UINT64_MAX - d) / 10 ? UINT64_MAX : n * 10 + d;
    }
    *out = n;
    return true;
}

bool text_is_line(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            return false;
    return true;
}

void text_make_printable(char *text, size_t len, const char *keep)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];

        if ((c < 0x20 && c != '\t' && !(c && strchr(keep, c))) || c == 0x7f)
            text[i] = '?';
    }
}

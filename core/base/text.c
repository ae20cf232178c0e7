/* SPDX-License-Identifier: MIT */
#include "base/text.h"

#include <string.h>

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

size_t text_put_number(char digits[TEXT_NUMBER_MAX], uint64_t n)
{
    char reversed[TEXT_NUMBER_MAX];
    size_t len = 0;

    do
        reversed[len++] = (char)('0' + n % 10);
    while (n /= 10);
    for (size_t i = 0; i < len; i++)
        digits[i] = reversed[len - 1 - i];
    return len;
}

/* Has one of eight octets a value under 0x20, or of 0x7f? Octets above 0x7f may be taken for one: then each is looked at. */
static bool may_have_control(const char *text)
{
    const uint64_t ones = 0x0101010101010101u, high = 0x8080808080808080u;
    uint64_t w, del;

    memcpy(&w, text, sizeof w);
    del = w ^ (0x7f * ones);
    return ((w - 0x20 * ones) | (del - ones)) & high;
}

static bool is_control(unsigned char c)
{
    return (c < 0x20 && c != '\t') || c == 0x7f;
}

bool text_has_control(const char *text, size_t len)
{
    size_t i = 0;

    for (; i + 8 <= len && !may_have_control(text + i); i += 8)
        ;
    if (i + 8 > len && len >= 8 && !may_have_control(text + len - 8)) /* the rest, with what was seen already */
        return false;
    for (; i < len; i++)
        if (is_control((unsigned char)text[i]))
            return true;
    return false;
}

void text_make_printable(char *text, size_t len, const char *keep)
{
    for (size_t i = 0; i < len; i++)
        if (is_control((unsigned char)text[i]) && !(text[i] && strchr(keep, text[i])))
            text[i] = '?';
}

/* SPDX-License-Identifier: MIT */
#include "base/text.h"

#include "base/utf8.h"

#include <envoi/error.h>
#include <stdio.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define HELLO_NAME_MAX 255u /* RFC 5321 section 4.5.3.1.2 */

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
        unsigned d = (unsigned)(digits[i] - '0');

        if (!text_is_digit(digits[i]))
            return false;
        n = n > (UINT64_MAX - d) / 10 ? UINT64_MAX : n * 10 + d;
    }
    *out = n;
    return true;
}

size_t text_keyword_length(const char *text, size_t len)
{
    size_t n = 0;

    while (n < len && (text_is_alpha(text[n]) || text_is_digit(text[n]) || (n && text[n] == '-')))
        n++;
    return n;
}

size_t text_put_number(char digits[TEXT_NUMBER_MAX], uint64_t n)
{
    /* Each message has numbers in two of its commands, so this is fast: one division for two digits. */
    static const char pairs[] = "00010203040506070809101112131415161718192021222324"
                                "25262728293031323334353637383940414243444546474849"
                                "50515253545556575859606162636465666768697071727374"
                                "75767778798081828384858687888990919293949596979899";
    char all[TEXT_NUMBER_MAX];
    size_t at = sizeof all;

    for (; n >= 100; n /= 100) {
        at -= 2;
        memcpy(all + at, pairs + n % 100 * 2, 2);
    }
    at -= 2;
    memcpy(all + at, pairs + n * 2, 2);
    if (n < 10)
        at++;
    memcpy(digits, all + at, sizeof all - at);
    return sizeof all - at;
}

/* Eight octets as one number, the first octet lowest. */
static uint64_t text_load(const char *text)
{
    uint64_t w;

    memcpy(&w, text, sizeof w);
    return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? w : __builtin_bswap64(w);
}

size_t text_plain_length(const char *text, size_t len)
{
    const uint64_t ones = 0x0101010101010101u, high = 0x8080808080808080u;
    size_t i = 0;

#ifdef __SSE2__ /* every x86-64 has it: sixteen octets at a time */
    const __m128i one = _mm_set1_epi8(1), least = _mm_set1_epi8(0x21);

    for (; i + 16 <= len; i += 16) {
        __m128i w = _mm_loadu_si128((const __m128i *)(const void *)(text + i));
        /* One more, and as a signed number: all that is wanted is above 0x20. */
        int found = _mm_movemask_epi8(_mm_cmplt_epi8(_mm_add_epi8(w, one), least));

        if (found)
            return i + (size_t)__builtin_ctz((unsigned)found);
    }
#endif
    for (; i + 8 <= len; i += 8) {
        uint64_t w = text_load(text + i), no_del = w ^ (0x7f * ones);
        /* An octet that is found may borrow from those above it and spoil their bits, so only the lowest hit is
         * right. */
        uint64_t found = (((w - 0x20 * ones) & ~w) | ((no_del - ones) & ~no_del) | w) & high;

        if (found)
            return i + (size_t)__builtin_ctzll(found) / 8;
    }
    while (i < len && text[i] >= 0x20 && text[i] < 0x7f)
        i++;
    return i;
}

bool text_is_line(const char *text, size_t len)
{
    size_t n = 0;

    while ((n += text_plain_length(text + n, len - n)) < len)
        if ((unsigned char)text[n++] < 0x80)
            return false;
    return true;
}

int text_hello_misuse(const char *name)
{
    size_t len = strlen(name);

    if (!len)
        return ENVOI_DETAIL_EMPTY;
    if (len > HELLO_NAME_MAX)
        return ENVOI_DETAIL_LENGTH;
    if (!text_is_line(name, len))
        return ENVOI_DETAIL_CONTROL;
    return strchr(name, ' ') ? ENVOI_DETAIL_FORM : ENVOI_DETAIL_NONE;
}

/* ---- what is shown to a person ---- */

bool text_is_safe(uint32_t point)
{
    static const struct {
        uint32_t first, last;
    } unsafe[] = {{0x00, 0x08},     {0x0a, 0x1f},     {0x7f, 0x9f},    {0x61c, 0x61c},
                  {0x200e, 0x200f}, {0x2028, 0x202e}, {0x2066, 0x2069}};

    for (size_t i = 0; i < sizeof unsafe / sizeof unsafe[0]; i++)
        if (point >= unsafe[i].first && point <= unsafe[i].last)
            return false;
    return true;
}

bool text_is_all_safe(const char *text, size_t len)
{
    uint32_t point;

    for (size_t n; len; text += n, len -= n)
        if (!(n = utf8_take(text, len, &point)) || !text_is_safe(point))
            return false;
    return true;
}

void text_make_printable(char *text, size_t len, const char *keep)
{
    for (size_t at = 0, n; at < len; at += n) {
        uint32_t point = 0;
        size_t whole = utf8_take(text + at, len - at, &point);

        n = whole ? whole : 1;
        if ((!whole || !text_is_safe(point)) && !(text[at] && strchr(keep, text[at])))
            memset(text + at, '?', n);
    }
}

size_t text_cut_length(const char *text, size_t len)
{
    size_t back = 1;
    uint32_t point;

    while (back < 4 && back < len && ((unsigned char)text[len - back] & 0xc0) == 0x80)
        back++;
    return len && (unsigned char)text[len - back] >= 0xc0 && !utf8_take(text + len - back, back, &point) ? len - back
                                                                                                         : len;
}

/* n: as vsnprintf() returned it. */
static size_t text_finish(char *to, size_t cap, const char *keep, int n)
{
    size_t len = n > 0 ? (size_t)n : 0;

    if (len >= cap) {
        len = text_cut_length(to, cap - 4);
        memcpy(to + len, "...", 4);
        len += 3;
    }
    text_make_printable(to, len, keep);
    return len;
}

size_t text_format(char *to, size_t cap, const char *keep, const char *format, va_list args)
{
    return text_finish(to, cap, keep, vsnprintf(to, cap, format, args));
}

size_t text_print(char *to, size_t cap, const char *keep, const char *format, ...)
{
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(to, cap, format, args);
    va_end(args);
    return text_finish(to, cap, keep, n);
}

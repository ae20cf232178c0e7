/* SPDX-License-Identifier: MIT */
/* ASCII text without a locale. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline bool text_is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline bool text_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline bool text_is_ascii(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] >= 0x80)
            return false;
    return true;
}

static inline char text_upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

/* Case-blind for ASCII. */
bool text_equal(const char *a, const char *b);
bool text_equal_n(const char *a, const char *b, size_t len);
void text_to_upper(char *text);

/* The next word of a blank-separated list: skips blanks, sets *word and *len, returns what follows; NULL: no more. */
const char *text_word(const char *list, const char **word, size_t *len);
/* Is word one of a blank-separated list (case-blind, whole words)? */
bool text_has_word(const char *list, const char *word);

/* A decimal number of digits alone; saturates at UINT64_MAX. False when it is none. */
bool text_number(const char *digits, size_t len, uint64_t *out);

/* Writes n in decimal and returns how many digits; no NUL. */
#define TEXT_NUMBER_MAX 20
size_t text_put_number(char digits[TEXT_NUMBER_MAX], uint64_t n);

/* No CR, LF, NUL (len counted) or other control character. */
bool text_is_line(const char *text, size_t len);

/* How many octets there are before the first under 0x20, or 0x7f. */
size_t text_plain_length(const char *text, size_t len);
/* Replaces what could control a terminal by '?': C0 but tab and those in keep, DEL. */
void text_make_printable(char *text, size_t len, const char *keep);

#endif

/* SPDX-License-Identifier: MIT */
/* Text and numbers in ASCII, without a locale. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdarg.h>
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

/* Compare without regard to the case of ASCII letters. text_equal_n(): both have at least len octets. */
bool text_equal(const char *a, const char *b);
bool text_equal_n(const char *a, const char *b, size_t len);
void text_to_upper(char *text);

/* The next word of a list separated by spaces and tabs. Sets *word and *len and returns where to go on; NULL if there
 * is no more word: *word and *len are as before. */
const char *text_word(const char *list, const char **word, size_t *len);
/* Is word one of the whole words of such a list, without regard to case? */
bool text_has_word(const char *list, const char *word);

/* Reads a decimal number, which has digits only; one that is too great becomes UINT64_MAX. False if it is not a number:
 * *out is as before. */
bool text_number(const char *digits, size_t len, uint64_t *out);

/* The length of the keyword at the head of the text: letters, digits and, but not first, "-". 0: there is none. */
size_t text_keyword_length(const char *text, size_t len);

/* Writes n in decimal, without NUL, and returns the number of digits. */
#define TEXT_NUMBER_MAX 20
size_t text_put_number(char digits[TEXT_NUMBER_MAX], uint64_t n);

/* Is there no CR, LF, NUL or other control character (tab counts as one) among the len octets? */
bool text_is_line(const char *text, size_t len);
/* Why a text cannot be the name behind EHLO: ENVOI_DETAIL_*; ENVOI_DETAIL_NONE: it can. */
int text_hello_misuse(const char *name);

/* The number of octets before the first that is not printable ASCII. */
size_t text_plain_length(const char *text, size_t len);

/* Texts for a person (a trace, an error, a verdict, the log) may come from a stranger. They are shown as well-formed
 * UTF-8 without characters that control a terminal or the direction of writing: control characters (below U+0020 except
 * tab, U+007F to U+009F), line and paragraph separators, bidirectional controls. */

/* May this character be shown? Tab may. */
bool text_is_safe(uint32_t point);
/* Is it well-formed UTF-8 of such characters alone? */
bool text_is_all_safe(const char *text, size_t len);
/* Replaces each octet of all others by '?'. Characters in keep stay. */
void text_make_printable(char *text, size_t len, const char *keep);
/* The length of a text that is cut after at most len octets: no character is cut in half. */
size_t text_cut_length(const char *text, size_t len);
/* As vsnprintf(), for a text that is shown: made printable, and if it is too long it ends with "...". Returns its
 * length. cap is at least 4. */
size_t text_format(char *to, size_t cap, const char *keep, const char *format, va_list args)
    __attribute__((format(printf, 4, 0)));
size_t text_print(char *to, size_t cap, const char *keep, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif

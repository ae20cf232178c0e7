/* SPDX-License-Identifier: MIT */
#include "base/text.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

TestSuite(text, .timeout = 20);

/* ---- characters ---- */

Test(text, kinds_of_characters)
{
    for (int i = 0; i < 256; i++) {
        char c = (char)i;
        bool lower = i >= 'a' && i <= 'z', upper = i >= 'A' && i <= 'Z';

        cr_expect_eq(text_is_alpha(c), lower || upper, "%d", i);
        cr_expect_eq(text_is_digit(c), i >= '0' && i <= '9', "%d", i);
        cr_expect_eq(text_upper(c), lower ? (char)(i - 32) : c, "%d", i);
        cr_expect_eq(text_is_ascii(&c, 1), i < 128, "%d", i);
    }
}

Test(text, ascii_is_asked_of_each_octet)
{
    cr_expect(text_is_ascii("", 0));
    cr_expect(text_is_ascii("a\0b\x7f", 4));
    cr_expect_not(text_is_ascii("a\0\x80", 3));
    cr_expect(text_is_ascii("a\0\x80", 2));
    cr_expect_not(text_is_ascii("\xc3\xa4z", 3));
}

static const struct {
    const char *a, *b;
    bool equal;
} pairs[] = {
    {"", "", true},     {"STARTTLS", "startTLS", true},  {"a", "b", false}, {"ab", "a", false},
    {"a", "ab", false}, {"\xc3\xa4", "\xc3\x84", false}, {"@", "`", false}, {"[", "{", false},
};

Test(text, equal_without_case)
{
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        cr_expect_eq(text_equal(pairs[i].a, pairs[i].b), pairs[i].equal, "%s %s", pairs[i].a, pairs[i].b);
    cr_expect(text_equal_n("SIZE=1", "size 2", 4));
    cr_expect_not(text_equal_n("SIZE=1", "size 2", 5));
    cr_expect(text_equal_n("x", "y", 0));
}

Test(text, to_upper)
{
    char text[] = "aZ-9z{`\xe4";

    text_to_upper(text);
    cr_expect_str_eq(text, "AZ-9Z{`\xe4");
}

/* ---- lists ---- */

Test(text, words)
{
    static const struct {
        const char *list, *joined;
    } lists[] = {{"", ""},
                 {" \t ", ""},
                 {"one", "one|"},
                 {" a  b\tc ", "a|b|c|"},
                 {"PLAIN LOGIN", "PLAIN|LOGIN|"},
                 {"a,b\nc d", "a,b\nc|d|"}};

    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        const char *at = lists[i].list, *word = "none";
        char joined[64] = "";
        size_t len = 4;

        while ((at = text_word(at, &word, &len))) {
            cr_assert(len > 0 && strlen(joined) + len + 1 < sizeof joined, "a word of no list");
            (void)strncat(joined, word, len);
            (void)strncat(joined, "|", 2);
        }
        cr_expect_str_eq(joined, lists[i].joined);
        if (!*joined)
            cr_expect(len == 4 && strcmp(word, "none") == 0, "no word was found, and yet one is set");
    }
}

Test(text, word_of_a_list)
{
    static const char list[] = " PLAIN  login\tX-PLAIN ";

    cr_expect(text_has_word(list, "plain"));
    cr_expect(text_has_word(list, "LOGIN"));
    cr_expect(text_has_word(list, "x-plain"));
    cr_expect_not(text_has_word(list, "PLAI"));
    cr_expect_not(text_has_word(list, "PLAINX"));
    cr_expect_not(text_has_word(list, "X"));
    cr_expect_not(text_has_word(list, ""));
    cr_expect_not(text_has_word("", "PLAIN"));
    cr_expect_not(text_has_word("a b", "a b"));
}

/* ---- numbers ---- */

Test(text, numbers_are_read)
{
    static const struct {
        const char *digits;
        uint64_t n;
    } good[] = {{"0", 0},
                {"007", 7},
                {"4294967296", 4294967296},
                {"18446744073709551614", UINT64_MAX - 1},
                {"18446744073709551615", UINT64_MAX},
                {"18446744073709551616", UINT64_MAX},
                {"18446744073709551619", UINT64_MAX},
                {"184467440737095516150", UINT64_MAX},
                {"99999999999999999999999999", UINT64_MAX}};
    static const char *const bad[] = {"", " 1", "1 ", "+1", "-1", "0x1", "1.0", "1a", "\xb2", ":", "/"};
    uint64_t n;

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        cr_expect(text_number(good[i].digits, strlen(good[i].digits), &n), "%s", good[i].digits);
        cr_expect_eq(n, good[i].n, "%s", good[i].digits);
    }
    n = 42;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_expect_not(text_number(bad[i], strlen(bad[i]), &n), "\"%s\"", bad[i]);
    cr_expect_not(text_number("1\0002", 3, &n), "a NUL is no digit");
    cr_expect_eq(n, 42, "what is no number changes nothing");
    cr_expect(text_number("1234", 2, &n));
    cr_expect_eq(n, 12);
}

static void is_written(uint64_t n)
{
    char got[TEXT_NUMBER_MAX + 1], want[32];
    size_t len;

    memset(got, '#', sizeof got);
    len = text_put_number(got, n);
    (void)snprintf(want, sizeof want, "%llu", (unsigned long long)n);
    cr_assert_eq(len, strlen(want), "%s", want);
    cr_assert_eq(memcmp(got, want, len), 0, "%s", want);
    cr_assert_eq(got[len], '#', "an octet behind %s", want);
}

Test(text, keyword_at_the_head)
{
    static const struct {
        const char *text;
        size_t length;
    } samples[] = {{"", 0},   {"-A", 0},      {" A", 0},      {"A", 1},   {"8BITMIME", 8},
                   {"A-", 2}, {"A-1 B=C", 3}, {"SIZE=10", 4}, {"A_B", 1}, {"A\xc3\xa4", 1}};

    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++)
        cr_expect_eq(text_keyword_length(samples[i].text, strlen(samples[i].text)), samples[i].length, "\"%s\"",
                     samples[i].text);
    cr_expect_eq(text_keyword_length("ABC", 2), 2u, "it ends with the text");
}

Test(text, numbers_are_written)
{
    for (uint64_t n = 0; n < 12000; n++)
        is_written(n);
    for (uint64_t n = 1;; n *= 10) {
        is_written(n - 1);
        is_written(n);
        if (n > UINT64_MAX / 10)
            break;
    }
    is_written(UINT64_MAX);
}

/* ---- controls ---- */

static bool is_control(int octet)
{
    return octet < 0x20 || octet == 0x7f;
}

/* Sixteen, eight and one octet are looked at at a time, so the octet stands at each place of texts of each length, with
 * innocent ones about it that look like it in some bits. */
Test(text, length_before_what_is_not_plain)
{
    static const unsigned char innocent[] = {0x20, 0x7e, 0x21, 'a', 0x5f, 0x60, 0x3f, 0x40};
    char text[64];

    for (size_t len = 0; len < 50; len++) {
        for (size_t i = 0; i < sizeof text; i++)
            text[i] = (char)innocent[(i + len) % sizeof innocent];
        cr_assert_eq(text_plain_length(text, len), len);
        cr_assert(text_is_line(text, len));
        for (size_t at = 0; at < len; at++) {
            char before = text[at];

            for (int octet = 0; octet < 256; octet++) {
                bool plain = octet < 0x80 && !is_control(octet);

                text[at] = (char)octet;
                cr_assert_eq(text_plain_length(text, len), plain ? len : at, "%02x at %zu of %zu", octet, at, len);
                cr_assert_eq(text_is_line(text, len), !is_control(octet));
            }
            text[at] = before;
        }
    }
}

Test(text, first_of_many_that_are_not_plain)
{
    char text[40];

    for (size_t first = 0; first < sizeof text; first++) {
        memset(text, 0x7f, sizeof text);
        memset(text, 0x7e, first);
        cr_assert_eq(text_plain_length(text, sizeof text), first);
        memset(text + first, 0x1f, sizeof text - first);
        cr_assert_eq(text_plain_length(text, sizeof text), first);
        memset(text + first, 0xff, sizeof text - first);
        cr_assert_eq(text_plain_length(text, sizeof text), first);
        cr_assert(text_is_line(text, sizeof text));
    }
}

/* ---- what is shown to a person ---- */

/* faults: S8 */
Test(text, made_printable)
{
    static const struct {
        const char *text, *keep, *shown;
    } samples[] = {
        {"", "", ""},
        {"a\tb\n\r\x1b[1m\x7f", "", "a\tb???[1m?"},
        {"a\nb\r", "\n\r", "a\nb\r"},
        {"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x93\xa7", "", "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x93\xa7"},
        {"\x9b"
         "31m",
         "", "?31m"}, /* CSI as one octet ... */
        {"\xc2\x9b"
         "31m",
         "", "??31m"}, /* ... and as a character */
        {"\xc2\x80\xc2\x9f\xc2\xa0", "", "????\xc2\xa0"},
        {"gr\xfc\xdf", "", "gr??"},            /* Latin-1 */
        {"\xc0\x80\xed\xa0\x80", "", "?????"}, /* no shortest form; a surrogate */
        {"\xe2\x82", "", "??"},                /* cut in half */
        {"a\xe2\x80\xae"
         "b",
         "", "a???b"},                                        /* U+202E */
        {"\xe2\x80\xaa\xe2\x80\xad", "", "??????"},           /* U+202A, U+202D */
        {"\xe2\x81\xa6\xe2\x81\xa9", "", "??????"},           /* U+2066, U+2069 */
        {"\xe2\x80\xa8\xe2\x80\xa9", "", "??????"},           /* U+2028, U+2029 */
        {"\xe2\x80\x8e\xe2\x80\x8f\xd8\x9c", "", "????????"}, /* U+200E, U+200F, U+061C */
        {"\xe2\x80\xa7\xe2\x80\xaf\xe2\x81\xa5", "", "\xe2\x80\xa7\xe2\x80\xaf\xe2\x81\xa5"}, /* neighbours */
    };

    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        char text[64];

        (void)snprintf(text, sizeof text, "%s", samples[i].text);
        text_make_printable(text, strlen(text), samples[i].keep);
        cr_expect_str_eq(text, samples[i].shown, "number %zu: %s", i, text);
    }
}

/* faults: S8 */
Test(text, no_octet_is_safe_by_chance)
{
    for (int i = 0; i < 256; i++) {
        char text[] = {(char)i};

        text_make_printable(text, 1, "");
        cr_expect_eq(text[0], i == '\t' || (i >= 0x20 && i < 0x7f) ? (char)i : '?', "%02x", i);
    }
}

__attribute__((format(printf, 3, 4))) static size_t formatted(char *to, size_t cap, const char *format, ...)
{
    va_list args;
    size_t len;

    va_start(args, format);
    len = text_format(to, cap, "\n", format, args);
    va_end(args);
    return len;
}

Test(text, what_is_too_long_ends_with_dots)
{
    char text[12];

    cr_expect_eq(formatted(text, sizeof text, "%s", "12345678901"), 11u);
    cr_expect_str_eq(text, "12345678901");
    cr_expect_eq(formatted(text, sizeof text, "%s", "123456789012"), 11u);
    cr_expect_str_eq(text, "12345678...");
    cr_expect_eq(formatted(text, sizeof text, "1234567%s", "\xc3\xbc\xc3\xbc\xc3\xbc"), 10u);
    cr_expect_str_eq(text, "1234567...", "no half a character");
    cr_expect_eq(formatted(text, sizeof text, "123456%s", "\xc3\xbc\xc3\xbc\xc3\xbc"), 11u);
    cr_expect_str_eq(text, "123456\xc3\xbc...");
    cr_expect_eq(formatted(text, sizeof text, "%s", ""), 0u);
    cr_expect_str_eq(text, "");
    cr_expect_eq(formatted(text, sizeof text, "a\n%c", 0x1b), 3u);
    cr_expect_str_eq(text, "a\n?");
}

Test(text, cut_between_characters)
{
    static const char text[] = "a\xc3\xbc\xe2\x82\xac\xf0\x9f\x93\xa7z";
    static const size_t whole[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11};

    for (size_t len = 0; len < sizeof text; len++)
        cr_expect_eq(text_cut_length(text, len), whole[len], "%zu", len);
    cr_expect_eq(text_cut_length("\x80\x80\x80\x80\x80", 5), 5u, "no character at all");
}

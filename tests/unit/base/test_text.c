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

/* Sixteen, eight and one octet are looked at at a time, so the control character stands at each place of texts of each
 * length, with innocent octets about it that look like it in some bits. */
Test(text, length_before_a_control_character)
{
    static const unsigned char innocent[] = {0x20, 0x7e, 0x80, 0x9f, 0xa0, 0xff, 0x21, 'a'};
    char text[64];

    for (size_t len = 0; len < 50; len++) {
        for (size_t i = 0; i < sizeof text; i++)
            text[i] = (char)innocent[(i + len) % sizeof innocent];
        cr_assert_eq(text_plain_length(text, len), len);
        cr_assert(text_is_line(text, len));
        for (size_t at = 0; at < len; at++) {
            char before = text[at];

            for (int octet = 0; octet < 256; octet++) {
                size_t want = is_control(octet) ? at : len;

                text[at] = (char)octet;
                cr_assert_eq(text_plain_length(text, len), want, "%02x at %zu of %zu", octet, at, len);
                cr_assert_eq(text_is_line(text, len), want == len);
            }
            text[at] = before;
        }
    }
}

Test(text, first_of_many_control_characters)
{
    char text[40];

    for (size_t first = 0; first < sizeof text; first++) {
        memset(text, 0x7f, sizeof text);
        memset(text, 0x80, first);
        cr_assert_eq(text_plain_length(text, sizeof text), first);
        memset(text + first, 0x1f, sizeof text - first);
        cr_assert_eq(text_plain_length(text, sizeof text), first);
    }
}

Test(text, made_printable)
{
    char all[256], kept[256];

    for (int i = 0; i < 256; i++)
        all[i] = kept[i] = (char)i;
    text_make_printable(all, sizeof all, "");
    text_make_printable(kept, sizeof kept, "\n\r");
    for (int i = 0; i < 256; i++) {
        char want = is_control(i) && i != '\t' ? '?' : (char)i;

        cr_expect_eq(all[i], want, "%02x", i);
        cr_expect_eq(kept[i], i == '\n' || i == '\r' ? (char)i : want, "%02x", i);
    }
}

/* SPDX-License-Identifier: MIT */
/* Echoes of a login in a reply are starred, and nothing else is touched. */
#include "base/echo.h"

#include <criterion/criterion.h>
#include <string.h>

static const struct {
    const char *secret, *text, *covered;
} samples[] = {
    {"opensesame", "no opensesame here", "no ********** here"},
    {"opensesame", "opensesame", "**********"},
    {"opensesame", "opensesa", "********"}, /* a piece, at the very end */
    {"opensesame", "ensesame!", "********!"},
    {"opensesame", "say open", "say open"}, /* too short to tell */
    {"opensesame", "OPENSESAME OpenSesame", "********** **********"},
    {"opensesame", "open\nsesame", "****\n******"}, /* over two lines */
    {"opensesame", "open sesame", "**** ******"},
    {"opensesame", "opensesam", "*********"}, /* without its last letter */
    {"opensesame", "6f70656e736573616d65", "********************"},
    {"opensesame", "6F70656E736573616D65!", "********************!"},
    {"opensesame", "b3BlbnNlc2FtZQ==", "************ZQ=="},
    {"opensesame", "AG1lAG9wZW5zZXNhbWU=", "AG1lAG9w********bWU="}, /* behind other octets */
    {"correct horse battery staple", "it was correct horse battery staple.", "it was ******* ***** ******* ******."},
    {"correct horse battery staple", "correcthorse", "************"},
    {"correct horse battery staple", "horse battery", "***** *******"},
    {"correct horse battery staple", "a horse", "a horse"},
    {"hunter2", "hunter", "******"},
    {"hunter2", "hunt", "hunt"},
    {"pass1", "pass1 pass", "***** ****"},
    {"********", "what is ******** ?", "what is ******** ?"},
    {"abcabc", "abcabcabcabc", "************"},
    {"abc", "abc", "abc"},
    {"", "nothing", "nothing"},
};

/* faults: S10 */
Test(echo, samples, .timeout = 10)
{
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        size_t len = strlen(samples[i].text) + 1; /* a reply's text has its NUL within */
        struct echo echo = {0};
        char text[64];

        memcpy(text, samples[i].text, len);
        cr_assert_eq(echo_remember_all(&echo, samples[i].secret, strlen(samples[i].secret)), 0);
        echo_redact(&echo, text, len);
        cr_expect_str_eq(text, samples[i].covered, "%s: %s", samples[i].secret, text);
        cr_expect_eq(strlen(text), len - 1, "the text is as long as before");
        echo_free(&echo);
    }
}

/* A long token is covered wherever a piece of it begins and ends, but for some octets at the edges. */
Test(echo, of_a_long_token, .timeout = 10)
{
    char token[3000], text[3000];
    struct echo echo = {0};

    for (size_t i = 0; i < sizeof token; i++)
        token[i] = (char)('!' + (i * 7919 + i * i % 83) % 90);
    cr_assert_eq(echo_remember(&echo, token, sizeof token), 0);
    for (size_t from = 0; from + 100 < sizeof token; from += 37) {
        memcpy(text, token + from, 100);
        echo_redact(&echo, text, 100);
        for (size_t i = 4; i < 96; i++)
            cr_assert_eq(text[i], '*', "octet %zu of the piece at %zu", i, from);
    }
    cr_expect_leq(echo.list[0].count, sizeof token / 4);
    echo_free(&echo);
}

Test(echo, of_many_logins, .timeout = 10)
{
    struct echo echo = {0};
    char text[] = "second first";

    for (int i = 0; i < 100; i++)
        cr_assert(!echo_remember(&echo, "first", 5) && !echo_remember(&echo, "second", 6));
    cr_expect_eq(echo.count, 2u, "each secret is remembered once");
    echo_redact(&echo, text, sizeof text - 1);
    cr_expect_str_eq(text, "****** *****");
    echo_free(&echo);
    cr_expect_eq(echo.count, 0u);
}

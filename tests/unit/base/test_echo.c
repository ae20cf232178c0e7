/* SPDX-License-Identifier: MIT */
/* Echoes of a login in a reply are starred, and nothing else is touched. */
#include "base/echo.h"

#include <criterion/criterion.h>
#include <string.h>

static const struct {
    const char *said, *text, *covered;
} samples[] = {
    {"opensesame", "no opensesame here", "no ********** here"},
    {"opensesame", "opensesame", "**********"},
    {"opensesame", "opensesa", "********"}, /* a piece, at the very end */
    {"opensesame", "say open", "say open"}, /* too short to tell */
    {"********", "what is ******** ?", "what is ******** ?"},
    {"abcabc", "abcabcabcabc", "************"},
    {"abc", "abc", "abc"},
};

Test(echo, samples, .timeout = 10)
{
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        size_t len = strlen(samples[i].text) + 1; /* a reply's text has its NUL within */
        struct buf said;
        char text[64];

        memcpy(text, samples[i].text, len);
        buf_init(&said, 0, true);
        cr_assert_eq(echo_remember(&said, samples[i].said, strlen(samples[i].said)), 0);
        echo_redact(&said, text, len);
        cr_expect_str_eq(text, samples[i].covered);
        cr_expect_eq(strlen(text), len - 1, "the text is as long as before");
        buf_free(&said);
    }
}

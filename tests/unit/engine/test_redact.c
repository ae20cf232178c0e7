/* SPDX-License-Identifier: MIT */
/* What a server may repeat of a login is covered, and nothing else is touched. */
#include "engine/auth.h"

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

Test(redact, samples, .timeout = 10)
{
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        size_t len = strlen(samples[i].text) + 1; /* a reply's text has its NUL within */
        struct auth a;
        char text[64];

        memcpy(text, samples[i].text, len);
        auth_init(&a);
        cr_assert_eq(auth_remember(&a, samples[i].said, strlen(samples[i].said)), 0);
        auth_redact(&a, text, len);
        cr_expect_str_eq(text, samples[i].covered);
        cr_expect_eq(strlen(text), len - 1, "the text is as long as before");
        auth_free(&a);
    }
}

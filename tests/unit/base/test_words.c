/* SPDX-License-Identifier: MIT */
#include "../../support/blocks.h"
#include "base/words.h"

#include <criterion/criterion.h>
#include <envoi/error.h>
#include <stdio.h>
#include <string.h>

TestSuite(words, .timeout = 20);

static int add(struct words *w, const char *word)
{
    return words_add(w, word, strlen(word));
}

Test(words, each_once)
{
    struct words w = {0};

    cr_expect_str_eq(words_text(&w), "");
    cr_expect_eq(add(&w, "RET=HDRS"), ENVOI_OK);
    cr_expect_eq(add(&w, "RET"), ENVOI_OK, "the beginning of another one");
    cr_expect_eq(add(&w, "ret=hdrs"), ENVOI_OK);
    cr_expect_eq(words_add(&w, "ENVID=x y", 7), ENVOI_OK);
    cr_expect_eq(add(&w, "ENVID=x"), ENVOI_OK);
    cr_expect_str_eq(words_text(&w), "RET=HDRS RET ENVID=x");
    words_free(&w);
    cr_expect_str_eq(words_text(&w), "");
    cr_expect_eq(add(&w, "RET"), ENVOI_OK);
    cr_expect_str_eq(words_text(&w), "RET");
    words_free(&w);
}

/* Quadratic time would take minutes. */
/* faults: S9 */
Test(words, a_hundred_thousand)
{
    struct words w = {0};
    char word[32];

    for (unsigned round = 0; round < 2; round++)
        for (unsigned i = 0; i < 100000; i++) {
            int n = snprintf(word, sizeof word, "ORCPT=rfc822;r%u@x", i);

            cr_assert_eq(words_add(&w, word, (size_t)n), ENVOI_OK);
        }
    cr_expect_eq(w.count, 100000u);
    words_free(&w);
}

Test(words, out_of_memory)
{
    blocks_install();
    for (size_t nth = 1; nth < 20; nth++) {
        struct words w = {0};
        char word[32];
        unsigned added = 0;

        blocks_fail(nth, false);
        for (unsigned i = 0; i < 200; i++) {
            (void)snprintf(word, sizeof word, "W%u", i);
            added += add(&w, word) == ENVOI_OK;
        }
        blocks_fail(0, false);
        cr_expect_eq(w.count, added);
        for (unsigned i = 0; i < 200; i++) {
            (void)snprintf(word, sizeof word, "W%u", i);
            cr_assert_eq(add(&w, word), ENVOI_OK);
        }
        cr_expect_eq(w.count, 200u);
        words_free(&w);
    }
    cr_expect_eq(blocks_alive(), 0u);
}

/* SPDX-License-Identifier: MIT */
/* The pages name each key that there is, and no other. */
#include "accounts/vocabulary.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(manual, .timeout = 10);

static char *page(const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/../../docs/%s", ACCOUNTS_DATA, name);
    FILE *file = fopen(path, "r");
    cr_assert(file, "%s", path);
    char *text = calloc(1, 1 << 20);
    cr_assert_gt(fread(text, 1, (1 << 20) - 1, file), 1000);
    fclose(file);
    return text;
}

static int has(const char *text, const char *before, const char *name, const char *behind)
{
    char wanted[80];
    snprintf(wanted, sizeof wanted, "%s%s%s", before, name, behind);
    return strstr(text, wanted) != NULL;
}

Test(manual, every_key)
{
    char *file = page("man/accounts.conf.5.scd"), *program = page("man/envoi.1.scd");
    for (enum key key = 0; key < KEY_COUNT; key++) {
        const struct word *word = vocabulary_word(key);
        cr_expect_eq(has(file, "*", word->name, "*"), vocabulary_is_known(key), "%s in accounts.conf(5)", word->name);
        cr_expect_eq(has(program, "*--", word->name, "*"), word->group < GROUP_FILE, "--%s in envoi(1)", word->name);
    }
    free(file);
    free(program);
}

/* `key = value` in the last column of a table. */
Test(manual, moving_over)
{
    static const char *const pages[] = {"msmtp.md", "ssmtp.md"};
    size_t found = 0;
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
        char *text = page(pages[i]), *rest = text;
        for (char *line; (line = strsep(&rest, "\n"));) {
            char *column = *line == '|' ? strstr(line + 1, " | ") : NULL;
            for (char *at = column; at && (at = strchr(at, '`')); at++) {
                char name[40];
                if (sscanf(at, "`%39[a-z-] = ", name) != 1 || !has(at, "`", name, " = "))
                    continue;
                enum key key = vocabulary_key(name);
                cr_expect(key != KEY_COUNT && vocabulary_is_known(key), "%s: %s", pages[i], name);
                found++;
            }
        }
        free(text);
    }
    cr_expect_gt(found, 20, "%zu", found);
}

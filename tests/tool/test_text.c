/* SPDX-License-Identifier: MIT */
#include "accounts/moment.h"
#include "json.h"
#include "progress.h"
#include "text.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Test(text, clean, .timeout = 10)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        {NULL, ""},
        {"plain", "plain"},
        {"a\nb\tc", "a|b c"},
        {"\x1b[31mred\r\x7f", "?[31mred??"},
        {"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x93\xa8", "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x93\xa8"},
        {"\xc2\x9b[31m", "?[31m"},
        {"a\xe2\x80\xae"
         "b\xe2\x81\xa6\xe2\x80\xa8"
         "c\xd8\x9c",
         "a?b??c?"},
        {"\xff", "\xef\xbf\xbd"},
        {"\xc3", "\xef\xbf\xbd"},
        {"\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xc0\x80", "\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *out = text_clean(cases[i].in, '|');
        cr_assert_str_eq(out, cases[i].out, "case %zu: '%s'", i, out);
        free(out);
    }
}

Test(text, json_takes_anything, .timeout = 10)
{
    json_t *json = text_json("a\nb\x01\xfe");
    cr_assert_str_eq(json_string_value(json), "a\nb?\xef\xbf\xbd");
    json_decref(json);
}

Test(text, table, .timeout = 10)
{
    struct table table = {.columns = 3};
    const char *const rows[][TABLE_COLUMNS] = {{"a", "bb", "c"}, {"\xc3\xbc\xc3\xbc\xc3\xbc", "", "d"}, {"x", "y", ""}};
    for (size_t i = 0; i < 3; i++)
        cr_assert_eq(table_add(&table, rows[i]), 0);
    char *text = NULL;
    size_t len = 0;
    FILE *file = open_memstream(&text, &len);
    table_print(&table, 2, file);
    fclose(file);
    cr_assert_str_eq(text, "  a    bb  c\n  \xc3\xbc\xc3\xbc\xc3\xbc      d\n  x    y\n");
    free(text);
    table_free(&table);
}

Test(progress, line, .timeout = 10)
{
    char line[256];
    progress_format(line, sizeof line, 80, 12000000, 48000000, 4000);
    cr_assert_str_eq(line, "12.0 of 48.0 MB [==========>                             ]  25 % 3.0 MB/s");
    progress_format(line, sizeof line, 80, 48000000, 48000000, 500);
    cr_assert_str_eq(line, "48.0 of 48.0 MB [========================================] 100 %");
    progress_format(line, sizeof line, 80, 12000000, -1, 4000);
    cr_assert_str_eq(line, "12.0 MB 3.0 MB/s");
}

Test(progress, fits_any_width, .timeout = 10)
{
    char line[256];
    for (size_t columns = 1; columns < 300; columns++)
        for (uint64_t done = 0; done <= 60000000; done += 20000000) {
            progress_format(line, sizeof line, columns, done, 48000000, 2000);
            cr_assert_lt(strlen(line), columns, "%zu columns: '%s'", columns, line);
        }
}

/* faults: U3 */
Test(text, moment, .timeout = 10)
{
    static const struct {
        int64_t seconds;
        const char *text;
    } cases[] = {
        {0, "1970-01-01T00:00:00Z"},          {-1, "1969-12-31T23:59:59Z"},
        {951782400, "2000-02-29T00:00:00Z"},  {1583020799, "2020-02-29T23:59:59Z"},
        {2147483648, "2038-01-19T03:14:08Z"}, {4107542399, "2100-02-28T23:59:59Z"},
        {4107542400, "2100-03-01T00:00:00Z"}, {253402300799, "9999-12-31T23:59:59Z"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *text = text_moment(cases[i].seconds);
        int64_t seconds;
        cr_expect_str_eq(json_string_value(text), cases[i].text);
        cr_expect(moment_read(cases[i].text, &seconds) && seconds == cases[i].seconds, "%s", cases[i].text);
        json_decref(text);
    }
}

Test(text, moments_that_are_read, .timeout = 10)
{
    static const char *const good[] = {"2026-12-01T08:00:00Z", "2026-12-01T08:00:00.25Z", "2026-12-01T09:00:00+01:00",
                                       "2026-12-01T02:30:00.000001-05:30"},
                             *const bad[] = {"2026-12-01T08:00:00",   "2026-12-01T08:00:00.Z", "2026-12-01T08:00:00,5Z",
                                             "2026-12-01T08:00:00.5", "2026-12-01 08:00:00Z",  "2026-12-01T08:00:60Z"};
    int64_t seconds;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        cr_expect(moment_read(good[i], &seconds) && seconds == 1796112000, "%s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect(!moment_read(bad[i], &seconds), "%s", bad[i]);
}

Test(text, clean_or_not, .timeout = 10)
{
    static const char *const dirty[] = {"a\n", "\t", "a\xff", "\xc3", "\xe2\x80\xae", "\x7f", "\xc2\x85"};
    cr_expect(text_is_clean("") && text_is_clean("a b~\xc3\xbc"));
    for (size_t i = 0; i < sizeof dirty / sizeof *dirty; i++)
        cr_expect(!text_is_clean(dirty[i]), "%zu", i);
}

/* faults: F16 */
Test(text, quoted_and_cut, .timeout = 10)
{
    char room[TEXT_QUOTED], text[8];
    cr_assert_str_eq(text_quote("", room), "''");
    cr_assert_str_eq(text_quote("a b", room), "'a b'");
    for (size_t len = 55; len < 80; len++) {
        char longer[160] = "";
        for (size_t i = 0; i < len; i++)
            strcat(longer, i % 2 ? "\xc3\xbc" : "x");
        text_quote(longer, room);
        cr_assert_lt(strlen(room), sizeof room);
        cr_assert(strstr(room, "...'"));
        cr_assert_neq((unsigned char)room[strlen(room) - 5], 0xc3, "no half of a character");
    }
    strcpy(text, "1234567");
    text_mark_cut(text, sizeof text, 7);
    cr_assert_str_eq(text, "1234567");
    text_mark_cut(text, sizeof text, 8);
    cr_assert_str_eq(text, "1234...");
    text_mark_cut(text, sizeof text, -1);
    cr_assert_str_eq(text, "");
}

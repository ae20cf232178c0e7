/* SPDX-License-Identifier: MIT */
#include "reply/extensions.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct extensions x; /* some kilobytes: not for the stack of a test */

static void parse(const char *text)
{
    cr_assert_eq(extensions_parse(&x, text), 0);
}

Test(extensions, greeting_is_none, .timeout = 10)
{
    parse("SIZE 1000");
    cr_expect_eq(x.count, 0u);
    extensions_clear(&x);
}

/* faults: F11 */
Test(extensions, ignored, .timeout = 10)
{
    parse("mx\nPIPELINING\nCHUNKING\nSIZE 1000\nAUTH PLAIN\nAUTH=LOGIN\n8BITMIME\nBURL");
    extensions_ignore(&x, "chunking\tsize  AUTH X-NONE");
    cr_expect_null(extensions_get(&x, "CHUNKING"));
    cr_expect_null(extensions_get(&x, "SIZE"));
    cr_expect_null(extensions_get(&x, "AUTH"));
    cr_expect_eq(x.count, 3u);
    cr_expect(x.pipelining && x.eight_bit && x.burl);
    cr_expect_not(x.chunking);
    cr_expect_not(x.size);
    cr_expect_eq(x.size_limit, UINT64_MAX);
    extensions_ignore(&x, "PIPELINING 8BITMIME BURL");
    cr_expect_eq(x.count, 0u);
    cr_expect_not(x.pipelining || x.eight_bit || x.burl);
    extensions_ignore(&x, "");
    extensions_clear(&x);
}

static const struct {
    const char *line;
    const char *name;       /* asked for */
    const char *parameters; /* NULL: not known */
} lines[] = {
    {"SIZE 1000", "SIZE", "1000"},
    {"size 1000", "SIZE", "1000"},
    {"Size 1000", "sIzE", "1000"},
    {"8BITMIME", "8BITMIME", ""},
    {"X-A-B c  d", "X-A-B", "c  d"},
    {"X-A ", "X-A", ""},
    {"AUTH=PLAIN LOGIN", "AUTH", "PLAIN LOGIN"},
    {"AUTH= PLAIN", "AUTH", "PLAIN"},
    {"AUTH PLAIN", "AUTH", "PLAIN"},
    {"AUTHX PLAIN", "AUTH", NULL},
    {"", "", NULL},
    {" SIZE", "SIZE", NULL},
    {"-SIZE", "-SIZE", NULL},
    {"SI=ZE", "SI", NULL},
    {"S\xc3\xa4ZE", "S\xc3\xa4ZE", NULL},
    {"?? x", "??", NULL},
};

/* faults: 35 */
Test(extensions, lines, .timeout = 10)
{
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        char text[128];
        (void)snprintf(text, sizeof text, "mx.example\n%s\nDSN", lines[i].line);
        parse(text);
        const char *is = extensions_get(&x, lines[i].name);
        if (!lines[i].parameters)
            cr_expect_null(is, "\"%s\" is known", lines[i].line);
        else
            cr_expect_str_eq(is ? is : "(none)", lines[i].parameters, "\"%s\"", lines[i].line);
        cr_expect_not_null(extensions_get(&x, "DSN"), "DSN behind \"%s\"", lines[i].line);
        extensions_clear(&x);
    }
}

Test(extensions, auth_is_merged, .timeout = 10)
{
    parse("mx\nAUTH PLAIN LOGIN\nAUTH=LOGIN CRAM-MD5\nauth\nAUTH XOAUTH2");
    const char *auth = extensions_get(&x, "AUTH");
    cr_expect_eq(x.count, 1u);
    cr_assert_not_null(auth);
    cr_expect_not_null(strstr(auth, "PLAIN"));
    cr_expect_not_null(strstr(auth, "CRAM-MD5"));
    cr_expect_not_null(strstr(auth, "XOAUTH2"));
    extensions_clear(&x);
}

Test(extensions, a_new_list_replaces_the_old, .timeout = 10)
{
    parse("mx\nPIPELINING\nCHUNKING\nSIZE 7");
    cr_expect(x.pipelining);
    cr_expect(x.chunking);
    cr_expect(x.size);
    parse("mx\nDSN");
    cr_expect(!x.pipelining);
    cr_expect(!x.chunking);
    cr_expect(!x.size);
    cr_expect_eq(x.size_limit, UINT64_MAX);
    cr_expect_eq(x.count, 1u);
    extensions_clear(&x);
    cr_expect_eq(x.count, 0u);
}

static const struct {
    const char *parameters;
    uint64_t limit;
} sizes[] = {
    {"", UINT64_MAX},
    {" 0", UINT64_MAX},
    {" 1", 1},
    {" 52428800", 52428800},
    {" 18446744073709551614", 18446744073709551614u},
    {" 18446744073709551615", UINT64_MAX},
    {" 18446744073709551616", UINT64_MAX},
    {" 18446744073709551617", UINT64_MAX},
    {" 99999999999999999999999999999999", UINT64_MAX},
    {" -1", UINT64_MAX},
    {" 0x10", UINT64_MAX},
    {" ten", UINT64_MAX},
};

/* faults: 34 */
Test(extensions, size_saturates, .timeout = 10)
{
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        char text[96];
        (void)snprintf(text, sizeof text, "mx\nSIZE%s", sizes[i].parameters);
        parse(text);
        cr_expect(x.size);
        cr_expect_eq(x.size_limit, sizes[i].limit, "SIZE%s is %llu", sizes[i].parameters,
                     (unsigned long long)x.size_limit);
        extensions_clear(&x);
    }
}

/* faults: 24, 35 */
Test(extensions, bound, .timeout = 10)
{
    char text[16384] = "mx";
    size_t at = 2;

    for (unsigned i = 0; i < EXTENSIONS_MAX + 20; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "\nX-%u", i);
    parse(text);
    cr_expect_eq(x.count, (size_t)EXTENSIONS_MAX);
    cr_expect_not_null(extensions_get(&x, "X-127"));
    cr_expect_null(extensions_get(&x, "X-128"));
    extensions_clear(&x);
}

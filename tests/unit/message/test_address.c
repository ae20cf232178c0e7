/* SPDX-License-Identifier: MIT */
#include "message/address.h"
#include "message/parameters.h"

#include <criterion/criterion.h>
#include <envoi/error.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEN  "0123456789"
#define L63  TEN TEN TEN TEN TEN TEN "012"
#define D255 L63 "." L63 "." L63 "." L63

static const struct {
    const char *text;
    const char *path; /* NULL: refused */
    bool utf8;
} samples[] = {
    {"me@example.org", "me@example.org", false},
    {"Me@Example.ORG", "Me@Example.ORG", false},
    {"<me@example.org>", "me@example.org", false},
    {"Me <me@example.org>", "me@example.org", false},
    {"\"Me, <Myself>\" <me@example.org>", "me@example.org", false},
    {"  me@example.org  ", "me@example.org", false},
    {"root", "root", false},
    {"<root>", "root", false},
    {"a.b.c@example.org", "a.b.c@example.org", false},
    {"!#$%&'*+-/=?^_`{|}~@example.org", "!#$%&'*+-/=?^_`{|}~@example.org", false},
    {"\"a b\"@example.org", "\"a b\"@example.org", false},
    {"\"a\\\"b\"@example.org", "\"a\\\"b\"@example.org", false},
    {"\"a@b\"@example.org", "\"a@b\"@example.org", false},
    {"me@localhost", "me@localhost", false},
    {"me@[192.0.2.1]", "me@[192.0.2.1]", false},
    {"me@[IPv6:2001:db8::1]", "me@[IPv6:2001:db8::1]", false},
    {"me@a-b.example", "me@a-b.example", false},
    {"me@1.example", "me@1.example", false},
    {"me@b\xc3\xbc"
     "cher.example",
     "me@xn--bcher-kva.example", false},
    {"me@B\xc3\x9c"
     "CHER.example",
     "me@xn--bcher-kva.example", false},
    {"gr\xc3\xbc\xc3\x9f"
     "e@example.org",
     "gr\xc3\xbc\xc3\x9f"
     "e@example.org",
     true},
    {"\xe7\x94\xa8\xe6\x88\xb7@\xe4\xbe\x8b\xe5\xad\x90.example", "\xe7\x94\xa8\xe6\x88\xb7@xn--fsqu00a.example", true},
    {"x@" L63 ".example", "x@" L63 ".example", false},
    {"x@" D255, "x@" D255, false},
    /* refused */
    {"", NULL, false},
    {"<>", NULL, false},
    {"   ", NULL, false},
    {"@", NULL, false},
    {"me@", NULL, false},
    {"@example.org", NULL, false},
    {"me@@example.org", NULL, false},
    {"me@a@b", NULL, false},
    {"me you@example.org", NULL, false},
    {"me@example.org you@example.org", NULL, false},
    {"me@example.org,you@example.org", NULL, false},
    {"me@exam ple.org", NULL, false},
    {".me@example.org", NULL, false},
    {"me.@example.org", NULL, false},
    {"m..e@example.org", NULL, false},
    {"me@.example.org", NULL, false},
    {"me@example..org", NULL, false},
    {"me@-example.org", NULL, false},
    /* what the mapping of international domains (NFKC) makes of other characters */
    {"me@example.org\xef\xbc\x9e", NULL, false},             /* U+FF1E: > */
    {"me@example.org\xe3\x80\x80NOTIFY=NEVER", NULL, false}, /* U+3000: a blank */
    {"me@\xef\xb9\xa4"
     "example.org",
     NULL, false},                               /* U+FE64: < */
    {"me@example\xe2\x84\x80.org", NULL, false}, /* U+2100: a/c */
    {"me@example\xe2\x80\xa8.org", NULL, false}, /* U+2028, line separator */
    {"me@example\xc2\x85.org", NULL, false},     /* U+0085, next line */
    {"me@example.org\xe2\x80\xae", NULL, false}, /* U+202E, right to left */
    {"me@example.org>\xe3\x80\x80<you", NULL, false},
    {"me@example-.org", NULL, false},
    {"me@example.org-", NULL, false},
    {"me@0" L63 ".example", NULL, false},
    {"x@" D255 ".z", NULL, false},
    {"me\r\n@example.org", NULL, false},
    {"me@example.org\r\n", NULL, false},
    {"me@example.org\n", NULL, false},
    {"me@example.org\r", NULL, false},
    {"me\t@example.org", NULL, false},
    {"me\x7f@example.org", NULL, false},
    {"\"a\nb\"@example.org", NULL, false},
    {"\"a\\\nb\"@example.org", NULL, false},
    {"\"a@example.org", NULL, false},
    {"\"\"@example.org", NULL, false},
    {"a\"b\"@example.org", NULL, false},
    {"<me@example.org", NULL, false},
    {"me@example.org>", NULL, false},
    {"<me@example.org> SIZE=1", NULL, false},
    {"<me@example.org>>", NULL, false},
    {"<<me@example.org>>", NULL, false},
    {"<a@b> <c@d>", NULL, false},
    /* controls of U+0080 to U+009F, and characters that turn the direction of writing or end a line */
    {"a\xc2\x85"
     "b@example.org",
     NULL, false},
    {"a\xc2\x9b@example.org", NULL, false},
    {"\"a \xc2\x80\"@example.org", NULL, false},
    {"gpj\xe2\x80\xae"
     "exe@example.org",
     NULL, false},
    {"\xe2\x80\x8f"
     "a@example.org",
     NULL, false},
    {"a\xe2\x81\xa6@example.org", NULL, false},
    {"a\xe2\x80\xa8@example.org", NULL, false},
    {"a\xd8\x9c@example.org", NULL, false},
    {"<a\xe2\x80\xad>", NULL, false},
    {"\xd7\xa9\xd7\x9c@example.org", "\xd7\xa9\xd7\x9c@example.org", true}, /* letters from right to left are letters */
    {"<@hop.example:me@example.org>", NULL, false},
    {"me@[192.0.2.1", NULL, false},
    {"me@[]", NULL, false},
    {"me@[1]2]", NULL, false},
    {"me@[a b]", NULL, false},
    {"me@ex(comment)ample.org", NULL, false},
    {"me@example.org\xff", NULL, false},
    {"\xc3@example.org", NULL, false},
    {"\xc0\xaf@example.org", NULL, false},
    {"\xed\xa0\x80@example.org", NULL, false},
    {"\xf4\x90\x80\x80@example.org", NULL, false},
    {"me@ex\xc3\xa4mple..org", NULL, false},
};

/* faults: 52, 54, S11 */
Test(address, samples, .timeout = 10)
{
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        struct envoi_errctx fault = {0};
        struct address a;
        int rc = address_parse(samples[i].text, false, &fault, &a);
        if (samples[i].path) {
            cr_expect_eq(rc, ENVOI_OK, "\"%s\" is refused: %s", samples[i].text, fault.text);
            cr_expect_str_eq(address_path(&a), samples[i].path);
            cr_expect_eq(a.utf8, samples[i].utf8, "\"%s\"", samples[i].text);
        } else {
            cr_expect_eq(rc, ENVOI_E_ADDRESS, "\"%s\" becomes \"%s\"", samples[i].text, address_path(&a));
            cr_expect_eq(fault.code, ENVOI_E_ADDRESS);
            cr_expect(fault.text[0]);
            for (const char *c = fault.text; *c; c++)
                cr_expect(((unsigned char)*c >= 0x20 || *c == '\t') && *c != 0x7f, "the text can control a terminal");
        }
        if (rc == ENVOI_OK)
            address_free(&a);
    }
}

Test(address, null_path, .timeout = 10)
{
    static const char *const texts[] = {"", "<>", "  <> "};

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct address a;
        cr_assert_eq(address_parse(texts[i], true, NULL, &a), ENVOI_OK);
        cr_expect_str_eq(address_path(&a), "");
        cr_expect(!a.utf8);
        address_free(&a);
    }
}

/* What is too long is refused, never cut; no fault is fine too. */
/* faults: 55 */
Test(address, lengths, .timeout = 10)
{
    for (size_t len = 1; len <= 6000; len += len < 300 ? 1 : 700) {
        char *text = malloc(len + 16);
        struct address a;
        memset(text, 'a', len);
        strcpy(text + len, "@example.org");
        int rc = address_parse(text, false, NULL, &a);
        cr_expect_eq(rc, len <= ADDRESS_LOCAL_MAX ? ENVOI_OK : ENVOI_E_ADDRESS, "%zu octets", len);
        if (rc == ENVOI_OK) {
            cr_expect_str_eq(address_path(&a), text);
            address_free(&a);
        }
        free(text);
    }
}

/* Whatever the octets are: what comes out is one line and nothing that ends the path. */
/* faults: 52, 54 */
Test(address, every_pair_of_octets, .timeout = 60)
{
    for (int first = 1; first < 256; first++)
        for (int second = 1; second < 256; second++) {
            char text[] = {'m', (char)first, (char)second, 'e', '@', 'e', 'x', 0};
            struct address a;
            if (address_parse(text, false, NULL, &a) != ENVOI_OK)
                continue;
            cr_assert(!strpbrk(address_path(&a), "\r\n<> \t"), "%d %d", first, second);
            address_free(&a);
        }
}

/* The fast way for the usual address takes the same as the slow one, which brackets force. */
/* faults: 52 */
Test(address, the_fast_way_is_the_slow_one, .timeout = 60)
{
    static const char octets[] = "aZ09_-.@aZ09_-.@mnopqrstuvwxyz+!\x80";
    unsigned seed = 1, fast = 0;

    for (unsigned n = 0; n < 300000; n++) {
        char text[ADDRESS_OWN_MAX + 4] = "<";
        size_t len = 1 + n % ADDRESS_OWN_MAX, odd = n / 7 % sizeof octets;
        struct address a, b, plain;
        int rc;

        for (size_t i = 1; i <= len; i++) {
            seed = seed * 1103515245 + 12345;
            text[i] = (seed >> 16) % 8 ? "abcdefgh"[(seed >> 20) % 8] : octets[(seed >> 20) % (sizeof octets - 1)];
        }
        text[1 + n % len] = '@';
        if (odd < sizeof octets - 1)
            text[1 + n / 11 % len] = octets[odd];
        rc = address_parse(text + 1, false, NULL, &a);
        if (address_parse_plain(text + 1, &plain)) {
            fast++;
            cr_assert_eq(rc, ENVOI_OK, "%s", text + 1);
            cr_assert_str_eq(address_path(&plain), text + 1);
            cr_assert_eq(plain.len, len);
        }
        text[len + 1] = '>';
        cr_assert_eq(rc, address_parse(text, false, NULL, &b), "%s", text);
        if (rc)
            continue;
        cr_assert_str_eq(address_path(&a), address_path(&b));
        cr_assert(a.len == b.len && a.utf8 == b.utf8, "%s", text);
        address_free(&a);
        address_free(&b);
    }
#ifdef __SSE2__
    cr_expect_gt(fast, 20000u);
#endif
}

static const struct {
    const char *text;
    bool good;
} parameters[] = {
    {NULL, true},
    {"", true},
    {"SIZE=1", true},
    {"SMTPUTF8", true},
    {"RET=HDRS  ENVID=QQ314159", true},
    {" BODY=8BITMIME ", true},
    {"NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;you@example.net", true},
    {"X-OURS=a;b:c@d", true},
    {"BY=120;R", true},
    {"AUTH=<>", true},
    {"ORCPT=rfc822;me+2Btag@example.net", true},
    {"X-OURS=a+b", true},
    {"ENVID+=x", false},
    {"ORCPT=rfc822;me+tag@example.net", false},
    {"orcpt=rfc822;me+2b", false},
    {"ENVID=a+", false},
    {"ENVID=a+2", false},
    {"AUTH=me+you@example.org", false},
    {"=1", false},
    {"SIZE=", false},
    {"-X=1", false},
    {"A=B=C", false},
    {"A_B=1", false},
    {"SIZE=1\r\nRSET", false},
    {"SIZE=1\n", false},
    {"SIZE=1\tX", false},
    {"SIZE=\x7f", false},
    {"\xc3\xa4=1", false},
    {"(x)", false},
    {"X-OURS=\xc3\xa4", true},
    {"X-OURS=\xc2\x85", false},
    {"X-OURS=\xe2\x80\xae", false},
    {"X-OURS=\xff", false},
    {"ENVID=\x9b\xff", false},
    {"ENVID=\xc3\xa4", false},
    {"envid=x\xc2\x85", false},
    {"ORCPT=rfc822;\xc2\x85x", false},
    {"ORCPT=utf-8;\xc3\xa4@example.net", false},
    {"ORCPT=utf-8;\\x{E4}@example.net", true},
    {"AUTH=\xc3\xa4@example.net", false},
};

/* faults: 53, S11 */
Test(parameters, samples, .timeout = 10)
{
    for (size_t i = 0; i < sizeof parameters / sizeof parameters[0]; i++) {
        struct envoi_errctx fault = {0};
        int rc = parameters_check(parameters[i].text, &fault);
        cr_expect_eq(rc, parameters[i].good ? ENVOI_OK : ENVOI_E_USAGE, "\"%s\": %s", parameters[i].text, fault.text);
        if (rc != ENVOI_OK)
            cr_expect(fault.text[0]);
    }
}

Test(parameters, length, .timeout = 10)
{
    char text[PARAMETERS_MAX + 2];

    memset(text, 'X', sizeof text);
    text[PARAMETERS_MAX] = '\0';
    cr_expect_eq(parameters_check(text, NULL), ENVOI_OK);
    text[PARAMETERS_MAX] = 'X';
    text[PARAMETERS_MAX + 1] = '\0';
    cr_expect_eq(parameters_check(text, NULL), ENVOI_E_USAGE);
}

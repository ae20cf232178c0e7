/* SPDX-License-Identifier: MIT */
#include "net/target.h"

#include "base/mem.h"

#include <criterion/criterion.h>
#include <envoi/library.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(target, .timeout = 20);

static const struct good {
    const char *server;
    const char *name;
    const char *label;
    bool is_ip, is_unix, absolute;
    uint16_t port;
} good[] = {
    {"mail.example.org", "mail.example.org", "mail.example.org:25", false, false, false, 25},
    {"mail.example.org:587", "mail.example.org", "mail.example.org:587", false, false, false, 587},
    {"mail.example.org.", "mail.example.org", "mail.example.org:25", false, false, true, 25},
    {"mail.example.org.:65535", "mail.example.org", "mail.example.org:65535", false, false, true, 65535},
    {"my_host", "my_host", "my_host:25", false, false, false, 25},
    {"192.0.2.1", "192.0.2.1", "192.0.2.1:25", true, false, false, 25},
    {"192.0.2.1:1", "192.0.2.1", "192.0.2.1:1", true, false, false, 1},
    {"[192.0.2.1]:26", "192.0.2.1", "192.0.2.1:26", true, false, false, 26},
    {"::1", "::1", "[::1]:25", true, false, false, 25},
    {"[::1]", "::1", "[::1]:25", true, false, false, 25},
    {"[::1]:2525", "::1", "[::1]:2525", true, false, false, 2525},
    {"2001:DB8:0:0::1", "2001:db8::1", "[2001:db8::1]:25", true, false, false, 25},
    {"[fe80::1%1]:25", "fe80::1", "[fe80::1]:25", true, false, false, 25},
    {"fe80::1%lo", "fe80::1", "[fe80::1]:25", true, false, false, 25},
    {"/run/lmtp", "localhost", "/run/lmtp", false, true, false, 25},
    {"/run/a:b", "localhost", "/run/a:b", false, true, false, 25},
    {"stra\xc3\x9f"
     "e.example",
     "xn--strae-oqa.example", "xn--strae-oqa.example:25", false, false, false, 25},
    {"m\xc3\xbcller.example.:587", "xn--mller-kva.example", "xn--mller-kva.example:587", false, false, true, 587},
    {"m\x75\xcc\x88ller.example", "xn--mller-kva.example", "xn--mller-kva.example:25", false, false, false, 25},
};

/* faults: 22 */
Test(target, what_is_a_server)
{
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        const struct good *g = &good[i];
        struct envoi_errctx fault = {0};
        struct target t;

        cr_assert_eq(target_parse(g->server, 25, &fault, &t), ENVOI_OK, "%s: %s", g->server, fault.text);
        cr_expect_str_eq(t.name, g->name, "%s: %s", g->server, t.name);
        cr_expect_str_eq(t.label, g->label, "%s: %s", g->server, t.label);
        cr_expect_eq(t.is_ip, g->is_ip, "%s", g->server);
        cr_expect_eq(t.is_unix, g->is_unix, "%s", g->server);
        cr_expect_eq(t.absolute, g->absolute, "%s", g->server);
        cr_expect_eq(t.port, g->port, "%s: %u", g->server, (unsigned)t.port);
        cr_expect_eq(t.address.len != 0, g->is_ip || g->is_unix, "%s", g->server);
        target_free(&t);
    }
}

Test(target, zone_goes_to_the_socket_address)
{
    struct target t;

    cr_assert_eq(target_parse("fe80::1%7", 25, NULL, &t), ENVOI_OK);
    cr_assert_eq(t.address.at.in6.sin6_scope_id, 7);
    cr_assert_eq(ntohs(t.address.at.in6.sin6_port), 25);
    target_free(&t);
}

static const char *const bad[] = {
    "",
    ":25",
    "host:",
    "host:0",
    "host:65536",
    "host:25x",
    "host:-1",
    "host: 25",
    "host:99999999999999999999",
    "[::1",
    "[::1]25",
    "[::1]:",
    "[]",
    "[host]:25",
    "::1::2",
    "1:2:3",
    "fe80::1%nosuchif0",
    "fe80::1%0",
    "fe80::1%99999999999",
    "ho st",
    "host\r\nQUIT",
    "host\n",
    "ho\x7fst",
    "-host",
    "host-",
    "a..b",
    ".",
    ".host",
    "host..",
    "a@b",
    "host/path",
    "\xff\xfe",
    "\xc2\xad", /* a soft hyphen alone is nothing */
    "\xf0\x9f\x98\x80.example",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example",
    "127.1",
    "127.0.0.256",
    "1.2.3.4.5",
    "0x7f000001",
    "0x7f.1",
    "host.0X1",
    "2130706433",
    "127.0.0.1.",
    "017700000001:25",
    "\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.0.0.1", /* full-width digits: it would become 127.0.0.1 */
    "127\xe3\x80\x82"
    "0\xe3\x80\x82"
    "0\xe3\x80\x82"
    "1", /* ideographic full stops: likewise */
    "\xd9\xa1\xd9\xa2\xd9\xa7.0.0.1",
};

/* faults: F16 */
Test(target, texts)
{
    static const char *const rows[][2] = {
        {"smtp://mail.example.org", "a URL is not a host"},
        {"smtps://mail.example.org:465", "a URL is not a host"},
        {"[smtp://mail.example.org]:25", "a URL is not a host"},
        {"https://[::1]/", "a URL is not a host"},
        {"fe80::1", "fe80::1%eth0"},
        {"[fe80::1]:25", "fe80::1%eth0"},
        {"febf::1", "fe80::1%eth0"},
        {"127.1", "a number at its end"},
        {"host:port", "not a port"},
        {"1:2:3", "not an IPv6 address"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct envoi_errctx fault = {0};
        struct target t;

        cr_expect_eq(target_parse(rows[i][0], 25, &fault, &t), ENVOI_E_USAGE);
        cr_expect_not_null(strstr(fault.text, rows[i][1]), "%s", fault.text);
    }
}

/* faults: 53, S13 */
Test(target, what_is_none)
{
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct envoi_errctx fault = {0};
        struct target t;

        cr_expect_eq(target_parse(bad[i], 25, &fault, &t), ENVOI_E_USAGE, "\"%s\" is taken", bad[i]);
        cr_expect(fault.text[0] != '\0' && fault.code == ENVOI_E_USAGE, "\"%s\" has no reason", bad[i]);
        cr_expect_null(strpbrk(fault.text, "\r\n"), "\"%s\" is told with its line end", bad[i]);
        cr_expect(t.name == NULL && t.label == NULL);
    }
}

Test(target, lengths)
{
    char path[300] = "/", name[600] = "";
    struct target t;

    memset(path + 1, 'x', sizeof path - 2);
    cr_expect_eq(target_parse(path, 25, NULL, &t), ENVOI_E_USAGE);
    path[108] = '\0';
    cr_expect_eq(target_parse(path, 25, NULL, &t), ENVOI_E_USAGE, "no room for the NUL");
    path[107] = '\0';
    cr_assert_eq(target_parse(path, 25, NULL, &t), ENVOI_OK);
    cr_expect_str_eq(t.address.at.un.sun_path, path);
    target_free(&t);

    for (int i = 0; i < 127; i++)
        strcat(name, "a.");
    name[253] = '\0'; /* 127 labels of one letter: the longest name there is */
    cr_assert_eq(target_parse(name, 25, NULL, &t), ENVOI_OK);
    target_free(&t);
    strcat(name, "b");
    cr_expect_eq(target_parse(name, 25, NULL, &t), ENVOI_E_USAGE);
}

static int fail_at;

static void *failing(void *ctx, void *ptr, size_t size)
{
    (void)ctx;
    if (size == 0) {
        free(ptr);
        return NULL;
    }
    return --fail_at == 0 ? NULL : realloc(ptr, size);
}

Test(target, no_memory)
{
    static const char *const servers[] = {"mail.example.org:587", "[::1]:25", "/run/lmtp", "m\xc3\xbcller.example"};

    envoi_set_allocator(failing, NULL);
    for (size_t i = 0; i < sizeof servers / sizeof servers[0]; i++) {
        int rc = ENVOI_E_MEMORY;

        for (int n = 1; n < 10 && rc == ENVOI_E_MEMORY; n++) {
            struct envoi_errctx fault = {0};
            struct target t;

            fail_at = n;
            rc = target_parse(servers[i], 25, &fault, &t);
            cr_expect_eq(fault.code, rc, "%s", servers[i]);
            target_free(&t);
        }
        cr_expect_eq(rc, ENVOI_OK, "%s", servers[i]);
    }
    envoi_set_allocator(NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* What is taken from an autoconfig file, and what is refused. configure.sh shows the texts. */
#include "configure/autoconfig.h"

#include "accounts/exit_code.h"
#include "accounts/fault.h"

#include <criterion/criterion.h>
#include <envoi/envoi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct candidates found;

static int parse(const char *text, struct fault *fault)
{
    found = (struct candidates){0};
    *fault = (struct fault){0};
    return autoconfig_parse(&found, "x.xml", text, strlen(text), "example.org", fault);
}

Test(autoconfig, servers)
{
    struct fault fault = {0};

    found = (struct candidates){0};
    cr_assert_eq(autoconfig_read(&found, CONFIGURE_DATA "/autoconfig/good.xml", "example.org", &fault), 0, "%s",
                 fault.text);
    cr_assert_eq(found.count, 3u, "one without TLS and one of another type are passed over");
    cr_expect_str_eq(found.list[0].host, "mail.example.org");
    cr_expect_eq(found.list[0].port, 465u);
    cr_expect_eq(found.list[0].tls, ENVOI_TLS_IMPLICIT);
    cr_expect_eq(found.list[0].token, 0, "a password will do as well");
    cr_expect_eq(found.list[0].outside, 0);
    cr_expect_eq(found.list[1].port, 587u);
    cr_expect_eq(found.list[1].tls, ENVOI_TLS_REQUIRED);
    cr_expect_eq(found.list[1].user, PROVIDER_LOCAL);
    cr_expect_str_eq(found.list[2].host, "mail.hoster.example");
    cr_expect_eq(found.list[2].token, 1);
    cr_expect_eq(found.list[2].outside, 1);
}

static const struct {
    const char *file;
    int rc;
    const char *text;
} refused[] = {
    {"none.xml", EXIT_NO_HOST, "it names no server for sending with TLS"},
    {"bomb.xml", EXIT_DATA, "bomb.xml:2: it has a document type"},
    {"deep.xml", EXIT_DATA, "deep.xml:1: its elements are nested too deep"},
    {"long.xml", EXIT_DATA, "long.xml:5: the text of an element is too long"},
    {"broken.xml", EXIT_DATA, "broken.xml:5: "},
};

Test(autoconfig, refused)
{
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct fault fault = {0};
        char path[512];

        found = (struct candidates){0};
        snprintf(path, sizeof path, CONFIGURE_DATA "/autoconfig/%s", refused[i].file);
        cr_expect_eq(autoconfig_read(&found, path, "example.org", &fault), refused[i].rc, "%s: %s", path, fault.text);
        cr_expect_not_null(strstr(fault.text, refused[i].text), "%s", fault.text);
        cr_expect_eq(found.count, 0u, "%s", path);
    }
}

/* Servers are taken at the right depth only, and their count is bounded. */
Test(autoconfig, odd)
{
    static char many[AUTOCONFIG_MAX + 2];
    struct fault fault;
    size_t at = 0;

    cr_expect_eq(parse("<a><hostname>x.example</hostname><port>465</port><socketType>SSL</socketType></a>", &fault),
                 EXIT_NO_HOST);
    cr_expect_eq(parse("<outgoingServer type=\"smtp\"><b><hostname>x.example</hostname></b><port>465</port>"
                       "<socketType>SSL</socketType></outgoingServer>",
                       &fault),
                 EXIT_NO_HOST);
    cr_expect_eq(parse("<outgoingServer type=\"smtp\"><hostname>x.exam<!-- c -->ple</hostname><port>465</port>"
                       "<socketType>SSL</socketType></outgoingServer>",
                       &fault),
                 0, "%s", fault.text);
    cr_expect_str_eq(found.list[0].host, "x.example");
    cr_expect_eq(parse("", &fault), EXIT_DATA);
    at += (size_t)snprintf(many, sizeof many, "<a>");
    for (int i = 0; i < 300; i++)
        at += (size_t)snprintf(many + at, sizeof many - at,
                               "<outgoingServer type=\"smtp\"><hostname>x%d.example</hostname><port>465</port>"
                               "<socketType>SSL</socketType></outgoingServer>",
                               i);
    snprintf(many + at, sizeof many - at, "</a>");
    cr_expect_eq(parse(many, &fault), 0, "%s", fault.text);
    cr_expect_eq(found.count, (size_t)CANDIDATES_MAX);
    memset(many, ' ', sizeof many - 1);
    cr_expect_eq(parse(many, &fault), EXIT_DATA);
    cr_expect_not_null(strstr(fault.text, "longer than 64 KiB"));
}

/* SPDX-License-Identifier: MIT */
#include "base/trace.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <stdio.h>
#include <string.h>

static char said[2048];

static void keep(void *ctx, int kind, const char *text, size_t len)
{
    size_t used = strlen(said);

    cr_assert_eq(ctx, said);
    (void)snprintf(said + used, sizeof said - used, "%d %.*s\n", kind, (int)len, text);
}

TestSuite(trace, .timeout = 10);

Test(trace, to_the_application)
{
    const struct trace on = {1, keep, said}, off = {0, keep, said};

    trace_line(&on, ENVOI_TRACE_SENT, "EHLO x!", 6);
    trace_event(&on, "try %d of %s", 2, "mx");
    trace_line(&on, ENVOI_TRACE_INFO - 1, "x", 1);
    trace_line(&on, ENVOI_TRACE_RECEIVED + 1, "x", 1);
    trace_line(&off, ENVOI_TRACE_SENT, "EHLO x", 6);
    trace_event(&off, "try");
    cr_assert_str_eq(said, "1 EHLO x\n0 try 2 of mx\n");
}

Test(trace, long_event_is_cut)
{
    const struct trace on = {1, keep, said};
    char text[1000];

    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    trace_event(&on, "%s", text);
    cr_assert_eq(strlen(said), 2 + 511 + 1);
}

/* A line of a server must not control a terminal, however long it is. */
Test(trace, to_standard_error, .init = cr_redirect_stderr)
{
    const struct trace on = {1, NULL, NULL};
    char line[1030], want[1100] = "<< ";

    trace_line(&on, ENVOI_TRACE_SENT, "QUIT", 4);
    trace_line(&on, ENVOI_TRACE_INFO, "a\033[2J\r\n\tb\0c\x7f", 12);
    memset(line, 'y', sizeof line);
    line[600] = line[1024] = '\033';
    memcpy(want + 3, line, sizeof line);
    want[3 + 600] = want[3 + 1024] = '?';
    trace_line(&on, ENVOI_TRACE_RECEIVED, line, sizeof line);
    (void)fflush(stderr);
    (void)snprintf(said, sizeof said, ">> QUIT\n-- a?[2J??\tb?c?\n%s\n", want);
    cr_assert_stderr_eq_str(said);
}

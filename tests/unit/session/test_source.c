/* SPDX-License-Identifier: MIT */
/* The address that a session connects from. */
#include "../../peers/dns.h"
#include "../../peers/net.h"
#include "../../peers/server.h"
#include "../../support/pollset.h"
#include "session/session.h"

#include <criterion/criterion.h>
#include <envoi/envoi.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

TestSuite(source, .timeout = 60);

static struct envoi_library *library;
static struct envoi_session *session;
static struct pollset watched;

/* Goes on until there is a connection, whose greeting never comes, or a failure. */
static int reach(const char *where)
{
    int rc = envoi_session_connect(session, where);

    for (int i = 0; rc == ENVOI_E_AGAIN && session->fd < 0; i++) {
        unsigned events;
        int fd = pollset_wait(&watched, -1, 20, &events);

        cr_assert_lt(i, 1000);
        rc = envoi_session_process(session, fd, events);
    }
    return rc;
}

/* This end of the connection, as endpoint_text() or, without its port, endpoint_host() has it. */
static const char *here(bool port)
{
    static char text[ENDPOINT_TEXT_MAX];
    struct sockaddr_storage at;
    socklen_t len = sizeof at;
    struct endpoint e;

    cr_assert_eq(getsockname(session->fd, (struct sockaddr *)&at, &len), 0);
    cr_assert(endpoint_set(&e, (struct sockaddr *)&at, len));
    if (port)
        endpoint_text(&e, text, sizeof text);
    else
        endpoint_host(&e, text, sizeof text);
    return text;
}

static void begin(void)
{
    watched.count = 0;
    cr_assert_eq(envoi_library_new(&library), ENVOI_OK);
    cr_assert_eq(envoi_session_new(library, &session), ENVOI_OK);
    cr_assert_eq(envoi_session_set_watch(session, pollset_watch, &watched), ENVOI_OK);
}

static void finish(void)
{
    envoi_session_free(session);
    envoi_library_free(library);
}

Test(source, it_is_connected_from)
{
    static const char *const rows[][2] = {{"127.0.0.1", "127.0.0.2"}, {"127.0.0.1", "127.0.0.1"}, {"::1", "::1"}};
    char where[64], from[64];
    int before = net_count_fds();

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint16_t port = 0;
        int listener = net_listen(rows[i][0], &port, 8);
        bool v6 = strchr(rows[i][0], ':');

        begin();
        snprintf(where, sizeof where, "%s%s%s:%u", v6 ? "[" : "", rows[i][0], v6 ? "]" : "", port);
        cr_assert_eq(envoi_session_set_source_address(session, rows[i][1]), ENVOI_OK);
        cr_assert_eq(reach(where), ENVOI_E_AGAIN, "%s", envoi_session_error(session));
        cr_expect_str_eq(here(false), rows[i][1]);
        envoi_session_close(session);
        /* with a port, and again as soon as it is closed */
        snprintf(from, sizeof from, "%s%s%s:%u", v6 ? "[" : "", rows[i][1], v6 ? "]" : "", net_closed_port());
        cr_assert_eq(envoi_session_set_source_address(session, from), ENVOI_OK);
        for (int k = 0; k < 3; k++) {
            cr_assert_eq(reach(where), ENVOI_E_AGAIN, "%s: %s", from, envoi_session_error(session));
            cr_expect_str_eq(here(true), from);
            envoi_session_close(session);
            close(listener);
            listener = net_listen(rows[i][0], &port, 8);
        }
        cr_assert_eq(envoi_session_set_source_address(session, NULL), ENVOI_OK);
        cr_assert_eq(reach(where), ENVOI_E_AGAIN);
        cr_expect_str_eq(here(false), rows[i][0]);
        finish();
        close(listener);
        cr_expect_eq(net_count_fds(), before);
    }
}

/* Both families have a listener, and the name has an address of each. */
Test(source, the_other_family_is_passed_over)
{
    static const struct dns_row rows[] = {{.name = "mail.example", .a = {"127.0.0.1"}, .aaaa = {"::1"}},
                                          {.name = "old.example", .a = {"127.0.0.1", "127.0.0.2"}},
                                          {.name = "new.example", .aaaa = {"::1"}},
                                          {.name = NULL}};
    static const char *const from[] = {"127.0.0.3", "::1"};
    uint16_t port = 0;
    int v4 = net_listen("127.0.0.1", &port, 8), v6 = net_listen("::1", &port, 8);
    char where[64], text[128];

    begin();
    cr_assert(v4 >= 0 && v6 >= 0);
    cr_assert_eq(library_set_dns_servers(library, dns_start(rows)), ENVOI_OK);
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(envoi_session_set_source_address(session, from[i]), ENVOI_OK);
        snprintf(where, sizeof where, "mail.example:%u", port);
        cr_assert_eq(reach(where), ENVOI_E_AGAIN, "%s", envoi_session_error(session));
        cr_expect_str_eq(here(false), from[i]);
        envoi_session_close(session);
        snprintf(where, sizeof where, "%s.example:%u", i ? "old" : "new", port);
        cr_expect_eq(reach(where), ENVOI_E_CONNECT, "%s", envoi_session_error(session));
        snprintf(text, sizeof text, "%s: there is no IPv%d address to connect to from %s", where, i ? 6 : 4, from[i]);
        cr_expect_str_eq(envoi_session_error(session), text);
        cr_expect_eq(reach(i ? "127.0.0.1:9" : "[::1]:9"), ENVOI_E_CONNECT, "%s", envoi_session_error(session));
        cr_expect_not_null(strstr(envoi_session_error(session), from[i]), "%s", envoi_session_error(session));
    }
    finish();
    dns_stop();
    close(v4);
    close(v6);
}

Test(source, an_address_that_this_machine_has_not)
{
    static const char *const rows[][3] = {{"127.0.0.1:9", "192.0.2.7", "192.0.2.7"},
                                          {"127.0.0.1:9", "192.0.2.7:2525", "192.0.2.7:2525"},
                                          {"[::1]:9", "[2001:db8::7]:0", "2001:db8::7"}};
    int before;
    char text[128];

    begin();
    before = net_count_fds();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cr_assert_eq(envoi_session_set_source_address(session, rows[i][1]), ENVOI_OK);
        cr_expect_eq(reach(rows[i][0]), ENVOI_E_CONNECT);
        snprintf(text, sizeof text, "%s: cannot connect from %s: Cannot assign requested address", rows[i][0],
                 rows[i][2]);
        cr_expect_str_eq(envoi_session_error(session), text);
        cr_expect_eq(envoi_session_error_library_code(session), EADDRNOTAVAIL);
    }
    cr_expect_eq(net_count_fds(), before);
    finish();
}

Test(source, not_for_a_unix_socket)
{
    static const char *const script[] = {"> 220 here", "gone", NULL};
    char dir[] = "/tmp/envoi-test-XXXXXX", path[64];
    struct server *server;

    cr_assert_not_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/socket", dir);
    server = server_start_at(path, script);
    begin();
    cr_assert_eq(envoi_session_set_watch(session, NULL, NULL), ENVOI_OK);
    cr_assert_eq(envoi_session_set_source_address(session, "192.0.2.7"), ENVOI_OK);
    cr_expect_eq(envoi_session_connect(session, path), ENVOI_OK, "%s", envoi_session_error(session));
    finish();
    cr_expect_null(server_stop(server));
    unlink(path);
    rmdir(dir);
}

Test(source, texts_that_are_no_address)
{
    static const char *const bad[] = {"",
                                      "localhost",
                                      "eth0",
                                      "192.0.2",
                                      "192.0.2.7:65536",
                                      "[::1",
                                      "[192.0.2.7]:x",
                                      "192.0.2.7:25x",
                                      "/run/x",
                                      "192.0.2.7 ",
                                      "::1%no",
                                      "192.0.2.7\r\n25",
                                      "\xEF\xBC\x91.2.3.4",
                                      "[::1]25",
                                      "192.0.2.7:"};

    begin();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        cr_expect_eq(envoi_session_set_source_address(session, bad[i]), ENVOI_E_USAGE, "\"%s\"", bad[i]);
        cr_expect_eq(envoi_session_connect(session, "127.0.0.1:9"), ENVOI_E_USAGE, "it sticks");
        cr_expect_not_null(strstr(envoi_session_error(session), "source address"), "%s", envoi_session_error(session));
    }
    finish();
}

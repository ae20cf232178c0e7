/* SPDX-License-Identifier: MIT */
/* A name with two addresses, of which the first takes connections and does not greet as it should (RFC 5321 section
 * 5.1). The first is that of IPv6, the second has the script. */
#include "../../peers/dns.h"
#include "../../peers/net.h"
#include "../../peers/server.h"
#include "../../support/pollset.h"
#include "library/library.h"

#include <criterion/criterion.h>
#include <envoi/envoi.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

TestSuite(addresses, .timeout = 60);

/* What the first address says before it closes; NULL: it says nothing and does not close. */
static const char *says;
static bool stays; /* it does not close behind it */
static int listener;
static pthread_t thread;
static int connections;

static struct envoi_library *library;
static struct envoi_session *session;
static struct server *server;
static char where[64];
static int before;

/* Ends when the listener is shut down. */
static void *answer(void *ctx)
{
    int open[8], fd;

    (void)ctx;
    while (connections < 8 && (fd = accept(listener, NULL, NULL)) >= 0) {
        open[connections++] = fd;
        if (!says)
            continue;
        (void)!send(fd, says, strlen(says), MSG_NOSIGNAL);
        if (!stays)
            shutdown(fd, SHUT_RDWR);
    }
    for (int i = 0; i < connections; i++)
        close(open[i]);
    return NULL;
}

/* With script NULL nobody is at the second address. late: the name server tells it when the test says so. */
static void begin_with(const char *first, const char *const *script, bool late)
{
    static const struct dns_row rows[] = {{.name = "two.example", .a = {"127.0.0.1"}, .aaaa = {"::1"}},
                                          {.name = "late.example", .a = {"127.0.0.1"}, .aaaa = {"::1"}, .hold_a = 1},
                                          {.name = NULL}};
    uint16_t port = 0;

    before = net_count_fds();
    says = first;
    server = script ? server_start(script) : NULL;
    if (server)
        port = (uint16_t)strtoul(strchr(server_where(server), ':') + 1, NULL, 10);
    cr_assert_geq(listener = net_listen("::1", &port, 8), 0);
    snprintf(where, sizeof where, "%s.example:%u", late ? "late" : "two", port);
    cr_assert_eq(pthread_create(&thread, NULL, answer, NULL), 0);
    cr_assert_eq(envoi_library_new(&library), ENVOI_OK);
    cr_assert_eq(library_set_dns_servers(library, dns_start(rows)), ENVOI_OK);
    cr_assert_eq(envoi_session_new(library, &session), ENVOI_OK);
    envoi_session_set_tls(session, ENVOI_TLS_OFF);
    envoi_session_set_timeout(session, ENVOI_PHASE_GREETING, 200);
}

static void begin(const char *first, const char *const *script)
{
    begin_with(first, script, false);
}

/* Returns how many connections the first address had. */
static int finish(void)
{
    const char *wrong = server ? server_stop(server) : NULL;

    cr_expect_null(wrong, "%s", wrong);
    envoi_session_free(session);
    envoi_library_free(library);
    dns_stop();
    shutdown(listener, SHUT_RDWR);
    pthread_join(thread, NULL);
    close(listener);
    cr_expect_eq(net_count_fds(), before);
    return connections;
}

static const char *const polite[] = {"> 220 here", "< QUIT", "> 221 bye", "eof", NULL};

static void expect_the_second(const char *first)
{
    begin(first, polite);
    cr_assert_eq(envoi_session_connect(session, where), ENVOI_OK, "%s", envoi_session_error(session));
    cr_expect_str_eq(envoi_session_peer(session), server_where(server));
    cr_expect_str_eq(envoi_session_error(session), "");
    cr_expect_eq(envoi_session_quit(session), ENVOI_OK);
    cr_expect_eq(finish(), 1);
}

/* faults: 33 */
Test(addresses, silence)
{
    expect_the_second(NULL);
}

/* faults: 33 */
Test(addresses, refused)
{
    expect_the_second("554 5.3.2 no mail here\r\n");
}

/* faults: 33 */
Test(addresses, not_now)
{
    expect_the_second("421 4.3.2 not now\r\n");
}

/* faults: 33 */
Test(addresses, closed)
{
    expect_the_second("");
}

/* faults: 33 */
Test(addresses, half_a_greeting)
{
    expect_the_second("220 he");
}

/* faults: 33 */
Test(addresses, nonsense)
{
    expect_the_second("HTTP/1.1 400 Bad Request\r\n\r\n");
}

/* Each has its time, and is asked once; the last one's failure is told. */
Test(addresses, no_greeting_from_either)
{
    static const char *const script[] = {"eof", NULL};
    int64_t began = net_now();

    begin(NULL, script);
    cr_expect_eq(envoi_session_connect(session, where), ENVOI_E_TIMEOUT);
    cr_expect_geq(net_now() - began, 400);
    cr_expect_eq(envoi_session_connected(session), 0);
    cr_expect_eq(finish(), 1);
}

/* What the one address said is told, and not that nobody is at the other one. */
Test(addresses, nobody_at_the_other_one)
{
    begin("554 5.3.2 no mail here\r\n", NULL);
    cr_expect_eq(envoi_session_connect(session, where), ENVOI_E_GREETING);
    cr_expect_not_null(strstr(envoi_session_error(session), "no mail here"), "%s", envoi_session_error(session));
    cr_expect_eq(envoi_reply_code(envoi_session_reply(session)), 554);
    cr_expect_eq(envoi_session_connected(session), 0);
    cr_expect_eq(finish(), 1);
}

/* ---- a second address that the name server tells late ---- */

static int answer_late;

static void release(void *ctx, int kind, const char *text, size_t len)
{
    static const char given_up[] = "no greeting, there are other addresses";

    (void)ctx;
    (void)kind;
    if (memmem(text, len, given_up, sizeof given_up - 1))
        dns_release(answer_late);
}

Test(addresses, told_when_the_first_was_given_up)
{
    begin_with("554 5.3.2 no mail here\r\n", polite, true);
    answer_late = DNS_RECORDS;
    envoi_session_set_trace(session, 1, release, NULL);
    cr_assert_eq(envoi_session_connect(session, where), ENVOI_OK, "%s", envoi_session_error(session));
    cr_expect_str_eq(envoi_session_peer(session), server_where(server));
    cr_expect_str_eq(envoi_session_error(session), "");
    cr_expect_eq(envoi_session_quit(session), ENVOI_OK);
    cr_expect_eq(finish(), 1);
}

/* There is none after all: what the first one said is the answer. */
Test(addresses, failed_when_the_first_was_given_up)
{
    begin_with("554 5.3.2 no mail here\r\n", NULL, true);
    answer_late = 2;
    envoi_session_set_trace(session, 1, release, NULL);
    cr_expect_eq(envoi_session_connect(session, where), ENVOI_E_GREETING);
    cr_expect_not_null(strstr(envoi_session_error(session), "no mail here"), "%s", envoi_session_error(session));
    cr_expect_eq(envoi_reply_code(envoi_session_reply(session)), 554);
    cr_expect_eq(finish(), 1);
}

/* ---- and again ---- */

/* The next connect begins from the beginning, and an old reason is not told again. */
Test(addresses, connect_again)
{
    begin("554 5.3.2 no mail here\r\n", NULL);
    for (int i = 1; i <= 2; i++) {
        cr_expect_eq(envoi_session_connect(session, where), ENVOI_E_GREETING);
        cr_expect_eq(envoi_session_connect(session, "127.0.0.1:1"), ENVOI_E_CONNECT);
    }
    cr_expect_eq(finish(), 2);
}

/* The server was spoken to: that it breaks off is the answer. */
Test(addresses, not_behind_the_beginning_of_tls)
{
    static const char *const script[] = {"still", NULL};
    int rc;

    begin("", script);
    envoi_session_set_tls(session, ENVOI_TLS_IMPLICIT);
    rc = envoi_session_connect(session, where);
    cr_expect_neq(rc, ENVOI_OK);
    cr_expect_neq(rc, ENVOI_E_TIMEOUT, "the second address was not asked");
    server_stop(server);
    server = NULL;
    cr_expect_eq(finish(), 1);
}

/* ---- the non-blocking face ---- */

static struct pollset watched;

static int complete(int rc)
{
    return pollset_complete(&watched, session, rc);
}

static void expect_the_second_in_a_loop(const char *first)
{
    begin(first, polite);
    cr_assert_eq(envoi_session_set_watch(session, pollset_watch, &watched), ENVOI_OK);
    cr_assert_eq(complete(envoi_session_connect(session, where)), ENVOI_OK, "%s", envoi_session_error(session));
    cr_expect_eq(watched.count, 1, "the socket alone");
    cr_expect_str_eq(envoi_session_peer(session), server_where(server));
    cr_expect_eq(complete(envoi_session_quit(session)), ENVOI_OK);
    cr_expect_eq(watched.count, 0);
    cr_expect_eq(finish(), 1);
}

/* faults: 33 */
Test(addresses, silence_in_a_loop)
{
    expect_the_second_in_a_loop(NULL);
}

/* faults: 33 */
Test(addresses, closed_in_a_loop)
{
    expect_the_second_in_a_loop("");
}

/* It was greeted: nobody waits for the other address, and the name server's answer meets nobody. */
Test(addresses, told_when_all_is_well_in_a_loop)
{
    stays = true;
    begin_with("220 here\r\n", NULL, true);
    cr_assert_eq(envoi_session_set_watch(session, pollset_watch, &watched), ENVOI_OK);
    cr_assert_eq(complete(envoi_session_connect(session, where)), ENVOI_OK, "%s", envoi_session_error(session));
    cr_expect_eq(watched.count, 1, "the socket alone");
    cr_expect_not_null(strstr(envoi_session_peer(session), "::1"), "%s", envoi_session_peer(session));
    dns_release(DNS_RECORDS);
    cr_expect_eq(envoi_session_connected(session), 1);
    cr_expect_eq(envoi_session_close(session), ENVOI_OK);
    cr_expect_eq(watched.count, 0);
    cr_expect_eq(finish(), 1);
}

Test(addresses, closed_by_the_application_in_the_midst_of_it)
{
    static const char *const script[] = {"still", NULL};

    begin("", script);
    cr_assert_eq(envoi_session_set_watch(session, pollset_watch, &watched), ENVOI_OK);
    cr_assert_eq(envoi_session_connect(session, where), ENVOI_E_AGAIN);
    while (!strstr(envoi_session_peer(session), "127.0.0.1")) {
        unsigned events;
        int fd = pollset_wait(&watched, -1, 50, &events);

        cr_assert_eq(envoi_session_process(session, fd, ENVOI_EVENT_READ | ENVOI_EVENT_WRITE), ENVOI_E_AGAIN);
    }
    cr_expect_eq(envoi_session_close(session), ENVOI_OK);
    cr_expect_eq(watched.count, 0);
    server_stop(server);
    server = NULL;
    cr_expect_eq(finish(), 1);
}

/* SPDX-License-Identifier: MIT */
/* The non-blocking face, in a loop around poll() that knows only what it was told. */
#include "session/session.h"

#include "../../peers/dns.h"
#include "../../peers/net.h"
#include "../../support/pollset.h"
#include "rig.h"

#include <criterion/criterion.h>
#include <envoi/envoi.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

TestSuite(nonblocking, .timeout = 60);

static struct pollset watched;
static int most, changes;

static void watch(void *ctx, int fd, unsigned events)
{
    cr_assert_eq(ctx, &watched);
    changes++;
    cr_expect(!events || (net_is_nonblocking(fd) && net_is_cloexec(fd)));
    pollset_watch(ctx, fd, events);
    if ((int)watched.count > most)
        most = (int)watched.count;
}

static int complete(int rc)
{
    return pollset_complete(&watched, session, rc);
}

static void begin(const char *const *script)
{
    rig_begin(script);
    cr_assert_eq(envoi_session_set_watch(session, watch, &watched), ENVOI_OK);
}

static void finish(void)
{
    rig_finish();
    cr_expect_eq(watched.count, 0, "a freed session is still watched");
}

static const char *const whole[] = {"> 220 here",
                                    "< EHLO ",
                                    "> 250-here",
                                    "> 250 8BITMIME",
                                    "< MAIL FROM:<me@example.org>",
                                    "> 250 ok",
                                    "< RCPT TO:<you@example.net>",
                                    "> 250 ok",
                                    "< DATA",
                                    "> 354 go",
                                    ".",
                                    "> 250 2.0.0 queued",
                                    "< QUIT",
                                    "> 221 bye",
                                    "eof",
                                    NULL};

Test(nonblocking, a_message_goes_out)
{
    struct envoi_message *m = rig_message("x\n");
    int before = net_count_fds();

    begin(whole);
    cr_expect_eq(envoi_session_process(session, -1, 0), ENVOI_OK, "no verb is in progress");
    cr_expect_eq(envoi_session_deadline(session), -1);
    cr_assert_eq(rig_connect(), ENVOI_E_AGAIN);
    cr_expect_geq(envoi_session_deadline(session), net_now());
    cr_expect_eq(envoi_session_noop(session), ENVOI_E_BUSY);
    cr_expect_eq(envoi_session_send(session, m), ENVOI_E_BUSY);
    cr_expect_eq(envoi_session_set_tls(session, ENVOI_TLS_OFF), ENVOI_E_BUSY);
    cr_assert_eq(complete(ENVOI_E_AGAIN), ENVOI_OK, "%s", envoi_session_error(session));
    cr_expect_eq(watched.count, 1, "after connect it is the socket alone");
    cr_expect_eq(envoi_session_send(session, m), ENVOI_E_BUSY, "the failed setter sticks");
    changes = 0;
    cr_assert_eq(envoi_session_send(session, m), ENVOI_E_AGAIN);
    cr_assert_eq(complete(ENVOI_E_AGAIN), ENVOI_OK, "%s", envoi_session_error(session));
    cr_expect_eq(changes, 0, "in the steady state nothing has to be told");
    cr_expect_eq(envoi_message_verdict(m, 0), ENVOI_VERDICT_ACCEPTED);
    cr_assert_eq(complete(envoi_session_quit(session)), ENVOI_OK);
    cr_expect_eq(watched.count, 0);
    finish();
    cr_expect_eq(net_count_fds(), before);
    envoi_message_free(m);
}

Test(nonblocking, names_and_addresses)
{
    static const struct dns_row rows[] = {{.name = "mail.example", .a = {"127.0.0.7", "127.0.0.1"}, .aaaa = {"::1"}},
                                          {.name = NULL}};
    static const char *const script[] = {"> 220 here", "eof", NULL};
    char where[64];
    int before = net_count_fds();

    begin(script);
    cr_assert_eq(library_set_dns_servers(library, dns_start(rows)), ENVOI_OK);
    snprintf(where, sizeof where, "mail.example%s", strchr(server_where(server), ':'));
    cr_expect_eq(complete(envoi_session_connect(session, where)), ENVOI_OK, "%s", envoi_session_error(session));
    cr_expect_eq(watched.count, 1);
    envoi_session_close(session);
    cr_expect_eq(watched.count, 0);
    cr_expect_eq(complete(envoi_session_connect(session, "nobody.example")), ENVOI_E_RESOLVE);
    cr_expect_eq(watched.count, 0);
    dns_stop();
    finish();
    cr_expect_eq(net_count_fds(), before);
}

Test(nonblocking, deadlines)
{
    static const char *const script[] = {"eof", NULL};
    int64_t began = net_now();

    begin(script);
    envoi_session_set_timeout(session, ENVOI_PHASE_GREETING, 150);
    cr_expect_eq(complete(rig_connect()), ENVOI_E_TIMEOUT);
    cr_expect_geq(net_now() - began, 150);
    cr_expect_lt(net_now() - began, 2000);
    cr_expect_eq(watched.count, 0);
    finish();
}

/* faults: 41 */
Test(nonblocking, quit_of_a_dead_server)
{
    static const char *const script[] = {"> 220 here", "< QUIT", "eof", NULL};
    int64_t began;

    begin(script);
    envoi_session_set_timeout(session, ENVOI_PHASE_QUIT, 200);
    cr_assert_eq(complete(rig_connect()), ENVOI_OK);
    began = net_now();
    cr_assert_eq(envoi_session_quit(session), ENVOI_E_AGAIN);
    cr_expect_eq(complete(ENVOI_E_AGAIN), ENVOI_OK);
    cr_expect_lt(net_now() - began, 2000);
    cr_expect_eq(watched.count, 0);
    finish();
}

/* Closing in the middle of anything ends it, and the session can be used again. */
/* faults: 79 */
Test(nonblocking, close_in_the_middle)
{
    static const char *const script[] = {"gone",   "accept",     "> 220 here", "< EHLO", "gone",
                                         "accept", "> 220 here", "eof",        NULL};
    struct envoi_message *m = rig_message("x\n");

    begin(script);
    cr_assert_eq(rig_connect(), ENVOI_E_AGAIN);
    cr_expect_eq(envoi_session_close(session), ENVOI_OK);
    cr_expect_eq(watched.count, 0);
    cr_expect_eq(envoi_session_process(session, -1, 0), ENVOI_OK);
    cr_assert_eq(complete(rig_connect()), ENVOI_OK);
    cr_assert_eq(envoi_session_send(session, m), ENVOI_E_AGAIN);
    cr_expect_eq(envoi_message_add_recipient(m, "a@example.net"), ENVOI_E_BUSY);
    cr_expect_eq(envoi_session_close(session), ENVOI_OK);
    cr_expect_eq(envoi_message_verdict(m, 0), ENVOI_VERDICT_NOT_ATTEMPTED);
    cr_expect_eq(watched.count, 0);
    cr_assert_eq(complete(rig_connect()), ENVOI_OK);
    finish();
    envoi_message_free(m);
}

static int asked;

static int later(void *ctx, void *buf, size_t cap, size_t *len)
{
    (void)ctx;
    (void)cap;
    *len = 0;
    asked++;
    if (asked == 2 || asked == 4) {
        memcpy(buf, "x\n", 2);
        *len = 2;
        return ENVOI_OK;
    }
    return asked < 5 ? ENVOI_E_AGAIN : ENVOI_OK;
}

/* Content that comes later: process() asks again. */
Test(nonblocking, content_says_again)
{
    struct envoi_message *m = rig_message("");
    int rc;

    cr_assert_eq(envoi_message_set_callback(m, later, NULL, NULL, -1), ENVOI_OK);
    begin(whole);
    cr_assert_eq(complete(rig_connect()), ENVOI_OK);
    rc = envoi_session_send(session, m);
    while (rc == ENVOI_E_AGAIN && asked == 0)
        rc = pollset_turn(&watched, session);
    for (int i = 0; rc == ENVOI_E_AGAIN && asked < 5; i++) {
        cr_assert_lt(i, 50);
        rc = envoi_session_process(session, -1, 0);
    }
    cr_expect_eq(complete(rc), ENVOI_OK, "%s", envoi_session_error(session));
    cr_expect_geq(asked, 5);
    cr_expect_eq(complete(envoi_session_quit(session)), ENVOI_OK);
    finish();
    envoi_message_free(m);
}

/* A server that says good-bye between two verbs is heard, and nobody's failure. */
Test(nonblocking, closed_while_idle)
{
    static const char *const script[] = {"> 220 here", "< NOOP", "> 250 ok", "> 421 4.3.2 good night", "close", NULL};

    begin(script);
    cr_assert_eq(complete(rig_connect()), ENVOI_OK);
    cr_assert_eq(complete(envoi_session_noop(session)), ENVOI_OK);
    for (int i = 0; i < 10 && envoi_session_connected(session); i++) {
        cr_assert_eq(watched.count, 1, "an idle connection is watched");
        cr_assert_gt(poll(watched.fds, watched.count, 5000), 0);
        cr_expect_eq(envoi_session_process(session, watched.fds[0].fd, ENVOI_EVENT_READ), ENVOI_OK);
    }
    cr_expect_eq(envoi_session_connected(session), 0);
    cr_expect_eq(watched.count, 0);
    cr_expect_eq(envoi_session_noop(session), ENVOI_E_DISCONNECTED);
    cr_expect_not_null(strstr(envoi_session_error(session), "good night"), "%s", envoi_session_error(session));
    finish();
}

Test(nonblocking, the_face_is_chosen_before)
{
    static const char *const script[] = {"> 220 here", "< NOOP", "> 250 ok", "eof", NULL};
    const char *const recipients[] = {"a@example.net", NULL};

    begin(script);
    cr_expect_eq(envoi_session_sendmail(session, "a@b.example", recipients, "x", 1, NULL, NULL, NULL), ENVOI_E_USAGE);
    cr_assert_eq(envoi_session_set_watch(session, NULL, NULL), ENVOI_OK);
    cr_assert_eq(rig_connect(), ENVOI_OK, "%s", envoi_session_error(session));
    cr_expect_eq(envoi_session_set_watch(session, watch, &watched), ENVOI_E_BUSY);
    cr_expect_eq(envoi_session_noop(session), ENVOI_E_BUSY, "a setter that was refused is told by the next verb, too");
    cr_expect_eq(envoi_session_noop(session), ENVOI_OK);
    finish();
}

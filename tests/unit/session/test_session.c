/* SPDX-License-Identifier: MIT */
/* Blocking sessions against a server that follows a script. */
#include "session/session.h"

#include "../../peers/dns.h"
#include "../../peers/net.h"
#include "rig.h"

#include <criterion/criterion.h>
#include <envoi/envoi.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

TestSuite(session, .timeout = 60);

/* ---- the whole way ---- */

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

Test(session, a_message_goes_out)
{
    struct envoi_message *m = rig_message("Subject: x\n\nhello\n");
    int before = net_count_fds();

    rig_begin(whole);
    cr_assert_eq(rig_connect(), ENVOI_OK, "%s", envoi_session_error(session));
    cr_expect_eq(envoi_session_connected(session), 1);
    cr_expect_str_eq(envoi_session_peer(session), server_where(server));
    cr_expect_eq(envoi_reply_code(envoi_session_greeting(session)), 220);
    cr_expect_eq(rig_connect(), ENVOI_E_USAGE, "it is connected");
    cr_expect_eq(envoi_session_send(session, m), ENVOI_OK, "%s", envoi_session_error(session));
    cr_expect_str_eq(envoi_session_error(session), "");
    cr_expect_eq(envoi_message_verdict(m, 0), ENVOI_VERDICT_ACCEPTED);
    cr_expect_eq(envoi_session_has_extension(session, "8bitmime"), 1);
    cr_expect_eq(envoi_session_quit(session), ENVOI_OK);
    cr_expect_eq(envoi_session_connected(session), 0);
    cr_expect_str_eq(envoi_session_peer(session), "");
    cr_expect_eq(envoi_session_quit(session), ENVOI_OK, "there is nothing to end any more");
    rig_finish();
    envoi_message_free(m);
    cr_expect_eq(net_count_fds(), before);
}

Test(session, the_default_name_needs_no_network)
{
    static const char *literal[] = {"> 220 here", "< EHLO [127.0.0.1]", "> 250 here", "gone", NULL};
    static char line[300] = "< EHLO ";
    char name[256] = "";

    gethostname(name, sizeof name - 1);
    if (strchr(name, '.') && strncmp(name, "localhost.", 10) != 0)
        literal[1] = strcat(line, name);
    rig_begin(literal);
    cr_assert_eq(rig_connect(), ENVOI_OK);
    cr_expect_eq(envoi_session_ehlo(session, NULL), ENVOI_OK, "%s", envoi_session_error(session));
    rig_finish();
}

Test(session, it_connects_again)
{
    static const char *const script[] = {"> 220 one", "< NOOP",      "> 250 ok", "< QUIT", "> 221 bye", "eof",
                                         "accept",    "> 554 no",    "eof",      "accept", "> 220 two", "eof",
                                         "accept",    "> 220 three", "< NOOP",   "close",  NULL};

    rig_begin(script);
    cr_assert_eq(rig_connect(), ENVOI_OK);
    cr_expect_eq(envoi_session_noop(session), ENVOI_OK);
    cr_expect_eq(envoi_session_quit(session), ENVOI_OK);
    cr_expect_eq(rig_connect(), ENVOI_E_GREETING);
    cr_expect_eq(envoi_reply_code(envoi_session_reply(session)), 554);
    cr_expect_eq(envoi_session_connected(session), 0);
    cr_assert_eq(rig_connect(), ENVOI_OK, "%s", envoi_session_error(session));
    cr_expect_eq(envoi_session_close(session), ENVOI_OK);
    cr_expect_eq(envoi_session_noop(session), ENVOI_E_DISCONNECTED);
    cr_assert_eq(rig_connect(), ENVOI_OK, "%s", envoi_session_error(session));
    cr_expect_eq(envoi_session_noop(session), ENVOI_E_DISCONNECTED);
    cr_expect_eq(envoi_session_connected(session), 0);
    rig_finish();
}

Test(session, nobody_is_connected)
{
    static const char *const script[] = {"close", NULL};
    struct envoi_message *m = rig_message("x\n");
    int fd;

    rig_begin(script);
    cr_expect_eq(envoi_session_send(session, m), ENVOI_E_DISCONNECTED);
    cr_expect_eq(envoi_session_ehlo(session, NULL), ENVOI_E_DISCONNECTED);
    cr_expect_str_eq(envoi_session_error(session), "not connected");
    cr_expect_eq(envoi_session_close(session), ENVOI_OK);
    cr_expect_eq(envoi_session_connect(session, "a b"), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_connect(session, NULL), ENVOI_E_USAGE);
    fd = net_count_fds();
    for (int i = 0; i < 20; i++)
        cr_expect_eq(envoi_session_connect(session, "/nonexistent/x"), ENVOI_E_CONNECT);
    cr_expect_eq(net_count_fds(), fd);
    cr_assert_eq(rig_connect(), ENVOI_E_DISCONNECTED);
    rig_finish();
    envoi_message_free(m);
}

/* A reply can be read after the connection is gone; a QUIT that is not answered leaves none, nor does the next connect
 * if it fails. */
Test(session, replies_outlive_the_connection)
{
    static const char *const script[] = {"> 220 here",
                                         "< EHLO",
                                         "> 250 here",
                                         "< NOOP",
                                         "> 250 2.0.0 ok",
                                         "< QUIT",
                                         "close",
                                         "accept",
                                         "> 220 two",
                                         "< NOOP",
                                         "> * OK",
                                         "eof",
                                         "accept",
                                         "> HTTP/1.1 400 Bad Request",
                                         "close",
                                         "accept",
                                         "> 220 three",
                                         "< EHLO",
                                         "> 250 here",
                                         "eof",
                                         "accept",
                                         "> 220 four",
                                         "< EHLO",
                                         "> 250 here",
                                         "eof",
                                         NULL};
    static const char *const nowhere[] = {"127.0.0.1:1", "mail.example:x"};
    const struct envoi_reply *reply;
    size_t len;

    rig_begin(script);
    cr_expect_eq(envoi_session_hello(session), ENVOI_HELLO_NONE);
    cr_expect_str_eq(envoi_session_helo_name(session), "");
    envoi_session_set_helo_name(session, "client.example");
    cr_assert_eq(rig_connect(), ENVOI_OK);
    cr_expect_eq(envoi_session_ehlo_or_helo_if_needed(session), ENVOI_OK);
    cr_expect_eq(envoi_session_hello(session), ENVOI_HELLO_EHLO);
    cr_expect_str_eq(envoi_session_helo_name(session), "client.example");
    cr_expect_eq(envoi_session_noop(session), ENVOI_OK);
    cr_expect_str_eq(envoi_reply_line(envoi_session_reply(session), 0, &len), "2.0.0 ok");
    cr_expect_str_eq(envoi_reply_line(envoi_session_hello_reply(session), 0, &len), "here");
    cr_expect_eq(envoi_session_quit(session), ENVOI_OK);
    cr_expect_eq(envoi_reply_code(envoi_session_reply(session)), 0);
    cr_expect_eq(envoi_reply_lines(envoi_session_reply(session)), 0u);
    cr_expect_eq(envoi_session_hello(session), ENVOI_HELLO_NONE);

    cr_assert_eq(rig_connect(), ENVOI_OK, "%s", envoi_session_error(session));
    cr_expect_eq(envoi_session_noop(session), ENVOI_E_PROTOCOL);
    cr_expect_eq(envoi_session_connected(session), 0);
    reply = envoi_session_reply(session);
    cr_expect_eq(envoi_reply_code(reply), ENVOI_E_PROTOCOL);
    cr_expect_str_eq(envoi_reply_line(reply, 0, &len), "* OK");
    cr_expect_eq(len, 4u);
    cr_expect_eq(envoi_session_quit(session), ENVOI_OK);
    cr_expect_eq(envoi_reply_code(envoi_session_reply(session)), 0, "nobody answers QUIT without a connection");

    cr_assert_eq(rig_connect(), ENVOI_E_PROTOCOL);
    cr_expect_str_eq(envoi_reply_text(envoi_session_reply(session)), "HTTP/1.1 400 Bad Request");
    for (size_t i = 0; i < sizeof nowhere / sizeof *nowhere; i++) {
        cr_assert_eq(rig_connect(), ENVOI_OK, "%s", envoi_session_error(session));
        cr_expect_eq(envoi_session_ehlo(session, NULL), ENVOI_OK);
        envoi_session_close(session);
        cr_expect_eq(envoi_reply_code(envoi_session_reply(session)), 250);
        cr_expect_neq(envoi_session_connect(session, nowhere[i]), ENVOI_OK);
        cr_expect_eq(envoi_reply_code(envoi_session_reply(session)), 0, "%s: nobody has answered", nowhere[i]);
        cr_expect_str_eq(envoi_session_helo_name(session), "");
    }
    rig_finish();
}

/* More than a greeting in one segment: connect fails, with the reason, and later verbs still have it. */
/* faults: F9 */
Test(session, a_greeting_and_more)
{
    static const struct {
        const char *line, *reason;
        int rc;
    } rows[] = {{">> 220 here\r\n\r\n", "an empty line", ENVOI_E_PROTOCOL},
                {">> 220 here\r\n554 blocked\r\n", "554 blocked", ENVOI_E_GREETING},
                {">> 220 here\r\n421 busy\r\n", "421 busy", ENVOI_E_GREETING},
                {">> 220 here\r\n250 ok\r\n", "250 ok", ENVOI_E_PROTOCOL},
                {">> 220 here\r\n* OK\r\n", "* OK", ENVOI_E_PROTOCOL}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *const script[] = {rows[i].line, "close", NULL};

        rig_begin(script);
        cr_expect_eq(rig_connect(), rows[i].rc, "%s", rows[i].line);
        cr_expect_not_null(strstr(envoi_session_error(session), rows[i].reason), "%s", envoi_session_error(session));
        for (int again = 0; again < 2; again++) {
            cr_expect_eq(envoi_session_noop(session), ENVOI_E_DISCONNECTED);
            cr_expect_not_null(strstr(envoi_session_error(session), "not connected"), "%s",
                               envoi_session_error(session));
            cr_expect_not_null(strstr(envoi_session_error(session), rows[i].reason), "%s",
                               envoi_session_error(session));
        }
        rig_finish();
    }
}

/* An idle connection is told why it ends. The reason is kept, and the session connects again. */
/* faults: F19 */
Test(session, an_idle_connection_is_told_why_it_ends)
{
    static const char *const script[] = {"> 220 here", "< NOOP",   ">> 250 ok\r\n451 4.4.2 timeout\r\n",
                                         "close",      "accept",   "> 220 again",
                                         "< NOOP",     "> 250 ok", "eof",
                                         NULL};

    rig_begin(script);
    cr_assert_eq(rig_connect(), ENVOI_OK);
    cr_expect_eq(envoi_session_noop(session), ENVOI_OK);
    cr_expect_eq(envoi_session_noop(session), ENVOI_E_DISCONNECTED);
    cr_expect_not_null(strstr(envoi_session_error(session), "451 4.4.2 timeout"), "%s", envoi_session_error(session));
    cr_assert_eq(rig_connect(), ENVOI_OK, "%s", envoi_session_error(session));
    cr_expect_eq(envoi_session_noop(session), ENVOI_OK, "%s", envoi_session_error(session));
    rig_finish();
}

/* ---- time ---- */

static int64_t timed(int (*verb)(void), int *rc)
{
    int64_t began = net_now();

    *rc = verb();
    return net_now() - began;
}

/* faults: 33 */
Test(session, a_silent_greeting)
{
    static const char *const script[] = {"eof", NULL};
    int before = net_count_fds(), rc;
    int64_t took;

    rig_begin(script);
    envoi_session_set_timeout(session, ENVOI_PHASE_GREETING, 150);
    took = timed(rig_connect, &rc);
    cr_expect_eq(rc, ENVOI_E_TIMEOUT, "%s", envoi_session_error(session));
    cr_expect_eq(envoi_session_error_phase(session), ENVOI_PHASE_GREETING);
    cr_expect(took >= 150 && took < 2000, "%lld ms", (long long)took);
    cr_expect_eq(envoi_session_connected(session), 0);
    rig_finish();
    cr_expect_eq(net_count_fds(), before);
}

/* The deadline is one of the whole reply: a server that drips does not hold us for ever. */
/* faults: 25 */
Test(session, a_dripping_greeting)
{
    static const char *const script[] = {"drip 220-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                                         NULL};
    int64_t took;
    int rc;

    rig_begin(script);
    envoi_session_set_timeout(session, ENVOI_PHASE_GREETING, 300);
    took = timed(rig_connect, &rc);
    cr_expect_eq(rc, ENVOI_E_TIMEOUT, "%s", envoi_session_error(session));
    cr_expect(took >= 300 && took < 2000, "%lld ms", (long long)took);
    rig_finish();
}

static int quit_now(void)
{
    return envoi_session_quit(session);
}

/* faults: 41 */
Test(session, quit_comes_to_an_end)
{
    static const char *const script[] = {"> 220 here", "< NOOP", "> 550 no", "< QUIT", "eof", NULL};
    int64_t took;
    int rc;

    rig_begin(script);
    envoi_session_set_timeout(session, ENVOI_PHASE_QUIT, 200);
    cr_assert_eq(rig_connect(), ENVOI_OK);
    cr_expect_eq(envoi_session_noop(session), ENVOI_OK);
    took = timed(quit_now, &rc);
    cr_expect_eq(rc, ENVOI_OK);
    cr_expect(took >= 150 && took < 2000, "%lld ms", (long long)took);
    cr_expect_eq(envoi_session_connected(session), 0);
    rig_finish();
}

/* What went wrong before is still to be read after quit, whatever became of that. */
Test(session, quit_covers_nothing_up)
{
    static const char *const script[] = {"> 220 here",  "< EHLO", "> 550 no", "< HELO",
                                         "> 550 never", "< QUIT", "reset",    NULL};

    rig_begin(script);
    cr_assert_eq(rig_connect(), ENVOI_OK);
    cr_expect_eq(envoi_session_ehlo_or_helo_if_needed(session), ENVOI_E_HELO);
    cr_expect_not_null(strstr(envoi_session_error(session), "never"));
    cr_expect_eq(envoi_session_quit(session), ENVOI_OK);
    cr_expect_not_null(strstr(envoi_session_error(session), "never"), "%s", envoi_session_error(session));
    cr_expect_eq(envoi_session_error_code(session), ENVOI_E_HELO);
    rig_finish();
}

static void on_alarm(int number)
{
    (void)number;
}

/* Signals interrupt every call, and stop none. */
/* faults: 74 */
Test(session, signals)
{
    static const char *const script[] = {"drip 220 here\r\n", NULL};
    struct sigaction action = {.sa_handler = on_alarm}; /* no SA_RESTART */
    struct itimerval often = {{0, 3000}, {0, 3000}}, off = {{0, 0}, {0, 0}};
    int rc;

    rig_begin(script);
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    rc = rig_connect();
    setitimer(ITIMER_REAL, &off, NULL);
    cr_expect_eq(rc, ENVOI_OK, "%s", envoi_session_error(session));
    envoi_session_close(session);
    rig_finish();
}

/* ---- lost connections ---- */

static char *big_content(size_t size)
{
    char *text = malloc(size + 1);

    memset(text, 'x', size);
    for (size_t i = 70; i < size; i += 72)
        memcpy(text + i, "\r\n", 2);
    text[size] = '\0';
    return text;
}

static const char *const lost[] = {"> 220 here", "< EHLO ", "> 250 here", "< MAIL", "> 250 ok", "< RCPT",
                                   "> 250 ok",   "< DATA",  "> 354 go",   "< xxx",  "reset",    NULL};

/* A write into a connection that is gone raises no SIGPIPE, and its disposition is the host's own affair. */
/* faults: 39, 73, 79 */
Test(session, a_reset_in_mid_content)
{
    char *content = big_content(32u << 20);
    struct envoi_message *m = rig_message(content);
    struct sigaction action;
    int before = net_count_fds();

    rig_begin(lost);
    cr_assert_eq(rig_connect(), ENVOI_OK);
    cr_expect_eq(envoi_session_send(session, m), ENVOI_E_DISCONNECTED, "%s", envoi_session_error(session));
    cr_expect_eq(envoi_message_verdict(m, 0), ENVOI_VERDICT_NOT_ATTEMPTED);
    cr_expect_neq(envoi_session_error_library_code(session), 0);
    cr_expect_eq(envoi_session_connected(session), 0);
    sigaction(SIGPIPE, NULL, &action);
    cr_expect_eq(action.sa_handler, SIG_DFL);
    rig_finish();
    cr_expect_eq(net_count_fds(), before);
    envoi_message_free(m);
    free(content);
}

static const char *const stalled[] = {"> 220 here", "< EHLO ", "> 250 here", "< MAIL", "> 250 ok", "< RCPT",
                                      "> 250 ok",   "< DATA",  "> 354 go",   "still",  NULL};

/* faults: 39 */
Test(session, a_reader_that_stalls_in_mid_content)
{
    char *content = big_content(32u << 20);
    struct envoi_message *m = rig_message(content);
    int64_t began;

    rig_begin(stalled);
    envoi_session_set_timeout(session, ENVOI_PHASE_CONTENT, 300);
    cr_assert_eq(rig_connect(), ENVOI_OK);
    began = net_now();
    cr_expect_eq(envoi_session_send(session, m), ENVOI_E_TIMEOUT, "%s", envoi_session_error(session));
    cr_expect_lt(net_now() - began, 30000, "not that of another phase, which are minutes");
    cr_expect_eq(envoi_message_verdict(m, 0), ENVOI_VERDICT_NOT_ATTEMPTED);
    rig_finish();
    envoi_message_free(m);
    free(content);
}

static const char *const vanished[] = {"> 220 here", "< EHLO ", "> 250 here", "< MAIL", "> 250 ok", "< RCPT",
                                       "> 250 ok",   "< DATA",  "> 354 go",   ".",      "close",    NULL};

/* faults: 40, 79 */
Test(session, lost_after_the_dot_is_unknown)
{
    struct envoi_message *m = rig_message("x\n");

    rig_begin(vanished);
    cr_assert_eq(rig_connect(), ENVOI_OK);
    cr_expect_eq(envoi_session_send(session, m), ENVOI_E_UNKNOWN, "%s", envoi_session_error(session));
    cr_expect_eq(envoi_message_verdict(m, 0), ENVOI_VERDICT_UNKNOWN);
    rig_finish();
    envoi_message_free(m);
}

/* ---- callbacks ---- */

static int say_again(void *ctx, void *buf, size_t cap, size_t *len)
{
    (void)ctx;
    (void)buf;
    (void)cap;
    (void)len;
    return ENVOI_E_AGAIN;
}

static const char *const until_354[] = {"> 220 here", "< EHLO ", "> 250 here", "< MAIL", "> 250 ok", "< RCPT",
                                        "> 250 ok",   "< DATA",  "> 354 go",   "eof",    NULL};

Test(session, again_in_a_blocking_call)
{
    struct envoi_message *m = rig_message("");

    cr_assert_eq(envoi_message_set_callback(m, say_again, NULL, NULL, -1), ENVOI_OK);
    rig_begin(until_354);
    cr_assert_eq(rig_connect(), ENVOI_OK);
    cr_expect_eq(envoi_session_send(session, m), ENVOI_E_USAGE, "%s", envoi_session_error(session));
    cr_expect_not_null(strstr(envoi_session_error(session), "AGAIN"));
    cr_expect_eq(envoi_session_connected(session), 0);
    cr_expect_eq(envoi_message_verdict(m, 0), ENVOI_VERDICT_NOT_ATTEMPTED);
    rig_finish();
    envoi_message_free(m);
}

static int seen;

/* From a callback nothing but reading is allowed. */
static void meddle(void *ctx, int kind, const char *text, size_t len)
{
    struct envoi_session *s = ctx;

    (void)kind;
    (void)text;
    (void)len;
    seen++;
    cr_expect_eq(envoi_session_noop(s), ENVOI_E_BUSY);
    cr_expect_eq(envoi_session_quit(s), ENVOI_E_BUSY);
    cr_expect_eq(envoi_session_close(s), ENVOI_E_BUSY);
    cr_expect_eq(envoi_session_process(s, -1, 0), ENVOI_E_BUSY);
    cr_expect_not_null(envoi_session_error(s));
    cr_expect_not_null(envoi_session_peer(s));
}

/* faults: 78 */
Test(session, callbacks_may_only_read)
{
    static const char *const script[] = {"> 220 here", "< NOOP", "> 250 ok", "eof", NULL};

    rig_begin(script);
    cr_assert_eq(envoi_session_set_trace(session, 1, meddle, session), ENVOI_OK);
    cr_assert_eq(rig_connect(), ENVOI_OK);
    cr_expect_eq(envoi_session_noop(session), ENVOI_OK, "%s", envoi_session_error(session));
    cr_expect_geq(seen, 4);
    rig_finish();
}

static void free_it(void *ctx, int kind, const char *text, size_t len)
{
    (void)kind;
    (void)text;
    (void)len;
    envoi_session_free(ctx);
}

/* One that frees the session all the same gets what it wants when the verb is over (ASan looks). */
/* faults: 78 */
Test(session, freed_in_a_callback)
{
    static const char *const script[] = {"> 220 here", "eof", NULL};

    rig_begin(script);
    cr_assert_eq(envoi_session_set_trace(session, 1, free_it, session), ENVOI_OK);
    cr_expect_eq(rig_connect(), ENVOI_OK);
    session = NULL;
    rig_finish();
}

/* ---- sendmail ---- */

static const char *const some_refused[] = {"> 220 here",
                                           "< EHLO ",
                                           "> 250-here",
                                           "> 250 SIZE 1000000",
                                           "< MAIL FROM:<me@example.org> SIZE=",
                                           "> 250 ok",
                                           "< RCPT TO:<a@example.net>",
                                           "> 250 ok",
                                           "< RCPT TO:<b@example.net>",
                                           "> 550 5.1.1 nobody",
                                           "< DATA",
                                           "> 354 go",
                                           ".",
                                           "> 250 ok",
                                           "eof",
                                           NULL};

Test(session, sendmail)
{
    const char *const recipients[] = {"a@example.net", "b@example.net", NULL};
    const char *const wrong[] = {"a@example.net", "b@exa mple.net", NULL};
    struct envoi_message *m = NULL;

    rig_begin(some_refused);
    cr_assert_eq(rig_connect(), ENVOI_OK);
    cr_expect_eq(envoi_session_sendmail(session, "me@example.org", wrong, "x\n", 2, NULL, NULL, &m), ENVOI_E_ADDRESS);
    cr_expect_str_eq(envoi_session_error(session),
                     "recipient 2: address \"b@exa mple.net\": the domain is missing or not well formed");
    cr_assert_not_null(m);
    envoi_message_free(m);
    cr_expect_eq(envoi_session_sendmail(session, "a b", recipients, "x\n", 2, NULL, NULL, &m), ENVOI_E_ADDRESS);
    cr_expect_null(m);
    cr_expect_not_null(strstr(envoi_session_error(session), "the sender: address \"a b\": "), "%s",
                       envoi_session_error(session));
    cr_expect_eq(envoi_session_sendmail(session, "a@b", recipients, "x\n", 2, "=", NULL, NULL), ENVOI_E_USAGE);
    cr_expect_str_eq(envoi_session_error(session),
                     "the options of MAIL: \"=\" is not a parameter (NAME or NAME=VALUE)");
    cr_expect_eq(envoi_session_sendmail(session, "me@example.org", NULL, "x\n", 2, NULL, NULL, NULL), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_sendmail(session, "me@example.org", recipients, "x\n", 2, "RET=HDRS", NULL, &m),
                 ENVOI_OK, "%s", envoi_session_error(session));
    cr_assert_not_null(m);
    cr_expect_eq(envoi_message_result(m), ENVOI_RESULT_PARTIAL);
    cr_expect_eq(envoi_message_verdict(m, 1), ENVOI_VERDICT_REFUSED);
    cr_expect_str_eq(envoi_message_dropped_options(m), "RET=HDRS");
    envoi_message_free(m);
    rig_finish();
}

/* It is not the server that failed. */
Test(session, too_many_open_files)
{
    static const char *const script[] = {"> 220 here", "gone", NULL};
    struct rlimit before, none;

    rig_begin(script);
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = 3;
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    cr_expect_eq(rig_connect(), ENVOI_E_SYSTEM, "%s", envoi_session_error(session));
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    cr_expect_eq(rig_connect(), ENVOI_OK, "%s", envoi_session_error(session));
    rig_finish();
}

/* ---- between the verbs ---- */

static const char *const one_message[] = {"> 220 here",
                                          "< EHLO ",
                                          "> 250-here",
                                          "> 250-PIPELINING",
                                          "> 250 CHUNKING",
                                          "< MAIL FROM:<me@example.org>",
                                          "< RCPT TO:<you@example.net>",
                                          "< DATA",
                                          ">> 250 ok\r\n250 ok\r\n354 go\r\n",
                                          "< x",
                                          "< .",
                                          "> 250 queued",
                                          "close",
                                          NULL};

/* faults: 39 */
Test(session, closed_while_idle)
{
    struct envoi_message *m = rig_message("x\n");
    const char *wrong;

    rig_begin(one_message);
    cr_assert_eq(rig_connect(), ENVOI_OK);
    cr_assert_eq(envoi_session_send(session, m), ENVOI_OK, "%s", envoi_session_error(session));
    cr_expect_eq(envoi_message_verdict(m, 0), ENVOI_VERDICT_ACCEPTED);
    wrong = server_stop(server); /* it has closed when this returns */
    cr_expect_null(wrong, "%s", wrong ? wrong : "");
    envoi_message_forget_verdicts(m);
    cr_expect_eq(envoi_session_send(session, m), ENVOI_E_DISCONNECTED, "%s", envoi_session_error(session));
    cr_expect_eq(envoi_message_result(m), ENVOI_RESULT_NOT_SENT, "nothing can have been delivered");
    cr_expect_eq(envoi_session_send(session, m), ENVOI_E_DISCONNECTED, "and it is not connected any more");
    cr_expect_eq(envoi_message_result(m), ENVOI_RESULT_NOT_SENT);
    cr_expect_str_neq(envoi_message_verdict_reason(m, 0), "");
    envoi_session_free(session);
    envoi_library_free(library);
    envoi_message_free(m);
}

static const char *const one_reply_more[] = {
    "> 220 here", "< EHLO ", "> 250-here", "> 250 PIPELINING", "< NOOP", ">> 250 ok\r\n", ">> 250 nobody asked\r\n",
    "close",      NULL};

/* A reply that comes late must not be taken for that to the next command. faults: 30 */
Test(session, a_reply_while_idle)
{
    struct envoi_message *m = rig_message("x\n");
    const char *wrong;

    rig_begin(one_reply_more);
    cr_assert_eq(rig_connect(), ENVOI_OK);
    cr_assert_eq(envoi_session_ehlo(session, NULL), ENVOI_OK);
    (void)envoi_session_noop(session); /* the two may come together */
    wrong = server_stop(server);
    cr_expect_null(wrong, "%s", wrong ? wrong : "");
    cr_expect_neq(envoi_session_send(session, m), ENVOI_OK);
    cr_expect_eq(envoi_message_result(m), ENVOI_RESULT_NOT_SENT, "%s", envoi_session_error(session));
    envoi_session_free(session);
    envoi_library_free(library);
    envoi_message_free(m);
}

/* ---- TLS policy ---- */

/* faults: 4 */
Test(session, tls_is_required_by_default)
{
    static const char *const script[] = {"> 220 here", "< EHLO ", "> 250 here", "gone", NULL};
    struct envoi_message *m = rig_message("x\n");

    rig_begin(script);
    cr_assert_eq(envoi_session_set_tls(session, ENVOI_TLS_DEFAULT), ENVOI_OK);
    cr_assert_eq(rig_connect(), ENVOI_OK);
    cr_expect_eq(envoi_session_send(session, m), ENVOI_E_TLS, "%s", envoi_session_error(session));
    rig_finish();
    envoi_message_free(m);
}

/* faults: 4 */
Test(session, opportunistic_with_a_login_is_required)
{
    static const char *const script[] = {"> 220 here", "< EHLO ", "> 250-here", "> 250 AUTH PLAIN", "gone", NULL};
    struct envoi_message *m = rig_message("x\n");

    rig_begin(script);
    cr_assert_eq(envoi_session_set_tls(session, ENVOI_TLS_OPPORTUNISTIC), ENVOI_OK);
    cr_assert_eq(envoi_session_set_password(session, "me", "secret"), ENVOI_OK);
    cr_assert_eq(rig_connect(), ENVOI_OK);
    cr_expect_eq(envoi_session_send(session, m), ENVOI_E_TLS, "%s", envoi_session_error(session));
    rig_finish();
    envoi_message_free(m);
}

/* ---- names ---- */

Test(session, a_name_is_looked_up)
{
    static const struct dns_row rows[] = {{.name = "mail.example", .a = {"127.0.0.1"}}, {.name = NULL}};
    static const char *const script[] = {"> 220 here", "eof", NULL};
    char where[64];
    int before = net_count_fds();

    rig_begin(script);
    cr_assert_eq(library_set_dns_servers(library, dns_start(rows)), ENVOI_OK);
    snprintf(where, sizeof where, "mail.example%s", strchr(server_where(server), ':'));
    cr_expect_eq(envoi_session_connect(session, where), ENVOI_OK, "%s", envoi_session_error(session));
    cr_expect_str_eq(envoi_session_peer(session), server_where(server));
    envoi_session_close(session);
    cr_expect_eq(envoi_session_connect(session, "nobody.example"), ENVOI_E_RESOLVE);
    dns_stop();
    rig_finish();
    cr_expect_eq(net_count_fds(), before);
}

/* ---- life ---- */

/* Freed in the wrong order, nothing falls. */
Test(session, a_library_outlives_its_sessions)
{
    struct envoi_library *l;
    struct envoi_session *s;

    cr_assert_eq(envoi_library_new(&l), ENVOI_OK);
    cr_assert_eq(envoi_session_new(l, &s), ENVOI_OK);
    envoi_library_free(l);
    cr_expect_eq(envoi_session_connect(s, "/nonexistent/x"), ENVOI_E_CONNECT);
    envoi_session_free(s);
}

static int open_and_noop(void)
{
    struct envoi_session *s = NULL;
    int rc = envoi_session_open(library, server_where(server), &s);

    cr_expect_not_null(s);
    if (rc == ENVOI_OK)
        rc = envoi_session_noop(s);
    envoi_session_free(s);
    return rc;
}

Test(session, open_makes_and_connects)
{
    static const char *const script[] = {"> 220 here", "< NOOP", "> 250 ok", "eof", NULL};
    struct envoi_session *s = NULL;

    rig_begin(script);
    cr_expect_eq(open_and_noop(), ENVOI_OK);
    cr_expect_eq(envoi_session_open(library, "/nonexistent/x", &s), ENVOI_E_CONNECT);
    cr_assert_not_null(s, "its error is to be read");
    cr_expect_neq(envoi_session_error(s)[0], '\0');
    envoi_session_free(s);
    cr_expect_eq(envoi_session_open(NULL, "/nonexistent/x", &s), ENVOI_E_USAGE);
    cr_expect_null(s);
    rig_finish();
}

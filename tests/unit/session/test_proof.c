/* SPDX-License-Identifier: MIT */
/* The proof that the server knows BDAT: what a session does when it costs the connection, what a library remembers of
 * it, and replies that come too many. */
#include "session/session.h"

#include "../../peers/relay.h"
#include "../../support/pollset.h"
#include "rig.h"

#include <criterion/criterion.h>
#include <envoi/envoi.h>
#include <stdio.h>
#include <string.h>

/* Another copy for everybody: a message that was accepted is not sent again by itself. */
static int send_copy(struct envoi_session *s, struct envoi_message *m)
{
    envoi_message_forget_verdicts(m);
    return envoi_session_send(s, m);
}

TestSuite(proof, .timeout = 60);

#define HELLO    "> 220 here", "< EHLO ", ">> 250-here\r\n250-PIPELINING\r\n250 CHUNKING\r\n"
#define ENVELOPE "< MAIL FROM:<me@example.org>", "< RCPT TO:<you@example.net>"
#define BY_DATA  ENVELOPE, "< DATA", ">> 250 ok\r\n250 ok\r\n354 go\r\n", "< x", "< .", "> 250 queued"
#define BY_BDAT  ENVELOPE, "< BDAT 3 LAST", "< x"
#define PROOF    "< MAIL FROM:<me@example.org>", "< BDAT 6", "< QUIT", "< RSET"
#define PASSED   ">> 250 ok\r\n503 no RCPT\r\n250 reset\r\n"
#define FAILED   ">> 250 ok\r\n502 what?\r\n221 bye\r\n", "close"

static void expect_sent(int rc)
{
    cr_expect_eq(rc, ENVOI_OK, "%s", envoi_session_error(session));
    cr_expect_str_eq(envoi_session_error(session), "");
}

/* ---- the connection is lost to the proof ---- */

static const char *const lost[] = {HELLO, BY_DATA,  PROOF, FAILED,  "accept", HELLO, BY_DATA, BY_DATA,
                                   "eof", "accept", HELLO, BY_DATA, BY_DATA,  "eof", NULL};

static void send_lost(void)
{
    struct envoi_message *m = rig_message("x\n");

    cr_assert_eq(rig_connect(), ENVOI_OK);
    for (int i = 0; i < 3; i++)
        expect_sent(send_copy(session, m));
    cr_expect_eq(envoi_session_connected(session), 1);
    cr_expect_str_eq(envoi_session_peer(session), server_where(server));
    envoi_session_close(session);
    cr_assert_eq(rig_connect(), ENVOI_OK);
    expect_sent(send_copy(session, m));
    expect_sent(send_copy(session, m));
    envoi_message_free(m);
}

/* faults: F2 */
Test(proof, the_session_connects_again)
{
    rig_begin(lost);
    send_lost();
    rig_finish();
}

/* faults: F2 */
Test(proof, the_session_connects_again_in_a_loop)
{
    struct envoi_message *m = rig_message("x\n");
    struct pollset watched = {.count = 0};

    rig_begin(lost);
    cr_assert_eq(envoi_session_set_watch(session, pollset_watch, &watched), ENVOI_OK);
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(pollset_complete(&watched, session, rig_connect()), ENVOI_OK);
        for (int k = i; k < 3; k++)
            expect_sent(pollset_complete(&watched, session, send_copy(session, m)));
        envoi_session_close(session);
        cr_expect_eq(watched.count, 0u);
    }
    envoi_message_free(m);
    rig_finish();
}

/* ---- connections of the application ---- */

/* What the application has connected cannot be connected again. */
Test(proof, not_over_a_socket_of_the_application)
{
    static const char *const script[] = {HELLO, BY_DATA, BY_DATA, "eof", NULL};
    struct envoi_message *m = rig_message("x\n");
    struct relay relay;

    rig_begin(script);
    relay = relay_start(RELAY_SOCKETPAIR, server_where(server));
    cr_assert_eq(envoi_session_adopt_fd(session, relay.in, -1, "mail.example:25"), ENVOI_OK);
    expect_sent(send_copy(session, m));
    expect_sent(send_copy(session, m));
    envoi_session_close(session);
    relay_stop(&relay);
    envoi_message_free(m);
    rig_finish();
}

static struct relay relays[2];
static unsigned asked;
static unsigned most = 2;

static int dial(void *ctx, const char *host, unsigned port, int *in, int *out)
{
    (void)ctx;
    (void)host;
    (void)out;
    cr_assert_eq(port, 2525u);
    if (asked == most)
        return ENVOI_E_SYSTEM;
    relays[asked] = relay_start(RELAY_SOCKETPAIR, server_where(server));
    *in = relays[asked++].in;
    return ENVOI_OK;
}

Test(proof, the_dial_function_is_asked_again)
{
    static const char *const script[] = {HELLO, BY_DATA, PROOF, FAILED, "accept", HELLO, BY_DATA, "eof", NULL};
    struct envoi_message *m = rig_message("x\n");

    rig_begin(script);
    cr_assert_eq(envoi_session_set_dial(session, dial, NULL), ENVOI_OK);
    cr_assert_eq(envoi_session_connect(session, "mail.example:2525"), ENVOI_OK);
    expect_sent(send_copy(session, m));
    expect_sent(send_copy(session, m));
    cr_expect_eq(asked, 2u);
    envoi_session_close(session);
    for (unsigned i = 0; i < asked; i++)
        relay_stop(&relays[i]);
    envoi_message_free(m);
    rig_finish();
}

/* Whatever the connection was made with, another one would be made without it. */
Test(proof, not_after_the_way_to_the_server_has_changed)
{
    static const char *const script[] = {HELLO, BY_DATA, BY_DATA, "eof", NULL};
    struct envoi_message *m = rig_message("x\n");

    for (int way = 0; way < 2; way++) {
        rig_begin(script);
        asked = 0;
        if (way == 0)
            envoi_session_set_dial(session, dial, NULL);
        cr_assert_eq(envoi_session_connect(session, way ? server_where(server) : "mail.example:2525"), ENVOI_OK);
        cr_expect_eq(way ? envoi_session_set_source_address(session, "127.0.0.2")
                         : envoi_session_set_dial(session, NULL, NULL),
                     ENVOI_OK);
        expect_sent(send_copy(session, m));
        expect_sent(send_copy(session, m));
        envoi_session_close(session);
        if (way == 0)
            relay_stop(&relays[0]);
        rig_finish();
    }
    envoi_message_free(m);
}

static void forget_password(void)
{
    envoi_session_set_password(session, NULL, NULL);
}

static void forget_mechanism(void)
{
    envoi_session_set_mechanisms(session, NULL);
}

static void keep_login(void)
{
    envoi_session_set_timeout(session, ENVOI_PHASE_MAIL, 20000);
}

/* A program that takes its password back when it is logged in would send the rest of its mail without a login. */
Test(proof, not_after_the_login_was_taken_back)
{
    static const char *const script[] = {"> 220 here",
                                         "< EHLO ",
                                         ">> 250-here\r\n250-PIPELINING\r\n250-AUTH PLAIN\r\n",
                                         "> 250 CHUNKING",
                                         "< AUTH PLAIN",
                                         "> 235 ok",
                                         BY_DATA,
                                         BY_DATA,
                                         "eof",
                                         NULL};
    static const char *const proved[] = {"> 220 here",
                                         "< EHLO ",
                                         ">> 250-here\r\n250-PIPELINING\r\n250-AUTH PLAIN\r\n",
                                         "> 250 CHUNKING",
                                         "< AUTH PLAIN",
                                         "> 235 ok",
                                         BY_DATA,
                                         PROOF,
                                         PASSED,
                                         BY_BDAT,
                                         ">> 250 ok\r\n250 ok\r\n250 queued\r\n",
                                         "eof",
                                         NULL};
    static void (*const changes[])(void) = {forget_password, forget_mechanism, keep_login};
    struct envoi_message *m = rig_message("x\n");

    for (int i = 0; i < 3; i++) {
        rig_begin(changes[i] == keep_login ? proved : script);
        cr_assert_eq(envoi_library_set_descriptor_directories(library, DESCRIPTORS, NULL, NULL), ENVOI_OK);
        cr_assert_eq(envoi_library_set_module_directory(library, MODULES), ENVOI_OK);
        envoi_session_allow_cleartext_auth(session, 1);
        envoi_session_set_mechanisms(session, "PLAIN");
        envoi_session_set_password(session, "me", "pw");
        cr_assert_eq(rig_connect(), ENVOI_OK);
        cr_expect_eq(envoi_session_login(session), ENVOI_OK, "%s", envoi_session_error(session));
        changes[i]();
        expect_sent(send_copy(session, m));
        expect_sent(send_copy(session, m));
        envoi_session_close(session);
        rig_finish();
    }
    envoi_message_free(m);
}

/* Nothing was begun, so nothing is unknown. */
Test(proof, there_is_no_other_connection)
{
    static const char *const script[] = {HELLO, BY_DATA, PROOF, FAILED, NULL};
    struct envoi_message *m = rig_message("x\n");

    rig_begin(script);
    most = 1;
    cr_assert_eq(envoi_session_set_dial(session, dial, NULL), ENVOI_OK);
    cr_assert_eq(envoi_session_connect(session, "mail.example:2525"), ENVOI_OK);
    expect_sent(send_copy(session, m));
    cr_expect_eq(send_copy(session, m), ENVOI_E_CONNECT, "%s", envoi_session_error(session));
    cr_expect_eq(envoi_session_error_phase(session), ENVOI_PHASE_CONNECT);
    cr_expect_eq(envoi_message_result(m), ENVOI_RESULT_NOT_SENT);
    cr_expect_not_null(strstr(envoi_message_verdict_reason(m, 0), "the dial callback failed"));
    cr_expect_eq(envoi_session_connected(session), 0);
    cr_expect_eq(send_copy(session, m), ENVOI_E_DISCONNECTED);
    relay_stop(&relays[0]);
    envoi_message_free(m);
    rig_finish();
}

/* ---- what is remembered ---- */

/* By the library, for all of its sessions. */
Test(proof, another_session_knows)
{
    static const char *const script[] = {HELLO,    BY_DATA,
                                         PROOF,    PASSED,
                                         BY_BDAT,  ">> 250 ok\r\n250 ok\r\n250 queued\r\n",
                                         "accept", HELLO,
                                         BY_BDAT,  ">> 250 ok\r\n250 ok\r\n250 queued\r\n",
                                         "eof",    NULL};
    struct envoi_message *m = rig_message("x\n");
    struct envoi_session *other;

    rig_begin(script);
    cr_assert_eq(rig_connect(), ENVOI_OK);
    expect_sent(send_copy(session, m));
    expect_sent(send_copy(session, m));
    cr_assert_eq(envoi_session_new(library, &other), ENVOI_OK);
    cr_assert_eq(envoi_session_set_tls(other, ENVOI_TLS_OFF), ENVOI_OK);
    cr_assert_eq(envoi_session_connect(other, server_where(server)), ENVOI_OK);
    cr_expect_eq(send_copy(other, m), ENVOI_OK, "%s", envoi_session_error(other));
    envoi_session_free(other);
    envoi_message_free(m);
    rig_finish();
}

/* ---- replies that come too many ---- */

/* Sends two messages, so that the second goes by BDAT, and expects a result for that. */
static void send_two(const char *const *script, int rc, int verdict)
{
    struct envoi_message *m = rig_message("x\n");

    rig_begin(script);
    cr_assert_eq(rig_connect(), ENVOI_OK);
    expect_sent(send_copy(session, m));
    cr_expect_eq(send_copy(session, m), rc, "%s", envoi_session_error(session));
    cr_expect_eq(envoi_message_verdict(m, 0), verdict);
    envoi_message_free(m);
}

/* The reply to RCPT would be the verdict, and the verdict comes with it. faults: F1 */
Test(proof, a_reply_left_over)
{
    static const char *const script[] = {
        HELLO, BY_DATA, PROOF, PASSED, BY_BDAT, ">> 250 extra\r\n250 ok\r\n250 ok\r\n554 5.6.0 spam\r\n", "eof", NULL};

    send_two(script, ENVOI_E_UNKNOWN, ENVOI_VERDICT_UNKNOWN);
    cr_expect_eq(envoi_session_connected(session), 0);
    rig_finish();
}

/* A part of one is enough. faults: F1 */
Test(proof, a_part_of_a_reply_left_over)
{
    static const char *const script[] = {
        HELLO, BY_DATA, PROOF, PASSED, BY_BDAT, ">> 250 extra\r\n250 ok\r\n250 ok\r\n5", "eof", NULL};

    send_two(script, ENVOI_E_UNKNOWN, ENVOI_VERDICT_UNKNOWN);
    rig_finish();
}

/* A foreign refusal is no better: the content may be taken. faults: F1 */
Test(proof, a_reply_left_over_behind_a_refusal)
{
    static const char *const script[] = {
        HELLO, BY_DATA, PROOF, PASSED, BY_BDAT, ">> 250 ok\r\n250 ok\r\n554 extra\r\n250 queued\r\n", "eof", NULL};

    send_two(script, ENVOI_E_UNKNOWN, ENVOI_VERDICT_UNKNOWN);
    rig_finish();
}

/* A server that takes its leave behind the verdict is in step. */
Test(proof, a_421_behind_the_verdict)
{
    static const char *const script[] = {
        HELLO, BY_DATA, PROOF, PASSED, BY_BDAT, ">> 250 ok\r\n250 ok\r\n250 queued\r\n421 bye\r\n", "close", NULL};

    send_two(script, ENVOI_OK, ENVOI_VERDICT_ACCEPTED);
    rig_finish();
}

/* So is a server whose content went by DATA: the 354 was in its place. */
Test(proof, a_reply_left_over_behind_data)
{
    static const char *const script[] = {
        HELLO, ENVELOPE, "< DATA", ">> 250 ok\r\n250 ok\r\n354 go\r\n", "< x", "< .", ">> 250 queued\r\n250 extra\r\n",
        "eof", NULL};
    struct envoi_message *m = rig_message("x\n");

    rig_begin(script);
    cr_assert_eq(rig_connect(), ENVOI_OK);
    cr_expect_eq(send_copy(session, m), ENVOI_OK, "%s", envoi_session_error(session));
    cr_expect_eq(envoi_message_verdict(m, 0), ENVOI_VERDICT_ACCEPTED);
    envoi_message_free(m);
    rig_finish();
}

/* It comes with the last reply to the proof, which is not passed then. faults: F1 */
Test(proof, a_reply_left_over_behind_the_proof)
{
    static const char *const script[] = {
        HELLO,   BY_DATA, PROOF, ">> 250 ok\r\n503 no RCPT\r\n250 reset\r\n250 extra\r\n", "eof", "accept", HELLO,
        BY_DATA, "eof",   NULL};

    send_two(script, ENVOI_OK, ENVOI_VERDICT_ACCEPTED);
    rig_finish();
}

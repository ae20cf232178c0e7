/* SPDX-License-Identifier: MIT */
/* Each verb of session.h by the blocking face, against a server that follows a script: what goes out and what comes
 * back. What the verbs mean is tested by the dialogues, which play the engine alone. */
#include "session/session.h"

#include "rig.h"

#include <criterion/criterion.h>
#include <envoi/envoi.h>
#include <string.h>

TestSuite(verbs, .timeout = 60);

static void begin(const char *const *script)
{
    rig_begin(script);
    cr_assert_eq(rig_connect(), ENVOI_OK);
}

/* The verb went well, and the server's answer was this one. */
static void answered(int rc, int code, const char *text)
{
    const struct envoi_reply *reply = envoi_session_reply(session);

    cr_expect_eq(rc, ENVOI_OK, "%s: %s", envoi_error_name(rc), envoi_session_error(session));
    cr_expect_eq(envoi_reply_code(reply), code);
    cr_expect_str_eq(envoi_reply_text(reply), text);
}

static const char *const dialogue[] = {
    "> 220 here",
    "< HELO old.test",
    "> 250 fine",
    "< EHLO new.test",
    "> 250-here",
    "> 250 VRFY",
    "< NOOP",
    "> 250 still here",
    "< HELP me",
    "> 214 you are helped",
    "< HELP",
    "> 214 helpless",
    "< VRFY you@example.net",
    "> 252 perhaps",
    "< EXPN list",
    "> 550 no list",
    "< X-OURS a b",
    "> 250-one",
    "> 250 two",
    "< MAIL FROM:<me@example.org>",
    "> 250 sender ok",
    "< RSET",
    "> 250 forgotten",
    "< MAIL FROM:<>",
    "> 250 null ok",
    "< RCPT TO:<you@example.net>",
    "> 251 forwarded",
    "< DATA",
    "> 354 go",
    ".",
    "> 250 queued",
    "< QUIT",
    "> 221 bye",
    "eof",
    NULL,
};

Test(verbs, each_of_them)
{
    begin(dialogue);
    answered(envoi_session_helo(session, "old.test"), 250, "fine");
    cr_expect_eq(envoi_session_extensions(session), 0u);
    cr_expect_eq(envoi_session_ehlo(session, "new.test"), ENVOI_OK);
    cr_expect_eq(envoi_session_has_extension(session, "vrfy"), 1);
    cr_expect_eq(envoi_session_ehlo_or_helo_if_needed(session), ENVOI_OK); /* it is not */
    answered(envoi_session_noop(session), 250, "still here");
    answered(envoi_session_help(session, "me"), 214, "you are helped");
    answered(envoi_session_help(session, NULL), 214, "helpless");
    answered(envoi_session_verify(session, "you@example.net"), 252, "perhaps");
    answered(envoi_session_expn(session, "list"), 550, "no list");
    answered(envoi_session_docmd(session, "X-OURS", "a b"), 250, "one\ntwo");
    answered(envoi_session_mail(session, "me@example.org", NULL), 250, "sender ok");
    answered(envoi_session_rset(session), 250, "forgotten");
    answered(envoi_session_mail(session, NULL, NULL), 250, "null ok");
    answered(envoi_session_rcpt(session, "you@example.net", NULL), 251, "forwarded");
    answered(envoi_session_data(session, NULL, 0), 250, "queued");
    cr_expect_eq(envoi_session_quit(session), ENVOI_OK);
    rig_finish();
}

/* ---- logins ---- */

static const char *const logins[] = {
    "> 220 here",
    "< EHLO ",
    "> 250-here",
    "> 250 AUTH X-OURS PLAIN",
    "< AUTH X-OURS aGVsbG8=",
    "> 334 d2hvPw==",
    "< bWU=",
    "> 235 in",
    "< QUIT",
    "> 221 bye",
    "eof",
    NULL,
};

/* "hello", then "me" to whatever is asked. */
static int ours(void *ctx, const void *challenge, size_t len, const void **response, size_t *response_len, int *done)
{
    int *asked = ctx;
    const char *text = challenge ? "me" : "hello";

    cr_expect(!challenge || (len == 4 && memcmp(challenge, "who?", 4) == 0));
    *response = text;
    *response_len = strlen(text);
    *done = challenge != NULL;
    (*asked)++;
    return ENVOI_OK;
}

Test(verbs, logins)
{
    int asked = 0;

    begin(logins);
    cr_expect_eq(envoi_session_auth_with(session, "X-OURS", 1, ours, &asked), ENVOI_OK, "%s",
                 envoi_session_error(session));
    cr_expect_eq(asked, 2);
    cr_expect_eq(envoi_session_authenticated(session), 1);
    cr_expect_str_eq(envoi_session_mechanism_plugin(session), "application");
    cr_expect_eq(envoi_session_quit(session), ENVOI_OK);
    rig_finish();
}

static const char *const refusals[] = {
    "> 220 here", "< EHLO ", "> 250 here", "< QUIT", "> 221 bye", "eof", NULL,
};

/* What the server does not announce, nor envoi have. */
Test(verbs, not_announced)
{
    begin(refusals);
    cr_expect_eq(envoi_session_starttls(session), ENVOI_E_NOT_SUPPORTED);
    cr_expect_eq(envoi_session_login(session), ENVOI_E_NOT_SUPPORTED);
    cr_expect_eq(envoi_session_auth(session, "PLAIN"), ENVOI_E_NOT_SUPPORTED);
    cr_expect_eq(envoi_session_error_code(session), ENVOI_E_NOT_SUPPORTED);
    cr_expect_eq(envoi_session_quit(session), ENVOI_OK);
    rig_finish();
}

/* ---- without what is needed ---- */

static const char *const silent[] = {"> 220 here", "eof", NULL};

/* A verb that lacks an argument is refused, and the connection does not notice. */
Test(verbs, arguments)
{
    struct envoi_message *const none = NULL;
    static const char *const nobody[] = {NULL};

    begin(silent);
    cr_expect_eq(envoi_session_connect(session, "127.0.0.1"), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_auth(session, NULL), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_auth_with(session, "X-OURS", 1, NULL, NULL), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_auth_with(session, NULL, 1, ours, NULL), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_docmd(session, NULL, "x"), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_verify(session, NULL), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_expn(session, NULL), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_rcpt(session, NULL, NULL), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_data(session, NULL, 1), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_send(session, NULL), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_send_all(session, NULL, 1), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_send_all(session, &none, 1), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_send_all(session, NULL, 0), ENVOI_OK);
    cr_expect_eq(envoi_session_sendmail(session, "me@example.org", NULL, "x", 1, NULL, NULL, NULL), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_sendmail(session, "me@example.org", nobody, NULL, 1, NULL, NULL, NULL), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_sendmail(session, "two words", nobody, "x", 1, NULL, NULL, NULL), ENVOI_E_ADDRESS);
    cr_expect_eq(envoi_session_sendmail(session, "me@example.org", nobody, "x", 1, "a\rb", NULL, NULL), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_connected(session), 1);
    cr_expect_eq(envoi_session_close(session), ENVOI_OK);
    rig_finish();
}

static const char *const dropped[] = {"> 220 here", "eof", NULL};

Test(verbs, not_connected)
{
    static const char *const one[] = {"you@example.net", NULL};
    struct envoi_message *m = NULL;

    begin(dropped);
    cr_expect_eq(envoi_session_close(session), ENVOI_OK);
    cr_expect_eq(envoi_session_ehlo(session, NULL), ENVOI_E_DISCONNECTED);
    cr_expect_eq(envoi_session_helo(session, NULL), ENVOI_E_DISCONNECTED);
    cr_expect_eq(envoi_session_ehlo_or_helo_if_needed(session), ENVOI_E_DISCONNECTED);
    cr_expect_eq(envoi_session_starttls(session), ENVOI_E_DISCONNECTED);
    cr_expect_eq(envoi_session_login(session), ENVOI_E_DISCONNECTED);
    cr_expect_eq(envoi_session_auth(session, "PLAIN"), ENVOI_E_DISCONNECTED);
    cr_expect_eq(envoi_session_noop(session), ENVOI_E_DISCONNECTED);
    cr_expect_eq(envoi_session_rset(session), ENVOI_E_DISCONNECTED);
    cr_expect_eq(envoi_session_verify(session, "x"), ENVOI_E_DISCONNECTED);
    cr_expect_eq(envoi_session_mail(session, "me@example.org", NULL), ENVOI_E_DISCONNECTED);
    cr_expect_eq(envoi_session_rcpt(session, "you@example.net", NULL), ENVOI_E_DISCONNECTED);
    cr_expect_eq(envoi_session_data(session, "x", 1), ENVOI_E_DISCONNECTED);
    cr_expect_eq(envoi_session_sendmail(session, "me@example.org", one, "x", 1, NULL, NULL, &m), ENVOI_E_DISCONNECTED);
    cr_assert_not_null(m);
    cr_expect_eq(envoi_message_verdict(m, 0), ENVOI_VERDICT_NOT_ATTEMPTED);
    envoi_message_free(m);
    cr_expect_eq(envoi_session_quit(session), ENVOI_OK);
    cr_expect_eq(envoi_session_connect(session, NULL), ENVOI_E_USAGE);
    rig_finish();
}

/* ---- no session ---- */

Test(verbs, no_session)
{
    cr_expect_eq(envoi_session_connect(NULL, "127.0.0.1"), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_quit(NULL), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_close(NULL), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_process(NULL, -1, 0), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_deadline(NULL), -1);
    cr_expect_eq(envoi_session_ehlo(NULL, NULL), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_helo(NULL, NULL), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_ehlo_or_helo_if_needed(NULL), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_starttls(NULL), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_login(NULL), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_auth(NULL, "PLAIN"), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_auth_with(NULL, "PLAIN", 1, ours, NULL), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_docmd(NULL, "NOOP", NULL), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_noop(NULL), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_help(NULL, NULL), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_rset(NULL), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_verify(NULL, "x"), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_expn(NULL, "x"), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_mail(NULL, "x", NULL), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_rcpt(NULL, "x", NULL), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_data(NULL, "x", 1), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_send(NULL, NULL), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_sendmail(NULL, "x", NULL, NULL, 0, NULL, NULL, NULL), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_set_mechanisms(NULL, "PLAIN"), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_set_password(NULL, "x", "x"), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_set_token(NULL, "x", "x"), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_set_credential_callback(NULL, NULL, NULL), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_set_security_layer(NULL, 0, 0), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_set_chunking(NULL, 0, 0), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_set_watch(NULL, NULL, NULL), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_set_trace(NULL, 1, NULL, NULL), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_add_pin(NULL, ""), ENVOI_E_USAGE);
    envoi_session_free(NULL);
}

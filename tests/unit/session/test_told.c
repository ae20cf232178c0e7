/* SPDX-License-Identifier: MIT */
/* The function of a message is told of every reply of its transaction. */
#include "rig.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

TestSuite(told, .timeout = 60);

static void note(void *ctx, struct envoi_message *m, int phase, size_t index, const struct envoi_reply *reply)
{
    char *text = ctx;

    (void)snprintf(text + strlen(text), 512 - strlen(text), "%s %zu %s: %d %s|", envoi_phase_name(phase), index,
                   envoi_message_recipient(m, index), envoi_reply_code(reply), envoi_reply_line(reply, 0, NULL));
}

/* Sends to a, b and c, and expects to be told this. */
static void expect_told(const char *const *script, int lmtp, int rc, const char *wanted)
{
    char text[512] = "";
    struct envoi_message *m;

    rig_begin(script);
    envoi_session_set_lmtp(session, lmtp);
    cr_assert_eq(envoi_message_new("me@x.example", &m), ENVOI_OK);
    for (const char *const *name = (const char *const[]){"a@x", "b@x", "c@x", NULL}; *name; name++)
        cr_assert_eq(envoi_message_add_recipient(m, *name), ENVOI_OK);
    cr_assert_eq(envoi_message_set_data(m, "x\r\n", 3), ENVOI_OK);
    cr_assert_eq(envoi_message_set_reply_callback(m, note, text), ENVOI_OK);
    cr_assert_eq(rig_connect(), ENVOI_OK);
    cr_expect_eq(envoi_session_send(session, m), rc, "%s", envoi_session_error(session));
    cr_expect_str_eq(text, wanted);
    envoi_message_free(m);
    rig_finish();
}

Test(told, each_reply_with_its_line_as_sent)
{
    static const char *const script[] = {"> 220 x",
                                         "< EHLO",
                                         "> 250-x",
                                         "> 250 PIPELINING",
                                         "< MAIL",
                                         "< RCPT",
                                         "< RCPT",
                                         "< RCPT",
                                         "< DATA",
                                         "> 250 2.1.0 \xff",
                                         "> 250 2.1.5 a",
                                         "> 550 5.1.1 b",
                                         "> 451 4.2.0 c",
                                         "> 354 go",
                                         ".",
                                         "> 250 2.0.0 taken",
                                         NULL};

    expect_told(script, 0, ENVOI_OK,
                "MAIL 0 a@x: 250 2.1.0 \xff|RCPT 0 a@x: 250 2.1.5 a|RCPT 1 b@x: 550 5.1.1 b|RCPT 2 c@x: 451 4.2.0 c|"
                "DATA 0 a@x: 354 go|end of content 0 a@x: 250 2.0.0 taken|");
}

Test(told, by_LMTP_each_reply_to_the_content_has_its_recipient)
{
    static const char *const script[] = {"> 220 x",  "< LHLO", "> 250 x",  "< MAIL",   "> 250 ok", "< RCPT",
                                         "> 550 a",  "< RCPT", "> 250 b",  "< RCPT",   "> 250 c",  "< DATA",
                                         "> 354 go", ".",      "> 250 b+", "> 452 c-", NULL};

    expect_told(script, 1, ENVOI_OK,
                "MAIL 0 a@x: 250 ok|RCPT 0 a@x: 550 a|RCPT 1 b@x: 250 b|RCPT 2 c@x: 250 c|DATA 0 a@x: 354 go|"
                "end of content 1 b@x: 250 b+|end of content 2 c@x: 452 c-|");
}

Test(told, RSET_is_none_of_them)
{
    static const char *const script[] = {"> 220 x",  "< EHLO", "> 250 x",    "< MAIL",
                                         "> 550 no", "< RSET", "> 250 done", NULL};

    expect_told(script, 0, ENVOI_E_SENDER_REFUSED, "MAIL 0 a@x: 550 no|");
}

Test(told, a_message_that_is_reset_tells_nobody)
{
    static const char *const script[] = {"> 220 x",  "< EHLO", "> 250 x",  "< MAIL",
                                         "> 550 no", "< RSET", "> 250 ok", NULL};
    char text[512] = "";
    struct envoi_message *m = rig_message("x\r\n");

    cr_expect_eq(envoi_message_set_reply_callback(NULL, note, text), ENVOI_E_USAGE);
    cr_assert_eq(envoi_message_set_reply_callback(m, note, text), ENVOI_OK);
    cr_assert_eq(envoi_message_reset(m, "me@x.example"), ENVOI_OK);
    cr_assert_eq(envoi_message_add_recipient(m, "a@x"), ENVOI_OK);
    cr_assert_eq(envoi_message_set_data(m, "x\r\n", 3), ENVOI_OK);
    rig_begin(script);
    cr_assert_eq(rig_connect(), ENVOI_OK);
    cr_expect_eq(envoi_session_send(session, m), ENVOI_E_SENDER_REFUSED);
    cr_expect_str_eq(text, "");
    envoi_message_free(m);
    rig_finish();
}

/* SPDX-License-Identifier: MIT */
/* The recipients of one message: which of them a transaction is for, and what is tried again. The servers follow a
 * script. */
#include "../../peers/server.h"
#include "post.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(pool_recipients, .timeout = 60);

/* One message to r0, r1 ... of one domain, over one connection at a time. */
struct play {
    struct post post;
    struct server *server;
    struct envoi_message *message;
};

static void play_open(struct play *p, const char *const *script, size_t recipients)
{
    p->server = server_start(script);
    post_open(&p->post, 1, recipients, 1);
    p->message = p->post.letters[0].message;
    envoi_pool_set_limit(p->post.pool, ENVOI_POOL_CONNECTIONS, 1);
    envoi_pool_set_limit(p->post.pool, ENVOI_POOL_BACKOFF_MS, 1);
}

/* Sends the message and ends the server, which must have seen its whole script. */
static void play_run(struct play *p)
{
    const char *wrong;

    post_submit_all(&p->post, post_route(&p->post, server_where(p->server)));
    cr_assert_eq(envoi_pool_run(p->post.pool), ENVOI_OK);
    cr_assert_eq(envoi_pool_drain(p->post.pool), ENVOI_OK);
    cr_assert_eq(envoi_pool_run(p->post.pool), ENVOI_OK);
    wrong = server_stop(p->server);
    cr_assert_null(wrong, "%s", wrong ? wrong : "");
}

static void expect_verdict(const struct play *p, size_t index, int verdict, const char *reason)
{
    const char *why = envoi_message_verdict_reason(p->message, index);

    cr_expect_eq(envoi_message_verdict(p->message, index), verdict, "recipient %zu: %s", index,
                 envoi_verdict_name(envoi_message_verdict(p->message, index)));
    cr_expect_not_null(strstr(why, reason), "recipient %zu: \"%s\"", index, why);
}

static void play_close(struct play *p)
{
    post_close(&p->post);
}

/* ---- another try ---- */

static void submit_again(struct letter *l)
{
    if (l->called < 4 && l->result == ENVOI_OK && envoi_message_result(l->message) == ENVOI_RESULT_PARTIAL)
        cr_assert_eq(post_submit(l->post, 0, 0), ENVOI_OK);
}

/* Submitted anew from the callback, again and again: the one who has it gets no second copy. */
/* faults: U4 */
Test(pool_recipients, accepted_ones_are_passed_over)
{
    static const char *const script[] = {"> 220 here",   "< EHLO",
                                         "> 250 here",   "< MAIL",
                                         "> 250 ok",     "< RCPT TO:<r0",
                                         "> 250 ok",     "< RCPT TO:<r1",
                                         "> 450 later",  "< DATA",
                                         "> 354 go",     ".",
                                         "> 250 first",  "< MAIL",
                                         "> 250 ok",     "< RCPT TO:<r1",
                                         "> 450 later",  "< RSET",
                                         "> 250 ok",     "< MAIL",
                                         "> 250 ok",     "< RCPT TO:<r1",
                                         "> 250 ok",     "< DATA",
                                         "> 354 go",     ".",
                                         "> 250 second", "< QUIT",
                                         "> 221 bye",    NULL};
    struct play p;

    play_open(&p, script, 2);
    p.post.on_done = submit_again;
    play_run(&p);
    cr_expect_eq(p.post.letters[0].called, 3);
    cr_expect_eq(p.post.letters[0].result, ENVOI_OK);
    cr_expect_eq(envoi_message_result(p.message), ENVOI_RESULT_SENT);
    expect_verdict(&p, 0, ENVOI_VERDICT_ACCEPTED, "first");
    expect_verdict(&p, 1, ENVOI_VERDICT_ACCEPTED, "second");
    cr_expect_eq(envoi_pool_submit(p.post.pool, 0, p.message, NULL, NULL), ENVOI_E_USAGE, "nobody is left");
    play_close(&p);
}

/* ---- the result of the pool and of the message say the same ---- */

/* Also if it was told so in the last of several transactions. */
Test(pool_recipients, a_421_to_rcpt_until_no_try_is_left)
{
    static const char *const script[] = {"> 220 here",    "< EHLO",
                                         "> 250-here",    "> 250 PIPELINING",
                                         "< MAIL",        "< RCPT",
                                         "< RCPT",        "< DATA",
                                         "> 250 ok",      "> 250 ok",
                                         "> 421 closing", "eof",
                                         "accept",        "> 220 here",
                                         "< EHLO",        "> 250 here",
                                         "< MAIL",        "> 250 ok",
                                         "< RCPT",        "> 250 ok",
                                         "< RCPT",        "> 421 closing again",
                                         "eof",           NULL};
    struct play p;

    play_open(&p, script, 2);
    envoi_pool_set_limit(p.post.pool, ENVOI_POOL_TRIES, 2);
    play_run(&p);
    cr_expect_eq(p.post.letters[0].result, ENVOI_E_RECIPIENTS_REFUSED);
    cr_expect_eq(envoi_message_result(p.message), ENVOI_RESULT_REFUSED);
    cr_expect_not_null(strstr(p.post.letters[0].error, "421 closing again"), "%s", p.post.letters[0].error);
    expect_verdict(&p, 0, ENVOI_VERDICT_DEFERRED, "closing again");
    expect_verdict(&p, 1, ENVOI_VERDICT_DEFERRED, "closing again");
    play_close(&p);
}

Test(pool_recipients, too_large_for_the_server)
{
    static const char *const script[] = {"> 220 here",   "< EHLO", "> 250-here", "> 250-LIMITS RCPTMAX=2",
                                         "> 250 SIZE 5", "< QUIT", "> 221 bye",  NULL};
    struct play p;

    play_open(&p, script, 5);
    play_run(&p);
    cr_expect_eq(p.post.letters[0].result, ENVOI_E_TOO_LARGE);
    cr_expect_eq(envoi_message_result(p.message), ENVOI_RESULT_REFUSED);
    for (size_t i = 0; i < 5; i++)
        expect_verdict(&p, i, ENVOI_VERDICT_REFUSED, "at most 5");
    play_close(&p);
}

/* The recipients that no transaction was for have the reason, too. */
Test(pool_recipients, an_extension_that_the_server_lacks)
{
    static const char *const script[] = {"> 220 here", "< EHLO",    "> 250-here", "> 250 LIMITS RCPTMAX=2",
                                         "< QUIT",     "> 221 bye", NULL};
    struct play p;

    play_open(&p, script, 5);
    envoi_message_set_options(p.message, "RET=HDRS");
    play_run(&p);
    cr_expect_eq(p.post.letters[0].result, ENVOI_E_NOT_SUPPORTED);
    cr_expect_eq(envoi_message_result(p.message), ENVOI_RESULT_NOT_SENT);
    for (size_t i = 0; i < 5; i++)
        expect_verdict(&p, i, ENVOI_VERDICT_NOT_ATTEMPTED, "RET=HDRS");
    play_close(&p);
}

/* The text of a refused sender names the sender, not a recipient. */
/* faults: F16 */
Test(pool_recipients, a_refused_sender_is_named)
{
    static const char *const script[] = {"> 220 here", "< EHLO",      "> 250 here", "< MAIL",    "> 550 5.7.1 not you",
                                         "< RSET",     "> 250 reset", "< QUIT",     "> 221 bye", NULL};
    struct play p;

    play_open(&p, script, 1);
    play_run(&p);
    cr_expect_eq(p.post.letters[0].result, ENVOI_E_SENDER_REFUSED);
    cr_expect_not_null(strstr(p.post.letters[0].error, "550 5.7.1 not you"), "%s", p.post.letters[0].error);
    cr_expect_null(strstr(p.post.letters[0].error, "<r0"), "%s", p.post.letters[0].error);
    play_close(&p);
}

/* ---- all recipients are required ---- */

Test(pool_recipients, one_refused_and_all_required)
{
    static const char *const script[] = {"> 220 here",    "< EHLO",   "> 250-here", "> 250 PIPELINING", "< MAIL",
                                         "< RCPT",        "< RCPT",   "< RCPT",     "> 250 ok",         "> 250 ok",
                                         "> 550 no such", "> 250 ok", "< RSET",     "> 250 reset",      "< QUIT",
                                         "> 221 bye",     NULL};
    struct play p;

    play_open(&p, script, 3);
    envoi_message_set_require_all(p.message, 1);
    play_run(&p);
    cr_expect_eq(p.post.letters[0].result, ENVOI_E_RECIPIENTS_REFUSED);
    expect_verdict(&p, 0, ENVOI_VERDICT_NOT_ATTEMPTED, "not every recipient was accepted");
    expect_verdict(&p, 1, ENVOI_VERDICT_REFUSED, "no such");
    expect_verdict(&p, 2, ENVOI_VERDICT_NOT_ATTEMPTED, "not every recipient was accepted");
    play_close(&p);
}

/* The second transaction is for all of them again, and keeps the rule. */
Test(pool_recipients, after_a_421_all_are_still_required)
{
    static const char *const script[] = {
        "> 220 here",    "< EHLO",    "> 250-here",  "> 250 PIPELINING", "< MAIL", "< RCPT",
        "< RCPT",        "> 250 ok",  "> 250 ok",    "> 421 closing",    "eof",    "accept",
        "> 220 here",    "< EHLO",    "> 250-here",  "> 250 PIPELINING", "< MAIL", "< RCPT TO:<r0",
        "< RCPT TO:<r1", "> 250 ok",  "> 450 later", "> 250 ok",         "< RSET", "> 250 reset",
        "< QUIT",        "> 221 bye", NULL};
    struct play p;

    play_open(&p, script, 2);
    envoi_message_set_require_all(p.message, 1);
    play_run(&p);
    cr_expect_eq(p.post.letters[0].result, ENVOI_E_RECIPIENTS_REFUSED);
    expect_verdict(&p, 0, ENVOI_VERDICT_DEFERRED, "later");
    expect_verdict(&p, 1, ENVOI_VERDICT_NOT_ATTEMPTED, "not every recipient was accepted");
    play_close(&p);
}

/* A 421 behind a refusal: another transaction could only be for a part of them. */
Test(pool_recipients, after_a_refusal_and_a_421_nothing_is_sent)
{
    static const char *const script[] = {"> 220 here",    "< EHLO",        "> 250-here", "> 250 PIPELINING",
                                         "< MAIL",        "< RCPT",        "< RCPT",     "> 250 ok",
                                         "> 550 no such", "> 421 closing", "eof",        NULL};
    struct play p;

    play_open(&p, script, 2);
    envoi_message_set_require_all(p.message, 1);
    play_run(&p);
    expect_verdict(&p, 0, ENVOI_VERDICT_REFUSED, "no such");
    cr_expect_neq(envoi_message_verdict(p.message, 1), ENVOI_VERDICT_ACCEPTED);
    cr_expect_neq(p.post.letters[0].result, ENVOI_OK);
    play_close(&p);
}

static void expect_torn(const char *limits, size_t recipients, size_t domains, bool torn)
{
    struct mta_config config = {.limits = limits};
    struct mta *m;
    struct post p;

    post_open(&p, 3, recipients, domains);
    config.ledger = p.ledger;
    for (size_t i = 0; i < p.count; i++)
        envoi_message_set_require_all(p.letters[i].message, i != 1);
    m = mta_start(&config);
    post_submit_all(&p, post_route(&p, mta_where(m)));
    cr_assert_eq(envoi_pool_run(p.pool), ENVOI_OK);
    post_check(&p);
    for (size_t i = 0; i < p.count; i++) {
        bool none = torn && i != 1;

        cr_expect_eq(p.letters[i].result, none ? ENVOI_E_NOT_SUPPORTED : ENVOI_OK, "%s", p.letters[i].error);
        cr_expect_eq(strstr(p.letters[i].error, limits) != NULL, none, "%s", p.letters[i].error);
        cr_expect_eq(envoi_message_result(p.letters[i].message), none ? ENVOI_RESULT_NOT_SENT : ENVOI_RESULT_SENT);
    }
    cr_assert_str_empty(mta_stop(m).wrong);
    post_close(&p);
}

Test(pool_recipients, limits_that_split_a_message_of_which_all_are_required)
{
    expect_torn("RCPTMAX=4", 5, 1, true);
    expect_torn("RCPTMAX=4", 4, 4, false);
    expect_torn("RCPTDOMAINMAX=2", 5, 3, true);
    expect_torn("RCPTDOMAINMAX=3", 5, 3, false);
}

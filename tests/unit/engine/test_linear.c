/* SPDX-License-Identifier: MIT */
/* A message with very many recipients: the work grows as they do. Quadratic work would take minutes. */
#include "engine/engine.h"
#include "engine/mail_parameters.h"
#include "engine/state.h"
#include "message/verdict.h"

#include <criterion/criterion.h>
#include <envoi/error.h>
#include <stdio.h>
#include <string.h>

#define RECIPIENTS 100000

TestSuite(linear, .timeout = 20);

static struct settings settings;
static struct envoi_errctx fault;

static struct envoi_message *message_of_many(void)
{
    struct envoi_message *m;
    char to[32], options[64];

    cr_assert_eq(envoi_message_new("me@example.org", &m), ENVOI_OK);
    for (unsigned i = 0; i < RECIPIENTS; i++) {
        (void)snprintf(to, sizeof to, "r%u@example.net", i);
        (void)snprintf(options, sizeof options, "ORCPT=rfc822;r%u@example.com", i);
        cr_assert_eq(envoi_message_add_recipient_with(m, to, options), ENVOI_OK);
    }
    envoi_message_set_drop_options(m, 1);
    envoi_message_set_data(m, "x\r\n", 3);
    message_begin(m);
    return m;
}

static struct engine *engine_of_the_test(void)
{
    const struct engine_env env = {.settings = &settings, .fault = &fault};
    struct engine *e;

    settings_init(&settings);
    cr_assert_eq(engine_new(&env, &e), ENVOI_OK);
    return e;
}

static void end(struct engine *e, struct envoi_message *m)
{
    engine_free(e);
    settings_free(&settings);
    envoi_message_free(m);
}

/* Each recipient has an option of its own, which the server does not announce. */
/* faults: S9 */
Test(linear, options_that_are_dropped)
{
    struct engine *e = engine_of_the_test();
    struct envoi_message *m = message_of_many();
    struct buf out;

    buf_init(&out, 0, false);
    cr_assert_eq(parameters_of_mail(e, m, false, &out), ENVOI_OK, "%s", fault.text);
    cr_expect_eq(m->dropped.count, RECIPIENTS);
    buf_free(&out);
    end(e, m);
}

/* One transaction for each, as with RCPTMAX=1. */
/* faults: S9 */
Test(linear, as_many_transactions)
{
    struct engine *e = engine_of_the_test();
    struct envoi_message *m = message_of_many();
    struct buf out;

    for (size_t i = 0; i < RECIPIENTS; i++) {
        message_due_pick(m, 1, 0);
        cr_assert(m->recipients[i].due);
        cr_assert_eq(message_has_more(m), i + 1 < RECIPIENTS);
        buf_init(&out, 0, false);
        cr_assert_eq(parameters_of_mail(e, m, false, &out), ENVOI_OK, "%s", fault.text);
        cr_assert_eq(verdict_of_transaction(m), ENVOI_RESULT_NOT_SENT);
        m->recipients[i].verdict = ENVOI_VERDICT_ACCEPTED;
        buf_free(&out);
    }
    end(e, m);
}

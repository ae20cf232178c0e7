/* SPDX-License-Identifier: MIT */
/* The message object's own functions: what they refuse, and that a refusal sticks. What a send makes of a message is tested by
 * the dialogues. */
#include <criterion/criterion.h>
#include <envoi/envoi.h>

TestSuite(message, .timeout = 30);

Test(message, no_object)
{
    cr_expect_eq(envoi_message_new("me@example.org", NULL), ENVOI_E_USAGE);
    cr_expect_eq(envoi_message_reset(NULL, "me@example.org"), ENVOI_E_USAGE);
    cr_expect_eq(envoi_message_add_recipient(NULL, "you@example.net"), ENVOI_E_USAGE);
    cr_expect_eq(envoi_message_set_options(NULL, NULL), ENVOI_E_USAGE);
    cr_expect_eq(envoi_message_set_drop_options(NULL, 1), ENVOI_E_USAGE);
    cr_expect_eq(envoi_message_set_body(NULL, ENVOI_BODY_AUTO), ENVOI_E_USAGE);
    cr_expect_eq(envoi_message_set_data(NULL, "x", 1), ENVOI_E_USAGE);
    cr_expect_eq(envoi_message_set_file(NULL, stdin), ENVOI_E_USAGE);
    cr_expect_eq(envoi_message_set_fd(NULL, 0), ENVOI_E_USAGE);
    cr_expect_eq(envoi_message_set_callback(NULL, NULL, NULL, NULL, -1), ENVOI_E_USAGE);
    cr_expect_eq(envoi_message_set_canonical(NULL, 1), ENVOI_E_USAGE);
    cr_expect_eq(envoi_message_progress(NULL), 0u);
    cr_expect_eq(envoi_message_result(NULL), ENVOI_RESULT_NOT_SENT);
    cr_expect_eq(envoi_message_recipients(NULL), 0u);
    cr_expect_null(envoi_message_recipient(NULL, 0));
    cr_expect_null(envoi_message_verdict_text(NULL, 0));
    envoi_message_free(NULL);
}

static struct envoi_message *fresh(void)
{
    struct envoi_message *m = NULL;

    cr_assert_eq(envoi_message_new("me@example.org", &m), ENVOI_OK);
    return m;
}

Test(message, no_values)
{
    struct envoi_message *m = fresh();

    cr_expect_eq(envoi_message_add_recipient(m, NULL), ENVOI_E_USAGE);
    cr_expect_eq(envoi_message_set_body(m, 99), ENVOI_E_USAGE);
    cr_expect_eq(envoi_message_set_data(m, NULL, 1), ENVOI_E_USAGE);
    cr_expect_eq(envoi_message_set_file(m, NULL), ENVOI_E_USAGE);
    cr_expect_eq(envoi_message_set_fd(m, -1), ENVOI_E_USAGE);
    cr_expect_eq(envoi_message_set_callback(m, NULL, NULL, NULL, -1), ENVOI_E_USAGE);
    cr_expect_eq(envoi_message_set_canonical(m, 1), ENVOI_OK);
    cr_expect_eq(envoi_message_progress(m), 0u);
    cr_expect_eq(envoi_message_recipients(m), 0u);
    cr_expect_eq(envoi_message_reset(m, "two words"), ENVOI_E_ADDRESS);
    envoi_message_free(m);
}

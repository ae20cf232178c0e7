/* SPDX-License-Identifier: MIT */
/* Opportunistic TLS that does not come about: the library's log is told, with or without a trace. */
#include "../../support/fake_tls.h"
#include "rig.h"

#include <criterion/criterion.h>
#include <envoi/envoi.h>
#include <envoi/plugin.h>
#include <stdio.h>
#include <string.h>

TestSuite(opportunistic, .timeout = 60);

static void begin(const char *const *script)
{
    rig_open(script);
    cr_assert_eq(envoi_library_set_descriptor_directories(library, NULL, NULL, NULL), ENVOI_OK);
    cr_assert_eq(envoi_library_add_plugin(library, envoi_plugin_fake(), FAKE_TLS_DESCRIPTOR), ENVOI_OK);
    rig_session(ENVOI_TLS_OPPORTUNISTIC);
}

static char told[512];

static void take_log(void *ctx, int level, const char *text)
{
    (void)ctx;
    if (level == ENVOI_LOG_DEBUG) /* that the plugin is loaded */
        return;
    snprintf(told + strlen(told), sizeof told - strlen(told), "%d %s\n", level, text);
}

/* Two messages; what happens once for a connection is told once. */
static void send_opportunistically(const char *const *script, int level, const char *text)
{
    struct envoi_message *m = rig_message("x\r\n");
    char line[512];

    begin(script);
    cr_assert_eq(envoi_library_set_log(library, take_log, NULL), ENVOI_OK);
    cr_assert_eq(rig_connect(), ENVOI_OK);
    cr_expect_eq(envoi_session_send(session, m), ENVOI_OK, "%s", envoi_session_error(session));
    envoi_message_forget_verdicts(m);
    cr_expect_eq(envoi_session_send(session, m), ENVOI_OK, "%s", envoi_session_error(session));
    cr_expect_str_empty(envoi_session_tls_backend(session));
    snprintf(line, sizeof line, "%d %s: %s\n", level, server_where(server), text);
    cr_expect_str_eq(told, line);
    envoi_message_free(m);
    rig_finish();
}

#define IN_CLEAR                                                                                                       \
    "< MAIL FROM:<me@example.org>", "> 250 ok", "< RCPT TO:<you@example.net>", "> 250 ok", "< DATA", "> 354 go", ".",  \
        "> 250 kept"

Test(opportunistic, refused)
{
    static const char *const script[] = {"> 220 here",
                                         "< EHLO ",
                                         "> 250-here",
                                         "> 250 STARTTLS",
                                         "< STARTTLS",
                                         "> 454-4.7.0 no keys",
                                         "> 454 4.7.0 call me",
                                         IN_CLEAR,
                                         IN_CLEAR,
                                         "eof",
                                         NULL};

    send_opportunistically(
        script, ENVOI_LOG_WARNING,
        "STARTTLS is announced and refused: going on in clear, as the policy allows: 454 4.7.0 no keys");
}

Test(opportunistic, not_announced)
{
    static const char *const script[] = {"> 220 here", "< EHLO ", "> 250 here", IN_CLEAR, IN_CLEAR, "eof", NULL};

    send_opportunistically(script, ENVOI_LOG_INFO,
                           "STARTTLS is not announced: going on in clear, as the policy allows");
}

/* With certificates to check against it means required. */
/* faults: 4, S4 */
Test(opportunistic, certificates_to_check_against)
{
    static const char *const script[] = {"> 220 here", "< EHLO ", "> 250 here", "eof", NULL};
    int (*const setters[])(struct envoi_library *, const char *) = {envoi_library_set_ca_file,
                                                                    envoi_library_set_crl_file};

    for (size_t i = 0; i < sizeof setters / sizeof setters[0]; i++) {
        struct envoi_message *m = rig_message("x\r\n");

        begin(script);
        cr_assert_eq(setters[i](library, "/some/file.pem"), ENVOI_OK);
        cr_assert_eq(rig_connect(), ENVOI_OK);
        cr_expect_eq(envoi_session_send(session, m), ENVOI_E_TLS, "%s", envoi_session_error(session));
        envoi_message_free(m);
        rig_finish();
    }
}

/* A program that has no use for the log is not troubled by it. */
Test(opportunistic, without_a_log)
{
    static const char *const script[] = {
        "> 220 here", "< EHLO ", "> 250-here", "> 250 STARTTLS", "< STARTTLS", "> 454 no", IN_CLEAR, "eof", NULL};
    struct envoi_message *m = rig_message("x\r\n");

    begin(script);
    cr_assert_eq(rig_connect(), ENVOI_OK);
    cr_expect_eq(envoi_session_send(session, m), ENVOI_OK, "%s", envoi_session_error(session));
    envoi_message_free(m);
    rig_finish();
}

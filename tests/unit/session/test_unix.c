/* SPDX-License-Identifier: MIT */
/* On a unix socket TLS is off by default, but not if the session has settings that only TLS can meet. */
#include "../../peers/server.h"

#include <criterion/criterion.h>
#include <envoi/envoi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

TestSuite(unix_socket, .timeout = 30);

#define PIN "0000000000000000000000000000000000000000000000000000000000000000"

static int nothing(struct envoi_session *s)
{
    (void)s;
    return ENVOI_OK;
}

static int tls_off(struct envoi_session *s)
{
    return envoi_session_add_pin(s, PIN) ? ENVOI_E_USAGE : envoi_session_set_tls(s, ENVOI_TLS_OFF);
}

static int a_pin(struct envoi_session *s)
{
    return envoi_session_add_pin(s, PIN);
}

static int a_name(struct envoi_session *s)
{
    return envoi_session_set_tls_name(s, "mail.example.org");
}

static int a_name_to_send(struct envoi_session *s)
{
    return envoi_session_set_tls_sni(s, "mail.example.org");
}

static int a_certificate(struct envoi_session *s)
{
    return envoi_session_set_client_certificate(s, "/nonexistent", NULL);
}

static int a_ca_file(struct envoi_session *s)
{
    return envoi_session_set_ca_file(s, "/nonexistent");
}

static const struct {
    const char *title;
    int (*set)(struct envoi_session *s);
    int expected;
} rows[] = {
    {"nothing", nothing, ENVOI_OK},
    {"a pin, and TLS off", tls_off, ENVOI_OK},
    {"a pin", a_pin, ENVOI_E_TLS},
    {"a name to verify", a_name, ENVOI_E_TLS},
    {"a name to send", a_name_to_send, ENVOI_E_TLS},
    {"a client certificate", a_certificate, ENVOI_E_TLS},
    {"a CA file", a_ca_file, ENVOI_E_TLS},
};

static void send_one(const char *path, size_t row)
{
    static const char *const script[] = {"polite", NULL};
    struct server *server = server_start_at(path, script);
    struct envoi_library *library;
    struct envoi_session *session;
    struct envoi_message *message;
    int rc;

    cr_assert_eq(envoi_library_new(&library), ENVOI_OK);
    cr_assert_eq(envoi_session_new(library, &session), ENVOI_OK);
    cr_assert_eq(rows[row].set(session), ENVOI_OK);
    cr_assert_eq(envoi_message_new("me@example.org", &message), ENVOI_OK);
    cr_assert_eq(envoi_message_add_recipient(message, "you@example.net"), ENVOI_OK);
    cr_assert_eq(envoi_message_set_data(message, "Subject: x\r\n\r\n", 14), ENVOI_OK);
    cr_assert_eq(envoi_session_connect(session, path), ENVOI_OK, "%s", envoi_session_error(session));
    rc = envoi_session_send(session, message);
    cr_expect_eq(rc, rows[row].expected, "%s: %s: %s", rows[row].title, envoi_error_name(rc),
                 envoi_session_error(session));
    envoi_session_free(session);
    envoi_message_free(message);
    envoi_library_free(library);
    (void)server_stop(server);
    (void)unlink(path);
}

/* faults: S4 */
Test(unix_socket, settings_that_ask_for_tls)
{
    char dir[] = "/tmp/envoi-test-XXXXXX", path[64];

    cr_assert_not_null(mkdtemp(dir));
    (void)snprintf(path, sizeof path, "%s/socket", dir);
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++)
        send_one(path, row);
    (void)rmdir(dir);
}

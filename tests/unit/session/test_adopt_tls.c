/* SPDX-License-Identifier: MIT */
/* TLS over connections that the application has made: it belongs to the name that was given. */
#include "../../peers/relay.h"
#include "../../peers/tls_server.h"

#include <criterion/criterion.h>
#include <envoi/envoi.h>
#include <string.h>

TestSuite(adopt_tls, .timeout = 60);

#define PKI(file) PKI_DIR "/" file

static const char *const backends[] = {"openssl", "gnutls"};

static struct envoi_library *library;
static struct envoi_session *session;
static struct tls_server *server;
static struct relay relay;

static void begin(const char *backend, int starttls)
{
    struct tls_server_config config = {
        .chain = PKI("good.chain.pem"), .key = PKI("good.key"), .version = 0x0304, .starttls = starttls, .auth = 1};

    server = tls_server_start(&config);
    cr_assert_eq(envoi_library_new(&library), ENVOI_OK);
    cr_assert_eq(envoi_library_set_descriptor_directories(library, DESCRIPTORS, NULL, NULL), ENVOI_OK);
    cr_assert_eq(envoi_library_set_module_directory(library, MODULES), ENVOI_OK);
    cr_assert_eq(envoi_library_set_ca_file(library, PKI("ca.pem")), ENVOI_OK);
    cr_assert_eq(envoi_library_set_tls_backend(library, backend), ENVOI_OK);
    cr_assert_eq(envoi_session_new(library, &session), ENVOI_OK);
    cr_assert_eq(envoi_session_set_password(session, "me", "pw"), ENVOI_OK);
}

static void finish(void)
{
    envoi_session_free(session);
    envoi_library_free(library);
    relay_stop(&relay);
    tls_server_stop(server);
}

static int send_over(enum relay_kind kind, const char *name)
{
    const char *const to[] = {"you@example.net", NULL};
    int rc;

    relay = relay_start(kind, tls_server_where(server));
    rc = envoi_session_adopt_fd(session, relay.in, relay.out, name);
    return rc ? rc : envoi_session_sendmail(session, "me@example.org", to, "x\n", 2, NULL, NULL, NULL);
}

/* Implicit on port 465, STARTTLS on any other, without a setting. */
Test(adopt_tls, a_message_and_a_login)
{
    for (size_t i = 0; i < 2; i++)
        for (int kind = 0; kind < RELAY_KINDS; kind++)
            for (int starttls = 0; starttls < 2; starttls++) {
                begin(backends[i], starttls);
                cr_expect_eq(
                    send_over((enum relay_kind)kind, starttls ? "mail.example.test:587" : "mail.example.test:465"),
                    ENVOI_OK, "%s, %d: %s", backends[i], kind, envoi_session_error(session));
                cr_expect_eq(envoi_session_tls_verified(session), 1);
                cr_expect_eq(envoi_session_authenticated(session), 1);
                finish();
            }
}

/* faults: 13 */
Test(adopt_tls, the_name_is_the_one_that_was_given)
{
    for (size_t i = 0; i < 2; i++)
        for (int kind = 0; kind < RELAY_KINDS; kind++) {
            begin(backends[i], 0);
            cr_expect_eq(send_over((enum relay_kind)kind, "mail.example.org:465"), ENVOI_E_CERTIFICATE, "%s, %d: %s",
                         backends[i], kind, envoi_session_error(session));
            cr_expect_eq(envoi_session_connected(session), 0);
            finish();
        }
}

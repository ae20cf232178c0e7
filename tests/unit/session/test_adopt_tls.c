/* SPDX-License-Identifier: MIT */
/* TLS over connections that the application has made: it belongs to the name that was given. */
#include "../../peers/relay.h"
#include "tls_rig.h"

#include <criterion/criterion.h>
#include <envoi/envoi.h>
#include <string.h>

TestSuite(adopt_tls, .timeout = 60);

static const char *const backends[] = {"openssl", "gnutls"};

static struct envoi_session *session;
static struct relay relay;

static void begin(const char *backend, int starttls)
{
    tls_rig_begin(&(struct tls_server_config){.starttls = starttls, .auth = 1}, backend);
    cr_assert_eq(envoi_session_new(library, &session), ENVOI_OK);
    cr_assert_eq(envoi_session_set_password(session, "me", "pw"), ENVOI_OK);
}

static void finish(void)
{
    envoi_session_free(session);
    relay_stop(&relay);
    tls_rig_finish();
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

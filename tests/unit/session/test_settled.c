/* SPDX-License-Identifier: MIT */
/* What a connection is like was settled when it was made: a setting that is changed later does not make it better. */
#include "tls_rig.h"

#include <criterion/criterion.h>
#include <envoi/envoi.h>
#include <string.h>

TestSuite(settled, .timeout = 60);

static const char *const backends[] = {"openssl", "gnutls"};

static struct envoi_session *session;

static void begin(const char *backend, int starttls)
{
    tls_rig_begin(&(struct tls_server_config){.starttls = starttls, .auth = 1}, backend);
    cr_assert_eq(envoi_session_new(library, &session), ENVOI_OK);
    cr_assert_eq(envoi_session_set_tls(session, starttls ? ENVOI_TLS_REQUIRED : ENVOI_TLS_IMPLICIT), ENVOI_OK);
}

static void finish(void)
{
    envoi_session_free(session);
    tls_rig_finish();
}

static int connect_to_server(void)
{
    return envoi_session_connect(session, tls_server_where(server));
}

/* faults: 13 */
Test(settled, an_unverified_connection_stays_one)
{
    for (size_t i = 0; i < 2; i++) {
        begin(backends[i], 0);
        cr_assert_eq(envoi_session_set_tls_verify(session, 0), ENVOI_OK);
        cr_assert_eq(connect_to_server(), ENVOI_OK, "%s", envoi_session_error(session));
        cr_assert_eq(envoi_session_set_tls_verify(session, 1), ENVOI_OK);
        cr_assert_eq(envoi_session_set_password(session, "me", "pw"), ENVOI_OK);
        cr_expect_eq(envoi_session_tls_verified(session), 0);
        cr_expect_eq(envoi_session_login(session), ENVOI_E_NO_MECHANISM, "%s: the password went out", backends[i]);
        cr_expect_eq(envoi_session_authenticated(session), 0);
        finish();
    }
}

Test(settled, a_name_may_be_an_address)
{
    static const struct {
        const char *name;
        int rc;
    } names[] = {{"127.0.0.1", ENVOI_OK}, {"::1", ENVOI_OK}, {"127.0.0.2", ENVOI_E_CERTIFICATE}};

    for (size_t i = 0; i < 2; i++)
        for (size_t k = 0; k < sizeof names / sizeof names[0]; k++) {
            begin(backends[i], 0);
            cr_assert_eq(envoi_session_set_tls_name(session, names[k].name), ENVOI_OK);
            cr_expect_eq(connect_to_server(), names[k].rc, "%s, %s: %s", backends[i], names[k].name,
                         envoi_session_error(session));
            finish();
        }
}

Test(settled, lmtp_is_for_the_next_connection)
{
    struct envoi_message *m;

    begin("openssl", 1);
    cr_assert_eq(envoi_session_set_tls_name(session, "mail.example.test"), ENVOI_OK);
    cr_assert_eq(connect_to_server(), ENVOI_OK, "%s", envoi_session_error(session));
    cr_assert_eq(envoi_session_set_lmtp(session, 1), ENVOI_OK);
    cr_assert_eq(envoi_session_set_timeout(session, ENVOI_PHASE_NONE, 5000), ENVOI_OK);
    cr_assert_eq(envoi_message_new("me@example.org", &m), ENVOI_OK);
    cr_assert_eq(envoi_message_add_recipient(m, "a@example.net"), ENVOI_OK);
    cr_assert_eq(envoi_message_add_recipient(m, "b@example.net"), ENVOI_OK);
    cr_assert_eq(envoi_message_set_data(m, "x\r\n", 3), ENVOI_OK);
    cr_expect_eq(envoi_session_send(session, m), ENVOI_OK, "%s", envoi_session_error(session));
    cr_expect_eq(envoi_message_result(m), ENVOI_RESULT_SENT);
    envoi_message_free(m);
    finish();
}

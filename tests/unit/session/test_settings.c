/* SPDX-License-Identifier: MIT */
#include "../../support/blocks.h"
#include "session/session.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(settings, .timeout = 20);

static struct envoi_library *library;

static struct envoi_session *new_session(void)
{
    struct envoi_session *s;

    if (!library)
        cr_assert_eq(envoi_library_new(&library), ENVOI_OK);
    cr_assert_eq(envoi_session_new(library, &s), ENVOI_OK);
    return s;
}

static void end(struct envoi_session *s)
{
    envoi_session_free(s);
    envoi_library_free(library);
    library = NULL;
}

Test(settings, defaults)
{
    struct envoi_session *s = new_session();
    const struct settings *set = &s->settings;

    cr_expect_eq(set->timeouts[ENVOI_PHASE_DNS], 30000);
    cr_expect_eq(set->timeouts[ENVOI_PHASE_CONNECT], 30000);
    cr_expect_eq(set->timeouts[ENVOI_PHASE_TLS], 60000);
    cr_expect_eq(set->timeouts[ENVOI_PHASE_GREETING], 300000);
    cr_expect_eq(set->timeouts[ENVOI_PHASE_EHLO], 300000);
    cr_expect_eq(set->timeouts[ENVOI_PHASE_STARTTLS], 120000);
    cr_expect_eq(set->timeouts[ENVOI_PHASE_AUTH], 120000);
    cr_expect_eq(set->timeouts[ENVOI_PHASE_MAIL], 300000);
    cr_expect_eq(set->timeouts[ENVOI_PHASE_RCPT], 300000);
    cr_expect_eq(set->timeouts[ENVOI_PHASE_DATA], 120000);
    cr_expect_eq(set->timeouts[ENVOI_PHASE_CONTENT], 180000);
    cr_expect_eq(set->timeouts[ENVOI_PHASE_FINAL], 600000);
    cr_expect_eq(set->timeouts[ENVOI_PHASE_COMMAND], 300000);
    cr_expect_eq(set->timeouts[ENVOI_PHASE_QUIT], 5000);
    cr_expect_eq(set->timeouts[ENVOI_PHASE_ANSWER], 300000);
    cr_expect(set->tls_verify && set->tls == ENVOI_TLS_DEFAULT && !set->cleartext_auth && !set->nonblocking);
    cr_expect_not(settings_have_login(set));
    end(s);
}

Test(settings, timeouts)
{
    struct envoi_session *s = new_session();

    cr_expect_eq(envoi_session_set_timeout(s, ENVOI_PHASE_MAIL, 7), ENVOI_OK);
    cr_expect_eq(s->settings.timeouts[ENVOI_PHASE_MAIL], 7);
    cr_expect_eq(s->settings.timeouts[ENVOI_PHASE_RCPT], 300000);
    cr_expect_eq(envoi_session_set_timeout(s, ENVOI_PHASE_NONE, 9), ENVOI_OK);
    for (int p = 1; p < ENVOI_PHASES; p++)
        cr_expect_eq(s->settings.timeouts[p], 9);
    cr_expect_eq(envoi_session_set_timeout(s, ENVOI_PHASE_MAIL, 0), ENVOI_OK);
    cr_expect_eq(s->settings.timeouts[ENVOI_PHASE_MAIL], 300000);
    cr_expect_eq(envoi_session_set_timeout(s, ENVOI_PHASE_NONE, 0), ENVOI_OK);
    cr_expect_eq(s->settings.timeouts[ENVOI_PHASE_QUIT], 5000);
    cr_expect_eq(envoi_session_set_timeout(s, ENVOI_PHASE_QUIT, INT64_MAX), ENVOI_OK);
    cr_expect_gt(INT64_MAX - s->settings.timeouts[ENVOI_PHASE_QUIT], INT64_MAX / 2, "a deadline would overflow");
    cr_expect_eq(envoi_session_set_timeout(s, ENVOI_PHASES, 1), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_set_timeout(s, -1, 1), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_set_timeout(s, ENVOI_PHASE_MAIL, -2), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_set_timeout(NULL, ENVOI_PHASE_MAIL, 1), ENVOI_E_USAGE);
    end(s);
}

/* Setters of one text. */
typedef int set_text_fn(struct envoi_session *s, const char *text);

static int set_user(struct envoi_session *s, const char *text)
{
    return envoi_session_set_password(s, text, "x");
}

static int set_password(struct envoi_session *s, const char *text)
{
    return envoi_session_set_password(s, "me", text);
}

static int set_token(struct envoi_session *s, const char *text)
{
    return envoi_session_set_token(s, "me", text);
}

static int set_cert(struct envoi_session *s, const char *text)
{
    return envoi_session_set_client_certificate(s, text, NULL);
}

static int set_key(struct envoi_session *s, const char *text)
{
    return envoi_session_set_client_certificate(s, "cert.pem", text);
}

static const struct text_row {
    set_text_fn *set;
    const char *good;
    const char *bad[6]; /* beside those that are bad for all */
} text_rows[] = {
    {envoi_session_set_helo_name, "client.example.org", {"", "two words", "a>b", "-x", "[a b]", "a..b"}},
    {envoi_session_set_helo_name, "[127.0.0.1]", {"[\xc3\xbc]"}},
    {envoi_session_set_tls_backend, "openssl", {"", "Open SSL", "../x", "a/b"}},
    {envoi_session_set_tls_name, "mail.example.org", {"", "a b", "a@b"}},
    {envoi_session_set_tls_name, "192.0.2.1", {"*.example.org"}},
    {envoi_session_add_pin, "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF", {"", "00", "zz"}},
    {envoi_session_set_passphrase, "open sesame", {NULL}},
    {envoi_session_set_authzid, "somebody", {NULL}},
    {envoi_session_set_mechanisms, "SCRAM-SHA-256 !CRAM-MD5 *", {"", "  ", "!", "A,B", "!!A", "THIS-NAME-IS-TOO-LONG"}},
    {set_user, "me", {NULL}},
    {set_password, "p\xc3\xa4ss word", {NULL}},
    {set_token, "abc", {NULL}},
    {set_cert, "cert.pem", {NULL}},
    {set_key, "key.pem", {NULL}},
};

/* faults: 52, 53 */
Test(settings, texts)
{
    static const char *const always_bad[] = {"a\rb", "a\nb", "a\r\nQUIT", "a\x01", "a\x7f", "\t"};

    for (size_t i = 0; i < sizeof text_rows / sizeof text_rows[0]; i++) {
        const struct text_row *row = &text_rows[i];
        struct envoi_session *s = new_session();

        cr_expect_eq(row->set(s, row->good), ENVOI_OK, "%s: %s", row->good, envoi_session_error(s));
        cr_expect_eq(row->set(s, NULL), ENVOI_OK, "NULL instead of %s", row->good);
        cr_expect_eq(s->sticky_code, ENVOI_OK);
        for (size_t k = 0; k < sizeof always_bad / sizeof always_bad[0]; k++)
            cr_expect_eq(row->set(s, always_bad[k]), ENVOI_E_USAGE, "%s: %zu", row->good, k);
        for (size_t k = 0; k < 6 && row->bad[k]; k++)
            cr_expect_eq(row->set(s, row->bad[k]), ENVOI_E_USAGE, "%s: %s", row->good, row->bad[k]);
        cr_expect_eq(row->set(NULL, row->good), ENVOI_E_USAGE);
        cr_expect_eq(s->sticky_code, ENVOI_E_USAGE);
        cr_expect_neq(envoi_session_error(s)[0], '\0');
        end(s);
    }
}

/* faults: 22 */
Test(settings, names_are_normalised)
{
    struct envoi_session *s = new_session();

    cr_expect_eq(envoi_session_set_helo_name(s, "m\xc3\xbcller.example"), ENVOI_OK);
    cr_expect_str_eq(s->settings.helo_name, "xn--mller-kva.example");
    cr_expect_eq(envoi_session_set_helo_name(s, "127.0.0.1"), ENVOI_OK);
    cr_expect_str_eq(s->settings.helo_name, "[127.0.0.1]");
    cr_expect_eq(envoi_session_set_helo_name(s, "::1"), ENVOI_OK);
    cr_expect_str_eq(s->settings.helo_name, "[IPv6:::1]");
    cr_expect_eq(envoi_session_set_helo_name(s, "m\xc3\xbcller.example"), ENVOI_OK);
    cr_expect_eq(envoi_session_set_tls_name(s, "M\xc3\xbcller.example."), ENVOI_OK);
    cr_expect_str_eq(s->settings.tls_name, "xn--mller-kva.example");
    cr_expect_eq(envoi_session_set_tls_name(s, "2001:DB8::0001"), ENVOI_OK);
    cr_expect_str_eq(s->settings.tls_name, "2001:db8::1");
    cr_expect_eq(envoi_session_set_mechanisms(s, "plain !Login"), ENVOI_OK);
    cr_expect_str_eq(s->settings.mechanisms, "PLAIN !LOGIN");
    end(s);
}

Test(settings, pins)
{
    struct envoi_session *s = new_session();

    cr_assert_eq(envoi_session_add_pin(s, "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF"), 0);
    cr_assert_eq(envoi_session_add_pin(s, "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"), 0);
    cr_expect_eq(s->settings.pin_count, 2);
    cr_expect_eq(s->settings.pins[0][1], 0x11);
    cr_expect_eq(s->settings.pins[0][31], 0xff);
    cr_expect_eq(s->settings.pins[1][0], 0xff);
    cr_expect_eq(envoi_session_add_pin(s, "000000000000000000000000000000000000000000000000000000000000000g"),
                 ENVOI_E_USAGE);
    cr_expect_eq(s->settings.pin_count, 2);
    cr_assert_eq(envoi_session_add_pin(s, NULL), ENVOI_OK);
    cr_expect_eq(s->settings.pin_count, 0);
    end(s);
}

Test(settings, numbers)
{
    struct envoi_session *s = new_session();

    cr_expect_eq(envoi_session_set_tls(s, ENVOI_TLS_IMPLICIT), ENVOI_OK);
    cr_expect_eq(envoi_session_set_tls(s, 5), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_set_tls(s, -1), ENVOI_E_USAGE);
    cr_expect_eq(s->settings.tls, ENVOI_TLS_IMPLICIT);
    cr_expect_eq(envoi_session_set_security_layer(s, 1, 256), ENVOI_OK);
    cr_expect_eq(envoi_session_set_security_layer(s, 2, 1), ENVOI_E_USAGE);
    cr_expect(s->settings.min_ssf == 1 && s->settings.max_ssf == 256);
    cr_expect_eq(envoi_session_allow_unannounced_auth(s, 1), ENVOI_OK);
    cr_expect_eq(envoi_session_allow_docmd_auth(s, 1), ENVOI_OK);
    cr_expect(s->settings.unannounced_auth && s->settings.docmd_auth);
    cr_expect_eq(s->settings.password_tries, 2);
    cr_expect_eq(envoi_session_set_password_tries(s, 0), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_set_password_tries(s, 33), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_set_password_tries(NULL, 1), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_set_password_tries(s, 32), ENVOI_OK);
    cr_expect_eq(s->settings.password_tries, 32);
    cr_expect_eq(envoi_session_set_lmtp(s, 1), ENVOI_OK);
    cr_expect(s->settings.lmtp);
    cr_expect_eq(envoi_session_set_tls_verify(s, 0), ENVOI_OK);
    cr_expect_not(s->settings.tls_verify);
    cr_expect_eq(envoi_session_allow_cleartext_auth(s, 1), ENVOI_OK);
    cr_expect_eq(envoi_session_allow_blocking_mechanisms(s, 1), ENVOI_OK);
    cr_expect_eq(envoi_session_set_trace(s, 3, NULL, NULL), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_set_client_certificate(s, NULL, "key.pem"), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_set_lmtp(NULL, 1), ENVOI_E_USAGE);
    end(s);
}

/* Without memory for the text, the code is told all the same. */
Test(settings, a_failure_sticks_without_memory)
{
    struct envoi_session *s;

    blocks_install();
    s = new_session();
    blocks_fail(1, false);
    cr_expect_eq(envoi_session_set_tls(s, 77), ENVOI_E_USAGE);
    blocks_fail(0, false);
    cr_expect_eq(envoi_session_connect(s, "127.0.0.1:9"), ENVOI_E_USAGE);
    cr_expect_str_eq(envoi_session_error(s), envoi_error_text(ENVOI_E_USAGE));
    end(s);
    cr_expect_eq(blocks_alive(), 0u);
}

/* A failure sticks until it was told once, by connect here; the first one is what counts. */
Test(settings, failures_stick)
{
    struct envoi_session *s = new_session();

    cr_assert_eq(envoi_session_set_tls(s, 77), ENVOI_E_USAGE);
    cr_assert_eq(envoi_session_set_authzid(s, "a\nb"), ENVOI_E_USAGE);
    cr_assert_eq(envoi_session_set_tls(s, ENVOI_TLS_OFF), ENVOI_OK);
    cr_expect_eq(envoi_session_connect(s, "/nonexistent/socket"), ENVOI_E_USAGE);
    cr_expect_not_null(strstr(envoi_session_error(s), "TLS"), "%s", envoi_session_error(s));
    cr_expect_eq(envoi_session_connect(s, "/nonexistent/socket"), ENVOI_E_CONNECT);
    end(s);
}

Test(settings, login)
{
    struct envoi_session *s = new_session();

    cr_assert_eq(envoi_session_set_password(s, "me", "secret"), ENVOI_OK);
    cr_expect(settings_have_login(&s->settings));
    cr_assert_eq(envoi_session_set_password(s, NULL, NULL), ENVOI_OK);
    cr_expect_not(settings_have_login(&s->settings));
    cr_assert_eq(envoi_session_set_token(s, "me", "token"), ENVOI_OK);
    cr_expect(settings_have_login(&s->settings));
    end(s);
}

Test(settings, null_is_taken_everywhere)
{
    cr_expect_eq(envoi_session_new(NULL, NULL), ENVOI_E_USAGE);
    cr_expect_eq(envoi_library_new(NULL), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_connect(NULL, "x"), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_send(NULL, NULL), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_quit(NULL), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_close(NULL), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_process(NULL, -1, 0), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_deadline(NULL), -1);
    cr_expect_str_eq(envoi_session_error(NULL), "");
    cr_expect_str_eq(envoi_session_peer(NULL), "");
    cr_expect_eq(envoi_session_hello(NULL), ENVOI_HELLO_NONE);
    cr_expect_null(envoi_session_hello_reply(NULL));
    cr_expect_str_eq(envoi_session_helo_name(NULL), "");
    cr_expect_null(envoi_session_reply(NULL));
    cr_expect_eq(envoi_session_certificates(NULL), 0);
    cr_expect_null(envoi_session_extension(NULL, "SIZE"));
    cr_expect_eq(envoi_library_set_ca_file(NULL, "x"), ENVOI_E_USAGE);
    cr_expect_eq(envoi_library_plugins(NULL), 0);
    envoi_session_free(NULL);
    envoi_library_free(NULL);
}

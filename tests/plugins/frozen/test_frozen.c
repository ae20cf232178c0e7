/* SPDX-License-Identifier: MIT */
/* Plugins that were compiled once, in the library of today: README.md. The transport lets all octets through, so the
 * server follows a script in clear; what the plugins were given is in the log, and what they gave is asked for. */
#include "../../unit/session/rig.h"
#include "../tree.h"

#include <criterion/criterion.h>
#include <envoi/envoi.h>
#include <envoi/plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OTHER "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd"
#define PIN   "abababababababababababababababababababababababababababababababab"

static char said[4096];

static void keep(void *ctx, int level, const char *text)
{
    size_t len = strlen(said);

    (void)ctx;
    if (level == ENVOI_LOG_INFO)
        snprintf(said + len, sizeof said - len, "%s\n", text);
}

static void describe(const char *id, const char *what)
{
    char from[512], name[64], text[256];

    snprintf(name, sizeof name, "modules/%s.so", id);
    snprintf(from, sizeof from, FROZEN "/%s.so", id);
    tree_copy(from, name);
    snprintf(name, sizeof name, "vendor/%s.plugin", id);
    snprintf(text, sizeof text, "%s\nmodule: %s.so\nabi: 1\n", what, id);
    tree_text(name, text);
}

static void setup(void)
{
    unsetenv("SSL_CERT_FILE");
    unsetenv("SSL_CERT_DIR");
    tree_make();
    tree_dir("vendor");
    tree_dir("modules");
    describe("through_1_0", "kind: transport\nprovides: tls");
    describe("through_1_1", "kind: transport\nprovides: tls");
    describe("token", "kind: auth\nprovides: X-TOKEN");
}

TestSuite(frozen, .init = setup, .fini = tree_remove, .timeout = 30);

static void begin(const char *const *script, int tls, const char *transport)
{
    said[0] = '\0';
    rig_open(script);
    cr_assert_eq(envoi_library_set_descriptor_directories(library, tree_path("vendor"), NULL, NULL), ENVOI_OK);
    cr_assert_eq(envoi_library_set_module_directory(library, tree_path("modules")), ENVOI_OK);
    cr_assert_eq(envoi_library_set_log(library, keep, NULL), ENVOI_OK);
    rig_session(tls);
    cr_assert_eq(envoi_session_set_tls_backend(session, transport), ENVOI_OK);
    cr_assert_eq(envoi_session_set_tls_name(session, "mx.example"), ENVOI_OK);
}

/* user, a colon, secret, a colon, and the binding of the channel. */
#define LOGIN "< AUTH X-TOKEN dXNlcjpzZWNyZXQ6YmluZA==", "> 334 bW9yZQ==", "< ZW5vdWdo", "> 235 ok"
#define MAIL                                                                                                           \
    "< MAIL FROM:<me@example.org>", "> 250 ok", "< RCPT TO:<you@example.net>", "> 250 ok", "< DATA", "> 354 go", ".",  \
        "> 250 kept"
#define HELLO "> 220 here", "< EHLO ", "> 250-here", "> 250 AUTH PLAIN X-TOKEN"

static void send_one(void)
{
    struct envoi_message *m = rig_message("Subject: x\r\n\r\nx\r\n");

    cr_assert_eq(rig_connect(), ENVOI_OK, "%s", envoi_session_error(session));
    cr_expect_eq(envoi_session_send(session, m), ENVOI_OK, "%s", envoi_session_error(session));
    envoi_message_free(m);
}

Test(frozen, a_transport_of_1_1_and_a_mechanism)
{
    static const char *const script[] = {
        HELLO,    LOGIN, "< EHLO ", "> 250 here", MAIL,         "< QUIT", "> 221 bye", "eof",
        "accept", HELLO, LOGIN,     "< EHLO ",    "> 250 here", MAIL,     "eof",       NULL,
    };
    static const char first[] = "through_1_1: config 1 304 0 ca - crl 2 ciphers 3 cert - key - pass 6\n"
                                "through_1_1: config 1.1 ca 7 cert 8 key 9 system 10 11 all 0\n"
                                "through_1_1: conn 3 mx.example 0 pins 2 ab ticket 0\n"
                                "through_1_1: conn 1.1 sni front.example\n"
                                "token: mech X-TOKEN ssf 111 0 1 smtp mx.example list PLAIN X-TOKEN\n"
                                "token: layer\n";
    static const char second[] = "through_1_1: conn 3 mx.example 0 pins 2 ab ticket 6\n";
    size_t len = 0;

    begin(script, ENVOI_TLS_IMPLICIT, "through_1_1");
    cr_assert_eq(setenv("SSL_CERT_FILE", "10", 1), 0);
    cr_assert_eq(setenv("SSL_CERT_DIR", "11", 1), 0);
    cr_assert_eq(envoi_library_set_min_tls(library, ENVOI_TLS_1_3), ENVOI_OK);
    cr_assert_eq(envoi_library_set_crl_file(library, "2"), ENVOI_OK);
    cr_assert_eq(envoi_library_set_ciphers(library, "3"), ENVOI_OK);
    cr_assert_eq(envoi_session_set_system_trust(session, 1), ENVOI_OK);
    cr_assert_eq(envoi_session_set_ca_pem(session, "7", 1), ENVOI_OK);
    cr_assert_eq(envoi_session_set_client_certificate_pem(session, "8", 1, "9", 1), ENVOI_OK);
    cr_assert_eq(envoi_session_set_passphrase(session, "6"), ENVOI_OK);
    cr_assert_eq(envoi_session_set_tls_sni(session, "front.example"), ENVOI_OK);
    cr_assert_eq(envoi_session_add_pin(session, OTHER), ENVOI_OK);
    cr_assert_eq(envoi_session_add_pin(session, PIN), ENVOI_OK);
    cr_assert_eq(envoi_session_set_pin_trust(session, 1), ENVOI_OK);
    cr_assert_eq(envoi_session_set_password(session, "user", "secret"), ENVOI_OK);
    cr_assert_eq(envoi_session_set_mechanisms(session, "X-TOKEN"), ENVOI_OK);
    cr_assert_eq(envoi_session_set_security_layer(session, 0, 1), ENVOI_OK);
    send_one();
    cr_expect_str_eq(said, first);
    cr_expect_str_eq(envoi_session_tls_backend(session), "through_1_1");
    cr_expect_str_eq(envoi_session_tls_protocol(session), "TLSv1.3");
    cr_expect_str_eq(envoi_session_tls_cipher(session), "THROUGH");
    cr_expect_str_eq(envoi_session_tls_group(session), "no-group");
    cr_expect_str_eq(envoi_session_tls_verified_by(session), "pin");
    cr_expect_eq(envoi_session_tls_resumed(session), 0);
    cr_expect_eq(envoi_session_certificates(session), 1);
    cr_expect(memcmp(envoi_session_certificate_der(session, 0, &len), "DER", 3) == 0 && len == 3);
    cr_expect_str_eq(envoi_session_certificate_subject(session, 0), "CN=through");
    cr_expect_str_eq(envoi_session_certificate_issuer(session, 0), "CN=nobody");
    cr_expect_str_eq(envoi_session_certificate_names(session, 0), "mx.example");
    cr_expect_eq(envoi_session_certificate_not_before(session, 0), 1);
    cr_expect_eq(envoi_session_certificate_not_after(session, 0), INT64_C(253402300799));
    cr_expect_str_eq(envoi_session_certificate_pin(session, 0), PIN);
    cr_expect_str_eq(envoi_session_mechanism_plugin(session), "token");
    cr_expect_eq(envoi_session_quit(session), ENVOI_OK, "%s", envoi_session_error(session));

    said[0] = '\0';
    send_one();
    cr_expect_eq(strncmp(said, second, strlen(second)), 0, "%s", said);
    cr_expect_eq(envoi_session_tls_resumed(session), 1);
    rig_finish();
}

/* It sees the settings of its time, and verifies all or nothing. */
Test(frozen, a_transport_of_1_0)
{
    static const char *const script[] = {HELLO, LOGIN, MAIL, "eof", NULL};
    static const char want[] = "through_1_0: config 0 303 0 ca 1 crl 2 ciphers 3 cert 4 key 5 pass 6\n"
                               "through_1_0: conn 1 mx.example 0 pins 0 00 ticket 0\n"
                               "token: mech X-TOKEN ssf 111 0 0 smtp mx.example list PLAIN X-TOKEN\n";

    begin(script, ENVOI_TLS_IMPLICIT, "through_1_0");
    cr_assert_eq(envoi_library_set_crl_file(library, "2"), ENVOI_OK);
    cr_assert_eq(envoi_library_set_ciphers(library, "3"), ENVOI_OK);
    cr_assert_eq(envoi_session_set_ca_file(session, "1"), ENVOI_OK);
    cr_assert_eq(envoi_session_set_client_certificate(session, "4", "5"), ENVOI_OK);
    cr_assert_eq(envoi_session_set_passphrase(session, "6"), ENVOI_OK);
    cr_assert_eq(envoi_session_set_password(session, "user", "secret"), ENVOI_OK);
    cr_assert_eq(envoi_session_set_mechanisms(session, "X-TOKEN"), ENVOI_OK);
    send_one();
    cr_expect(strncmp(said, want, strlen(want)) == 0, "%s", said);
    cr_expect_str_eq(envoi_session_tls_verified_by(session), "chain");
    cr_expect_str_eq(envoi_session_tls_group(session), "");
    cr_expect_str_eq(envoi_session_certificate_pin(session, 0), "");
    rig_finish();
}

/* ---- what it would ignore ---- */

static int sni(void)
{
    return envoi_session_set_tls_sni(session, "front.example");
}

static int ca_pem(void)
{
    return envoi_session_set_ca_pem(session, "7", 1);
}

static int cert_pem(void)
{
    return envoi_session_set_client_certificate_pem(session, "8", 1, "9", 1);
}

static int chain(void)
{
    return envoi_session_dangerously_ignore_tls_name(session, 1);
}

static int pin(void)
{
    int rc = envoi_session_add_pin(session, PIN);

    return rc ? rc : envoi_session_set_pin_trust(session, 1);
}

static int system_file(void)
{
    return setenv("SSL_CERT_FILE", "10", 1);
}

static int system_directory(void)
{
    return setenv("SSL_CERT_DIR", "11", 1);
}

/* faults: U22 */
Test(frozen, a_transport_of_1_0_is_not_given_what_it_does_not_see)
{
    static const char *const script[] = {"> 220 here", "< EHLO ", "> 250-here", "> 250 STARTTLS", "eof", NULL};
    static int (*const settings[])(void) = {sni, ca_pem, cert_pem, chain, pin, system_file, system_directory};

    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        begin(script, ENVOI_TLS_REQUIRED, "through_1_0");
        cr_assert_eq(settings[i](), 0);
        cr_assert_eq(rig_connect(), ENVOI_OK);
        cr_expect_eq(envoi_session_starttls(session), ENVOI_E_NOT_SUPPORTED, "%zu: %s", i,
                     envoi_session_error(session));
        cr_expect_not_null(strstr(envoi_session_error(session), "the TLS plugin through_1_0 "));
        cr_expect_str_eq(said, "");
        rig_finish();
        unsetenv("SSL_CERT_FILE");
        unsetenv("SSL_CERT_DIR");
    }
}

/* faults: U22 */
Test(frozen, a_transport_of_1_0_cannot_promise_to_have_read_all)
{
    static const char *const script[] = {"> 220 here", "eof", NULL};

    begin(script, ENVOI_TLS_OFF, "through_1_0");
    cr_expect_eq(envoi_session_load_tls(session), ENVOI_E_NOT_SUPPORTED, "%s", envoi_session_error(session));
    cr_expect_eq(rig_connect(), ENVOI_OK);
    rig_finish();
}

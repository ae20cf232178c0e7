/* SPDX-License-Identifier: MIT */
/* The trust of a session: CAs of its own, the environment's, a pin, a name that is ignored; on each backend. */
#include "session/session.h"
#include "tls_rig.h"

#include <criterion/criterion.h>
#include <envoi/envoi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

TestSuite(trust, .timeout = 60);

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* One test for each backend. */
#define MATRIX(name)                                                                                                   \
    static void name(void);                                                                                            \
    Test(trust, name##_openssl)                                                                                        \
    {                                                                                                                  \
        run(name, "openssl");                                                                                          \
    }                                                                                                                  \
    Test(trust, name##_gnutls)                                                                                         \
    {                                                                                                                  \
        run(name, "gnutls");                                                                                           \
    }                                                                                                                  \
    static void name(void)

/* The library trusts a CA that is of no use here. */
static void run(void (*test)(void), const char *backend)
{
    unsetenv("SSL_CERT_FILE");
    unsetenv("SSL_CERT_DIR");
    tls_rig_begin(&(struct tls_server_config){.auth = 1}, backend);
    cr_assert_eq(envoi_library_set_ca_file(library, PKI("stranger.pem")), ENVOI_OK);
    test();
    tls_rig_finish();
}

static void expect(struct envoi_session *s, int rc, const char *why)
{
    cr_expect_eq(envoi_session_connect(s, tls_server_where(server)), rc, "%s: %s", why, envoi_session_error(s));
    envoi_session_close(s);
}

/* Connects, and logs in as far as the connection is trusted. */
static void expect_login(struct envoi_session *s, int verified, const char *by, int rc)
{
    cr_assert_eq(envoi_session_set_password(s, "me", "pw"), ENVOI_OK);
    cr_assert_eq(envoi_session_connect(s, tls_server_where(server)), ENVOI_OK, "%s", envoi_session_error(s));
    cr_expect_eq(envoi_session_tls_verified(s), verified);
    cr_expect_str_eq(envoi_session_tls_verified_by(s), by);
    cr_expect_eq(envoi_session_login(s), rc, "%s", envoi_session_error(s));
    envoi_session_close(s);
}

MATRIX(a_session_has_its_own)
{
    struct envoi_session *s = tls_rig_session(ENVOI_TLS_IMPLICIT), *copy;

    expect(s, ENVOI_E_CERTIFICATE, "the library object's");
    cr_assert_eq(envoi_session_set_ca_file(s, PKI("ca.pem")), ENVOI_OK);
    expect(s, ENVOI_OK, "a file");
    cr_assert_eq(session_copy(s, &copy), ENVOI_OK);
    expect(copy, ENVOI_OK, "the copy of a pool");
    envoi_session_free(copy);
    cr_assert_eq(envoi_session_set_ca_file(s, PKI("forger.pem")), ENVOI_OK);
    expect(s, ENVOI_E_CERTIFICATE, "another file");
    cr_assert_eq(envoi_session_set_ca_pem(s, pem, tls_rig_read(PKI("ca.pem"))), ENVOI_OK);
    memset(pem, 0, sizeof pem);
    expect(s, ENVOI_OK, "both are trusted");
    cr_assert_eq(envoi_session_set_ca_file(s, NULL), ENVOI_OK);
    expect(s, ENVOI_OK, "from memory alone");
    cr_assert_eq(session_copy(s, &copy), ENVOI_OK);
    expect(copy, ENVOI_OK, "the copy, from memory");
    envoi_session_free(copy);
    cr_assert_eq(envoi_session_set_ca_pem(s, NULL, 0), ENVOI_OK);
    expect(s, ENVOI_E_CERTIFICATE, "the library object's again");
    envoi_session_free(s);
}

MATRIX(no_pem)
{
    static const struct {
        const char *pem, *text;
    } rows[] = {
        {"", "the CA certificates from memory: no CA certificate can be read: it is empty"},
        {"nothing of use\n", "the CA certificates from memory: no CA certificate can be read: it is no PEM"},
        {"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
         "the CA certificates from memory: no CA certificate can be read"},
    };
    struct envoi_session *s = tls_rig_session(ENVOI_TLS_IMPLICIT);

    for (size_t i = 0; i < COUNT(rows); i++) {
        cr_assert_eq(envoi_session_set_ca_pem(s, rows[i].pem, strlen(rows[i].pem)), ENVOI_OK);
        cr_expect_eq(envoi_session_connect(s, tls_server_where(server)), ENVOI_E_TLS);
        cr_expect(strstr(envoi_session_error(s), rows[i].text), "%s", envoi_session_error(s));
    }
    cr_expect_eq(envoi_session_set_ca_pem(s, "\x30\x82\0x", 4), ENVOI_E_TLS);
    cr_expect(strstr(envoi_session_error(s), "this is no PEM"), "%s", envoi_session_error(s));
    envoi_session_free(s);
}

/* faults: U20 */
MATRIX(the_environment_is_the_system)
{
    struct envoi_session *s = tls_rig_session(ENVOI_TLS_IMPLICIT);

    setenv("SSL_CERT_FILE", PKI("ca.pem"), 1);
    expect(s, ENVOI_E_CERTIFICATE, "the system is not trusted");
    cr_assert_eq(envoi_session_set_system_trust(s, 1), ENVOI_OK);
    expect(s, ENVOI_OK, "SSL_CERT_FILE");
    setenv("SSL_CERT_FILE", PKI("forger.pem"), 1);
    expect(s, ENVOI_E_CERTIFICATE, "another SSL_CERT_FILE, with a context in the cache");
    setenv("SSL_CERT_DIR", PKI("hashed"), 1);
    expect(s, ENVOI_OK, "SSL_CERT_DIR");
    setenv("SSL_CERT_FILE", "", 1);
    setenv("SSL_CERT_DIR", "", 1);
    expect(s, ENVOI_E_CERTIFICATE, "empty is not set");
    setenv("SSL_CERT_FILE", PKI("nowhere.pem"), 1);
    expect(s, ENVOI_E_TLS, "a file that is not there");
    envoi_session_free(s);
}

/* The file is another one, or is written anew: a CA is added, and a CA is removed. */
MATRIX(a_file_of_the_system_changes)
{
    static const struct {
        const char *content;
        int rc;
    } rows[] = {
        {PKI("forger.pem"), ENVOI_E_CERTIFICATE}, {PKI("ca.pem"), ENVOI_OK}, {PKI("forger.pem"), ENVOI_E_CERTIFICATE}};
    struct envoi_session *s = tls_rig_session(ENVOI_TLS_IMPLICIT);
    char path[] = "/tmp/envoi-system-XXXXXX";
    int fd = mkstemp(path);

    setenv("SSL_CERT_FILE", path, 1);
    cr_assert_eq(envoi_session_set_system_trust(s, 1), ENVOI_OK);
    for (size_t i = 0; i < COUNT(rows); i++) {
        size_t len = tls_rig_read(rows[i].content);

        cr_assert_eq(ftruncate(fd, 0), 0);
        cr_assert_eq(pwrite(fd, pem, len, 0), (ssize_t)len);
        expect(s, rows[i].rc, rows[i].content);
    }
    close(fd);
    unlink(path);
    envoi_session_free(s);
}

MATRIX(the_name_is_ignored)
{
    struct envoi_session *s = tls_rig_session(ENVOI_TLS_IMPLICIT);

    cr_assert_eq(envoi_session_set_ca_file(s, PKI("ca.pem")), ENVOI_OK);
    cr_assert_eq(envoi_session_set_tls_name(s, "other.example.test"), ENVOI_OK);
    expect(s, ENVOI_E_CERTIFICATE, "another name");
    cr_assert_eq(envoi_session_dangerously_ignore_tls_name(s, 1), ENVOI_OK);
    expect_login(s, 0, "chain-without-name", ENVOI_E_NO_MECHANISM);
    cr_assert_eq(envoi_session_set_ca_file(s, PKI("stranger.pem")), ENVOI_OK);
    expect(s, ENVOI_E_CERTIFICATE, "the chain is not ignored");
    envoi_session_free(s);
}

/* faults: U9 */
MATRIX(a_pin_stands_for_the_chain)
{
    struct envoi_session *s = tls_rig_session(ENVOI_TLS_IMPLICIT);

    cr_assert_eq(envoi_session_set_tls_name(s, "other.example.test"), ENVOI_OK);
    cr_assert_eq(envoi_session_add_pin(s, tls_rig_pin(PKI("good.pin"))), ENVOI_OK);
    expect(s, ENVOI_E_CERTIFICATE, "a pin alone");
    cr_assert_eq(envoi_session_set_pin_trust(s, 1), ENVOI_OK);
    expect_login(s, 1, "pin", ENVOI_OK);
    cr_assert_eq(envoi_session_add_pin(s, NULL), ENVOI_OK);
    cr_assert_eq(envoi_session_add_pin(s, tls_rig_pin(PKI("client.pin"))), ENVOI_OK);
    expect(s, ENVOI_E_CERTIFICATE, "another pin");
    cr_assert_eq(envoi_session_add_pin(s, NULL), ENVOI_OK);
    expect(s, ENVOI_E_USAGE, "no pin is left");
    cr_assert_eq(envoi_session_set_tls_verify(s, 0), ENVOI_OK);
    expect(s, ENVOI_OK, "nothing is verified");
    cr_expect_eq(envoi_session_set_pin_trust(s, 1), ENVOI_E_USAGE);
    envoi_session_free(s);
}

MATRIX(facts)
{
    static unsigned char der[20000];
    struct envoi_session *s = tls_rig_session(ENVOI_TLS_IMPLICIT);
    FILE *file = fopen(PKI("good.der"), "rb");
    size_t most = file ? fread(der, 1, sizeof der, file) : 0, len = 99;
    const void *got;

    fclose(file);
    cr_expect_str_eq(envoi_session_tls_group(s), "");
    cr_expect_null(envoi_session_certificate_der(s, 0, &len));
    cr_expect_eq(len, 0);
    cr_assert_eq(envoi_session_set_ca_file(s, PKI("ca.pem")), ENVOI_OK);
    cr_assert_eq(envoi_session_set_tls_sni(s, "front.example.test"), ENVOI_OK);
    cr_assert_eq(envoi_session_connect(s, tls_server_where(server)), ENVOI_OK, "%s", envoi_session_error(s));
    cr_expect(strstr("x25519 secp256r1 X25519MLKEM768", envoi_session_tls_group(s)) && *envoi_session_tls_group(s));
    got = envoi_session_certificate_der(s, 0, &len);
    cr_assert_eq(len, most);
    cr_expect_eq(memcmp(got, der, len), 0);
    cr_expect_not_null(envoi_session_certificate_der(s, 1, NULL));
    cr_expect_null(envoi_session_certificate_der(s, 2, &len));
    cr_expect_str_eq(envoi_session_certificate_pin(s, 0), tls_rig_pin(PKI("good.pin")));
    cr_expect_eq(strlen(envoi_session_certificate_pin(s, 1)), 64);
    cr_expect_null(envoi_session_certificate_pin(s, 2));
    envoi_session_free(s);
    cr_expect_null(envoi_session_certificate_der(NULL, 0, &len));
    cr_expect_str_eq(envoi_session_tls_group(NULL), "");
}

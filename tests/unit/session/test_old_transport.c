/* SPDX-License-Identifier: MIT */
/* A transport without capabilities, as one of ABI 1.0 is. It would ignore the members of the ABI that came later, so each
 * setting that needs one is refused before TLS begins: the server gets no STARTTLS, and no octet where TLS is implicit. */
#include "../../support/fake_tls.h"
#include "rig.h"

#include <criterion/criterion.h>
#include <envoi/envoi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void forget_environment(void)
{
    unsetenv("SSL_CERT_FILE");
    unsetenv("SSL_CERT_DIR");
}

TestSuite(old_transport, .init = forget_environment, .timeout = 30);

#define PIN "abababababababababababababababababababababababababababababababab"

static struct envoi_transport transport;
static const struct envoi_transport *const transports[] = {&transport, NULL};

/* The fake's, with these capabilities. */
static void begin(const char *const *script, int tls, uint32_t caps)
{
    static struct envoi_plugin old;

    old = *envoi_plugin_fake();
    transport = *old.transports[0];
    transport.caps = caps;
    old.id = "old";
    old.abi_minor = 0;
    old.transports = transports;
    rig_open(script);
    cr_assert_eq(envoi_library_set_descriptor_directories(library, NULL, NULL, NULL), ENVOI_OK);
    cr_assert_eq(envoi_library_add_plugin(library, &old, FAKE_TLS_DESCRIPTOR), ENVOI_OK);
    rig_session(tls);
}

/* ---- what is set ---- */

static int client_certificate(void)
{
    return envoi_session_set_client_certificate(session, "/client.pem", NULL);
}

static int client_certificate_from_memory(void)
{
    return envoi_session_set_client_certificate_pem(session, "x", 1, NULL, 0);
}

static int ca_from_memory(void)
{
    return envoi_session_set_ca_pem(session, "x", 1);
}

static int name_to_send(void)
{
    return envoi_session_set_tls_sni(session, "front.example");
}

static int name_ignored(void)
{
    return envoi_session_dangerously_ignore_tls_name(session, 1);
}

static int pin_trusted(void)
{
    int rc = envoi_session_add_pin(session, PIN);

    return rc ? rc : envoi_session_set_pin_trust(session, 1);
}

static int system_file(void)
{
    return setenv("SSL_CERT_FILE", "/ca.pem", 1);
}

static int system_directory(void)
{
    return setenv("SSL_CERT_DIR", "/ca", 1);
}

static const struct {
    uint32_t cap;
    int (*set)(void);
    const char *text;
} rows[] = {
    {ENVOI_CAP_CLIENT_CERT, client_certificate, "a client certificate is set, and the TLS plugin old "},
    {ENVOI_CAP_MEMORY, client_certificate_from_memory, "certificates are set from memory, and the TLS plugin old "},
    {ENVOI_CAP_MEMORY, ca_from_memory, "certificates are set from memory, and the TLS plugin old "},
    {ENVOI_CAP_SNI, name_to_send, "a name to send is set, and the TLS plugin old "},
    {ENVOI_CAP_CHAIN, name_ignored, "the name in the certificate is to be ignored, and the TLS plugin old "},
    {ENVOI_CAP_PIN, pin_trusted, "a pin is to stand for the chain, and the TLS plugin old "},
    {ENVOI_CAP_SYSTEM_CA, system_file, "SSL_CERT_FILE or SSL_CERT_DIR is set, and the TLS plugin old "},
    {ENVOI_CAP_SYSTEM_CA, system_directory, "SSL_CERT_FILE or SSL_CERT_DIR is set, and the TLS plugin old "},
};

#define ALL_CAPS 0x7f0u /* those that a setting may need */
#define FOR(i)   for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++, forget_environment())

/* ---- what happens ---- */

/* faults: U22 */
Test(old_transport, no_starttls_goes_out)
{
    static const char *const script[] = {"> 220 here", "< EHLO ", "> 250-here", "> 250 STARTTLS", "eof", NULL};

    FOR(i)
    {
        begin(script, ENVOI_TLS_REQUIRED, ALL_CAPS & ~rows[i].cap);
        cr_assert_eq(rows[i].set(), 0);
        cr_assert_eq(rig_connect(), ENVOI_OK, "%s", envoi_session_error(session));
        cr_expect_eq(envoi_session_starttls(session), ENVOI_E_NOT_SUPPORTED, "%s%s", rows[i].text,
                     envoi_session_error(session));
        cr_expect_not_null(strstr(envoi_session_error(session), rows[i].text), "%s", envoi_session_error(session));
        cr_expect_eq(envoi_session_error_phase(session), ENVOI_PHASE_TLS);
        rig_finish();
    }
}

/* With opportunistic TLS it is an error too: mail does not go on in clear. */
/* faults: U22 */
Test(old_transport, opportunistic_does_not_go_on_in_clear)
{
    static const char *const script[] = {"> 220 here", "< EHLO ", "> 250-here", "> 250 STARTTLS", "eof", NULL};

    FOR(i)
    {
        struct envoi_message *m = rig_message("x\r\n");

        begin(script, ENVOI_TLS_OPPORTUNISTIC, ALL_CAPS & ~rows[i].cap);
        cr_assert_eq(rows[i].set(), 0);
        cr_assert_eq(rig_connect(), ENVOI_OK, "%s", envoi_session_error(session));
        cr_expect_eq(envoi_session_send(session, m), ENVOI_E_NOT_SUPPORTED, "%s", envoi_session_error(session));
        envoi_message_free(m);
        rig_finish();
    }
}

/* faults: U22 */
Test(old_transport, no_octet_of_implicit_tls_goes_out)
{
    static const char *const script[] = {"eof", NULL};

    FOR(i)
    {
        begin(script, ENVOI_TLS_IMPLICIT, ALL_CAPS & ~rows[i].cap);
        cr_assert_eq(rows[i].set(), 0);
        cr_expect_eq(rig_connect(), ENVOI_E_NOT_SUPPORTED, "%s%s", rows[i].text, envoi_session_error(session));
        cr_expect_not_null(strstr(envoi_session_error(session), rows[i].text), "%s", envoi_session_error(session));
        rig_finish();
    }
}

/* With the bit the plugin is asked; this server then says nothing of TLS. */
Test(old_transport, goes_on_with_the_capability)
{
    static const char *const script[] = {"> 220 here", "< EHLO ",     "> 250-here", "> 250 STARTTLS",
                                         "< STARTTLS", "> 454 later", "eof",        NULL};

    FOR(i)
    {
        begin(script, ENVOI_TLS_REQUIRED, rows[i].cap | ENVOI_CAP_CLIENT_CERT);
        cr_assert_eq(rows[i].set(), 0);
        cr_assert_eq(rig_connect(), ENVOI_OK, "%s", envoi_session_error(session));
        cr_expect_eq(envoi_session_starttls(session), ENVOI_E_STARTTLS, "%s%s", rows[i].text,
                     envoi_session_error(session));
        rig_finish();
    }
}

/* SSL_CERT_FILE stands for the system's certificates: where those are not trusted it asks for nothing. */
Test(old_transport, the_environment_counts_only_with_system_trust)
{
    static const char *const script[] = {"> 220 here", "< EHLO ",     "> 250-here", "> 250 STARTTLS",
                                         "< STARTTLS", "> 454 later", "eof",        NULL};

    begin(script, ENVOI_TLS_REQUIRED, 0);
    cr_assert_eq(system_file(), 0);
    cr_assert_eq(envoi_session_set_system_trust(session, 0), ENVOI_OK);
    cr_assert_eq(rig_connect(), ENVOI_OK);
    cr_expect_eq(envoi_session_starttls(session), ENVOI_E_STARTTLS, "%s", envoi_session_error(session));
    rig_finish();
}

/* faults: U22 */
Test(old_transport, cannot_promise_to_have_read_all)
{
    static const char *const script[] = {"> 220 here", "eof", NULL};

    begin(script, ENVOI_TLS_OFF, ALL_CAPS & ~ENVOI_CAP_READ_ALL);
    cr_expect_eq(envoi_session_load_tls(session), ENVOI_E_NOT_SUPPORTED);
    cr_expect_not_null(strstr(envoi_session_error(session), "and the TLS plugin old may read some of them later"), "%s",
                       envoi_session_error(session));
    transport.caps = ENVOI_CAP_READ_ALL;
    cr_expect_eq(envoi_session_load_tls(session), ENVOI_OK, "%s", envoi_session_error(session));
    cr_expect_eq(rig_connect(), ENVOI_OK, "%s", envoi_session_error(session));
    rig_finish();
}

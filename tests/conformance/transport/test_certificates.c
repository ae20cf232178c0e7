/* SPDX-License-Identifier: MIT */
/* Which servers are believed, and what is said of those that are not: the same by either backend, word for word. */
#include "rig.h"

#include <stdio.h>
#include <string.h>

enum pin { NO_PIN, RIGHT_PIN, WRONG_PIN, RIGHT_PIN_SECOND };

static const struct row {
    const char *server;
    const char *name; /* NULL: HOST */
    const char *ca;   /* NULL: ca.pem */
    const char *crl;
    enum pin pin;
    bool unverified;
    uint32_t verify; /* if not unverified; 0: ENVOI_VERIFY_ALL */
    const char *sni;
    int32_t expect;
    const char *text; /* part of the error text */
} rows[] = {
    /* good ones */
    {.server = "good"},
    {.server = "good", .name = "Alias.Example.TEST"},
    /* faults: 18 */
    {.server = "good", .name = "127.0.0.1"},
    /* faults: 18 */
    {.server = "good", .name = "::1"},
    {.server = "good", .name = "0:0:0:0:0:0:0:1"},
    {.server = "upper"},
    {.server = "rsa"},
    {.server = "ed25519"},
    {.server = "wild"},
    {.server = "good", .ca = PKI("inter.pem")},
    {.server = "selfsigned", .ca = PKI("selfsigned.pem")},
    {.server = "good", .crl = PKI("crl-inter.pem")},
    {.server = "good", .pin = RIGHT_PIN},
    {.server = "good", .pin = RIGHT_PIN_SECOND},
    {.server = "bymixedroot", .ca = PKI("mixedroot.pem")},
    {.server = "anyandserver"},
    /* faults: U3 */
    {.server = "late"},
    /* faults: S2 */
    {.server = "nobasic", .ca = PKI("nobasic.pem"), .name = "other.example.test"},
    /* names: RFC 9525 */
    /* faults: 13 */
    {.server = "good",
     .name = "other.example.test",
     .expect = ENVOI_E_CERTIFICATE,
     .text = "certificate is for mail.example.test alias.example.test 127.0.0.1 ::1, not for other.example.test"},
    /* faults: 15 */
    {.server = "good", .name = "ail.example.test", .expect = ENVOI_E_CERTIFICATE, .text = "not for ail.example.test"},
    /* faults: 15 */
    {.server = "good", .name = "mail.example", .expect = ENVOI_E_CERTIFICATE, .text = "not for mail.example"},
    /* faults: 18 */
    {.server = "good", .name = "127.0.0.2", .expect = ENVOI_E_CERTIFICATE, .text = "not for 127.0.0.2"},
    {.server = "good", .name = "::2", .expect = ENVOI_E_CERTIFICATE, .text = "not for ::2"},
    /* faults: 16 */
    {.server = "wild",
     .name = "a.mail.example.test",
     .expect = ENVOI_E_CERTIFICATE,
     .text = "certificate is for *.example.test, not for a.mail.example.test"},
    /* faults: 16 */
    {.server = "wild", .name = "example.test", .expect = ENVOI_E_CERTIFICATE, .text = "not for example.test"},
    /* faults: 16 */
    {.server = "wildtop",
     .name = "mail.test",
     .expect = ENVOI_E_CERTIFICATE,
     .text = "certificate is for *.test, not for mail.test"},
    /* faults: 16 */
    {.server = "wildpart", .expect = ENVOI_E_CERTIFICATE, .text = "certificate is for m*.example.test, not for " HOST},
    /* faults: 16 */
    {.server = "wildinner", .expect = ENVOI_E_CERTIFICATE, .text = "certificate is for mail.*.test, not for " HOST},
    /* faults: 16 */
    {.server = "wildalone",
     .name = "localhost",
     .expect = ENVOI_E_CERTIFICATE,
     .text = "certificate is for *, not for localhost"},
    /* faults: 14 */
    {.server = "nul",
     .expect = ENVOI_E_CERTIFICATE,
     .text = "certificate is for mail.example.test\\00.evil.test, not for " HOST},
    /* faults: 17 */
    {.server = "cnonly", .expect = ENVOI_E_CERTIFICATE, .text = "no subjectAltName), so it is not for " HOST},
    /* faults: 17 */
    {.server = "mailsan", .expect = ENVOI_E_CERTIFICATE, .text = "no subjectAltName), so it is not for " HOST},
    /* faults: 18 */
    {.server = "dnsip",
     .name = "127.0.0.1",
     .expect = ENVOI_E_CERTIFICATE,
     .text = "certificate is for 127.0.0.1, not for 127.0.0.1"},
    /* chain, dates, purpose, strength */
    /* faults: 12 */
    {.server = "expired", .expect = ENVOI_E_CERTIFICATE, .text = "certificate has expired on 2020-02-01 00:00:00 UTC"},
    /* faults: 12 */
    {.server = "notyet",
     .expect = ENVOI_E_CERTIFICATE,
     .text = "certificate is not valid before 2100-01-01 00:00:00 UTC"},
    /* faults: 12 */
    {.server = "selfsigned",
     .expect = ENVOI_E_CERTIFICATE,
     .text = "self-signed certificate: CN=mail.example.test,O=envoi tests"},
    /* faults: 12 */
    {.server = "unknownca", .expect = ENVOI_E_CERTIFICATE, .text = "issuer unknown: CN=a root that nobody trusts"},
    {.server = "good",
     .ca = PKI("stranger.pem"),
     .expect = ENVOI_E_CERTIFICATE,
     .text = "issuer unknown: CN=envoi test root"},
    {.server = "good", .ca = PKI("good.pem"), .expect = ENVOI_E_CERTIFICATE, .text = "issuer unknown: CN=envoi test "},
    /* faults: 12 */
    {.server = "byleaf", .expect = ENVOI_E_CERTIFICATE, .text = "issuer is not a certificate authority: CN=" HOST},
    /* faults: 12 */
    {.server = "clientonly",
     .expect = ENVOI_E_CERTIFICATE,
     .text = "certificate is not meant for TLS servers: CN=" HOST},
    /* faults: 19 */
    {.server = "rsa1024", .expect = ENVOI_E_CERTIFICATE, .text = "certificate has a weak key or signature: CN=" HOST},
    /* faults: U3 */
    {.server = "latebegin",
     .expect = ENVOI_E_CERTIFICATE,
     .text =
         "certificate is not valid before 2039-01-01 00:00:00 UTC (the server's own, valid from 2039-01-01 00:00:00 "
         "UTC to 2055-01-01 00:00:00 UTC: CN=" HOST ")"},
    /* who may issue */
    /* faults: S2 */
    {.server = "bynobasic",
     .ca = PKI("nobasic.pem"),
     .expect = ENVOI_E_CERTIFICATE,
     .text = "issuer is not a certificate authority: CN=other.example.test (number 2 of the chain"},
    /* faults: S2 */
    {.server = "byversion1",
     .ca = PKI("version1.pem"),
     .expect = ENVOI_E_CERTIFICATE,
     .text = "issuer is not a certificate authority: CN=a root of version 1 (number 2 of the chain"},
    /* faults: S2 */
    {.server = "bymailroot",
     .ca = PKI("mailroot.pem"),
     .expect = ENVOI_E_CERTIFICATE,
     .text = "certificate is not meant for TLS servers: CN=a root for mail (number 2 of the chain"},
    /* faults: S2 */
    {.server = "bycrlroot",
     .ca = PKI("crlroot.pem"),
     .expect = ENVOI_E_CERTIFICATE,
     .text = "issuer is not a certificate authority: CN=a root for lists (number 2 of the chain"},
    /* faults: F15 */
    {.server = "anyuse", .expect = ENVOI_E_CERTIFICATE, .text = "certificate is not meant for TLS servers: CN=" HOST},
    /* faults: F15 */
    {.server = "byanyinter",
     .expect = ENVOI_E_CERTIFICATE,
     .text = "certificate is not meant for TLS servers: CN=an intermediate for anything"},
    /* faults: F15 */
    {.server = "byanyroot",
     .ca = PKI("anyroot.pem"),
     .expect = ENVOI_E_CERTIFICATE,
     .text = "certificate is not meant for TLS servers: CN=a root for anything"},
    /* a CA for other names; a library that knows nothing of name constraints refuses the CA */
    {.server = "byforothers", .expect = ENVOI_E_CERTIFICATE, .text = "certificate"},
    {.server = "bystrictly", .expect = ENVOI_E_CERTIFICATE, .text = "certificate"},
    /* which one of the chain */
    /* faults: F10 */
    {.server = "viacross",
     .ca = PKI("oldroot.pem"),
     .expect = ENVOI_E_CERTIFICATE,
     .text =
         "certificate has expired on 2020-02-01 00:00:00 UTC (number 4 of the chain, above the server's, valid from "
         "2000-01-01 00:00:00 UTC to 2020-02-01 00:00:00 UTC: CN=envoi old root)"},
    /* faults: F10 */
    {.server = "bysha1inter",
     .expect = ENVOI_E_CERTIFICATE,
     .text = "certificate has a weak key or signature: CN=envoi SHA-1 intermediate (number 2 of the chain"},
    /* revocation */
    /* faults: 22 */
    {.server = "revoked",
     .crl = PKI("crl-inter.pem"),
     .expect = ENVOI_E_CERTIFICATE,
     .text = "certificate is revoked: CN=" HOST},
    {.server = "good",
     .crl = PKI("crl-ca.pem"),
     .expect = ENVOI_E_CERTIFICATE,
     .text = "no revocation list is at hand from the issuer CN=envoi test intermediate"},
    {.server = "good",
     .crl = PKI("crl-stale.pem"),
     .expect = ENVOI_E_CERTIFICATE,
     .text = "revocation list is out of date, from the issuer CN=envoi test intermediate"},
    {.server = "good",
     .crl = PKI("crl-forged.pem"),
     .expect = ENVOI_E_CERTIFICATE,
     .text = "no revocation list is at hand from the issuer CN=envoi test intermediate"},
    /* faults: 22 */
    {.server = "bywithdrawn",
     .crl = PKI("crl-both.pem"),
     .expect = ENVOI_E_CERTIFICATE,
     .text = "certificate is revoked: CN=envoi withdrawn intermediate"},
    /* pins */
    {.server = "good",
     .pin = WRONG_PIN,
     .expect = ENVOI_E_CERTIFICATE,
     .text = "certificate has none of the pinned keys: CN=" HOST},
    {.server = "good",
     .pin = RIGHT_PIN,
     .name = "other.example.test",
     .expect = ENVOI_E_CERTIFICATE,
     .text = "not for other.example.test"},
    {.server = "good",
     .pin = RIGHT_PIN,
     .ca = PKI("stranger.pem"),
     .expect = ENVOI_E_CERTIFICATE,
     .text = "issuer unknown"},
    {.server = "good", .pin = RIGHT_PIN, .ca = PKI("stranger.pem"), .unverified = true},
    {.server = "good",
     .pin = WRONG_PIN,
     .unverified = true,
     .expect = ENVOI_E_CERTIFICATE,
     .text = "none of the pinned keys"},
    /* the chain without the name */
    {.server = "good", .verify = ENVOI_VERIFY_CHAIN, .name = "other.example.test"},
    {.server = "cnonly", .verify = ENVOI_VERIFY_CHAIN},
    {.server = "good", .verify = ENVOI_VERIFY_CHAIN, .name = "other.example.test", .pin = RIGHT_PIN},
    {.server = "unknownca", .verify = ENVOI_VERIFY_CHAIN, .expect = ENVOI_E_CERTIFICATE, .text = "issuer unknown"},
    {.server = "expired", .verify = ENVOI_VERIFY_CHAIN, .expect = ENVOI_E_CERTIFICATE, .text = "has expired"},
    {.server = "revoked",
     .verify = ENVOI_VERIFY_CHAIN,
     .crl = PKI("crl-inter.pem"),
     .expect = ENVOI_E_CERTIFICATE,
     .text = "is revoked"},
    {.server = "good",
     .verify = ENVOI_VERIFY_CHAIN,
     .pin = WRONG_PIN,
     .expect = ENVOI_E_CERTIFICATE,
     .text = "none of the pinned keys"},
    /* a pin for the chain and the name */
    /* faults: U9 */
    {.server = "good", .verify = ENVOI_VERIFY_PIN, .pin = RIGHT_PIN, .ca = PKI("stranger.pem")},
    {.server = "good", .verify = ENVOI_VERIFY_PIN, .pin = RIGHT_PIN_SECOND, .name = "other.example.test"},
    /* faults: U9 */
    {.server = "good",
     .verify = ENVOI_VERIFY_PIN,
     .pin = WRONG_PIN,
     .expect = ENVOI_E_CERTIFICATE,
     .text = "none of the pinned keys"},
    /* faults: U9 */
    {.server = "good", .verify = ENVOI_VERIFY_PIN, .expect = ENVOI_E_CERTIFICATE, .text = "none of the pinned keys"},
    /* a value of a later version of the ABI */
    {.server = "unknownca", .verify = 99, .expect = ENVOI_E_CERTIFICATE, .text = "issuer unknown"},
    /* another name is sent than is verified */
    {.server = "good", .sni = "front.example.test"},
    {.server = "good", .name = "127.0.0.1", .sni = "front.example.test"},
    {.server = "good",
     .name = "front.example.test",
     .sni = HOST,
     .expect = ENVOI_E_CERTIFICATE,
     .text = "not for front.example.test"},
    /* nothing is asked for */
    {.server = "selfsigned", .unverified = true},
    {.server = "cnonly", .name = "other.example.test", .unverified = true},
};

static size_t load_pins(enum pin pin, uint8_t pins[2][32])
{
    FILE *file = fopen(pin == WRONG_PIN ? PKI("client.pin") : PKI("good.pin"), "rb");

    memset(pins, 0x11, 2 * sizeof(pins[0]));
    check(file);
    check_eq(fread(pins[pin == RIGHT_PIN_SECOND], 1, 32, file), 32);
    fclose(file);
    return pin == NO_PIN ? 0 : pin == RIGHT_PIN_SECOND ? 2 : 1;
}

static bool is_address(const char *name)
{
    return strchr(name, ':') || strspn(name, "0123456789.") == strlen(name);
}

static void try_row(const struct row *row, struct combo combo)
{
    struct envoi_tls_config config = rig_config();
    struct envoi_conn_params params = rig_params();
    struct envoi_tls_info info;
    uint8_t pins[2][32];
    struct rig rig;

    rig_open(&rig, combo);
    if (row->ca)
        config.ca_file = row->ca;
    config.crl_file = row->crl;
    if (row->name)
        params.server_name = row->name;
    params.name_is_ip = is_address(params.server_name);
    params.verify = row->verify ? row->verify : !row->unverified;
    params.sni = row->sni;
    params.pin_count = (uint32_t)load_pins(row->pin, pins);
    params.pins = params.pin_count ? (const uint8_t(*)[32])pins : NULL;

    check_eq(rig_context(&rig, &config), ENVOI_OK, "%s", rig.error_text);
    rig_serve(&rig, row->server, NULL);
    check_eq(rig_connect(&rig, &params), ENVOI_OK, "%s", rig.error_text);
    memset(pins, 0, sizeof(pins)); /* they were lent for conn_new */

    int32_t rc = rig_handshake(&rig);
    check(rc == row->expect,
          "a server with %s.pem as %s, trusted %s, lists %s, pins %s: handshake() returned %s (%s), not %s",
          row->server, params.server_name, config.ca_file, row->crl ? row->crl : "none",
          row->pin == NO_PIN      ? "none"
          : row->pin == WRONG_PIN ? "of another key"
                                  : "of its key",
          check_result(rc), rig.error_text, check_result(row->expect));
    if (row->expect == ENVOI_OK) {
        check_eq(rig_info(&rig, &info), ENVOI_OK);
        check(info.verified == params.verify, "info() says that %u was verified, and %u was asked for and done",
              info.verified, params.verify);
        const char *name = params.name_is_ip ? NULL : params.server_name;
        check(combo.library->saw_sni(rig.peer, row->sni ? row->sni : name), "the server saw another name than %s",
              row->sni ? row->sni
              : name   ? name
                       : "none");
    } else {
        check_words(rig.error_text, row->text);
        check_eq(rig_step(&rig), row->expect, "a failed handshake goes on");
        check_eq(rig_info(&rig, &info), ENVOI_E_USAGE);
    }
    rig_close(&rig);
}

static void certificates_server_label(size_t row, char *label, size_t cap)
{
    snprintf(label, cap, "%zu: %s as %s", row, rows[row].server, rows[row].name ? rows[row].name : HOST);
}

/* faults: 12, 13, 71 */
TABLE(certificates, server, COUNT(rows), "the right servers are believed, and no others")
{
    struct combo combo;

    check_need((rows[row].sni ? CHECK_SNI : 0) | (rows[row].verify == ENVOI_VERIFY_CHAIN ? CHECK_CHAIN : 0) |
               (rows[row].verify == ENVOI_VERIFY_PIN ? CHECK_PIN : 0) |
               (strcmp(rows[row].server, "ed25519") == 0 ? CHECK_ED25519 : 0));
    for (int i = 0; (i = combo_next(i, COMBOS_WHOLE, &combo)) >= 0; i++)
        try_row(&rows[row], combo);
}

MATRIX(certificates, handshake_one_by_one, COMBOS, 0, "a handshake works when lower moves one octet at a time")
{
    struct rig rig;

    rig_establish(&rig, combo, "good");
    rig_close(&rig);
}

/* A key that may decrypt and not sign serves a key exchange by RSA, which TLS 1.2 has, and nothing else. A server may
 * know that too. */
/* faults: S2 */
MATRIX(certificates, key_encipherment, COMBOS_WHOLE, CHECK_CIPHERS,
       "a key that may not sign serves only a key exchange by RSA")
{
    static const char *const ciphers[LANGUAGES][2] = {
        {"AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256"},
        {"NORMAL:-KX-ALL:+RSA:-VERS-TLS1.3", "NORMAL:-KX-ALL:+ECDHE-RSA:-VERS-TLS1.3"},
    };
    struct envoi_conn_params params = rig_params();

    for (int signs = 0; signs < 2; signs++) {
        struct envoi_tls_config config = rig_config();
        struct rig rig;

        rig_open(&rig, combo);
        if (combo.version == ENVOI_TLS_1_2)
            config.ciphers = ciphers[combo.language][signs];
        check_eq(rig_context(&rig, &config), ENVOI_OK, "%s", rig.error_text);
        rig_serve(&rig, "encipher", NULL);
        check_eq(rig_connect(&rig, &params), ENVOI_OK);
        int32_t rc = rig_handshake(&rig);
        int32_t expect = combo.library == &peer_gnutls ? ENVOI_E_TLS : ENVOI_E_CERTIFICATE;
        if (combo.version == ENVOI_TLS_1_2 && !signs)
            expect = ENVOI_OK;
        check_eq(rc, expect, "%s: %d (%s), not %d", rig.tls->name, rc, rig.error_text, expect);
        if (rc == ENVOI_E_CERTIFICATE)
            check_words(rig.error_text, "not meant for TLS servers: CN=" HOST " (the server's own");
        rig_close(&rig);
    }
}

/* Dates beyond 2038 are told as they are, whatever time_t is. */
/* faults: U3 */
MATRIX(certificates, late_dates, COMBO_ONE, 0, "dates beyond 2038 are told as they are")
{
    struct envoi_certificate leaf;
    struct rig rig;

    rig_establish(&rig, combo, "late");
    check_eq(rig_certificate(&rig, 0, &leaf), ENVOI_OK);
    check_eq(leaf.not_before, INT64_C(1577836800));
    check_eq(leaf.not_after, INT64_C(2682374400));
    rig_close(&rig);
}

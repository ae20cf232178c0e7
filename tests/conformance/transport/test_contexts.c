/* SPDX-License-Identifier: MIT */
/* What a context is made of: files that do not fit, versions, ciphers, the client's certificate; and names. */
#include "rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the passphrase ---- */

struct passphrase {
    const char *text; /* NULL: cancels */
    int calls;
};

static int32_t give_passphrase(void *ctx, char *buf, size_t cap, size_t *len)
{
    struct passphrase *passphrase = ctx;

    passphrase->calls++;
    if (!passphrase->text)
        return ENVOI_E_CANCELLED;
    *len = strlen(passphrase->text);
    check_leq(*len, cap);
    memcpy(buf, passphrase->text, *len);
    return ENVOI_OK;
}

/* ---- what does not fit ---- */

static const struct {
    const char *ca, *crl, *ciphers, *cert, *key;
    const char *ca_pem, *cert_pem, *key_pem; /* files whose content comes from memory */
    const char *system_ca;
    bool asks;              /* a passphrase callback is given */
    const char *passphrase; /* what it says */
    unsigned min, max;
    int32_t expect;
    const char *text;
} misfits[] = {
    {.ca = PKI("nowhere.pem"), .expect = ENVOI_E_TLS, .text = PKI("nowhere.pem")},
    {.ca = PKI("garbage.pem"), .expect = ENVOI_E_TLS, .text = PKI("garbage.pem")},
    {.crl = PKI("nowhere.pem"), .expect = ENVOI_E_TLS, .text = PKI("nowhere.pem")},
    {.crl = PKI("garbage.pem"), .expect = ENVOI_E_TLS, .text = PKI("garbage.pem")},
    {.ciphers = "no such cipher", .expect = ENVOI_E_TLS, .text = "no such cipher"},
    {.cert = PKI("nowhere.pem"), .expect = ENVOI_E_TLS, .text = PKI("nowhere.pem")},
    {.cert = PKI("nowhere.pem"), .key = PKI("client.key"), .expect = ENVOI_E_TLS, .text = PKI("nowhere.pem")},
    {.cert = PKI("garbage.pem"), .key = PKI("client.key"), .expect = ENVOI_E_TLS, .text = PKI("garbage.pem")},
    {.cert = PKI("client.pem"), .key = PKI("nowhere.pem"), .expect = ENVOI_E_TLS, .text = PKI("nowhere.pem")},
    {.cert = PKI("client.pem"), .key = PKI("garbage.pem"), .expect = ENVOI_E_TLS, .text = PKI("garbage.pem")},
    {.cert = PKI("client.pem"), .expect = ENVOI_E_TLS, .text = PKI("client.pem") ": no private key can be read"},
    {.cert = PKI("client.pem"),
     .key = PKI("good.key"),
     .expect = ENVOI_E_TLS,
     .text = PKI("good.key") ": the key does not belong to the certificate"},
    {.key = PKI("client.key"), .expect = ENVOI_E_TLS, .text = "a key without a certificate"},
    {.cert = PKI("client.pem"),
     .key = PKI("client-encrypted.key"),
     .expect = ENVOI_E_TLS,
     .text = PKI("client-encrypted.key")},
    {.cert = PKI("client.pem"),
     .key = PKI("client-encrypted.key"),
     .asks = true,
     .passphrase = "wrong",
     .expect = ENVOI_E_TLS,
     .text = PKI("client-encrypted.key") ": the passphrase does not open the key"},
    {.cert = PKI("client.pem"),
     .key = PKI("client-encrypted.key"),
     .asks = true,
     .expect = ENVOI_E_CANCELLED,
     .text = PKI("client-encrypted.key") ": the passphrase of the key was not given"},
    {.min = ENVOI_TLS_1_3, .max = ENVOI_TLS_1_2, .expect = ENVOI_E_TLS, .text = "no TLS version is left"},
    /* the file and its kind */
    /* faults: F26 */
    {.ca = PKI("garbage.pem"),
     .expect = ENVOI_E_TLS,
     .text = PKI("garbage.pem") ": no CA certificate can be read: it is no PEM"},
    /* faults: F26 */
    {.ca = PKI("nowhere.pem"),
     .expect = ENVOI_E_TLS,
     .text = PKI("nowhere.pem") ": no CA certificate can be read: it cannot be opened: No such file or directory"},
    /* faults: F26 */
    {.ca = PKI_DIR, .expect = ENVOI_E_TLS, .text = PKI_DIR ": no CA certificate can be read: it is a directory"},
    /* faults: F26 */
    {.ca = "/dev/null", .expect = ENVOI_E_TLS, .text = "/dev/null: no CA certificate can be read: it is empty"},
    /* faults: F26 */
    {.ca = PKI("good.der"), .expect = ENVOI_E_TLS, .text = "no CA certificate can be read: it is DER and not PEM"},
    /* faults: F26 */
    {.ca = PKI("client.key"),
     .expect = ENVOI_E_TLS,
     .text = "no CA certificate can be read: there is no certificate in"},
    /* faults: F26 */
    {.crl = PKI("good.pem"),
     .expect = ENVOI_E_TLS,
     .text = PKI("good.pem") ": no revocation list can be read: there is no revocation list in it"},
    /* faults: U18 */
    {.cert = PKI("client.p12"),
     .expect = ENVOI_E_TLS,
     .text = PKI("client.p12") ": no certificate can be read: it is PKCS#12 and not PEM; `openssl pkcs12"},
    /* faults: U18 */
    {.cert = PKI("client.pem"),
     .key = PKI("client.p12"),
     .expect = ENVOI_E_TLS,
     .text = PKI("client.p12") ": no private key can be read: it is PKCS#12 and not PEM"},
    /* faults: U18 */
    {.cert = PKI("client.pem"),
     .key = PKI("client-encrypted.key"),
     .expect = ENVOI_E_TLS,
     .text =
         PKI("client-encrypted.key") ": no private key can be read: the key is encrypted, and no passphrase is set"},
    /* faults: F26 */
    {.cert = PKI("client.pem"),
     .key = PKI("client.pem"),
     .expect = ENVOI_E_TLS,
     .text = PKI("client.pem") ": no private key can be read: there is no private key in it"},
    /* from memory */
    {.ca_pem = PKI("garbage.pem"),
     .expect = ENVOI_E_TLS,
     .text = "the CA certificates from memory: no CA certificate can be read: it is no PEM"},
    {.ca_pem = "/dev/null",
     .expect = ENVOI_E_TLS,
     .text = "the CA certificates from memory: no CA certificate can be read: it is empty"},
    {.cert_pem = PKI("garbage.pem"),
     .key_pem = PKI("client.key"),
     .expect = ENVOI_E_TLS,
     .text = "the client certificate from memory: no certificate can be read: it is no PEM"},
    {.cert_pem = PKI("client.pem"),
     .key_pem = PKI("good.key"),
     .expect = ENVOI_E_TLS,
     .text = "the client's key from memory: the key does not belong to the certificate"},
    {.cert_pem = PKI("client.pem"),
     .expect = ENVOI_E_TLS,
     .text = "the client certificate from memory: no private key can be read: there is no private key in it"},
    {.cert_pem = PKI("client.pem"),
     .key_pem = PKI("client-encrypted.key"),
     .asks = true,
     .passphrase = "wrong",
     .expect = ENVOI_E_TLS,
     .text = "the client's key from memory: the passphrase does not open the key"},
    /* faults: U20 */
    {.system_ca = PKI("garbage.pem"),
     .expect = ENVOI_E_TLS,
     .text = PKI("garbage.pem") ": no CA certificate can be read: it is no PEM"},
};

/* The content of a file, to be freed; NULL for NULL. */
static char *content_of(const char *path)
{
    char *text = path ? calloc(1, 100000) : NULL;
    FILE *file = path ? fopen(path, "rb") : NULL;

    if (!path)
        return NULL;
    check(text && file, "%s", path);
    check_lt(fread(text, 1, 99999, file), 99999);
    fclose(file);
    return text;
}

static void try_misfit(size_t row, struct combo combo)
{
    struct passphrase passphrase = {.text = misfits[row].passphrase};
    struct envoi_tls_config config = rig_config();
    struct rig rig;

    rig_open(&rig, combo);
    if (misfits[row].ca)
        config.ca_file = misfits[row].ca;
    config.crl_file = misfits[row].crl;
    config.ciphers = misfits[row].ciphers;
    config.cert_file = misfits[row].cert;
    config.key_file = misfits[row].key;
    config.min_version = misfits[row].min ? misfits[row].min : ENVOI_TLS_1_2;
    config.max_version = misfits[row].max;
    char *ca = content_of(misfits[row].ca_pem), *cert = content_of(misfits[row].cert_pem);
    char *key = content_of(misfits[row].key_pem);
    config.ca_pem = ca;
    config.cert_pem = cert;
    config.key_pem = key;
    config.system_trust = misfits[row].system_ca != NULL;
    config.system_ca_file = misfits[row].system_ca;
    config.passphrase = misfits[row].asks ? give_passphrase : NULL;
    config.passphrase_ctx = &passphrase;
    int32_t rc = rig_context(&rig, &config);
    check_eq(rc, misfits[row].expect, "%s: %d (%s), not %d", rig.tls->name, rc, rig.error_text, misfits[row].expect);
    check_words(rig.error_text, misfits[row].text);
    check_eq(passphrase.calls, misfits[row].asks, "%s asked %d times", rig.tls->name, passphrase.calls);
    check_null(rig.ctx);
    rig_close(&rig);
    free(ca);
    free(cert);
    free(key);
}

static void contexts_misfit_label(size_t row, char *label, size_t cap)
{
    snprintf(label, cap, "%zu: %s", row, misfits[row].text);
}

TABLE(contexts, misfit, COUNT(misfits), "what does not fit is refused by ctx_new(), and the text names it")
{
    check_need((misfits[row].cert || misfits[row].key ? CHECK_CLIENT_CERT : 0) |
               (misfits[row].ca_pem || misfits[row].cert_pem ? CHECK_MEMORY : 0) |
               (misfits[row].asks ? CHECK_ENCRYPTED : 0) | (misfits[row].system_ca ? CHECK_SYSTEM_CA : 0));
    try_misfit(row, combo_of(0));
}

/* ---- the client's certificate ---- */

static const struct {
    const char *cert, *key, *passphrase;
    bool from_memory;
} clients[] = {
    {PKI("client.chain.pem"), PKI("client.key"), NULL, false},
    {PKI("client-both.pem"), NULL, NULL, false},
    {PKI("client.chain.pem"), PKI("client-encrypted.key"), "key pass", false},
    {PKI("client.chain.pem"), PKI("client.key"), NULL, true},
    {PKI("client-both.pem"), NULL, NULL, true},
    {PKI("client.chain.pem"), PKI("client-encrypted.key"), "key pass", true},
};

static void try_client_certificate(size_t row, struct combo combo)
{
    struct passphrase passphrase = {.text = clients[row].passphrase};
    struct envoi_tls_config config = rig_config();
    struct envoi_conn_params params = rig_params();
    struct rig rig;

    rig_open(&rig, combo);
    char *cert = content_of(clients[row].cert), *key = content_of(clients[row].key);
    if (clients[row].from_memory) {
        config.cert_pem = cert;
        config.key_pem = key;
        config.cert_file = config.key_file = PKI("nowhere.pem"); /* not read then */
    } else {
        config.cert_file = clients[row].cert;
        config.key_file = clients[row].key;
    }
    config.passphrase = give_passphrase;
    config.passphrase_ctx = &passphrase;
    check_eq(rig_context(&rig, &config), ENVOI_OK, "%s", rig.error_text);
    check_eq(passphrase.calls, passphrase.text != NULL);
    free(cert);
    free(key);
    rig_serve(&rig, "good", &(struct peer_config){.client_ca = PKI("ca.pem")});
    check_eq(rig_connect(&rig, &params), ENVOI_OK);
    check_eq(rig_handshake(&rig), ENVOI_OK, "%s", rig.error_text);
    check(rig.combo.library->client_is(rig.peer, "alice"));
    check_eq(passphrase.calls, passphrase.text != NULL, "it was asked again later");

    /* It is shown to a server too that names other issuers. */
    rig_serve(&rig, "good", &(struct peer_config){.client_ca = PKI("stranger.pem"), .client_any = true});
    check_eq(rig_connect(&rig, &params), ENVOI_OK);
    check_eq(rig_handshake(&rig), ENVOI_OK, "%s", rig.error_text);
    check(rig.combo.library->client_is(rig.peer, "alice"));
    rig_close(&rig);
}

MATRIX(contexts, client_certificate, COMBOS_WHOLE, CHECK_CLIENT_CERT,
       "the client's certificate is shown, from files or memory, with an encrypted key too")
{
    for (size_t row = 0; row < COUNT(clients); row++)
        if ((!clients[row].from_memory || !check_lacking(CHECK_MEMORY)) &&
            (!clients[row].passphrase || !check_lacking(CHECK_ENCRYPTED)))
            try_client_certificate(row, combo);
}

/* faults: F16 */
MATRIX(contexts, no_client_certificate, COMBOS_WHOLE, 0,
       "a server that demands a client certificate is heard: ENVOI_E_TLS with its alert")
{
    struct envoi_tls_config config = rig_config();
    struct envoi_conn_params params = rig_params();
    struct rig rig;
    char buf[16];
    size_t n;
    int32_t rc = ENVOI_E_AGAIN;

    rig_open(&rig, combo);
    rig_context(&rig, &config);
    rig_serve(&rig, "good", &(struct peer_config){.client_ca = PKI("ca.pem")});
    check_eq(rig_connect(&rig, &params), ENVOI_OK);
    for (int i = 0; i < 20 && rc == ENVOI_E_AGAIN; i++) {
        rc = rig_step(&rig);
        if (rig.peer_rc == PEER_AGAIN)
            rig.peer_rc = rig.combo.library->handshake(rig.peer);
    }
    check_eq(rig.peer_rc, PEER_FAILED);
    if (rc == ENVOI_OK) /* on TLS 1.3 the refusal comes later */
        rc = rig_recv_some(&rig, buf, sizeof(buf), &n);
    check_eq(rc, ENVOI_E_TLS, "%d: %s", rc, rig.error_text);
    check_words(rig.error_text, "the server's alert: ");
    check_words(rig.error_text, ". It asked for a client certificate, and none is set");
    rig_close(&rig);
}

/* An alert is the server's, not a check of ours. */
/* faults: F16 */
MATRIX(contexts, a_client_certificate_of_another_ca, COMBOS_WHOLE, CHECK_CLIENT_CERT,
       "a client certificate that the server refuses is ENVOI_E_TLS with its alert")
{
    struct envoi_tls_config config = rig_config();
    struct envoi_conn_params params = rig_params();
    struct rig rig;
    char buf[16];
    size_t n;
    int32_t rc = ENVOI_E_AGAIN;

    rig_open(&rig, combo);
    config.cert_file = PKI("client.chain.pem");
    config.key_file = PKI("client.key");
    check_eq(rig_context(&rig, &config), ENVOI_OK, "%s", rig.error_text);
    rig_serve(&rig, "good", &(struct peer_config){.client_ca = PKI("stranger.pem")});
    check_eq(rig_connect(&rig, &params), ENVOI_OK);
    for (int i = 0; i < 20 && rc == ENVOI_E_AGAIN; i++) {
        rc = rig_step(&rig);
        if (rig.peer_rc == PEER_AGAIN)
            rig.peer_rc = rig.combo.library->handshake(rig.peer);
    }
    if (rc == ENVOI_OK) /* on TLS 1.3 the refusal comes later */
        rc = rig_recv_some(&rig, buf, sizeof(buf), &n);
    check_eq(rc, ENVOI_E_TLS, "%d: %s", rc, rig.error_text);
    check_words(rig.error_text, "the server's alert: ");
    check_null(strstr(rig.error_text, "none is set"), "%s", rig.error_text);
    rig_close(&rig);
}

/* ---- versions and ciphers ---- */

#define OLD "the server has no TLS version that is allowed here"

static const struct {
    unsigned min, max, server_min, server_max;
    const char *ciphers[LANGUAGES];
    unsigned version; /* 0: refused */
} versions[] = {
    {ENVOI_TLS_1_2, 0, 0x0301, 0x0304, {0}, ENVOI_TLS_1_3},
    {ENVOI_TLS_1_2, 0, 0x0301, 0x0303, {0}, ENVOI_TLS_1_2},
    {ENVOI_TLS_1_2, ENVOI_TLS_1_2, 0x0301, 0x0304, {0}, ENVOI_TLS_1_2},
    {ENVOI_TLS_1_3, 0, 0x0301, 0x0304, {0}, ENVOI_TLS_1_3},
    {ENVOI_TLS_1_3, 0, 0x0301, 0x0303, {0}, 0},
    {ENVOI_TLS_1_2, 0, 0x0302, 0x0302, {0}, 0},
    {ENVOI_TLS_1_2, 0, 0x0301, 0x0301, {0}, 0},
    {0, 0, 0x0301, 0x0302, {0}, 0},
    {0x0301, 0, 0x0301, 0x0302, {"ALL:@SECLEVEL=0", "NORMAL:+VERS-TLS1.0:+VERS-TLS1.1:%PROFILE_VERY_WEAK"}, 0},
};

static void try_version(size_t row, struct combo combo)
{
    struct envoi_tls_config config = rig_config();
    struct envoi_conn_params params = rig_params();
    unsigned version = versions[row].version < check_options.max_tls ? versions[row].version : check_options.max_tls;
    struct envoi_tls_info info;
    struct rig rig;

    if (versions[row].min > check_options.max_tls) /* ctx_new may say already that nothing is left */
        return;
    rig_open(&rig, combo);
    config.min_version = versions[row].min;
    config.max_version = versions[row].max;
    config.ciphers = IN_LANGUAGE(versions[row].ciphers, combo);
    check_eq(rig_context(&rig, &config), ENVOI_OK, "%s", rig.error_text);
    rig_serve(&rig, "rsa",
              &(struct peer_config){.lowest = versions[row].server_min, .highest = versions[row].server_max});
    check_eq(rig_connect(&rig, &params), ENVOI_OK);
    int32_t rc = rig_handshake(&rig);
    check(rc == (version ? ENVOI_OK : ENVOI_E_TLS), "versions %#x to %#x, a server of %#x to %#x: %s (%s)",
          versions[row].min, versions[row].max, versions[row].server_min, versions[row].server_max, check_result(rc),
          rig.error_text);
    if (rc == ENVOI_OK) {
        check_eq(rig_info(&rig, &info), ENVOI_OK);
        check_eq(info.protocol, version);
        check_str_eq(info.protocol_name, info.protocol == ENVOI_TLS_1_3 ? "TLSv1.3" : "TLSv1.2");
    } else if (versions[row].min < ENVOI_TLS_1_3) { /* else the server refuses, in words of its own */
        check_words(rig.error_text, OLD);
    }
    rig_close(&rig);
}

/* faults: 19, 71 */
MATRIX(contexts, version, COMBOS_WHOLE, 0,
       "min_version and max_version are kept, and nothing below TLS 1.2 comes through")
{
    for (size_t row = 0; row < COUNT(versions); row++)
        try_version(row, combo);
}

MATRIX(contexts, ciphers, COMBOS_WHOLE, CHECK_CIPHERS, "a cipher string counts, and does not make weak keys good")
{
    static const char *const strings[LANGUAGES] = {"ECDHE-ECDSA-CHACHA20-POLY1305",
                                                   "NORMAL:-CIPHER-ALL:+CHACHA20-POLY1305"};
    struct envoi_tls_config config = rig_config();
    struct envoi_conn_params params = rig_params();
    struct envoi_tls_info info;
    struct rig rig;

    rig_open(&rig, combo);
    config.max_version = ENVOI_TLS_1_2;
    config.ciphers = strings[rig.combo.language];
    check_eq(rig_context(&rig, &config), ENVOI_OK, "%s", rig.error_text);
    rig_serve(&rig, "good", &(struct peer_config){.lowest = ENVOI_TLS_1_2, .highest = ENVOI_TLS_1_2});
    check_eq(rig_connect(&rig, &params), ENVOI_OK);
    check_eq(rig_handshake(&rig), ENVOI_OK, "%s", rig.error_text);
    check_eq(rig_info(&rig, &info), ENVOI_OK);
    check_str_eq(info.cipher, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256");
    check_eq(info.strength_bits, 256);

    /* A string that says nothing of the strength of keys, or asks for strong ciphers, does not make weak keys good. */
    static const char *const neutral[][LANGUAGES] = {{"ECDHE-RSA-CHACHA20-POLY1305", "NORMAL"}, {"HIGH", "SECURE128"}};
    for (size_t i = 0; i < COUNT(neutral); i++) {
        rig_serve(&rig, "rsa1024", &(struct peer_config){.lowest = ENVOI_TLS_1_2, .highest = ENVOI_TLS_1_2});
        rig_disconnect(&rig);
        rig.tls->ctx_free(rig.ctx);
        config.ciphers = neutral[i][rig.combo.language];
        check_eq(rig_context(&rig, &config), ENVOI_OK, "%s", rig.error_text);
        check_eq(rig_connect(&rig, &params), ENVOI_OK);
        check_eq(rig_handshake(&rig), ENVOI_E_CERTIFICATE, "%s", config.ciphers);
    }
    rig_close(&rig);
}

/* What the string leaves of the versions, and what the versions leave of the string, is nothing: said at once. */
MATRIX(contexts, priorities_without_a_version, COMBO_ONE, CHECK_CIPHERS | CHECK_TLS13,
       "no version left is ENVOI_E_TLS in ctx_new()")
{
    struct envoi_tls_config config = rig_config();
    struct rig rig;

    if (combo.language != CHECK_GNUTLS)
        check_skip("it is about the priority strings of GnuTLS");
    rig_open(&rig, combo);
    config.min_version = ENVOI_TLS_1_3;
    config.ciphers = "NORMAL:-VERS-TLS1.3";
    check_eq(rig_context(&rig, &config), ENVOI_E_TLS);
    check_words(rig.error_text, "no TLS version is left");
    rig_close(&rig);
}

/* A cipher suite without certificates does not come through, whoever asked for it. */
MATRIX(contexts, anonymous, COMBOS_WHOLE, CHECK_CIPHERS, "a cipher suite without certificates does not come through")
{
    static const char *const strings[LANGUAGES] = {"aNULL:@SECLEVEL=0", "NORMAL:-KX-ALL:+ANON-ECDH:+ANON-DH"};
    struct envoi_tls_config config = rig_config();
    struct envoi_conn_params params = rig_params();
    struct rig rig;

    combo.version = ENVOI_TLS_1_2;
    rig_open(&rig, combo);
    config.max_version = ENVOI_TLS_1_2;
    config.ciphers = strings[combo.language];
    check_eq(rig_context(&rig, &config), ENVOI_OK, "%s", rig.error_text);
    rig_serve(&rig, "good", NULL);
    check_eq(rig_connect(&rig, &params), ENVOI_OK);
    int32_t rc = rig_handshake(&rig);
    if (combo.language == CHECK_OPENSSL && combo.library == &peer_openssl) {
        check_eq(rc, ENVOI_E_CERTIFICATE, "%d", rc);
        check_words(rig.error_text, "the server showed no certificate");
    } else {
        check_eq(rc, ENVOI_E_TLS, "%d", rc);
    }
    rig_close(&rig);
}

/* Nor does one without encryption: what it carries is in clear, however good the certificate is. */
MATRIX(contexts, null_cipher, COMBOS_WHOLE, CHECK_CIPHERS, "a cipher suite without encryption does not come through")
{
    static const char *const strings[LANGUAGES] = {"eNULL:@SECLEVEL=0", "NORMAL:-CIPHER-ALL:+NULL"};
    struct envoi_tls_config config = rig_config();
    struct envoi_conn_params params = rig_params();
    struct rig rig;

    combo.version = ENVOI_TLS_1_2;
    rig_open(&rig, combo);
    config.max_version = ENVOI_TLS_1_2;
    config.ciphers = strings[combo.language];
    check_eq(rig_context(&rig, &config), ENVOI_OK, "%s", rig.error_text);
    for (int verify = 0; verify < 2; verify++) {
        params.verify = verify ? ENVOI_VERIFY_ALL : ENVOI_VERIFY_NONE;
        rig_serve(&rig, "rsa", NULL);
        check_eq(rig_connect(&rig, &params), ENVOI_OK);
        int32_t rc = rig_handshake(&rig);
        check_eq(rc, ENVOI_E_TLS, "%s: %d", rig.tls->name, rc);
        if (combo.library == &peer_openssl)
            check_words(rig.error_text, "encrypts nothing");
        rig_disconnect(&rig);
    }
    rig_close(&rig);
}

MATRIX(contexts, system_trust, COMBO_ONE, 0, "the system's CAs do not trust an unknown one")
{
    struct envoi_tls_config config = rig_config();
    struct envoi_conn_params params = rig_params();
    struct rig rig;

    rig_open(&rig, combo);
    config.system_trust = 1;
    config.ca_file = NULL;
    check_eq(rig_context(&rig, &config), ENVOI_OK, "%s", rig.error_text);
    rig_serve(&rig, "good", NULL);
    check_eq(rig_connect(&rig, &params), ENVOI_OK);
    check_eq(rig_handshake(&rig), ENVOI_E_CERTIFICATE);
    check_words(rig.error_text, "issuer unknown");
    rig_close(&rig);
}

/* ---- which CAs are trusted ---- */

static const struct {
    const char *file, *pem, *system_file, *system_dir;
    bool system;
    bool fits;
} trusts[] = {
    {.pem = PKI("ca.pem"), .fits = true},
    {.pem = PKI("stranger.pem")},
    {.pem = PKI("stranger.pem"), .file = PKI("ca.pem"), .fits = true},
    {.pem = PKI("ca.pem"), .file = PKI("stranger.pem"), .fits = true},
    {.pem = PKI("version1.pem"), .file = PKI("ca.pem"), .fits = true},
    /* faults: U20 */
    {.system = true, .system_file = PKI("ca.pem"), .fits = true},
    /* faults: U20 */
    {.system = true, .system_file = PKI("stranger.pem")},
    /* faults: U20 */
    {.system = true, .system_dir = PKI("hashed"), .fits = true},
    {.system = true, .system_dir = PKI("nowhere") ":" PKI("hashed"), .fits = true},
    {.system = true, .system_dir = PKI("nowhere")},
    {.system = true, .system_dir = PKI("hashed"), .system_file = PKI("stranger.pem"), .fits = true},
    {.system = false, .system_file = PKI("ca.pem"), .system_dir = PKI("hashed"), .file = PKI("stranger.pem")},
};

static void try_trust(size_t row, struct combo combo)
{
    struct envoi_tls_config config = rig_config();
    struct envoi_conn_params params = rig_params();
    struct rig rig;

    char *pem = content_of(trusts[row].pem);
    rig_open(&rig, combo);
    config.ca_file = trusts[row].file;
    config.ca_pem = pem;
    config.system_trust = trusts[row].system;
    config.system_ca_file = trusts[row].system_file;
    config.system_ca_dir = trusts[row].system_dir;
    check_eq(rig_context(&rig, &config), ENVOI_OK, "%s", rig.error_text);
    free(pem);
    rig_serve(&rig, "good", NULL);
    check_eq(rig_connect(&rig, &params), ENVOI_OK);
    int32_t rc = rig_handshake(&rig);
    check_eq(rc, trusts[row].fits ? ENVOI_OK : ENVOI_E_CERTIFICATE, "row %zu: %d: %s", row, rc, rig.error_text);
    rig_close(&rig);
}

MATRIX(contexts, trust, COMBO_ONE, 0, "each way to name CAs counts, and no other CA does")
{
    for (size_t row = 0; row < COUNT(trusts); row++)
        if ((!trusts[row].pem || !check_lacking(CHECK_MEMORY)) &&
            (!trusts[row].system || !check_lacking(CHECK_SYSTEM_CA)))
            try_trust(row, combo);
}

/* Only the core reads the environment: a backend goes by its config. */
/* faults: U20 */
MATRIX(contexts, environment_is_not_read, COMBO_ONE, 0,
       "the environment is not read: SSL_CERT_FILE and SSL_CERT_DIR are the core's")
{
    struct envoi_tls_config config = rig_config();
    struct envoi_conn_params params = rig_params();
    struct rig rig;

    setenv("SSL_CERT_FILE", PKI("ca.pem"), 1);
    setenv("SSL_CERT_DIR", PKI("hashed"), 1);
    rig_open(&rig, combo);
    config.ca_file = NULL;
    config.system_trust = 1;
    check_eq(rig_context(&rig, &config), ENVOI_OK, "%s", rig.error_text);
    rig_serve(&rig, "good", NULL);
    check_eq(rig_connect(&rig, &params), ENVOI_OK);
    check_eq(rig_handshake(&rig), ENVOI_E_CERTIFICATE);
    rig_close(&rig);
}

/* A core of ABI 1.0 gives structs that end before the new members. */
MATRIX(contexts, a_core_of_abi_1_0, COMBO_ONE, 0, "nothing is read or written beyond struct_size of a core of ABI 1.0")
{
    struct envoi_tls_config config = rig_config();
    struct envoi_conn_params params = rig_params();
    struct envoi_tls_info info;
    struct rig rig;

    rig_open(&rig, combo);
    config.struct_size = offsetof(struct envoi_tls_config, ca_pem);
    config.ca_pem = config.cert_pem = config.key_pem = "never read";
    params.struct_size = offsetof(struct envoi_conn_params, sni);
    params.sni = "never read";
    check_eq(rig_context(&rig, &config), ENVOI_OK, "%s", rig.error_text);
    rig_serve(&rig, "good", NULL);
    check_eq(rig_connect(&rig, &params), ENVOI_OK);
    check_eq(rig_handshake(&rig), ENVOI_OK, "%s", rig.error_text);
    check(rig.combo.library->saw_sni(rig.peer, HOST));
    info = (struct envoi_tls_info){.struct_size = offsetof(struct envoi_tls_info, group), .group = "untouched"};
    check_eq(rig.tls->info(rig.conn, &info), ENVOI_OK);
    check_str_eq(info.group, "untouched");
    rig_close(&rig);
}

/* The group of the key exchange, in the same words by both libraries. OpenSSL has no string for it. */
MATRIX(contexts, group, COMBOS_WHOLE, CHECK_CIPHERS, "the group of the key exchange is told")
{
    static const struct {
        const char *server;
        const char *ciphers[LANGUAGES];
        const char *groups[LANGUAGES];
        unsigned version; /* 0: any */
    } rows[] = {
        {"good", {NULL, "NORMAL:-GROUP-ALL:+GROUP-X25519"}, {"x25519", "x25519"}, 0},
        {"good", {NULL, "NORMAL:-GROUP-ALL:+GROUP-SECP256R1"}, {"x25519", "secp256r1"}, ENVOI_TLS_1_3},
        {"encipher", {"AES128-GCM-SHA256", "NORMAL:-KX-ALL:+RSA:-VERS-TLS1.3"}, {"", ""}, ENVOI_TLS_1_2},
    };
    struct envoi_conn_params params = rig_params();
    struct envoi_tls_info info;

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct envoi_tls_config config = rig_config();
        struct rig rig;

        if (rows[i].version && combo.version != rows[i].version)
            continue;
        /* The key of the certificate is one of P-256, for which GnuTLS wants the group in TLS 1.2. */
        if (combo.language == CHECK_GNUTLS && i == 0 && combo.version == ENVOI_TLS_1_2)
            continue;
        rig_open(&rig, combo);
        config.ciphers = rows[i].ciphers[combo.language];
        check_eq(rig_context(&rig, &config), ENVOI_OK, "%s", rig.error_text);
        rig_serve(&rig, rows[i].server, NULL);
        check_eq(rig_connect(&rig, &params), ENVOI_OK);
        check_eq(rig_handshake(&rig), ENVOI_OK, "%s", rig.error_text);
        check_eq(rig_info(&rig, &info), ENVOI_OK);
        /* Two OpenSSL libraries of 3.5 or later agree on another one in TLS 1.3. */
        if (combo.language != CHECK_OPENSSL || strcmp(info.group, "X25519MLKEM768") != 0)
            check_str_eq(info.group, rows[i].groups[combo.language], "%s: %s", rig.tls->name, info.group);
        rig_close(&rig);
    }
}

/* ---- names that cannot be one ---- */

#define LABEL_64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define LABEL_50 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa."

static const struct {
    const char *name;
    bool is_ip;
} bad_names[] = {
    {"", false},
    {".", false},
    {".example.test", false},
    {"mail..test", false},
    {"mail.example.test.", false},
    {"mail example.test", false},
    {"mail.example.test\n", false},
    {"*.example.test", false},
    {"m\xc3\xa4il.test", false},
    {"::1", false},
    {LABEL_64 ".test", false},
    {LABEL_50 LABEL_50 LABEL_50 LABEL_50 LABEL_50 "test", false},
    {LABEL_50 LABEL_50 LABEL_50 LABEL_50 LABEL_50 LABEL_50 LABEL_50 "test", false},
    {"", true},
    {"[::1]", true},
    {"fe80::1%lo", true},
    {"127.0.0.1 ", true},
    {"127.1", true},
    {HOST, true},
};

/* faults: 13, 22 */
MATRIX(contexts, bad_name, COMBO_ONE, 0, "a name that cannot be one is ENVOI_E_USAGE in conn_new()")
{
    struct envoi_tls_config config = rig_config();
    struct envoi_conn_params params = rig_params();
    struct rig rig;

    rig_open(&rig, combo);
    check_eq(rig_context(&rig, &config), ENVOI_OK);
    for (size_t i = 0; i < COUNT(bad_names); i++) {
        params.server_name = bad_names[i].name;
        params.name_is_ip = bad_names[i].is_ip;
        check_eq(rig_connect(&rig, &params), ENVOI_E_USAGE, "\"%s\" is taken for a name", bad_names[i].name);
        check_null(strchr(rig.error_text, '\n'));
    }
    rig_close(&rig);
}

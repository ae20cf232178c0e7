/* SPDX-License-Identifier: MIT */
/* Verifies the certificate of the server. The library checks chain and revocation. Name, pins and dates of the leaf are
 * checked here, as they must be checked on resumed sessions too. */
#include "backend.h"

#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

/* ---- the names of a certificate ---- */

void verify_names(const X509 *cert, backend_name_fn *visit, void *arg)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    int count = names ? sk_GENERAL_NAME_num(names) : 0;
    bool more = true;

    for (int i = 0; more && i < count; i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        const ASN1_STRING *value;

        if (name->type != GEN_DNS && name->type != GEN_IPADD)
            continue;
        value = name->type == GEN_DNS ? name->d.dNSName : name->d.iPAddress;
        more = visit(arg, name->type == GEN_IPADD, ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value));
    }
    GENERAL_NAMES_free(names);
}

/* ---- the reason ---- */

static void add_place(struct backend_text *text, enum backend_detail detail, const X509 *cert, int index)
{
    int64_t not_before, not_after;

    (void)info_time(X509_get0_notBefore(cert), &not_before);
    (void)info_time(X509_get0_notAfter(cert), &not_after);
    backend_reason_place(text, index, not_before, not_after);
    if (detail != DETAIL_SUBJECT) {
        backend_text_add(text, ": ");
        info_add_dn(text, X509_get_subject_name(cert));
    }
    backend_text_add(text, ")");
}

/* Stores why the certificate is refused, for connection_step() to report. `cert` may be NULL; `index` is its place in
 * the chain, -1: not worth a word. `library` is the library's code for it. Returns ENVOI_E_CERTIFICATE. */
static int32_t verify_refuse(struct tls_connection *conn, enum backend_reason reason, const X509 *cert, int index,
                             int64_t library)
{
    struct backend_text text = backend_text_lent(conn->reason, sizeof conn->reason);
    enum backend_detail detail;
    int64_t moment = 0;

    backend_text_add(&text, backend_reason_text(reason, &detail));
    if (!cert && (detail == DETAIL_SUBJECT || detail == DETAIL_ISSUER))
        detail = DETAIL_LIBRARY;
    switch (detail) {
    case DETAIL_NOTHING:
        break;
    case DETAIL_NOT_BEFORE:
    case DETAIL_NOT_AFTER:
        if (cert &&
            info_time(detail == DETAIL_NOT_AFTER ? X509_get0_notAfter(cert) : X509_get0_notBefore(cert), &moment))
            backend_text_add_time(&text, moment);
        break;
    case DETAIL_SUBJECT:
        info_add_dn(&text, X509_get_subject_name(cert));
        break;
    case DETAIL_ISSUER:
        info_add_dn(&text, X509_get_issuer_name(cert));
        break;
    case DETAIL_NAMES:
        verify_names(cert, backend_name_list, &text);
        text.len--; /* the blank after the last name */
        backend_text_add(&text, ", not for ");
        backend_text_add(&text, conn->name.text);
        break;
    case DETAIL_HOST:
        backend_text_add(&text, conn->name.text);
        break;
    case DETAIL_LIBRARY:
        backend_text_add(&text, X509_verify_cert_error_string((long)library));
        break;
    }
    if (cert && index >= 0)
        add_place(&text, detail, cert, index);
    conn->reason_code = ENVOI_E_CERTIFICATE;
    conn->reason_library = library;
    return conn->reason_code;
}

/* ---- the leaf ---- */

bool verify_has_chain(const struct tls_connection *conn)
{
    return conn->verify == ENVOI_VERIFY_ALL || conn->verify == ENVOI_VERIFY_CHAIN;
}

static int32_t check_dates(struct tls_connection *conn, const X509 *leaf)
{
    int64_t not_before, not_after, now = time(NULL);

    if (!info_time(X509_get0_notBefore(leaf), &not_before) || !info_time(X509_get0_notAfter(leaf), &not_after))
        return verify_refuse(conn, REASON_UNVERIFIABLE, leaf, 0, X509_V_ERR_ERROR_IN_CERT_NOT_AFTER_FIELD);
    if (now < not_before)
        return verify_refuse(conn, REASON_NOT_YET, leaf, 0, X509_V_ERR_CERT_NOT_YET_VALID);
    if (now > not_after)
        return verify_refuse(conn, REASON_EXPIRED, leaf, 0, X509_V_ERR_CERT_HAS_EXPIRED);
    return ENVOI_OK;
}

static int32_t check_name(struct tls_connection *conn, const X509 *leaf)
{
    struct backend_match match = {.name = &conn->name};

    verify_names(leaf, backend_name_match, &match);
    if (match.found)
        return ENVOI_OK;
    return verify_refuse(conn, match.seen ? REASON_OTHER_HOST : REASON_NAMELESS, leaf, -1,
                         conn->name.ip_len ? X509_V_ERR_IP_ADDRESS_MISMATCH : X509_V_ERR_HOSTNAME_MISMATCH);
}

bool verify_key(const X509 *cert, uint8_t digest[32])
{
    unsigned char *spki = NULL;
    int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &spki);
    bool good = len > 0 && EVP_Digest(spki, (size_t)len, digest, NULL, EVP_sha256(), NULL) == 1;

    OPENSSL_free(spki);
    return good;
}

static int32_t check_pins(struct tls_connection *conn, const X509 *leaf)
{
    uint8_t digest[32];
    bool known = verify_key(leaf, digest), found = false;

    for (uint32_t i = 0; known && i < conn->pin_count; i++)
        found = found || memcmp(conn->pins[i], digest, sizeof digest) == 0;
    return found ? ENVOI_OK : verify_refuse(conn, REASON_PIN, leaf, -1, X509_V_ERR_CERT_REJECTED);
}

static int32_t check_leaf(struct tls_connection *conn, const X509 *leaf)
{
    int32_t rc = ENVOI_OK;

    if (verify_has_chain(conn))
        rc = check_dates(conn, leaf);
    if (!rc && conn->verify == ENVOI_VERIFY_ALL)
        rc = check_name(conn, leaf);
    if (!rc && (conn->pin_count > 0 || conn->verify == ENVOI_VERIFY_PIN))
        rc = check_pins(conn, leaf);
    return rc;
}

/* ---- the chain ---- */

static enum backend_reason reason_of(int error)
{
    static const struct {
        int error;
        enum backend_reason reason;
    } rows[] = {
        {X509_V_ERR_CERT_HAS_EXPIRED, REASON_EXPIRED},
        {X509_V_ERR_CERT_NOT_YET_VALID, REASON_NOT_YET},
        {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, REASON_SELF_SIGNED},
        {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, REASON_ISSUER},
        {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, REASON_ISSUER},
        {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, REASON_ISSUER},
        {X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, REASON_ISSUER},
        {X509_V_ERR_CERT_UNTRUSTED, REASON_ISSUER},
        {X509_V_ERR_INVALID_CA, REASON_NOT_CA},
        {X509_V_ERR_KEYUSAGE_NO_CERTSIGN, REASON_NOT_CA},
        {X509_V_ERR_INVALID_PURPOSE, REASON_PURPOSE},
        {X509_V_ERR_EE_KEY_TOO_SMALL, REASON_WEAK},
        {X509_V_ERR_CA_KEY_TOO_SMALL, REASON_WEAK},
        {X509_V_ERR_CA_MD_TOO_WEAK, REASON_WEAK},
        {X509_V_ERR_CERT_REVOKED, REASON_REVOKED},
        {X509_V_ERR_UNABLE_TO_GET_CRL, REASON_NO_CRL},
        {X509_V_ERR_CRL_SIGNATURE_FAILURE, REASON_NO_CRL},
        {X509_V_ERR_CRL_HAS_EXPIRED, REASON_STALE_CRL},
        {X509_V_ERR_CRL_NOT_YET_VALID, REASON_STALE_CRL},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].error == error)
            return rows[i].reason;
    }
    return REASON_UNVERIFIABLE;
}

/* The library wants a revocation list of every issuer in the chain, but only the one of the leaf's issuer is
 * required. */
static int forgive_missing_lists(int ok, X509_STORE_CTX *store)
{
    return ok || (X509_STORE_CTX_get_error(store) == X509_V_ERR_UNABLE_TO_GET_CRL &&
                  X509_STORE_CTX_get_error_depth(store) > 0);
}

/* A certificate that is limited to purposes has to name this one. The library takes old purposes of vendors too. */
static bool is_for_servers(X509 *cert)
{
    return X509_get_extended_key_usage(cert) & XKU_SSL_SERVER;
}

/* Does keyUsage allow the server's use of its key? RFC 8446 section 4.4.2.2; RFC 5246 section 7.4.2. */
static bool is_usage_right(const struct tls_connection *conn, X509 *leaf)
{
    const SSL_CIPHER *cipher = SSL_get_pending_cipher(conn->library);
    bool decrypts = cipher && SSL_CIPHER_get_kx_nid(cipher) == NID_kx_rsa;

    return X509_get_key_usage(leaf) & (decrypts ? KU_KEY_ENCIPHERMENT : KU_DIGITAL_SIGNATURE);
}

/* The library accepts more: a trusted certificate of version 1 is a CA for it. */
static int32_t check_links(struct tls_connection *conn, X509_STORE_CTX *store)
{
    STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(store);

    for (int i = 0; i < sk_X509_num(chain); i++) {
        X509 *cert = sk_X509_value(chain, i);

        if (i > 0 && X509_check_ca(cert) != 1)
            return verify_refuse(conn, REASON_NOT_CA, cert, i, X509_V_ERR_INVALID_CA);
        if (!is_for_servers(cert) || (i == 0 && !is_usage_right(conn, cert)))
            return verify_refuse(conn, REASON_PURPOSE, cert, i, X509_V_ERR_INVALID_PURPOSE);
    }
    return ENVOI_OK;
}

static int32_t check_chain(struct tls_connection *conn, X509_STORE_CTX *store)
{
    X509 *leaf = X509_STORE_CTX_get0_cert(store);
    int error;

    X509_STORE_CTX_set_verify_cb(store, forgive_missing_lists);
    if (X509_verify_cert(store) != 1) {
        error = X509_STORE_CTX_get_error(store);
        return verify_refuse(conn, reason_of(error), X509_STORE_CTX_get_current_cert(store),
                             X509_STORE_CTX_get_error_depth(store), error);
    }
    /* A CA file is for issuers: a leaf in it is trusted only if it is self-signed. */
    if (X509_STORE_CTX_get_num_untrusted(store) == 0 && X509_self_signed(leaf, 0) != 1)
        return verify_refuse(conn, REASON_ISSUER, leaf, 0, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
    return check_links(conn, store);
}

/* Called by the library when the server's certificate has arrived. */
static int check_server(X509_STORE_CTX *store, void *arg)
{
    const SSL *library = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct tls_connection *conn = SSL_get_app_data(library);
    int32_t rc = ENVOI_OK;

    (void)arg;
    if (verify_has_chain(conn))
        rc = check_chain(conn, store);
    if (!rc)
        rc = check_leaf(conn, X509_STORE_CTX_get0_cert(store));
    conn->checked = !rc;
    /* The library chooses the alert to the server by this code. */
    X509_STORE_CTX_set_error(store, conn->checked ? X509_V_OK : (int)conn->reason_library);
    return conn->checked;
}

void verify_setup(struct tls_context *context)
{
    SSL_CTX_set_verify(context->library, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(context->library, check_server, NULL);
}

int32_t verify_finish(struct tls_connection *conn)
{
    const X509 *leaf = SSL_get0_peer_certificate(conn->library);

    if (!conn->verify && conn->pin_count == 0)
        return ENVOI_OK;
    if (leaf && SSL_session_reused(conn->library))
        return check_leaf(conn, leaf);
    if (leaf && conn->checked)
        return ENVOI_OK;
    return verify_refuse(conn, REASON_ABSENT, NULL, -1, X509_V_ERR_UNSPECIFIED);
}

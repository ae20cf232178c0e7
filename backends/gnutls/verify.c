/* SPDX-License-Identifier: MIT */
/* Verifies the certificate of the server. The library checks chain and revocation. Name, pins and dates of the leaf are
 * checked here, as they must be checked on resumed sessions too. */
#include "backend.h"

#include <gnutls/x509-ext.h>
#include <string.h>
#include <time.h>

/* ---- the names of a certificate ---- */

static gnutls_subject_alt_names_t import_names(gnutls_x509_crt_t cert)
{
    gnutls_subject_alt_names_t names = NULL;
    gnutls_datum_t der = {0};

    if (gnutls_x509_crt_get_extension_by_oid2(cert, GNUTLS_X509EXT_OID_SAN, 0, &der, NULL) < 0)
        return NULL;
    if (gnutls_subject_alt_names_init(&names) >= 0 && gnutls_x509_ext_import_subject_alt_names(&der, names, 0) < 0) {
        gnutls_subject_alt_names_deinit(names);
        names = NULL;
    }
    gnutls_free(der.data);
    return names;
}

void verify_names(gnutls_x509_crt_t cert, bool (*visit)(void *arg, bool is_ip, const void *data, size_t len), void *arg)
{
    gnutls_subject_alt_names_t names = import_names(cert);
    gnutls_datum_t value;
    unsigned type;
    bool more = names != NULL;

    for (unsigned i = 0; more && gnutls_subject_alt_names_get(names, i, &type, &value, NULL) >= 0; i++) {
        if (type != GNUTLS_SAN_DNSNAME && type != GNUTLS_SAN_IPADDRESS)
            continue;
        more = visit(arg, type == GNUTLS_SAN_IPADDRESS, value.data, value.size);
    }
    if (names)
        gnutls_subject_alt_names_deinit(names);
}

struct match {
    const struct backend_name *name;
    size_t seen;
    bool found;
};

static bool match_name(void *arg, bool is_ip, const void *data, size_t len)
{
    struct match *match = arg;

    match->seen++;
    match->found = is_ip ? backend_name_is_ip(match->name, data, len) : backend_name_is_dns(match->name, data, len);
    return !match->found;
}

static bool list_name(void *arg, bool is_ip, const void *data, size_t len)
{
    struct backend_text *text = arg;

    if (text->len > ERROR_TEXT / 2) {
        backend_text_add(text, "...");
        return false;
    }
    if (is_ip)
        backend_text_add_ip(text, data, len);
    else
        backend_text_add_foreign(text, data, len, " \\");
    backend_text_add(text, " ");
    return true;
}

/* ---- the reason ---- */

static void add_library_words(struct backend_text *text, unsigned status)
{
    gnutls_datum_t words = {0};

    if (gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509, &words, 0) < 0)
        return;
    backend_text_add_foreign(text, words.data, words.size ? strlen((const char *)words.data) : 0, "");
    gnutls_free(words.data);
}

/* Stores why the certificate is refused, for connection_step() to report. `cert` may be NULL. `library` is the
 * library's code for it. Returns ENVOI_E_CERTIFICATE. */
static int32_t verify_refuse(struct tls_connection *conn, enum backend_reason reason, gnutls_x509_crt_t cert,
                             int64_t library)
{
    struct backend_text text = backend_text_lent(conn->reason, sizeof conn->reason);
    enum backend_detail detail;

    backend_text_add(&text, backend_reason_text(reason, &detail));
    if (!cert && (detail == DETAIL_SUBJECT || detail == DETAIL_ISSUER))
        detail = DETAIL_LIBRARY;
    switch (detail) {
    case DETAIL_NOTHING:
        break;
    case DETAIL_NOT_BEFORE:
    case DETAIL_NOT_AFTER:
        if (cert)
            backend_text_add_time(&text, detail == DETAIL_NOT_AFTER ? gnutls_x509_crt_get_expiration_time(cert)
                                                                    : gnutls_x509_crt_get_activation_time(cert));
        break;
    case DETAIL_SUBJECT:
        info_add_dn(&text, cert, false);
        break;
    case DETAIL_ISSUER:
        info_add_dn(&text, cert, true);
        break;
    case DETAIL_NAMES:
        verify_names(cert, list_name, &text);
        text.len--; /* the blank after the last name */
        backend_text_add(&text, ", not for ");
        backend_text_add(&text, conn->name.text);
        break;
    case DETAIL_HOST:
        backend_text_add(&text, conn->name.text);
        break;
    case DETAIL_LIBRARY:
        add_library_words(&text, (unsigned)library);
        break;
    }
    conn->reason_code = ENVOI_E_CERTIFICATE;
    conn->reason_library = library;
    return conn->reason_code;
}

/* ---- the leaf ---- */

static int32_t check_dates(struct tls_connection *conn, gnutls_x509_crt_t leaf)
{
    time_t not_before = gnutls_x509_crt_get_activation_time(leaf);
    time_t not_after = gnutls_x509_crt_get_expiration_time(leaf);
    time_t now = time(NULL);

    if (not_before == (time_t)-1 || not_after == (time_t)-1)
        return verify_refuse(conn, REASON_UNVERIFIABLE, leaf, GNUTLS_CERT_INVALID);
    if (now < not_before)
        return verify_refuse(conn, REASON_NOT_YET, leaf, GNUTLS_CERT_NOT_ACTIVATED);
    if (now > not_after)
        return verify_refuse(conn, REASON_EXPIRED, leaf, GNUTLS_CERT_EXPIRED);
    return ENVOI_OK;
}

static int32_t check_name(struct tls_connection *conn, gnutls_x509_crt_t leaf)
{
    struct match match = {.name = &conn->name};

    verify_names(leaf, match_name, &match);
    if (match.found)
        return ENVOI_OK;
    return verify_refuse(conn, match.seen ? REASON_OTHER_HOST : REASON_NAMELESS, leaf, GNUTLS_CERT_UNEXPECTED_OWNER);
}

static int32_t check_pins(struct tls_connection *conn, gnutls_x509_crt_t leaf)
{
    uint8_t digest[32];
    size_t digest_len = sizeof digest;
    bool found = false;

    if (gnutls_x509_crt_get_key_id(leaf, GNUTLS_KEYID_USE_SHA256, digest, &digest_len) < 0)
        digest_len = 0;
    for (uint32_t i = 0; i < conn->pin_count && digest_len == sizeof conn->pins[0]; i++)
        found = found || memcmp(conn->pins[i], digest, sizeof conn->pins[i]) == 0;
    return found ? ENVOI_OK : verify_refuse(conn, REASON_PIN, leaf, GNUTLS_CERT_MISMATCH);
}

static int32_t check_leaf(struct tls_connection *conn, gnutls_x509_crt_t leaf)
{
    int32_t rc = ENVOI_OK;

    if (conn->verify)
        rc = check_dates(conn, leaf);
    if (!rc && conn->verify)
        rc = check_name(conn, leaf);
    if (!rc && conn->pin_count > 0)
        rc = check_pins(conn, leaf);
    return rc;
}

/* ---- the chain ---- */

static enum backend_reason reason_of(unsigned status)
{
    /* Several bits may be set. The order is that in which the other library checks. */
    static const struct {
        unsigned bit;
        enum backend_reason reason;
    } rows[] = {
        {GNUTLS_CERT_SIGNER_NOT_FOUND, REASON_ISSUER},  {GNUTLS_CERT_SIGNER_NOT_CA, REASON_NOT_CA},
        {GNUTLS_CERT_PURPOSE_MISMATCH, REASON_PURPOSE}, {GNUTLS_CERT_INSECURE_ALGORITHM, REASON_WEAK},
        {GNUTLS_CERT_REVOKED, REASON_REVOKED},          {GNUTLS_CERT_NOT_ACTIVATED, REASON_NOT_YET},
        {GNUTLS_CERT_EXPIRED, REASON_EXPIRED},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (status & rows[i].bit)
            return rows[i].reason;
    }
    return REASON_UNVERIFIABLE;
}

/* The library reports the failure of a chain, not the certificate that caused it. Could it be this one? */
static bool is_culprit(const struct tls_connection *conn, enum backend_reason reason, gnutls_x509_crt_t cert,
                       size_t index)
{
    unsigned bits = 0;
    int algorithm;

    switch (reason) {
    case REASON_NOT_CA:
        return index > 0 && gnutls_x509_crt_get_ca_status(cert, NULL) <= 0;
    case REASON_WEAK:
        algorithm = gnutls_x509_crt_get_pk_algorithm(cert, &bits);
        return gnutls_pk_bits_to_sec_param((gnutls_pk_algorithm_t)algorithm, bits) < GNUTLS_SEC_PARAM_MEDIUM;
    case REASON_REVOKED:
        return gnutls_x509_crt_check_revocation(cert, conn->context->crls, conn->context->crl_count) == 1;
    case REASON_NOT_YET:
        return gnutls_x509_crt_get_activation_time(cert) > time(NULL);
    case REASON_EXPIRED:
        return gnutls_x509_crt_get_expiration_time(cert) < time(NULL);
    default:
        return false;
    }
}

/* Finds the certificate that the reason is about. The caller frees it. */
static gnutls_x509_crt_t find_culprit(const struct tls_connection *conn, enum backend_reason reason)
{
    gnutls_x509_crt_t cert, last = NULL;

    for (size_t i = 0; (cert = info_peer_at(conn, i)) != NULL; i++) {
        if (last)
            gnutls_x509_crt_deinit(last);
        last = cert;
        if (is_culprit(conn, reason, cert, i))
            return cert;
    }
    /* If the issuer is unknown, it is that of the last certificate. Otherwise the reason is about the leaf. */
    if (reason == REASON_ISSUER || !last)
        return last;
    gnutls_x509_crt_deinit(last);
    return info_peer_at(conn, 0);
}

/* Finds the certificate of the leaf's issuer: the next of the chain, or a trusted one. The caller frees it. */
static gnutls_x509_crt_t find_issuer(const struct tls_connection *conn, gnutls_x509_crt_t leaf)
{
    gnutls_x509_crt_t issuer = info_peer_at(conn, 1);

    if (issuer && gnutls_x509_crt_check_issuer(leaf, issuer))
        return issuer;
    if (issuer)
        gnutls_x509_crt_deinit(issuer);
    if (gnutls_certificate_get_issuer(conn->context->library, leaf, &issuer, GNUTLS_TL_GET_COPY) < 0)
        return NULL;
    return issuer;
}

/* Is there an up-to-date revocation list that the leaf's issuer signed? The library checks certificates against the
 * lists it has, but accepts that the right one is missing. */
static enum backend_reason check_lists(const struct tls_connection *conn, gnutls_x509_crt_t leaf)
{
    const unsigned stale = GNUTLS_CERT_REVOCATION_DATA_SUPERSEDED | GNUTLS_CERT_REVOCATION_DATA_ISSUED_IN_FUTURE;
    enum backend_reason reason = REASON_NO_CRL;
    gnutls_x509_crt_t issuer;

    if (conn->context->crl_count == 0)
        return REASON_NONE;
    issuer = find_issuer(conn, leaf);
    for (unsigned i = 0; issuer && reason != REASON_NONE && i < conn->context->crl_count; i++) {
        gnutls_x509_crl_t list = conn->context->crls[i];
        unsigned status = 0;
        if (!gnutls_x509_crl_check_issuer(list, issuer) || gnutls_x509_crl_verify(list, &issuer, 1, 0, &status) < 0)
            continue;
        if (status == 0)
            reason = REASON_NONE;
        else if ((status & ~(stale | GNUTLS_CERT_INVALID)) == 0)
            reason = REASON_STALE_CRL;
    }
    if (issuer)
        gnutls_x509_crt_deinit(issuer);
    return reason;
}

static int32_t check_chain(struct tls_connection *conn, gnutls_x509_crt_t leaf)
{
    static const char purpose[] = GNUTLS_KP_TLS_WWW_SERVER;
    unsigned char oid[sizeof purpose];
    gnutls_typed_vdata_st wanted = {.type = GNUTLS_DT_KEY_PURPOSE_OID, .data = oid};
    gnutls_x509_crt_t culprit;
    enum backend_reason reason;
    unsigned status = 0;
    int32_t rc;

    memcpy(oid, purpose, sizeof purpose);
    if (gnutls_certificate_verify_peers(conn->library, &wanted, 1, &status) < 0)
        return verify_refuse(conn, REASON_UNVERIFIABLE, leaf, GNUTLS_CERT_INVALID);
    reason = status == 0 ? check_lists(conn, leaf) : reason_of(status);
    if (reason == REASON_NONE)
        return ENVOI_OK;
    if (reason == REASON_ISSUER && gnutls_x509_crt_check_issuer(leaf, leaf))
        reason = REASON_SELF_SIGNED;
    culprit = find_culprit(conn, reason);
    rc = verify_refuse(conn, reason, culprit, status);
    if (culprit)
        gnutls_x509_crt_deinit(culprit);
    return rc;
}

/* Called by the library when the server's certificate has arrived. */
static int check_server(gnutls_session_t library)
{
    struct tls_connection *conn = gnutls_session_get_ptr(library);
    gnutls_x509_crt_t leaf = info_peer_at(conn, 0);
    int32_t rc = leaf ? ENVOI_OK : verify_refuse(conn, REASON_ABSENT, NULL, GNUTLS_CERT_INVALID);

    if (!rc && conn->verify)
        rc = check_chain(conn, leaf);
    if (!rc)
        rc = check_leaf(conn, leaf);
    conn->checked = !rc;
    if (leaf)
        gnutls_x509_crt_deinit(leaf);
    return conn->checked ? 0 : GNUTLS_E_CERTIFICATE_ERROR;
}

void verify_setup(struct tls_connection *conn)
{
    gnutls_session_set_ptr(conn->library, conn);
    gnutls_session_set_verify_function(conn->library, check_server);
}

int32_t verify_finish(struct tls_connection *conn)
{
    gnutls_x509_crt_t leaf;
    int32_t rc = ENVOI_OK;

    if (!conn->verify && conn->pin_count == 0)
        return ENVOI_OK;
    leaf = info_peer_at(conn, 0);
    if (leaf && gnutls_session_is_resumed(conn->library))
        rc = check_leaf(conn, leaf);
    else if (!leaf || !conn->checked)
        rc = verify_refuse(conn, REASON_ABSENT, NULL, GNUTLS_CERT_INVALID);
    if (leaf)
        gnutls_x509_crt_deinit(leaf);
    return rc;
}

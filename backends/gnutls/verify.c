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

void verify_names(gnutls_x509_crt_t cert, backend_name_fn *visit, void *arg)
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

/* ---- the reason ---- */

static void add_library_words(struct backend_text *text, unsigned status)
{
    gnutls_datum_t words = {0};

    if (gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509, &words, 0) < 0)
        return;
    backend_text_add_foreign(text, words.data, words.size ? strlen((const char *)words.data) : 0, "");
    gnutls_free(words.data);
}

static void add_place(struct backend_text *text, enum backend_detail detail, gnutls_x509_crt_t cert, int index)
{
    int64_t not_before, not_after;

    (void)info_time(cert, &not_before, &not_after);
    backend_reason_place(text, index, not_before, not_after);
    if (detail != DETAIL_SUBJECT) {
        backend_text_add(text, ": ");
        info_add_dn(text, cert, false);
    }
    backend_text_add(text, ")");
}

/* Stores why the certificate is refused, for connection_step() to report. `cert` may be NULL; `index` is its place in
 * the chain, -1: not worth a word. `library` is the library's code for it. Returns ENVOI_E_CERTIFICATE. */
static int32_t verify_refuse(struct tls_connection *conn, enum backend_reason reason, gnutls_x509_crt_t cert, int index,
                             int64_t library)
{
    struct backend_text text = backend_text_lent(conn->reason, sizeof conn->reason);
    enum backend_detail detail;
    int64_t not_before, not_after;

    backend_text_add(&text, backend_reason_text(reason, &detail));
    if (!cert && (detail == DETAIL_SUBJECT || detail == DETAIL_ISSUER))
        detail = DETAIL_LIBRARY;
    switch (detail) {
    case DETAIL_NOTHING:
        break;
    case DETAIL_NOT_BEFORE:
    case DETAIL_NOT_AFTER:
        if (cert && info_time(cert, &not_before, &not_after))
            backend_text_add_time(&text, detail == DETAIL_NOT_AFTER ? not_after : not_before);
        break;
    case DETAIL_SUBJECT:
        info_add_dn(&text, cert, false);
        break;
    case DETAIL_ISSUER:
        info_add_dn(&text, cert, true);
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
        add_library_words(&text, (unsigned)library);
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

static int32_t check_dates(struct tls_connection *conn, gnutls_x509_crt_t leaf)
{
    int64_t not_before, not_after, now = time(NULL);

    if (!info_time(leaf, &not_before, &not_after))
        return verify_refuse(conn, REASON_UNVERIFIABLE, leaf, 0, GNUTLS_CERT_INVALID);
    if (now < not_before)
        return verify_refuse(conn, REASON_NOT_YET, leaf, 0, GNUTLS_CERT_NOT_ACTIVATED);
    if (now > not_after)
        return verify_refuse(conn, REASON_EXPIRED, leaf, 0, GNUTLS_CERT_EXPIRED);
    return ENVOI_OK;
}

static int32_t check_name(struct tls_connection *conn, gnutls_x509_crt_t leaf)
{
    struct backend_match match = {.name = &conn->name};

    verify_names(leaf, backend_name_match, &match);
    if (match.found)
        return ENVOI_OK;
    return verify_refuse(conn, match.seen ? REASON_OTHER_HOST : REASON_NAMELESS, leaf, -1,
                         GNUTLS_CERT_UNEXPECTED_OWNER);
}

bool verify_key(gnutls_x509_crt_t cert, uint8_t digest[32])
{
    size_t len = 32;

    return gnutls_x509_crt_get_key_id(cert, GNUTLS_KEYID_USE_SHA256, digest, &len) >= 0 && len == 32;
}

static int32_t check_pins(struct tls_connection *conn, gnutls_x509_crt_t leaf)
{
    uint8_t digest[32];
    bool known = verify_key(leaf, digest), found = false;

    for (uint32_t i = 0; known && i < conn->pin_count; i++)
        found = found || memcmp(conn->pins[i], digest, sizeof digest) == 0;
    return found ? ENVOI_OK : verify_refuse(conn, REASON_PIN, leaf, -1, GNUTLS_CERT_MISMATCH);
}

static int32_t check_leaf(struct tls_connection *conn, gnutls_x509_crt_t leaf)
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

/* A certificate that is limited to purposes has to name this one. The library takes anyExtendedKeyUsage too. */
static bool is_for_servers(gnutls_x509_crt_t cert)
{
    char oid[64];

    for (unsigned i = 0;; i++) {
        size_t len = sizeof oid;
        int ret = gnutls_x509_crt_get_key_purpose_oid(cert, i, oid, &len, NULL);

        if (ret == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
            return i == 0;
        if (ret < 0 && ret != GNUTLS_E_SHORT_MEMORY_BUFFER)
            return false;
        if (ret >= 0 && strcmp(oid, GNUTLS_KP_TLS_WWW_SERVER) == 0)
            return true;
    }
}

/* Does keyUsage, if there is one, allow it? */
static bool has_usage(gnutls_x509_crt_t cert, unsigned usage)
{
    unsigned all = 0;
    int ret = gnutls_x509_crt_get_key_usage(cert, &all, NULL);

    return ret == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE || (ret >= 0 && (all & usage));
}

enum backend_reason verify_defect(gnutls_x509_crt_t cert)
{
    unsigned is_ca = 0;

    if (gnutls_x509_crt_get_basic_constraints(cert, NULL, &is_ca, NULL) < 0 || !is_ca ||
        !has_usage(cert, GNUTLS_KEY_KEY_CERT_SIGN))
        return REASON_NOT_CA;
    return is_for_servers(cert) ? REASON_NONE : REASON_PURPOSE;
}

/* The chain from the leaf up, as far as it leads. The last one is a trusted CA, if there is one. */
struct path {
    gnutls_x509_crt_t certs[CHAIN_MAX];
    int count;
    bool trusted;
};

/* Finds the issuer among the peer's certificates, one without a defect first. The caller frees it. */
static gnutls_x509_crt_t find_sent_issuer(const struct tls_connection *conn, gnutls_x509_crt_t cert)
{
    gnutls_x509_crt_t other, found = NULL;

    for (size_t i = 1; (other = info_peer_at(conn, i)) != NULL; i++) {
        bool fits = gnutls_x509_crt_check_issuer(cert, other) && !gnutls_x509_crt_equals(cert, other);

        if (!fits || (found && verify_defect(other) != REASON_NONE)) {
            gnutls_x509_crt_deinit(other);
            continue;
        }
        if (found)
            gnutls_x509_crt_deinit(found);
        found = other;
        if (verify_defect(found) == REASON_NONE)
            break;
    }
    return found;
}

static void path_find(struct path *path, const struct tls_connection *conn)
{
    gnutls_x509_crt_t next = info_peer_at(conn, 0);

    *path = (struct path){.count = 0};
    while (next && path->count < CHAIN_MAX) {
        gnutls_x509_crt_t cert = path->certs[path->count++] = next;

        next = NULL;
        if (path->trusted || gnutls_x509_crt_check_issuer(cert, cert))
            break;
        path->trusted =
            gnutls_certificate_get_issuer(conn->context->library, cert, &next, GNUTLS_TL_GET_COPY) >= 0 && next;
        if (!path->trusted)
            next = find_sent_issuer(conn, cert);
    }
    if (next && path->count == CHAIN_MAX)
        gnutls_x509_crt_deinit(next);
}

static void path_free(struct path *path)
{
    for (int i = 0; i < path->count; i++)
        gnutls_x509_crt_deinit(path->certs[i]);
}

static bool is_weak(const struct path *path, int index)
{
    gnutls_x509_crt_t cert = path->certs[index];
    bool is_last = path->trusted && index + 1 == path->count; /* its own signature is not looked at */
    unsigned bits = 0;
    int algorithm = gnutls_x509_crt_get_pk_algorithm(cert, &bits);
    int signature = gnutls_x509_crt_get_signature_algorithm(cert);

    if (gnutls_pk_bits_to_sec_param((gnutls_pk_algorithm_t)algorithm, bits) < GNUTLS_SEC_PARAM_MEDIUM)
        return true;
    return !is_last && (signature < 0 ||
                        !gnutls_sign_is_secure2((gnutls_sign_algorithm_t)signature, GNUTLS_SIGN_FLAG_SECURE_FOR_CERTS));
}

/* The library reports the failure of a chain, not the certificate that caused it. Could it be this one? */
static bool is_culprit(const struct tls_connection *conn, enum backend_reason reason, const struct path *path,
                       int index)
{
    gnutls_x509_crt_t cert = path->certs[index];
    int64_t not_before, not_after;

    (void)info_time(cert, &not_before, &not_after);
    switch (reason) {
    case REASON_NOT_CA:
        return index > 0 && verify_defect(cert) == REASON_NOT_CA;
    case REASON_PURPOSE:
        return !is_for_servers(cert);
    case REASON_WEAK:
        return is_weak(path, index);
    case REASON_REVOKED:
        return gnutls_x509_crt_check_revocation(cert, conn->context->crls, conn->context->crl_count) == 1;
    case REASON_NOT_YET:
        return not_before > time(NULL);
    case REASON_EXPIRED:
        return not_after < time(NULL);
    default:
        return false;
    }
}

/* Finds the place of the certificate that the reason is about; -1: none is known. */
static int find_culprit(const struct tls_connection *conn, enum backend_reason reason, const struct path *path)
{
    bool from_top = reason == REASON_NOT_YET || reason == REASON_EXPIRED; /* as the other library does */

    /* If the issuer is unknown, it is that of the last certificate. */
    if (reason == REASON_ISSUER)
        return path->count - 1;
    for (int i = 0; i < path->count; i++) {
        int index = from_top ? path->count - 1 - i : i;

        if (is_culprit(conn, reason, path, index))
            return index;
    }
    return -1;
}

/* An unknown issuer may be one that is configured and not fit for it. Says so, if that is the case. */
static bool refuse_single(struct tls_connection *conn, const struct path *path, unsigned status)
{
    gnutls_x509_trust_list_iter_t at = NULL;
    gnutls_x509_crt_t single;
    bool found = false;

    while (path->count && gnutls_x509_trust_list_iter_get_ca(conn->context->singles, &at, &single) >= 0) {
        enum backend_reason defect = verify_defect(single);

        if (!found && gnutls_x509_crt_check_issuer(path->certs[path->count - 1], single)) {
            found = true;
            (void)verify_refuse(conn, defect, single, path->count, status);
        }
        gnutls_x509_crt_deinit(single);
    }
    gnutls_x509_trust_list_iter_deinit(at);
    return found;
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

/* Is it a self-signed certificate that is trusted by itself? */
static bool is_single(const struct tls_connection *conn, gnutls_x509_crt_t leaf)
{
    gnutls_x509_trust_list_iter_t at = NULL;
    gnutls_x509_crt_t single;
    bool found = false;

    if (!gnutls_x509_crt_check_issuer(leaf, leaf))
        return false;
    while (!found && gnutls_x509_trust_list_iter_get_ca(conn->context->singles, &at, &single) >= 0) {
        found = gnutls_x509_crt_equals(leaf, single);
        gnutls_x509_crt_deinit(single);
    }
    gnutls_x509_trust_list_iter_deinit(at);
    return found;
}

/* Lets the library verify the chain. *status has its reasons, 0: it is good. */
static bool verify_chain(const struct tls_connection *conn, gnutls_x509_crt_t leaf, unsigned *status)
{
    static const char purpose[] = GNUTLS_KP_TLS_WWW_SERVER;
    unsigned char oid[sizeof purpose];
    gnutls_typed_vdata_st wanted = {.type = GNUTLS_DT_KEY_PURPOSE_OID, .data = oid};

    memcpy(oid, purpose, sizeof purpose);
    if (is_single(conn, leaf))
        return gnutls_x509_trust_list_verify_crt2(conn->context->singles, &leaf, 1, &wanted, 1,
                                                  GNUTLS_PROFILE_TO_VFLAGS(GNUTLS_PROFILE_MEDIUM), status, NULL) >= 0;
    return gnutls_certificate_verify_peers(conn->library, &wanted, 1, status) >= 0;
}

/* Does keyUsage allow the server's use of its key? RFC 8446 section 4.4.2.2; RFC 5246 section 7.4.2. */
static bool is_usage_right(const struct tls_connection *conn, gnutls_x509_crt_t leaf)
{
    bool decrypts = gnutls_kx_get(conn->library) == GNUTLS_KX_RSA;

    return has_usage(leaf, decrypts ? GNUTLS_KEY_KEY_ENCIPHERMENT : GNUTLS_KEY_DIGITAL_SIGNATURE);
}

/* The library accepts more. */
static enum backend_reason check_links(const struct tls_connection *conn, const struct path *path)
{
    for (int i = 1; i < path->count; i++) {
        enum backend_reason defect = verify_defect(path->certs[i]);

        if (defect != REASON_NONE)
            return defect;
    }
    return is_for_servers(path->certs[0]) && is_usage_right(conn, path->certs[0]) ? REASON_NONE : REASON_PURPOSE;
}

int32_t verify_usage(struct tls_connection *conn)
{
    gnutls_x509_crt_t leaf = info_peer_at(conn, 0);
    int32_t rc = verify_refuse(conn, REASON_PURPOSE, leaf, 0, GNUTLS_CERT_PURPOSE_MISMATCH);

    if (leaf)
        gnutls_x509_crt_deinit(leaf);
    return rc;
}

static int32_t refuse_chain(struct tls_connection *conn, enum backend_reason reason, const struct path *path,
                            unsigned status)
{
    int index = find_culprit(conn, reason, path);

    /* The library says that too of a certificate that set_singles_apart() took out of the list. */
    if (reason == REASON_REVOKED && index < 0)
        index = find_culprit(conn, reason = REASON_ISSUER, path);
    if (index < 0)
        index = 0;
    if (reason == REASON_ISSUER && refuse_single(conn, path, status))
        return conn->reason_code;
    if (reason == REASON_ISSUER && path->count == 1 && gnutls_x509_crt_check_issuer(path->certs[0], path->certs[0]))
        reason = REASON_SELF_SIGNED;
    return verify_refuse(conn, reason, path->count ? path->certs[index] : NULL, index, status);
}

static int32_t check_chain(struct tls_connection *conn, gnutls_x509_crt_t leaf)
{
    enum backend_reason reason;
    int32_t rc = ENVOI_OK;
    unsigned status = 0;
    struct path path;

    if (!verify_chain(conn, leaf, &status))
        return verify_refuse(conn, REASON_UNVERIFIABLE, leaf, 0, GNUTLS_CERT_INVALID);
    path_find(&path, conn);
    if (!path.count)
        return verify_refuse(conn, REASON_UNVERIFIABLE, leaf, 0, GNUTLS_CERT_INVALID);
    reason = status == 0 ? check_lists(conn, leaf) : reason_of(status);
    if (reason == REASON_NONE)
        reason = check_links(conn, &path);
    if (reason != REASON_NONE)
        rc = refuse_chain(conn, reason, &path, status);
    path_free(&path);
    return rc;
}

/* Called by the library when the server's certificate has arrived. */
static int check_server(gnutls_session_t library)
{
    struct tls_connection *conn = gnutls_session_get_ptr(library);
    gnutls_x509_crt_t leaf = info_peer_at(conn, 0);
    int32_t rc = leaf ? ENVOI_OK : verify_refuse(conn, REASON_ABSENT, NULL, -1, GNUTLS_CERT_INVALID);

    if (!rc && verify_has_chain(conn)) {
        trust_lock(conn);
        rc = check_chain(conn, leaf);
        trust_unlock(conn);
    }
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
        rc = verify_refuse(conn, REASON_ABSENT, NULL, -1, GNUTLS_CERT_INVALID);
    if (leaf)
        gnutls_x509_crt_deinit(leaf);
    return rc;
}

/* SPDX-License-Identifier: MIT */
/* Verifies the chain of the server. The library finds the way to a trusted CA, and checks signatures and dates. Who
 * may be a CA, and that a revocation list is at hand, is decided here: the library accepts more. */
#include "backend.h"
#include "portable/memory.h"

#include <mbedtls/oid.h>
#include <mbedtls/x509_crt.h>
#include <string.h>

/* Keys of 112 bits, as the other backends have it, but the hashes of today. */
#define PROFILE (&mbedtls_x509_crt_profile_next)

/* The chain from the leaf up, as far as it leads, with the library's flags of each. */
struct path {
    const mbedtls_x509_crt *certs[CHAIN_MAX];
    uint32_t flags[CHAIN_MAX];
    int count;
    uint32_t all; /* flags of all */
};

static int path_note(void *path_, mbedtls_x509_crt *cert, int depth, uint32_t *flags)
{
    struct path *path = path_;

    if (depth >= CHAIN_MAX)
        return MBEDTLS_ERR_X509_FATAL_ERROR;
    path->certs[depth] = cert;
    path->flags[depth] = *flags;
    path->count = path->count > depth ? path->count : depth + 1;
    return 0;
}

/* ---- issuers ---- */

/* A certificate that is limited to purposes has to name this one. The library takes anyExtendedKeyUsage too. */
static bool is_for_servers(const mbedtls_x509_crt *cert)
{
    const mbedtls_x509_sequence *use = &cert->ext_key_usage;

    if (!use->buf.p)
        return true;
    while (use && MBEDTLS_OID_CMP(MBEDTLS_OID_SERVER_AUTH, &use->buf) != 0)
        use = use->next;
    return use != NULL;
}

/* The library knows nothing of nameConstraints, and ignores them if they are not critical. */
static bool has_limits(const mbedtls_x509_crt *cert)
{
    static const uint8_t oid[] = {0x06, 0x03, 0x55, 0x1d, 0x1e};

    return cert->v3_ext.p && memory_find(cert->v3_ext.p, cert->v3_ext.len, oid, sizeof oid);
}

/* Returns why the certificate may not issue those of TLS servers, or REASON_NONE. */
static enum backend_reason defect_of(const mbedtls_x509_crt *cert)
{
    if (!library_is_ca(cert) || mbedtls_x509_crt_check_key_usage(cert, MBEDTLS_X509_KU_KEY_CERT_SIGN) != 0)
        return REASON_NOT_CA;
    if (has_limits(cert))
        return REASON_UNVERIFIABLE;
    return is_for_servers(cert) ? REASON_NONE : REASON_PURPOSE;
}

static int32_t check_links(struct tls_connection *conn, const struct path *path)
{
    for (int i = 0; i < path->count; i++) {
        enum backend_reason defect = i > 0 ? defect_of(path->certs[i]) : REASON_NONE;

        if (i == 0 && !is_for_servers(path->certs[i]))
            defect = REASON_PURPOSE;
        if (defect == REASON_UNVERIFIABLE)
            return verify_refuse(conn, defect, path->certs[i], i, MBEDTLS_ERR_X509_FEATURE_UNAVAILABLE);
        if (defect != REASON_NONE)
            return verify_refuse(conn, defect, path->certs[i], i, MBEDTLS_X509_BADCERT_EXT_KEY_USAGE);
    }
    return ENVOI_OK;
}

/* ---- an unknown issuer ---- */

static bool is_issuer(const mbedtls_x509_crt *cert, const mbedtls_x509_crt *other)
{
    return cert->issuer_raw.len == other->subject_raw.len &&
           memcmp(cert->issuer_raw.p, other->subject_raw.p, cert->issuer_raw.len) == 0;
}

/* Finds one of that name which may not issue certificates, or NULL. */
static const mbedtls_x509_crt *find_unfit(const mbedtls_x509_crt *cert, const mbedtls_x509_crt *list)
{
    while (list && !(list->raw.p && is_issuer(cert, list) && defect_of(list) == REASON_NOT_CA))
        list = list->next;
    return list;
}

static int32_t refuse_issuer(struct tls_connection *conn, const struct path *path, const mbedtls_x509_crt *trusted)
{
    const mbedtls_x509_crt *last = path->certs[path->count - 1], *unfit = find_unfit(last, trusted);
    enum backend_reason reason = REASON_ISSUER;

    if (!unfit)
        unfit = find_unfit(last, path->certs[0]->next);
    if (unfit)
        return verify_refuse(conn, REASON_NOT_CA, unfit, path->count, MBEDTLS_X509_BADCERT_NOT_TRUSTED);
    if (path->count == 1 && is_issuer(last, last))
        reason = REASON_SELF_SIGNED;
    return verify_refuse(conn, reason, last, path->count - 1, MBEDTLS_X509_BADCERT_NOT_TRUSTED);
}

/* ---- revocation ---- */

/* Asks one list about a certificate. The library checks the list within the verification of the certificate, which is
 * made once more, of these two alone. */
static enum backend_reason ask_list(const mbedtls_x509_crl *list, const mbedtls_x509_crt *cert,
                                    const mbedtls_x509_crt *issuer)
{
    const uint32_t useless = MBEDTLS_X509_BADCRL_NOT_TRUSTED | MBEDTLS_X509_BADCRL_BAD_MD | MBEDTLS_X509_BADCRL_BAD_PK |
                             MBEDTLS_X509_BADCRL_BAD_KEY | MBEDTLS_X509_BADCERT_NOT_TRUSTED;
    mbedtls_x509_crt child = *cert, parent = *issuer;
    mbedtls_x509_crl one = *list;
    uint32_t flags = 0;
    int ret;

    if (!list->raw.p || list->issuer_raw.len != issuer->subject_raw.len ||
        memcmp(list->issuer_raw.p, issuer->subject_raw.p, list->issuer_raw.len) != 0)
        return REASON_NO_CRL;
    child.next = parent.next = NULL;
    one.next = NULL;
    ret = mbedtls_x509_crt_verify_with_profile(&child, &parent, &one, PROFILE, NULL, &flags, NULL, NULL);
    if ((ret && ret != MBEDTLS_ERR_X509_CERT_VERIFY_FAILED) || (flags & useless))
        return REASON_NO_CRL;
    if (flags & MBEDTLS_X509_BADCERT_REVOKED)
        return REASON_REVOKED;
    return flags & (MBEDTLS_X509_BADCRL_EXPIRED | MBEDTLS_X509_BADCRL_FUTURE) ? REASON_STALE_CRL : REASON_NONE;
}

/* Asks all lists: one that revokes it counts most, then one that is good. */
static enum backend_reason ask_lists(const mbedtls_x509_crl *lists, const mbedtls_x509_crt *cert,
                                     const mbedtls_x509_crt *issuer)
{
    bool good = false, stale = false;

    for (; lists; lists = lists->next) {
        enum backend_reason reason = ask_list(lists, cert, issuer);

        if (reason == REASON_REVOKED)
            return reason;
        good = good || reason == REASON_NONE;
        stale = stale || reason == REASON_STALE_CRL;
    }
    if (good)
        return REASON_NONE;
    return stale ? REASON_STALE_CRL : REASON_NO_CRL;
}

/* Lists may be missing, but that of the leaf's issuer. */
static int32_t check_lists(struct tls_connection *conn, const struct path *path)
{
    const mbedtls_x509_crl *lists = &conn->context->crls;

    if (!conn->context->has_crl)
        return ENVOI_OK;
    if (path->count == 1)
        return verify_refuse(conn, REASON_NO_CRL, path->certs[0], 0, MBEDTLS_X509_BADCRL_NOT_TRUSTED);
    for (int i = 0; i + 1 < path->count; i++) {
        enum backend_reason reason = ask_lists(lists, path->certs[i], path->certs[i + 1]);

        if (reason != REASON_NONE && (i == 0 || reason != REASON_NO_CRL))
            return verify_refuse(conn, reason, path->certs[i], i, MBEDTLS_X509_BADCERT_REVOKED);
    }
    return ENVOI_OK;
}

/* ---- all of it ---- */

/* The rest of the library's flags, in the order in which the other backends check. */
static int32_t check_flags(struct tls_connection *conn, const struct path *path)
{
    static const struct {
        uint32_t flags;
        enum backend_reason reason;
        bool from_top; /* as the other backends do */
    } rows[] = {
        {MBEDTLS_X509_BADCERT_BAD_MD | MBEDTLS_X509_BADCERT_BAD_PK | MBEDTLS_X509_BADCERT_BAD_KEY, REASON_WEAK, false},
        {MBEDTLS_X509_BADCERT_FUTURE, REASON_NOT_YET, true},
        {MBEDTLS_X509_BADCERT_EXPIRED, REASON_EXPIRED, true},
        {UINT32_MAX, REASON_UNVERIFIABLE, false},
    };

    for (size_t i = 0; path->all && i < sizeof rows / sizeof rows[0]; i++) {
        for (int k = 0; k < path->count; k++) {
            int index = rows[i].from_top ? path->count - 1 - k : k;

            if (path->flags[index] & rows[i].flags)
                return verify_refuse(conn, rows[i].reason, path->certs[index], index, (int64_t)path->flags[index]);
        }
    }
    return ENVOI_OK;
}

static int32_t check_path(struct tls_connection *conn, const struct path *path, const mbedtls_x509_crt *trusted)
{
    int32_t rc;

    if (path->all & MBEDTLS_X509_BADCERT_NOT_TRUSTED)
        return refuse_issuer(conn, path, trusted);
    rc = check_links(conn, path);
    if (!rc)
        rc = check_flags(conn, path);
    if (!rc)
        rc = check_lists(conn, path);
    return rc;
}

int32_t chain_check(struct tls_connection *conn, mbedtls_x509_crt *chain)
{
    struct tls_trust *trust = trust_lock(conn, chain);
    mbedtls_x509_crt *trusted = trust->list.raw.p ? &trust->list : NULL;
    struct path path = {.count = 0};
    int ret = mbedtls_x509_crt_verify_with_profile(chain, trusted, NULL, PROFILE, NULL, &path.all, path_note, &path);
    int32_t rc;

    if (!path.count || (ret && ret != MBEDTLS_ERR_X509_CERT_VERIFY_FAILED) || (!ret && path.all))
        rc = verify_failed(conn, ret);
    else
        rc = check_path(conn, &path, trusted);
    trust_unlock(trust);
    return rc;
}

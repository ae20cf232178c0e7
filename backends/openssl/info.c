/* SPDX-License-Identifier: MIT */
/* Information about a connection: agreed parameters, certificates, channel bindings, the ticket. */
#include "backend.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <string.h>

static int32_t info_fail(struct tls_connection *conn, int32_t code, const char *text)
{
    conn->host->set_error(conn->host, conn->errctx, code, 0, text);
    return code;
}

static bool is_resumed(const struct tls_connection *conn)
{
    return SSL_session_reused(conn->library) == 1;
}

/* ---- agreed parameters ---- */

/* A resumed session of TLS 1.2 has no exchange, though the library remembers the group of the first one. */
static const char *group_name(const struct tls_connection *conn)
{
    int group = (int)SSL_get_negotiated_group(conn->library);
    bool none = group == NID_undef || (is_resumed(conn) && SSL_version(conn->library) < TLS1_3_VERSION);
    const char *name = none ? NULL : SSL_group_to_name(conn->library, group);

    return name ? name : "";
}

int32_t info_agreed(void *conn_, struct envoi_tls_info *out)
{
    struct tls_connection *conn = conn_;
    const SSL_CIPHER *cipher;

    if (!conn->open)
        return info_fail(conn, ENVOI_E_USAGE, "nothing is agreed before the handshake is done");
    cipher = SSL_get_current_cipher(conn->library);
    out->protocol = (uint32_t)SSL_version(conn->library);
    out->protocol_name = out->protocol == ENVOI_TLS_1_3 ? "TLSv1.3" : "TLSv1.2";
    out->strength_bits = (uint32_t)SSL_CIPHER_get_bits(cipher, NULL);
    out->cipher = SSL_CIPHER_standard_name(cipher);
    out->verified = conn->verify;
    out->resumed = is_resumed(conn);
    if (ENVOI_HAS(out, group))
        out->group = group_name(conn);
    return ENVOI_OK;
}

/* ---- certificates ---- */

void info_add_dn(struct backend_text *text, const X509_NAME *dn)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *data = NULL;

    if (bio && X509_NAME_print_ex(bio, dn, 0, XN_FLAG_RFC2253) >= 0) {
        long len = BIO_get_mem_data(bio, &data);
        backend_text_add_foreign(text, data, (size_t)len, "");
    } else {
        text->failed = true;
    }
    BIO_free(bio);
}

bool info_time(const ASN1_TIME *time, int64_t *seconds)
{
    *seconds = 0;
    return backend_date_read(ASN1_STRING_get0_data(time), (size_t)ASN1_STRING_length(time), seconds);
}

/* Returns a certificate of the peer's chain, or NULL. A resumed session has the leaf only. */
static const X509 *peer_at(const struct tls_connection *conn, size_t index)
{
    STACK_OF(X509) *chain = SSL_get_peer_cert_chain(conn->library);

    if (index == 0)
        return SSL_get0_peer_certificate(conn->library);
    return chain ? sk_X509_value(chain, (int)index) : NULL;
}

static size_t peer_count(const struct tls_connection *conn)
{
    STACK_OF(X509) *chain = SSL_get_peer_cert_chain(conn->library);
    int count = chain ? sk_X509_num(chain) : 0;

    return count > 0 ? (size_t)count : SSL_get0_peer_certificate(conn->library) != NULL;
}

static bool info_describe(void *conn_, size_t index, struct backend_certificate *out)
{
    const struct tls_connection *conn = conn_;
    const struct envoi_host *host = conn->host;
    const X509 *cert = peer_at(conn, index);
    struct backend_text subject = backend_text_heap(host);
    struct backend_text issuer = backend_text_heap(host);
    struct backend_text names = backend_text_heap(host);
    uint8_t digest[32];
    int len = i2d_X509(cert, NULL);

    info_add_dn(&subject, X509_get_subject_name(cert));
    info_add_dn(&issuer, X509_get_issuer_name(cert));
    verify_names(cert, backend_name_add, &names);
    out->subject = backend_text_take(&subject);
    out->issuer = backend_text_take(&issuer);
    out->names = backend_text_take(&names);
    if (verify_key(cert, digest))
        backend_text_hex(out->pin, digest, sizeof digest);
    out->der = len > 0 ? host->alloc((size_t)len) : NULL;
    if (out->der) {
        unsigned char *octets = out->der;
        out->der_len = (size_t)i2d_X509(cert, &octets);
    }
    (void)info_time(X509_get0_notBefore(cert), &out->not_before);
    (void)info_time(X509_get0_notAfter(cert), &out->not_after);
    return out->subject && out->issuer && out->names && out->der;
}

int32_t info_certificate(void *conn_, size_t index, struct envoi_certificate *out)
{
    struct tls_connection *conn = conn_;
    int32_t rc = backend_chain_tell(&conn->chain, conn->host, peer_count(conn), index, info_describe, conn, out);

    return rc == ENVOI_E_MEMORY ? info_fail(conn, rc, "out of memory") : rc;
}

void info_forget(struct tls_connection *conn)
{
    backend_chain_free(&conn->chain, conn->host);
}

/* ---- channel bindings ---- */

/* Without the extended master secret, the keys of TLS 1.2 are not bound to the peer's certificate (RFC 7627). */
static bool keys_are_bound(const struct tls_connection *conn)
{
    return SSL_version(conn->library) >= TLS1_3_VERSION || SSL_get_extms_support(conn->library) == 1;
}

static int32_t bind_exporter(struct tls_connection *conn, uint8_t *data, size_t *len)
{
    static const char label[] = "EXPORTER-Channel-Binding";

    *len = 32;
    if (!keys_are_bound(conn) || SSL_export_keying_material(conn->library, data, *len, label, sizeof label - 1,
                                                            (const unsigned char *)"", 0, 1) != 1)
        return ENVOI_E_NOT_SUPPORTED;
    return ENVOI_OK;
}

static int32_t bind_end_point(struct tls_connection *conn, uint8_t *data, size_t *len)
{
    X509 *leaf = SSL_get0_peer_certificate(conn->library);
    int digest = NID_undef;
    const EVP_MD *md;
    unsigned n = 0;

    /* RFC 5929 defines no such binding for a signature without a hash of its own (Ed25519). */
    if (!leaf || X509_get_signature_info(leaf, &digest, NULL, NULL, NULL) != 1 || digest == NID_undef)
        return ENVOI_E_NOT_SUPPORTED;
    if (digest == NID_md5 || digest == NID_sha1)
        digest = NID_sha256;
    md = EVP_get_digestbynid(digest);
    if (!md || X509_digest(leaf, md, data, &n) != 1)
        return ENVOI_E_NOT_SUPPORTED;
    *len = n;
    return ENVOI_OK;
}

/* The first Finished of the handshake: the client's, or the server's if the handshake is abbreviated. */
static int32_t bind_unique(struct tls_connection *conn, uint8_t *data, size_t *len)
{
    if (SSL_version(conn->library) >= TLS1_3_VERSION || !keys_are_bound(conn))
        return ENVOI_E_NOT_SUPPORTED;
    *len = is_resumed(conn) ? SSL_get_peer_finished(conn->library, data, EVP_MAX_MD_SIZE)
                            : SSL_get_finished(conn->library, data, EVP_MAX_MD_SIZE);
    return *len ? ENVOI_OK : ENVOI_E_NOT_SUPPORTED;
}

int32_t info_binding(void *conn_, const char *type, void *buf, size_t cap, size_t *len)
{
    static const struct {
        const char *type;
        int32_t (*bind)(struct tls_connection *conn, uint8_t *data, size_t *len);
    } rows[] = {{"tls-exporter", bind_exporter}, {"tls-server-end-point", bind_end_point}, {"tls-unique", bind_unique}};
    struct tls_connection *conn = conn_;
    uint8_t data[EVP_MAX_MD_SIZE];
    int32_t rc = ENVOI_E_NOT_SUPPORTED;

    *len = 0;
    if (!conn->open)
        return info_fail(conn, ENVOI_E_USAGE, "there is no channel binding before the handshake is done");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(rows[i].type, type) == 0)
            rc = rows[i].bind(conn, data, len);
    }
    ERR_clear_error();
    if (rc)
        *len = 0;
    else if (buf && cap < *len)
        rc = info_fail(conn, ENVOI_E_USAGE, "the buffer is too small for the channel binding");
    else if (buf)
        memcpy(buf, data, *len);
    conn->host->wipe(data, sizeof data);
    return rc;
}

/* ---- the ticket ---- */

bool info_sum(const void *data, size_t len, uint8_t sum[TICKET_SUM])
{
    return EVP_Digest(data, len, sum, NULL, EVP_sha256(), NULL) == 1;
}

/* Returns a session that can be resumed, or NULL. With TLS 1.3 each ticket makes a new session. The one that was
 * offered has used up its ticket (RFC 8446 appendix C.4), although the library would export it again. */
static SSL_SESSION *session_of(const struct tls_connection *conn)
{
    SSL_SESSION *session = SSL_get0_session(conn->library);

    if (!session || !SSL_SESSION_is_resumable(session))
        return NULL;
    return SSL_version(conn->library) >= TLS1_3_VERSION && session == conn->offered ? NULL : session;
}

int32_t info_ticket(void *conn_, const struct envoi_sink *out)
{
    struct tls_connection *conn = conn_;
    SSL_SESSION *session = conn->open ? session_of(conn) : NULL;
    int len = session ? i2d_SSL_SESSION(session, NULL) : 0;
    size_t size = TICKET_HEADER + (size_t)len;
    uint8_t *ticket;
    unsigned char *octets;
    int32_t rc;

    if (len <= 0)
        return ENVOI_E_NOT_SUPPORTED;
    ticket = conn->host->alloc(size);
    if (!ticket)
        return info_fail(conn, ENVOI_E_MEMORY, "out of memory");
    ticket[TICKET_SUM] = TICKET_MARK;
    ticket[TICKET_SUM + 1] = verify_has_chain(conn) ? TICKET_VERIFIED : TICKET_UNVERIFIED;
    octets = ticket + TICKET_HEADER;
    i2d_SSL_SESSION(session, &octets);
    rc = info_sum(ticket + TICKET_SUM, size - TICKET_SUM, ticket) ? out->write(out->ctx, ticket, size) : ENVOI_E_TLS;
    conn->host->wipe(ticket, size);
    conn->host->free(ticket);
    return rc ? info_fail(conn, rc, "the ticket cannot be kept") : ENVOI_OK;
}

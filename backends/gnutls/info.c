/* SPDX-License-Identifier: MIT */
/* Information about a connection: agreed parameters, certificates, channel bindings, the ticket. */
#include "backend.h"

#include <gnutls/crypto.h>
#include <string.h>

#define BINDING_MAX 64

static int32_t info_fail(struct tls_connection *conn, int32_t code, const char *text)
{
    conn->host->set_error(conn->host, conn->errctx, code, 0, text);
    return code;
}

static bool is_1_3(const struct tls_connection *conn)
{
    return gnutls_protocol_get_version(conn->library) >= GNUTLS_TLS1_3;
}

/* ---- agreed parameters ---- */

/* In small letters, as the other library writes it. */
static const char *group_name(struct tls_connection *conn)
{
    bool none = !is_1_3(conn) && gnutls_session_is_resumed(conn->library); /* no exchange took place */
    const char *name = none ? NULL : gnutls_group_get_name(gnutls_group_get(conn->library));
    size_t i = 0;

    for (; name && name[i] && i + 1 < sizeof conn->group; i++)
        conn->group[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] + ('a' - 'A') : name[i]);
    conn->group[i] = '\0';
    return conn->group;
}

int32_t info_agreed(void *conn_, struct envoi_tls_info *out)
{
    struct tls_connection *conn = conn_;

    if (!conn->open)
        return info_fail(conn, ENVOI_E_USAGE, "nothing is agreed before the handshake is done");
    out->protocol = is_1_3(conn) ? ENVOI_TLS_1_3 : ENVOI_TLS_1_2;
    out->protocol_name = out->protocol == ENVOI_TLS_1_3 ? "TLSv1.3" : "TLSv1.2";
    out->strength_bits = (uint32_t)gnutls_cipher_get_key_size(gnutls_cipher_get(conn->library)) * 8;
    out->cipher = gnutls_ciphersuite_get(conn->library);
    out->verified = conn->verify;
    out->resumed = gnutls_session_is_resumed(conn->library) != 0;
    if (ENVOI_HAS(out, group))
        out->group = group_name(conn);
    return ENVOI_OK;
}

/* ---- certificates ---- */

void info_add_dn(struct backend_text *text, gnutls_x509_crt_t cert, bool issuer)
{
    gnutls_datum_t dn = {0};
    int ret = issuer ? gnutls_x509_crt_get_issuer_dn3(cert, &dn, 0) : gnutls_x509_crt_get_dn3(cert, &dn, 0);

    if (ret >= 0)
        backend_text_add_foreign(text, dn.data, dn.size, "");
    else if (ret != GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE) /* an empty name */
        text->failed = true;
    gnutls_free(dn.data);
}

/* The library's own dates are a time_t, which may end in 2038. */
bool info_time(gnutls_x509_crt_t cert, int64_t *not_before, int64_t *not_after)
{
    gnutls_datum_t der = {0};
    bool good = gnutls_x509_crt_export2(cert, GNUTLS_X509_FMT_DER, &der) >= 0 &&
                backend_date_validity(der.data, der.size, not_before, not_after);

    gnutls_free(der.data);
    if (!good)
        *not_before = *not_after = 0;
    return good;
}

/* Returns the peer's chain in DER, or NULL with a count of 0. */
static const gnutls_datum_t *peers(const struct tls_connection *conn, size_t *count)
{
    unsigned n = 0;
    const gnutls_datum_t *chain = gnutls_certificate_get_peers(conn->library, &n);

    *count = chain ? n : 0;
    return chain;
}

gnutls_x509_crt_t info_peer_at(const struct tls_connection *conn, size_t index)
{
    size_t count;
    const gnutls_datum_t *chain = peers(conn, &count);
    gnutls_x509_crt_t cert = NULL;

    if (index >= count || gnutls_x509_crt_init(&cert) < 0)
        return NULL;
    if (gnutls_x509_crt_import(cert, &chain[index], GNUTLS_X509_FMT_DER) < 0) {
        gnutls_x509_crt_deinit(cert);
        return NULL;
    }
    return cert;
}

static bool info_describe_parsed(const struct envoi_host *host, struct backend_certificate *out, gnutls_x509_crt_t cert,
                                 const gnutls_datum_t *der)
{
    struct backend_text subject = backend_text_heap(host);
    struct backend_text issuer = backend_text_heap(host);
    struct backend_text names = backend_text_heap(host);
    uint8_t digest[32];

    info_add_dn(&subject, cert, false);
    info_add_dn(&issuer, cert, true);
    verify_names(cert, backend_name_add, &names);
    out->subject = backend_text_take(&subject);
    out->issuer = backend_text_take(&issuer);
    out->names = backend_text_take(&names);
    if (verify_key(cert, digest))
        backend_text_hex(out->pin, digest, sizeof digest);
    out->der = host->alloc(der->size);
    if (out->der) {
        memcpy(out->der, der->data, der->size);
        out->der_len = der->size;
    }
    (void)info_time(cert, &out->not_before, &out->not_after);
    return out->subject && out->issuer && out->names && out->der;
}

static bool info_describe(void *conn_, size_t index, struct backend_certificate *out)
{
    const struct tls_connection *conn = conn_;
    size_t count;
    const gnutls_datum_t *chain = peers(conn, &count);
    gnutls_x509_crt_t cert = info_peer_at(conn, index);
    bool good = cert && info_describe_parsed(conn->host, out, cert, &chain[index]);

    if (cert)
        gnutls_x509_crt_deinit(cert);
    return good;
}

int32_t info_certificate(void *conn_, size_t index, struct envoi_certificate *out)
{
    struct tls_connection *conn = conn_;
    size_t count;
    int32_t rc;

    (void)peers(conn, &count);
    rc = backend_chain_tell(&conn->chain, conn->host, count, index, info_describe, conn, out);
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
    return is_1_3(conn) || (gnutls_session_get_flags(conn->library) & GNUTLS_SFLAGS_EXT_MASTER_SECRET);
}

static int32_t bind_exporter(struct tls_connection *conn, uint8_t *data, size_t *len)
{
    static const char label[] = "EXPORTER-Channel-Binding";
    char out[32];

    *len = sizeof out;
    if (!keys_are_bound(conn) || gnutls_prf_rfc5705(conn->library, sizeof label - 1, label, 0, "", sizeof out, out) < 0)
        return ENVOI_E_NOT_SUPPORTED;
    memcpy(data, out, sizeof out);
    conn->host->wipe(out, sizeof out);
    return ENVOI_OK;
}

static int32_t bind_by_library(struct tls_connection *conn, gnutls_channel_binding_t type, uint8_t *data, size_t *len)
{
    gnutls_datum_t got = {0};

    if (gnutls_session_channel_binding(conn->library, type, &got) < 0 || got.size == 0 || got.size > BINDING_MAX) {
        gnutls_free(got.data);
        return ENVOI_E_NOT_SUPPORTED;
    }
    memcpy(data, got.data, got.size);
    *len = got.size;
    gnutls_free(got.data);
    return ENVOI_OK;
}

static int32_t bind_end_point(struct tls_connection *conn, uint8_t *data, size_t *len)
{
    gnutls_x509_crt_t leaf = info_peer_at(conn, 0);
    int algorithm = leaf ? gnutls_x509_crt_get_signature_algorithm(leaf) : GNUTLS_SIGN_UNKNOWN;

    if (leaf)
        gnutls_x509_crt_deinit(leaf);
    /* RFC 5929 defines no such binding for a signature without a hash of its own (Ed25519). */
    if (algorithm <= GNUTLS_SIGN_UNKNOWN || algorithm == GNUTLS_SIGN_EDDSA_ED25519 ||
        algorithm == GNUTLS_SIGN_EDDSA_ED448)
        return ENVOI_E_NOT_SUPPORTED;
    return bind_by_library(conn, GNUTLS_CB_TLS_SERVER_END_POINT, data, len);
}

/* The first Finished of the handshake: the client's, or the server's if the handshake is abbreviated. */
static int32_t bind_unique(struct tls_connection *conn, uint8_t *data, size_t *len)
{
    if (is_1_3(conn) || !keys_are_bound(conn))
        return ENVOI_E_NOT_SUPPORTED;
    return bind_by_library(conn, GNUTLS_CB_TLS_UNIQUE, data, len);
}

int32_t info_binding(void *conn_, const char *type, void *buf, size_t cap, size_t *len)
{
    static const struct {
        const char *type;
        int32_t (*bind)(struct tls_connection *conn, uint8_t *data, size_t *len);
    } rows[] = {{"tls-exporter", bind_exporter}, {"tls-server-end-point", bind_end_point}, {"tls-unique", bind_unique}};
    struct tls_connection *conn = conn_;
    uint8_t data[BINDING_MAX];
    int32_t rc = ENVOI_E_NOT_SUPPORTED;

    *len = 0;
    if (!conn->open)
        return info_fail(conn, ENVOI_E_USAGE, "there is no channel binding before the handshake is done");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(rows[i].type, type) == 0)
            rc = rows[i].bind(conn, data, len);
    }
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
    return gnutls_hash_fast(GNUTLS_DIG_SHA256, data, len, sum) >= 0;
}

/* Is there a ticket to export? With TLS 1.3 the library would wait for one if it was asked too early. */
static bool has_ticket(const struct tls_connection *conn)
{
    gnutls_datum_t id = {0};

    if (gnutls_session_get_flags(conn->library) & GNUTLS_SFLAGS_SESSION_TICKET)
        return true;
    return !is_1_3(conn) && gnutls_session_get_id2(conn->library, &id) >= 0 && id.size > 0;
}

int32_t info_ticket(void *conn_, const struct envoi_sink *out)
{
    struct tls_connection *conn = conn_;
    gnutls_datum_t session = {0};
    int32_t rc = ENVOI_E_MEMORY;
    uint8_t *ticket;
    size_t size;

    if (!conn->open || !has_ticket(conn) || gnutls_session_get_data2(conn->library, &session) < 0)
        return ENVOI_E_NOT_SUPPORTED;
    size = TICKET_HEADER + (size_t)session.size;
    ticket = conn->host->alloc(size);
    if (ticket) {
        ticket[TICKET_SUM] = TICKET_MARK;
        ticket[TICKET_SUM + 1] = verify_has_chain(conn) ? TICKET_VERIFIED : TICKET_UNVERIFIED;
        memcpy(ticket + TICKET_HEADER, session.data, session.size);
        rc =
            info_sum(ticket + TICKET_SUM, size - TICKET_SUM, ticket) ? out->write(out->ctx, ticket, size) : ENVOI_E_TLS;
        conn->host->wipe(ticket, size);
    }
    conn->host->free(ticket);
    conn->host->wipe(session.data, session.size);
    gnutls_free(session.data);
    return rc ? info_fail(conn, rc, "the ticket cannot be kept") : ENVOI_OK;
}

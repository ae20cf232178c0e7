/* SPDX-License-Identifier: MIT */
/* Information about a connection: agreed parameters, certificates, channel bindings, the ticket. */
#include "backend.h"

#include <mbedtls/oid.h>
#include <mbedtls/x509_crt.h>
#include <string.h>

static int32_t info_fail(struct tls_connection *conn, int32_t code, const char *text)
{
    conn->host->set_error(conn->host, conn->errctx, code, 0, text);
    return code;
}

static bool is_1_3(const struct tls_connection *conn)
{
    return strcmp(mbedtls_ssl_get_version(&conn->library), "TLSv1.3") == 0;
}

/* ---- agreed parameters ---- */

/* The library writes TLS-ECDHE-RSA-... and TLS1-3-AES-..., IANA TLS_ECDHE_RSA_... and TLS_AES_... */
static const char *cipher_name(struct tls_connection *conn, const char *name)
{
    size_t i = 0;

    if (strncmp(name, "TLS1-3-", 7) == 0) {
        memcpy(conn->cipher, "TLS_", 4);
        i = 4;
        name += 7;
    }
    for (; *name && i + 1 < sizeof conn->cipher; name++)
        conn->cipher[i++] = *name == '-' ? '_' : *name;
    conn->cipher[i] = '\0';
    return conn->cipher;
}

int32_t info_agreed(void *conn_, struct envoi_tls_info *out)
{
    struct tls_connection *conn = conn_;
    const char *suite;

    if (!conn->open)
        return info_fail(conn, ENVOI_E_USAGE, "nothing is agreed before the handshake is done");
    suite = mbedtls_ssl_get_ciphersuite(&conn->library);
    out->protocol = is_1_3(conn) ? ENVOI_TLS_1_3 : ENVOI_TLS_1_2;
    out->protocol_name = out->protocol == ENVOI_TLS_1_3 ? "TLSv1.3" : "TLSv1.2";
    out->strength_bits = library_bits(suite);
    out->cipher = cipher_name(conn, suite);
    out->verified = conn->verify;
    out->resumed = !conn->shown;
    if (ENVOI_HAS(out, group))
        out->group = ""; /* the library does not tell it */
    return ENVOI_OK;
}

/* ---- certificates ---- */

/* Adds a value with the escapes of RFC 4514 section 2.4. */
static void add_value(struct backend_text *text, const mbedtls_x509_buf *value)
{
    for (size_t i = 0; i < value->len; i++) {
        char pair[3] = {'\\', (char)value->p[i]};
        bool at_end = i == 0 || i + 1 == value->len;

        if ((pair[1] && strchr("\"+,;<>\\", pair[1])) || (at_end && pair[1] == ' ') || (i == 0 && pair[1] == '#'))
            backend_text_add(text, pair);
        else
            backend_text_add_foreign(text, value->p + i, 1, "");
    }
}

static void add_attribute(struct backend_text *text, const mbedtls_x509_name *attribute)
{
    const char *type = NULL;
    char number[128] = "?";

    if (mbedtls_oid_get_attr_short_name(&attribute->oid, &type) != 0)
        (void)mbedtls_oid_get_numeric_string(number, sizeof number, &attribute->oid);
    backend_text_add(text, type ? type : number);
    backend_text_add(text, "=");
    add_value(text, &attribute->val);
}

/* RFC 4514 begins with the last. */
void info_add_dn(struct backend_text *text, const mbedtls_x509_name *name)
{
    const mbedtls_x509_name *all[64];
    int count = 0;

    for (; name && name->oid.p && count < (int)(sizeof all / sizeof all[0]); name = name->next)
        all[count++] = name;
    for (int i = count - 1; i >= 0; i--) {
        add_attribute(text, all[i]);
        if (i > 0)
            backend_text_add(text, library_is_merged(all[i - 1]) ? "+" : ",");
    }
}

const mbedtls_x509_crt *info_peer(const struct tls_connection *conn)
{
    if (!conn->shown)
        return conn->stored.raw.p ? &conn->stored : NULL;
    return mbedtls_ssl_get_peer_cert(&conn->library);
}

static const mbedtls_x509_crt *peer_at(const struct tls_connection *conn, size_t index)
{
    const mbedtls_x509_crt *cert = info_peer(conn);

    while (cert && index-- > 0)
        cert = cert->next;
    return cert;
}

static size_t peer_count(const struct tls_connection *conn)
{
    size_t count = 0;

    for (const mbedtls_x509_crt *cert = info_peer(conn); cert; cert = cert->next)
        count++;
    return count;
}

static bool info_describe(void *conn_, size_t index, struct backend_certificate *out)
{
    const struct tls_connection *conn = conn_;
    const struct envoi_host *host = conn->host;
    const mbedtls_x509_crt *cert = peer_at(conn, index);
    struct backend_text subject = backend_text_heap(host);
    struct backend_text issuer = backend_text_heap(host);
    struct backend_text names = backend_text_heap(host);
    uint8_t digest[32];

    info_add_dn(&subject, &cert->subject);
    info_add_dn(&issuer, &cert->issuer);
    verify_names(cert, backend_name_add, &names);
    out->subject = backend_text_take(&subject);
    out->issuer = backend_text_take(&issuer);
    out->names = backend_text_take(&names);
    if (verify_key(cert, digest))
        backend_text_hex(out->pin, digest, sizeof digest);
    out->der = host->alloc(cert->raw.len);
    if (out->der) {
        memcpy(out->der, cert->raw.p, cert->raw.len);
        out->der_len = cert->raw.len;
    }
    (void)backend_date_validity(cert->raw.p, cert->raw.len, &out->not_before, &out->not_after);
    return out->subject && out->issuer && out->names && out->der;
}

int32_t info_certificate(void *conn_, size_t index, struct envoi_certificate *out)
{
    struct tls_connection *conn = conn_;
    int32_t rc;

    if (!conn->open)
        return ENVOI_E_END;
    rc = backend_chain_tell(&conn->chain, conn->host, peer_count(conn), index, info_describe, conn, out);
    return rc == ENVOI_E_MEMORY ? info_fail(conn, rc, "out of memory") : rc;
}

void info_forget(struct tls_connection *conn)
{
    backend_chain_free(&conn->chain, conn->host);
    if (conn->session)
        conn->host->wipe(conn->session, conn->session_len);
    conn->host->free(conn->session);
    mbedtls_x509_crt_free(&conn->stored);
}

/* ---- channel bindings ---- */

static int32_t bind_exporter(struct tls_connection *conn, uint8_t *data, size_t *len)
{
    *len = 32;
    return library_export(&conn->library, "EXPORTER-Channel-Binding", data, *len) ? ENVOI_OK : ENVOI_E_NOT_SUPPORTED;
}

/* RFC 5929 defines no such binding for a signature without a hash of its own. RSASSA-PSS has one among its
 * parameters, which the library does not tell. */
static int32_t bind_end_point(struct tls_connection *conn, uint8_t *data, size_t *len)
{
    const mbedtls_x509_crt *leaf = info_peer(conn);
    mbedtls_md_type_t digest = MBEDTLS_MD_NONE;
    mbedtls_pk_type_t key;

    if (!leaf || mbedtls_oid_get_sig_alg(&leaf->sig_oid, &digest, &key) != 0 || digest == MBEDTLS_MD_NONE)
        return ENVOI_E_NOT_SUPPORTED;
    if (digest == MBEDTLS_MD_MD5 || digest == MBEDTLS_MD_SHA1)
        digest = MBEDTLS_MD_SHA256;
    *len = library_sum(digest, leaf->raw.p, leaf->raw.len, data);
    return *len ? ENVOI_OK : ENVOI_E_NOT_SUPPORTED;
}

int32_t info_binding(void *conn_, const char *type, void *buf, size_t cap, size_t *len)
{
    static const struct {
        const char *type;
        int32_t (*bind)(struct tls_connection *conn, uint8_t *data, size_t *len);
    } rows[] = {{"tls-exporter", bind_exporter}, {"tls-server-end-point", bind_end_point}};
    struct tls_connection *conn = conn_;
    uint8_t data[MBEDTLS_MD_MAX_SIZE];
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

static int32_t export_session(struct tls_connection *conn, const mbedtls_ssl_session *session)
{
    uint8_t *octets;
    size_t len = 0;

    (void)mbedtls_ssl_session_save(session, NULL, 0, &len);
    octets = len ? conn->host->alloc(len) : NULL;
    if (!octets)
        return len ? ENVOI_E_MEMORY : ENVOI_E_NOT_SUPPORTED;
    if (mbedtls_ssl_session_save(session, octets, len, &len) != 0) {
        conn->host->free(octets);
        return ENVOI_E_NOT_SUPPORTED;
    }
    if (conn->session)
        conn->host->wipe(conn->session, conn->session_len);
    conn->host->free(conn->session);
    conn->session = octets;
    conn->session_len = len;
    return ENVOI_OK;
}

int32_t info_keep_session(struct tls_connection *conn)
{
    mbedtls_ssl_session session;
    int32_t rc = ENVOI_E_NOT_SUPPORTED;
    int ret;

    mbedtls_ssl_session_init(&session);
    ret = mbedtls_ssl_get_session(&conn->library, &session);
    if (library_kind(ret) == FAILURE_MEMORY)
        rc = ENVOI_E_MEMORY;
    else if (!ret && library_can_resume(&session))
        rc = export_session(conn, &session);
    mbedtls_ssl_session_free(&session);
    return rc;
}

static void put_length(uint8_t *octets, size_t len)
{
    for (int i = TICKET_TRAILER - 1; i >= 0; i--, len >>= 8)
        octets[i] = (uint8_t)len;
}

static size_t get_length(const uint8_t *octets)
{
    size_t len = 0;

    for (int i = 0; i < TICKET_TRAILER; i++)
        len = len << 8 | octets[i];
    return len;
}

void info_take_session(struct tls_connection *conn, const uint8_t *ticket, size_t len)
{
    const uint8_t *octets = ticket + TICKET_HEADER;
    size_t left = len - TICKET_HEADER - TICKET_TRAILER, leaf = get_length(ticket + len - TICKET_TRAILER);
    mbedtls_ssl_session session;

    if (leaf > left)
        return;
    mbedtls_ssl_session_init(&session);
    if (mbedtls_ssl_session_load(&session, octets, left - leaf) != 0 ||
        mbedtls_x509_crt_parse_der(&conn->stored, octets + left - leaf, leaf) != 0 ||
        mbedtls_ssl_set_session(&conn->library, &session) != 0)
        mbedtls_x509_crt_free(&conn->stored);
    mbedtls_ssl_session_free(&session);
}

int32_t info_ticket(void *conn_, const struct envoi_sink *out)
{
    struct tls_connection *conn = conn_;
    const mbedtls_x509_crt *leaf = conn->open ? info_peer(conn) : NULL;
    int32_t rc = ENVOI_OK;
    uint8_t *ticket, *end;
    size_t size;

    /* With TLS 1.3 it was kept when it came. */
    if (leaf && !conn->session && !is_1_3(conn))
        rc = info_keep_session(conn);
    if (rc == ENVOI_E_MEMORY)
        return info_fail(conn, rc, "out of memory");
    if (!leaf || !conn->session)
        return ENVOI_E_NOT_SUPPORTED;
    size = TICKET_HEADER + conn->session_len + leaf->raw.len + TICKET_TRAILER;
    ticket = conn->host->alloc(size);
    if (!ticket)
        return info_fail(conn, ENVOI_E_MEMORY, "out of memory");
    ticket[TICKET_SUM] = TICKET_MARK;
    ticket[TICKET_SUM + 1] = verify_has_chain(conn) ? TICKET_VERIFIED : TICKET_UNVERIFIED;
    end = ticket + TICKET_HEADER;
    memcpy(end, conn->session, conn->session_len);
    end += conn->session_len;
    memcpy(end, leaf->raw.p, leaf->raw.len);
    put_length(end + leaf->raw.len, leaf->raw.len);
    rc = library_sum(MBEDTLS_MD_SHA256, ticket + TICKET_SUM, size - TICKET_SUM, ticket)
             ? out->write(out->ctx, ticket, size)
             : ENVOI_E_TLS;
    conn->host->wipe(ticket, size);
    conn->host->free(ticket);
    return rc ? info_fail(conn, rc, "the ticket cannot be kept") : ENVOI_OK;
}

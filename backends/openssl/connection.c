/* SPDX-License-Identifier: MIT */
/* A connection: handshake, data in both directions, close. */
#include "backend.h"

#include <openssl/err.h>
#include <string.h>

/* ---- results of a call ---- */

static int32_t connection_fail(struct tls_connection *conn, int32_t code, int64_t library, const char *what,
                               const char *detail)
{
    backend_text_report(conn->host, conn->errctx, code, library, what, detail);
    ERR_clear_error(); /* it is reported, and the application uses the same queue */
    return code;
}

/* Fails for good: the connection cannot be used any more. */
static int32_t connection_die(struct tls_connection *conn, int32_t code, int64_t library, const char *what,
                              const char *detail)
{
    conn->dead = code;
    return connection_fail(conn, code, library, what, detail);
}

/* The library's reasons above an offset are the alerts that came. */
static int32_t connection_die_of_alert(struct tls_connection *conn, unsigned long error, const char *what)
{
    char buf[ERROR_TEXT];
    struct backend_text text = backend_text_lent(buf, sizeof buf);

    backend_alert_add(&text, (unsigned)(ERR_GET_REASON(error) - SSL_AD_REASON_OFFSET), conn->asked);
    return connection_die(conn, ENVOI_E_TLS, (int64_t)error, what, buf);
}

/* Fails for good with the library's error, reworded where its own text would not help a user. */
static int32_t connection_die_of_library(struct tls_connection *conn, const char *what)
{
    static const struct {
        int reason;
        const char *detail;
    } rows[] = {
        {SSL_R_WRONG_VERSION_NUMBER, "the server answers with something that is not TLS"},
        {SSL_R_PACKET_LENGTH_TOO_LONG, "the server answers with something that is not TLS"},
        {SSL_R_HTTP_REQUEST, "the server answers with something that is not TLS"},
        {SSL_R_UNSUPPORTED_PROTOCOL, "the server has no TLS version that is allowed here"},
        {SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, "the server has no TLS version that is allowed here"},
    };
    unsigned long error = ERR_peek_error();
    int reason = ERR_GET_LIB(error) == ERR_LIB_SSL ? ERR_GET_REASON(error) : 0;
    const char *detail = ERR_reason_error_string(error);

    if (reason > SSL_AD_REASON_OFFSET && reason != SSL_R_TLSV1_ALERT_PROTOCOL_VERSION)
        return connection_die_of_alert(conn, error, what);
    if (reason == SSL_R_UNEXPECTED_EOF_WHILE_READING)
        return connection_die(conn, ENVOI_E_TRUNCATED, (int64_t)error,
                              "the connection ended without the closing alert of TLS", NULL);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].reason == reason)
            detail = rows[i].detail;
    }
    if (ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE)
        return connection_die(conn, ENVOI_E_MEMORY, (int64_t)error, "out of memory", NULL);
    return connection_die(conn, ENVOI_E_TLS, (int64_t)error, what, detail);
}

/* Begins a call. Fails if the connection is dead, or if the call is not allowed now. */
static int32_t connection_begin(struct tls_connection *conn, bool allowed, uint32_t *want)
{
    if (want)
        *want = 0;
    conn->wants = 0;
    conn->below = ENVOI_OK;
    conn->moved = 0;
    if (ERR_peek_error()) /* the queue may hold errors of other users; to clear it costs more than to look */
        ERR_clear_error();
    if (conn->dead)
        return connection_fail(conn, conn->dead, 0, "the TLS connection has failed before", NULL);
    return allowed ? ENVOI_OK
                   : connection_fail(conn, ENVOI_E_USAGE, 0, "this cannot be done now with the TLS connection", NULL);
}

/* Ends a call that did not succeed. `what` is the text for a failure. Returns ENVOI_E_AGAIN with *want, ENVOI_E_EOF, or
 * an error that is final. */
static int32_t connection_end(struct tls_connection *conn, int ret, const char *what, uint32_t *want)
{
    int error = SSL_get_error(conn->library, ret);

    if (conn->reason_code)
        return connection_die(conn, conn->reason_code, conn->reason_library, conn->reason, NULL);
    if (error == SSL_ERROR_ZERO_RETURN && conn->open)
        return ENVOI_E_EOF;
    if (error == SSL_ERROR_ZERO_RETURN)
        return connection_die(conn, ENVOI_E_TLS, 0, what, "the server closed the TLS connection");
    if (conn->below == ENVOI_E_EOF)
        return connection_die(conn, ENVOI_E_TRUNCATED, 0, "the connection ended without the closing alert of TLS",
                              NULL);
    if (conn->below)
        return connection_die(conn, conn->below, 0, what, "the octets below cannot be moved");
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
        return connection_die_of_library(conn, what);
    *want = conn->wants;
    return conn->wants ? ENVOI_E_AGAIN : connection_die(conn, ENVOI_E_TLS, 0, what, "the library makes no progress");
}

/* ---- open ---- */

/* May an earlier session be offered for resumption? Not if its chain was not checked and should be now, and never if
 * there are revocation lists: the stored leaf alone cannot be checked against them. */
static bool is_usable(const struct tls_connection *conn, const uint8_t *ticket, size_t len)
{
    uint8_t sum[TICKET_SUM];

    if (!ticket || len <= TICKET_HEADER || conn->context->has_crl)
        return false;
    if (!info_sum(ticket + TICKET_SUM, len - TICKET_SUM, sum) || memcmp(sum, ticket, sizeof sum) != 0)
        return false;
    return ticket[TICKET_SUM] == TICKET_MARK && (!verify_has_chain(conn) || ticket[TICKET_SUM + 1] == TICKET_VERIFIED);
}

static int32_t open_library(struct tls_connection *conn, const char *sni)
{
    ERR_clear_error();
    conn->library = SSL_new(conn->context->library);
    if (!conn->library || !SSL_set_app_data(conn->library, conn) || !lower_attach(conn))
        return connection_fail(conn, ENVOI_E_MEMORY, 0, "out of memory", NULL);
    SSL_set_connect_state(conn->library);
    /* The macro casts the const away, which newer compilers hold against its user. */
    if (sni && !SSL_set_tlsext_host_name(conn->library, (uintptr_t)sni))
        return connection_die_of_library(conn, "no TLS connection can be made");
    return ENVOI_OK;
}

static void offer_ticket(struct tls_connection *conn, const uint8_t *ticket, size_t len)
{
    const unsigned char *octets = ticket + TICKET_HEADER;

    conn->offered = d2i_SSL_SESSION(NULL, &octets, (long)(len - TICKET_HEADER));
    if (conn->offered)
        SSL_set_session(conn->library, conn->offered);
    ERR_clear_error();
}

int32_t connection_new(void *context_, const struct envoi_conn_params *params, void **out)
{
    const struct tls_context *context = context_;
    const struct envoi_host *host = context->state->host;
    struct tls_connection *conn = host->alloc(sizeof *conn);
    bool known = params->verify <= ENVOI_VERIFY_PIN;
    int32_t rc = ENVOI_OK;

    if (!conn) {
        host->set_error(host, params->errctx, ENVOI_E_MEMORY, 0, "out of memory");
        return ENVOI_E_MEMORY;
    }
    *conn = (struct tls_connection){.host = host,
                                    .context = context,
                                    .lower = params->lower,
                                    .errctx = params->errctx,
                                    .verify = known ? params->verify : ENVOI_VERIFY_ALL,
                                    .pin_count = params->pin_count};
    if (!backend_name_set(&conn->name, params->server_name, params->name_is_ip != 0))
        rc = connection_fail(conn, ENVOI_E_USAGE, 0, "not a name that a server can have", params->server_name);
    if (!rc && conn->pin_count > 0) {
        conn->pins = host->alloc(conn->pin_count * sizeof conn->pins[0]);
        if (conn->pins)
            memcpy(conn->pins, params->pins, conn->pin_count * sizeof conn->pins[0]);
        else
            rc = connection_fail(conn, ENVOI_E_MEMORY, 0, "out of memory", NULL);
    }
    if (!rc)
        rc = open_library(conn, backend_name_to_send(&conn->name, params));
    if (!rc && is_usable(conn, params->ticket, params->ticket_len))
        offer_ticket(conn, params->ticket, params->ticket_len);
    if (rc) {
        connection_free(conn);
        return rc;
    }
    *out = conn;
    return ENVOI_OK;
}

/* Configurations can bring cipher suites back that only protect against changes. */
static bool is_encrypted(const struct tls_connection *conn)
{
    return SSL_CIPHER_get_bits(SSL_get_current_cipher(conn->library), NULL) > 0;
}

int32_t connection_step(void *conn_, uint32_t *want)
{
    struct tls_connection *conn = conn_;
    int32_t rc = connection_begin(conn, true, want);
    int ret;

    if (rc || conn->open)
        return rc;
    ret = SSL_do_handshake(conn->library);
    if (ret != 1)
        return connection_end(conn, ret, "the TLS handshake failed", want);
    if (!is_encrypted(conn))
        return connection_die(conn, ENVOI_E_TLS, 0, "the TLS handshake failed", "the agreed cipher encrypts nothing");
    rc = verify_finish(conn);
    if (rc)
        return connection_die(conn, rc, conn->reason_library, conn->reason, NULL);
    conn->open = true;
    return ENVOI_OK;
}

/* ---- data ---- */

int32_t connection_recv(void *conn_, void *buf, size_t cap, size_t *n, uint32_t *want)
{
    struct tls_connection *conn = conn_;
    int32_t rc = connection_begin(conn, conn->open && cap > 0, want);
    int ret;

    *n = 0;
    if (rc)
        return rc;
    ret = SSL_read_ex(conn->library, buf, cap, n);
    return ret == 1 ? ENVOI_OK : connection_end(conn, ret, "reading from the TLS connection failed", want);
}

int32_t connection_send(void *conn_, const void *buf, size_t len, size_t *n, uint32_t *want)
{
    struct tls_connection *conn = conn_;
    int32_t rc = connection_begin(conn, conn->open && !conn->closed && len > 0 && len >= conn->unsent, want);
    int ret;

    *n = 0;
    if (rc)
        return rc;
    ret = SSL_write_ex(conn->library, buf, len, n);
    if (ret != 1)
        rc = connection_end(conn, ret, "writing to the TLS connection failed", want);
    conn->unsent = rc == ENVOI_E_AGAIN ? len : 0;
    return rc;
}

size_t connection_pending(void *conn_)
{
    const struct tls_connection *conn = conn_;

    return (size_t)SSL_pending(conn->library);
}

/* ---- close ---- */

int32_t connection_close(void *conn_, uint32_t *want)
{
    struct tls_connection *conn = conn_;
    int32_t rc = connection_begin(conn, conn->open && !conn->unsent, want);
    int ret;

    if (rc || conn->closed)
        return rc;
    ret = SSL_shutdown(conn->library);
    if (ret < 0)
        return connection_end(conn, ret, "closing the TLS connection failed", want);
    conn->closed = true;
    return ENVOI_OK;
}

void connection_free(void *conn_)
{
    struct tls_connection *conn = conn_;
    const struct envoi_host *host;

    if (!conn)
        return;
    host = conn->host;
    SSL_free(conn->library);
    SSL_SESSION_free(conn->offered);
    info_forget(conn);
    host->free(conn->pins);
    host->wipe(conn, sizeof *conn);
    host->free(conn);
}

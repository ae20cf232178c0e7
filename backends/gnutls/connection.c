/* SPDX-License-Identifier: MIT */
/* A connection: handshake, data in both directions, close. */
#include "backend.h"

#include <string.h>

/* If the server asks for a renegotiation more often than this, the connection ends. */
#define REQUESTS_MAX 4

/* ---- results of a call ---- */

static int32_t connection_fail(struct tls_connection *conn, int32_t code, int64_t library, const char *what,
                               const char *detail)
{
    return backend_text_report(conn->host, conn->errctx, code, library, what, detail);
}

/* Fails for good: the connection cannot be used any more. */
static int32_t connection_die(struct tls_connection *conn, int32_t code, int64_t library, const char *what,
                              const char *detail)
{
    conn->dead = code;
    return connection_fail(conn, code, library, what, detail);
}

static int32_t connection_die_of_alert(struct tls_connection *conn, int error, const char *what, unsigned alert)
{
    bool asked = gnutls_certificate_client_get_request_status(conn->library) != 0;
    char buf[ERROR_TEXT];
    struct backend_text text = backend_text_lent(buf, sizeof buf);

    backend_alert_add(&text, alert, asked && !conn->context->has_client);
    return connection_die(conn, ENVOI_E_TLS, error, what, buf);
}

/* Fails for good with the library's error, reworded where its own text would not help a user. */
static int32_t connection_die_of_library(struct tls_connection *conn, int error, const char *what)
{
    static const struct {
        int error;
        const char *detail;
    } rows[] = {
        {GNUTLS_E_UNEXPECTED_PACKET_LENGTH, "the server answers with something that is not TLS"},
        {GNUTLS_E_UNEXPECTED_PACKET, "the server answers with something that is not TLS"},
        {GNUTLS_E_RECORD_OVERFLOW, "the server answers with something that is not TLS"},
        {GNUTLS_E_UNSUPPORTED_VERSION_PACKET, "the server has no TLS version that is allowed here"},
    };
    const char *detail = gnutls_strerror(error);
    gnutls_alert_description_t alert = gnutls_alert_get(conn->library);

    if (error == GNUTLS_E_PREMATURE_TERMINATION)
        return connection_die(conn, ENVOI_E_TRUNCATED, error, "the connection ended without the closing alert of TLS",
                              NULL);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].error == error && (!conn->open || i == 0))
            detail = rows[i].detail;
    }
    if (error == GNUTLS_E_FATAL_ALERT_RECEIVED && alert == GNUTLS_A_PROTOCOL_VERSION)
        detail = rows[3].detail;
    else if (error == GNUTLS_E_FATAL_ALERT_RECEIVED)
        return connection_die_of_alert(conn, error, what, alert);
    if (error == GNUTLS_E_KEY_USAGE_VIOLATION &&
        verify_has_chain(conn)) /* found by the library before it asks for our checks */
        return connection_die(conn, verify_usage(conn), error, conn->reason, NULL);
    if (error == GNUTLS_E_MEMORY_ERROR)
        return connection_die(conn, ENVOI_E_MEMORY, error, "out of memory", NULL);
    return connection_die(conn, ENVOI_E_TLS, error, what, detail);
}

/* Begins a call. Fails if the connection is dead, or if the call is not allowed now. */
static int32_t connection_begin(struct tls_connection *conn, bool allowed, uint32_t *want)
{
    if (want)
        *want = 0;
    conn->wants = 0;
    conn->below = ENVOI_OK;
    conn->moved = 0;
    if (conn->dead)
        return connection_fail(conn, conn->dead, 0, "the TLS connection has failed before", NULL);
    return allowed ? ENVOI_OK
                   : connection_fail(conn, ENVOI_E_USAGE, 0, "this cannot be done now with the TLS connection", NULL);
}

/* Ends a call that did not succeed. `what` is the text for a failure. Returns ENVOI_E_AGAIN with *want, ENVOI_E_EOF, or
 * an error that is final. */
static int32_t connection_end(struct tls_connection *conn, int ret, const char *what, uint32_t *want)
{
    if (conn->reason_code)
        return connection_die(conn, conn->reason_code, conn->reason_library, conn->reason, NULL);
    if (ret == 0)
        return ENVOI_E_EOF;
    if (conn->below == ENVOI_E_EOF)
        return connection_die(conn, ENVOI_E_TRUNCATED, ret, "the connection ended without the closing alert of TLS",
                              NULL);
    if (conn->below)
        return connection_die(conn, conn->below, ret, what, "the octets below cannot be moved");
    if (gnutls_error_is_fatal(ret))
        return connection_die_of_library(conn, ret, what);
    *want = conn->wants;
    return conn->wants ? ENVOI_E_AGAIN : connection_die(conn, ENVOI_E_TLS, ret, what, "the library makes no progress");
}

/* The library also says "again" if it has consumed a record that is not for the caller (a ticket, a warning), although
 * lower may have more. Returns true if the library should be called once more: it made progress, and lower refused
 * nothing. */
static bool goes_on(struct tls_connection *conn, int ret)
{
    bool moved = conn->moved > 0;

    conn->moved = 0;
    return ret < 0 && !gnutls_error_is_fatal(ret) && !conn->wants && !conn->below && moved;
}

/* ---- open ---- */

/* May an earlier session be offered for resumption? Not if its chain was not checked and should be now, and never if
 * there are revocation lists: the stored leaf alone cannot be checked against them. */
static bool is_usable(const struct tls_connection *conn, const uint8_t *ticket, size_t len)
{
    uint8_t sum[TICKET_SUM];

    if (!ticket || len <= TICKET_HEADER || conn->context->crl_count > 0)
        return false;
    if (!info_sum(ticket + TICKET_SUM, len - TICKET_SUM, sum) || memcmp(sum, ticket, sizeof sum) != 0)
        return false;
    return ticket[TICKET_SUM] == TICKET_MARK && (!verify_has_chain(conn) || ticket[TICKET_SUM + 1] == TICKET_VERIFIED);
}

static int32_t open_library(struct tls_connection *conn, const char *sni)
{
    const unsigned flags = GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL | GNUTLS_FORCE_CLIENT_CERT;
    int ret = gnutls_init(&conn->library, flags);

    if (ret < 0 || !lower_attach(conn))
        return connection_fail(conn, ENVOI_E_MEMORY, ret, "out of memory", NULL);
    ret = gnutls_priority_set(conn->library, conn->context->priority);
    if (ret >= 0)
        ret = gnutls_credentials_set(conn->library, GNUTLS_CRD_CERTIFICATE, conn->context->library);
    if (ret >= 0 && sni)
        ret = gnutls_server_name_set(conn->library, GNUTLS_NAME_DNS, sni, strlen(sni));
    if (ret < 0)
        return connection_die_of_library(conn, ret, "no TLS connection can be made");
    verify_setup(conn);
    return ENVOI_OK;
}

static int32_t offer_ticket(struct tls_connection *conn, const char *sni, const uint8_t *ticket, size_t len)
{
    if (gnutls_session_set_data(conn->library, ticket + TICKET_HEADER, len - TICKET_HEADER) >= 0)
        return ENVOI_OK;
    /* The library may have imported a part of it, which would break the handshake. */
    gnutls_deinit(conn->library);
    conn->library = NULL;
    return open_library(conn, sni);
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
        rc = offer_ticket(conn, backend_name_to_send(&conn->name, params), params->ticket, params->ticket_len);
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
    return gnutls_cipher_get(conn->library) != GNUTLS_CIPHER_NULL;
}

int32_t connection_step(void *conn_, uint32_t *want)
{
    struct tls_connection *conn = conn_;
    int32_t rc = connection_begin(conn, true, want);
    int ret;

    if (rc || conn->open)
        return rc;
    do {
        ret = gnutls_handshake(conn->library);
    } while (goes_on(conn, ret));
    if (ret < 0) {
        rc = connection_end(conn, ret, "the TLS handshake failed", want);
        if (rc != ENVOI_E_AGAIN && !conn->below)
            gnutls_alert_send_appropriate(conn->library, ret); /* a failure is ignored: the connection is lost anyway */
        return rc;
    }
    if (!is_encrypted(conn))
        return connection_die(conn, ENVOI_E_TLS, 0, "the TLS handshake failed", "the agreed cipher encrypts nothing");
    rc = verify_finish(conn);
    if (rc)
        return connection_die(conn, rc, conn->reason_library, conn->reason, NULL);
    conn->open = true;
    return ENVOI_OK;
}

/* ---- data ---- */

/* Declines a renegotiation, as no honest server needs one. Returns false if the connection should end. */
static bool refuse_renegotiation(struct tls_connection *conn)
{
    if (++conn->requests > REQUESTS_MAX)
        return false;
    return gnutls_alert_send(conn->library, GNUTLS_AL_WARNING, GNUTLS_A_NO_RENEGOTIATION) >= 0;
}

int32_t connection_recv(void *conn_, void *buf, size_t cap, size_t *n, uint32_t *want)
{
    struct tls_connection *conn = conn_;
    int32_t rc = connection_begin(conn, conn->open && cap > 0, want);
    ssize_t ret;

    *n = 0;
    if (rc)
        return rc;
    do {
        ret = gnutls_record_recv(conn->library, buf, cap);
        if (ret == GNUTLS_E_REHANDSHAKE && !refuse_renegotiation(conn))
            return connection_die(conn, ENVOI_E_TLS, ret, "the server insists on a renegotiation", NULL);
    } while (goes_on(conn, (int)ret));
    if (ret <= 0)
        return connection_end(conn, (int)ret, "reading from the TLS connection failed", want);
    *n = (size_t)ret;
    return ENVOI_OK;
}

/* Encrypts a record. A record that is partly sent must not stay in the library: if the server asks for new keys in the
 * meantime, sending can neither be resumed (the library calls that invalid) nor be repeated (the record would go out
 * twice). So the library always writes whole records, and octets for which lower has no room are kept. */
static ssize_t take_record(struct tls_connection *conn, const void *buf, size_t len)
{
    ssize_t ret;

    conn->spills = true;
    do {
        ret = gnutls_record_send(conn->library, buf, len);
    } while (goes_on(conn, (int)ret));
    conn->spills = false;
    return ret;
}

int32_t connection_send(void *conn_, const void *buf, size_t len, size_t *n, uint32_t *want)
{
    struct tls_connection *conn = conn_;
    int32_t rc = connection_begin(conn, conn->open && !conn->closed && len > 0 && len >= conn->unsent, want);
    ssize_t ret = 1;

    *n = 0;
    if (rc)
        return rc;
    if (!conn->unsent) {
        ret = take_record(conn, buf, len);
        conn->taken = ret > 0 ? (size_t)ret : 0;
        conn->unsent = ret > 0 ? len : 0;
    }
    if (ret > 0 && conn->spilt_len && lower_spill(conn))
        ret = GNUTLS_E_AGAIN;
    if (ret <= 0)
        return connection_end(conn, (int)ret, "writing to the TLS connection failed", want);
    conn->unsent = 0;
    *n = conn->taken;
    return ENVOI_OK;
}

size_t connection_pending(void *conn_)
{
    const struct tls_connection *conn = conn_;

    return gnutls_record_check_pending(conn->library);
}

/* ---- close ---- */

int32_t connection_close(void *conn_, uint32_t *want)
{
    struct tls_connection *conn = conn_;
    int32_t rc = connection_begin(conn, conn->open && !conn->unsent, want);
    int ret;

    if (rc || conn->closed)
        return rc;
    do {
        ret = gnutls_bye(conn->library, GNUTLS_SHUT_WR);
    } while (goes_on(conn, ret));
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
    if (conn->library)
        gnutls_deinit(conn->library);
    info_forget(conn);
    host->free(conn->spilt);
    host->free(conn->pins);
    host->wipe(conn, sizeof *conn);
    host->free(conn);
}

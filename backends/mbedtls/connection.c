/* SPDX-License-Identifier: MIT */
/* A connection: handshake, data in both directions, close. */
#include "backend.h"

#include <mbedtls/error.h>
#include <mbedtls/x509_crt.h>
#include <string.h>

/* The library comes back after each ticket. This many fit into no record. */
#define ROUNDS_MAX 10000

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

static int32_t connection_die_of_alert(struct tls_connection *conn, int error, const char *what)
{
    enum { PROTOCOL_VERSION = 70 };
    unsigned alert = library_alert(&conn->library);
    char buf[ERROR_TEXT];
    struct backend_text text = backend_text_lent(buf, sizeof buf);

    if (alert == PROTOCOL_VERSION)
        backend_text_add(&text, "the server has no TLS version that is allowed here");
    else
        backend_alert_add(&text, alert, library_has_asked(&conn->library) && !conn->context->has_client);
    return connection_die(conn, ENVOI_E_TLS, error, what, buf);
}

/* Fails for good with the library's error, reworded where its own text would not help a user. */
static int32_t connection_die_of_library(struct tls_connection *conn, int error, const char *what)
{
    enum library_failure kind = library_kind(error);
    char words[ERROR_TEXT] = "";
    const char *detail = words;

    mbedtls_strerror(error, words, sizeof words);
    if (kind == FAILURE_ALERT)
        return connection_die_of_alert(conn, error, what);
    if (kind == FAILURE_MEMORY)
        return connection_die(conn, ENVOI_E_MEMORY, error, "out of memory", NULL);
    if (kind == FAILURE_CERTIFICATE && !conn->open)
        return connection_die(conn, verify_failed(conn, error), error, conn->reason, NULL);
    if (kind == FAILURE_NOT_TLS && !conn->open)
        detail = "the server answers with something that is not TLS";
    if (kind == FAILURE_VERSION && !conn->open)
        detail = "the server has no TLS version that is allowed here";
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
    conn->rounds = 0;
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
    if (ret == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY && conn->open) {
        conn->ended = true;
        return ENVOI_E_EOF;
    }
    if (ret == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY)
        return connection_die(conn, ENVOI_E_TLS, 0, what, "the server closed the TLS connection");
    if (conn->below == ENVOI_E_EOF)
        return connection_die(conn, ENVOI_E_TRUNCATED, ret, "the connection ended without the closing alert of TLS",
                              NULL);
    if (conn->below)
        return connection_die(conn, conn->below, ret, what, "the octets below cannot be moved");
    if (ret != MBEDTLS_ERR_SSL_WANT_READ && ret != MBEDTLS_ERR_SSL_WANT_WRITE)
        return connection_die_of_library(conn, ret, what);
    *want = conn->wants;
    return conn->wants ? ENVOI_E_AGAIN : connection_die(conn, ENVOI_E_TLS, ret, what, "the library makes no progress");
}

/* The library also comes back if it has consumed a record that is not for the caller, although lower may have more.
 * Keeps a ticket. Returns true if the library should be called once more. */
static bool goes_on(struct tls_connection *conn, int ret)
{
#ifdef MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET
    if (ret == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET) {
        if (info_keep_session(conn) == ENVOI_E_MEMORY)
            conn->below = ENVOI_E_MEMORY;
        ret = MBEDTLS_ERR_SSL_WANT_READ;
    }
#endif
    return ret == MBEDTLS_ERR_SSL_WANT_READ && !(conn->wants & ENVOI_WANT_READ) && !conn->below &&
           ++conn->rounds < ROUNDS_MAX;
}

/* Writes the octets that wait for room in lower, after the library returned `ret`. Returns WANT_WRITE if some is
 * left. */
static int spill_after(struct tls_connection *conn, int ret)
{
    if (ret < 0 || !conn->spilt_len)
        return ret;
    return lower_spill(conn) ? MBEDTLS_ERR_SSL_WANT_WRITE : ret;
}

/* ---- open ---- */

/* May an earlier session be offered for resumption? Not if its chain was not checked and should be now, and never if
 * there are revocation lists: the stored leaf alone cannot be checked against them. */
static bool is_usable(const struct tls_connection *conn, const uint8_t *ticket, size_t len)
{
    uint8_t sum[TICKET_SUM];

    if (!ticket || len <= TICKET_HEADER + TICKET_TRAILER || conn->context->has_crl)
        return false;
    if (!library_sum(MBEDTLS_MD_SHA256, ticket + TICKET_SUM, len - TICKET_SUM, sum) ||
        memcmp(sum, ticket, sizeof sum) != 0)
        return false;
    return ticket[TICKET_SUM] == TICKET_MARK && (!verify_has_chain(conn) || ticket[TICKET_SUM + 1] == TICKET_VERIFIED);
}

static int32_t open_library(struct tls_connection *conn, const char *sni)
{
    int ret = mbedtls_ssl_setup(&conn->library, &conn->context->library[verify_has_chain(conn)]);

    /* The library would also verify it, were it not for check_server(). It has to be told if there is none. */
    if (!ret)
        ret = mbedtls_ssl_set_hostname(&conn->library, sni);
    if (ret)
        return connection_die_of_library(conn, ret, "no TLS connection can be made");
    lower_attach(conn);
    verify_setup(conn);
    return ENVOI_OK;
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
    mbedtls_ssl_init(&conn->library);
    mbedtls_x509_crt_init(&conn->stored);
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
        info_take_session(conn, params->ticket, params->ticket_len);
    if (rc) {
        connection_free(conn);
        return rc;
    }
    *out = conn;
    return ENVOI_OK;
}

/* A list of ciphers can bring those back that only protect against changes. */
static bool is_encrypted(const struct tls_connection *conn)
{
    return library_bits(mbedtls_ssl_get_ciphersuite(&conn->library)) > 0;
}

int32_t connection_step(void *conn_, uint32_t *want)
{
    struct tls_connection *conn = conn_;
    int32_t rc = connection_begin(conn, true, want);
    int ret = 0;

    if (rc || conn->open)
        return rc;
    if (conn->spilt_len && lower_spill(conn))
        ret = MBEDTLS_ERR_SSL_WANT_WRITE;
    if (!ret) {
        do {
            ret = mbedtls_ssl_handshake(&conn->library);
        } while (goes_on(conn, ret));
        ret = spill_after(conn, ret);
    }
    if (ret)
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
    if (conn->ended)
        return ENVOI_E_EOF;
    do {
        ret = mbedtls_ssl_read(&conn->library, buf, cap < INT32_MAX ? cap : INT32_MAX);
    } while (goes_on(conn, ret));
    if (ret <= 0)
        return connection_end(conn, ret, "reading from the TLS connection failed", want);
    *n = (size_t)ret;
    return ENVOI_OK;
}

int32_t connection_send(void *conn_, const void *buf, size_t len, size_t *n, uint32_t *want)
{
    struct tls_connection *conn = conn_;
    int32_t rc = connection_begin(conn, conn->open && !conn->closed && len > 0 && len >= conn->unsent, want);
    int ret = 1;

    *n = 0;
    if (rc)
        return rc;
    if (!conn->unsent) {
        ret = mbedtls_ssl_write(&conn->library, buf, len < INT32_MAX ? len : INT32_MAX);
        conn->taken = ret > 0 ? (size_t)ret : 0;
        conn->unsent = ret > 0 ? len : 0;
    }
    ret = spill_after(conn, ret);
    if (ret <= 0)
        return connection_end(conn, ret, "writing to the TLS connection failed", want);
    conn->unsent = 0;
    *n = conn->taken;
    return ENVOI_OK;
}

size_t connection_pending(void *conn_)
{
    const struct tls_connection *conn = conn_;

    return conn->open ? mbedtls_ssl_get_bytes_avail(&conn->library) : 0;
}

/* ---- close ---- */

int32_t connection_close(void *conn_, uint32_t *want)
{
    struct tls_connection *conn = conn_;
    int32_t rc = connection_begin(conn, conn->open && !conn->unsent, want);
    int ret = 0;

    if (rc)
        return rc;
    if (!conn->closed)
        ret = mbedtls_ssl_close_notify(&conn->library);
    conn->closed = true;
    ret = spill_after(conn, ret);
    return ret ? connection_end(conn, ret, "closing the TLS connection failed", want) : ENVOI_OK;
}

void connection_free(void *conn_)
{
    struct tls_connection *conn = conn_;
    const struct envoi_host *host;

    if (!conn)
        return;
    host = conn->host;
    mbedtls_ssl_free(&conn->library);
    info_forget(conn);
    host->free(conn->spilt);
    host->free(conn->pins);
    host->wipe(conn, sizeof *conn);
    host->free(conn);
}

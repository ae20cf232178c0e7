/* SPDX-License-Identifier: MIT */
/* The octets below a connection: the library's push and pull functions over struct envoi_lower. */
#include "backend.h"

#include <errno.h>
#include <string.h>

static ssize_t lower_read(gnutls_transport_ptr_t conn_, void *buf, size_t cap)
{
    struct tls_connection *conn = conn_;
    size_t n = 0;
    int32_t rc;

    if (cap == 0)
        return 0;
    rc = conn->lower->recv(conn->lower->ctx, buf, cap, &n);
    if (!rc) {
        conn->moved += n;
        return (ssize_t)n;
    }
    if (rc == ENVOI_E_AGAIN) {
        conn->wants |= ENVOI_WANT_READ;
        gnutls_transport_set_errno(conn->library, EAGAIN);
        return -1;
    }
    conn->below = rc;
    gnutls_transport_set_errno(conn->library, EIO);
    return rc == ENVOI_E_EOF ? 0 : -1;
}

/* Writes octets to lower until it has no room. *n is the number that it took. */
static int32_t lower_give(struct tls_connection *conn, const uint8_t *octets, size_t len, size_t *n)
{
    int32_t rc = ENVOI_OK;

    for (*n = 0; !rc && *n < len;) {
        size_t part = 0;
        rc = conn->lower->send(conn->lower->ctx, octets + *n, len - *n, &part);
        *n += part;
        conn->moved += part;
    }
    if (rc == ENVOI_E_AGAIN)
        conn->wants |= ENVOI_WANT_WRITE;
    else if (rc)
        conn->below = rc;
    return rc;
}

/* Appends octets to those that wait for room in lower. */
static int32_t lower_keep(struct tls_connection *conn, const uint8_t *octets, size_t len)
{
    uint8_t *grown = len ? conn->host->realloc(conn->spilt, conn->spilt_len + len) : conn->spilt;

    if (len && !grown)
        return conn->below = ENVOI_E_MEMORY;
    if (len)
        memcpy(grown + conn->spilt_len, octets, len);
    conn->spilt = grown;
    conn->spilt_len += len;
    return ENVOI_OK;
}

int32_t lower_spill(struct tls_connection *conn)
{
    size_t n;
    int32_t rc = lower_give(conn, conn->spilt, conn->spilt_len, &n);

    if (n > 0) {
        conn->spilt_len -= n;
        memmove(conn->spilt, conn->spilt + n, conn->spilt_len);
    }
    if (conn->spilt_len == 0) { /* an idle connection keeps no buffer */
        conn->host->free(conn->spilt);
        conn->spilt = NULL;
    }
    return rc;
}

static ssize_t lower_write(gnutls_transport_ptr_t conn_, const void *buf, size_t len)
{
    struct tls_connection *conn = conn_;
    size_t n = 0;
    int32_t rc;

    if (len == 0)
        return 0;
    rc = conn->spilt_len ? lower_spill(conn) : ENVOI_OK;
    if (!rc)
        rc = lower_give(conn, buf, len, &n);
    if (rc == ENVOI_E_AGAIN && conn->spills) {
        rc = lower_keep(conn, (const uint8_t *)buf + n, len - n);
        n = len;
    }
    if (!rc || (rc == ENVOI_E_AGAIN && n > 0))
        return (ssize_t)n;
    gnutls_transport_set_errno(conn->library, rc == ENVOI_E_AGAIN ? EAGAIN : EIO);
    return -1;
}

/* In some places the library waits here before it reads. It need not: lower_read() answers at once. */
static int lower_ready(gnutls_transport_ptr_t conn, unsigned milliseconds)
{
    (void)conn;
    (void)milliseconds;
    return 1;
}

bool lower_attach(struct tls_connection *conn)
{
    gnutls_transport_set_ptr(conn->library, conn);
    gnutls_transport_set_pull_function(conn->library, lower_read);
    gnutls_transport_set_push_function(conn->library, lower_write);
    gnutls_transport_set_pull_timeout_function(conn->library, lower_ready);
    return true;
}

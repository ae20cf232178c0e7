/* SPDX-License-Identifier: MIT */
/* The octets below a connection: the library's push and pull over the two functions of the core. */
#include "backend.h"

#include <errno.h>

static ssize_t lower_read(gnutls_transport_ptr_t conn_, void *buf, size_t cap)
{
    struct tls_connection *conn = conn_;
    size_t n = 0;

    if (cap == 0)
        return 0;
    int32_t rc = conn->lower->recv(conn->lower->ctx, buf, cap, &n);
    if (rc == ENVOI_OK) {
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

static ssize_t lower_write(gnutls_transport_ptr_t conn_, const void *buf, size_t len)
{
    struct tls_connection *conn = conn_;
    size_t n = 0;

    if (len == 0)
        return 0;
    int32_t rc = conn->lower->send(conn->lower->ctx, buf, len, &n);
    if (rc == ENVOI_OK) {
        conn->moved += n;
        return (ssize_t)n;
    }
    if (rc == ENVOI_E_AGAIN) {
        conn->wants |= ENVOI_WANT_WRITE;
        gnutls_transport_set_errno(conn->library, EAGAIN);
    } else {
        conn->below = rc;
        gnutls_transport_set_errno(conn->library, EIO);
    }
    return -1;
}

/* The library asks before it reads in some places: lower_read() gives the answer, at once. */
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

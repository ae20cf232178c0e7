/* SPDX-License-Identifier: MIT */
/* The octets below a connection: the library's send and receive functions over struct envoi_lower. */
#include "backend.h"

#include <string.h>

/* Octets that may wait for room in lower. A record has some 16 KiB; a server that only asks, and reads no answer, could
 * make them more without end. */
#define SPILT_MAX 0x40000

static int lower_read(void *conn_, unsigned char *buf, size_t cap)
{
    struct tls_connection *conn = conn_;
    size_t n = 0;
    int32_t rc;

    if (cap == 0)
        return 0;
    rc = conn->lower->recv(conn->lower->ctx, buf, cap < INT32_MAX ? cap : INT32_MAX, &n);
    if (!rc) {
        conn->moved += n;
        return (int)n;
    }
    if (rc == ENVOI_E_AGAIN) {
        conn->wants |= ENVOI_WANT_READ;
        return MBEDTLS_ERR_SSL_WANT_READ;
    }
    conn->below = rc;
    return rc == ENVOI_E_EOF ? 0 : MBEDTLS_ERR_SSL_INTERNAL_ERROR;
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
    uint8_t *grown = NULL;

    if (conn->spilt_len + len > SPILT_MAX)
        return conn->below = ENVOI_E_TLS;
    if (len)
        grown = conn->host->realloc(conn->spilt, conn->spilt_len + len);
    if (len && !grown)
        return conn->below = ENVOI_E_MEMORY;
    if (len) {
        memcpy(grown + conn->spilt_len, octets, len);
        conn->spilt = grown;
        conn->spilt_len += len;
    }
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

static int lower_write(void *conn_, const unsigned char *buf, size_t len)
{
    struct tls_connection *conn = conn_;
    size_t n = 0;
    int32_t rc = conn->spilt_len ? lower_spill(conn) : ENVOI_OK;

    if (len > INT32_MAX)
        len = INT32_MAX;
    if (!rc)
        rc = lower_give(conn, buf, len, &n);
    if (rc == ENVOI_E_AGAIN)
        rc = lower_keep(conn, buf + n, len - n);
    return rc ? MBEDTLS_ERR_SSL_INTERNAL_ERROR : (int)len;
}

void lower_attach(struct tls_connection *conn)
{
    mbedtls_ssl_set_bio(&conn->library, conn, lower_write, lower_read, NULL);
}

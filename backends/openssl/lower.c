/* SPDX-License-Identifier: MIT */
/* The octets below a connection: a BIO over struct envoi_lower. */
#include "backend.h"

#include <openssl/bio.h>

static int lower_read(BIO *bio, char *buf, int cap)
{
    struct tls_connection *conn = BIO_get_data(bio);
    size_t n = 0;
    int32_t rc;

    BIO_clear_retry_flags(bio);
    if (cap <= 0)
        return 0;
    rc = conn->lower->recv(conn->lower->ctx, buf, (size_t)cap, &n);
    if (!rc) {
        conn->moved += n;
        return (int)n;
    }
    if (rc == ENVOI_E_AGAIN) {
        conn->wants |= ENVOI_WANT_READ;
        BIO_set_retry_read(bio);
        return -1;
    }
    conn->below = rc;
    return rc == ENVOI_E_EOF ? 0 : -1;
}

static int lower_write(BIO *bio, const char *buf, int len)
{
    struct tls_connection *conn = BIO_get_data(bio);
    size_t n = 0;
    int32_t rc;

    BIO_clear_retry_flags(bio);
    if (len <= 0)
        return 0;
    rc = conn->lower->send(conn->lower->ctx, buf, (size_t)len, &n);
    if (!rc) {
        conn->moved += n;
        return (int)n;
    }
    if (rc == ENVOI_E_AGAIN) {
        conn->wants |= ENVOI_WANT_WRITE;
        BIO_set_retry_write(bio);
    } else {
        conn->below = rc;
    }
    return -1;
}

static long lower_ctrl(BIO *bio, int cmd, long larg, void *parg)
{
    struct tls_connection *conn = BIO_get_data(bio);

    (void)larg;
    (void)parg;
    switch (cmd) {
    case BIO_CTRL_FLUSH:
        return 1;
    case BIO_CTRL_EOF:
        return conn->below == ENVOI_E_EOF;
    default:
        return 0;
    }
}

static int lower_create(BIO *bio)
{
    BIO_set_init(bio, 1);
    return 1;
}

bool lower_setup(struct tls_state *state)
{
    BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "envoi");

    state->lower = method;
    return method && BIO_meth_set_read(method, lower_read) && BIO_meth_set_write(method, lower_write) &&
           BIO_meth_set_ctrl(method, lower_ctrl) && BIO_meth_set_create(method, lower_create);
}

bool lower_attach(struct tls_connection *conn)
{
    BIO *bio = BIO_new(conn->context->state->lower);

    if (!bio)
        return false;
    BIO_set_data(bio, conn);
    SSL_set_bio(conn->library, bio, bio);
    return true;
}

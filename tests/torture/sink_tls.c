/* SPDX-License-Identifier: MIT */
#include "sink_own.h"

#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>

struct sink_tls {
    SSL_CTX *ctx;
};

struct sink_tls_connection {
    SSL *ssl;
};

static void need(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "sink: %s\n", what);
    _Exit(1);
}

struct sink_tls *sink_tls_new(bool tls12, bool client, const char *pki)
{
    struct sink_tls *t = calloc(1, sizeof *t);
    char chain[256], key[256], ca[256];

    snprintf(chain, sizeof chain, "%s/good.chain.pem", pki);
    snprintf(key, sizeof key, "%s/good.key", pki);
    snprintf(ca, sizeof ca, "%s/ca.pem", pki);
    need(t && (t->ctx = SSL_CTX_new(TLS_server_method())), "no context");
    need(SSL_CTX_use_certificate_chain_file(t->ctx, chain) == 1 &&
             SSL_CTX_use_PrivateKey_file(t->ctx, key, SSL_FILETYPE_PEM) == 1,
         "no certificate");
    (void)SSL_CTX_set_max_proto_version(t->ctx, tls12 ? TLS1_2_VERSION : TLS1_3_VERSION);
    (void)SSL_CTX_set_session_id_context(t->ctx, (const unsigned char *)"sink", 4);
    if (client) {
        SSL_CTX_set_verify(t->ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
        need(SSL_CTX_load_verify_file(t->ctx, ca) == 1, "no certificates to check with");
    }
    return t;
}

struct sink_tls_connection *sink_tls_accept(struct sink_tls *t, int fd)
{
    struct sink_tls_connection *c = calloc(1, sizeof *c);

    need(c && (c->ssl = SSL_new(t->ctx)), "no memory");
    (void)SSL_set_fd(c->ssl, fd);
    if (SSL_accept(c->ssl) == 1)
        return c;
    SSL_free(c->ssl);
    free(c);
    return NULL;
}

bool sink_tls_put(struct sink_tls_connection *c, const void *data, size_t len)
{
    size_t n;

    return SSL_write_ex(c->ssl, data, len, &n) == 1;
}

size_t sink_tls_get(struct sink_tls_connection *c, void *data, size_t cap)
{
    size_t n;

    return SSL_read_ex(c->ssl, data, cap, &n) == 1 ? n : 0;
}

void sink_tls_end(struct sink_tls_connection *c)
{
    if (!c)
        return;
    (void)SSL_shutdown(c->ssl);
    SSL_free(c->ssl);
    free(c);
}

/* SPDX-License-Identifier: MIT */
#include "peer.h"

#include "../check.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>

struct peer {
    SSL *ssl;
    BIO *in;
    BIO *out;
    struct stream *from_client;
    struct stream *to_client;
};

static int take_any(int ok, X509_STORE_CTX *store)
{
    (void)ok;
    (void)store;
    return 1;
}

/* A session that was resumed is good enough for the next time. */
static SSL_TICKET_RETURN take_ticket(SSL *ssl, SSL_SESSION *session, const unsigned char *name, size_t len,
                                     SSL_TICKET_STATUS status, void *unused)
{
    (void)ssl;
    (void)session;
    (void)name;
    (void)len;
    (void)unused;
    return status == SSL_TICKET_SUCCESS || status == SSL_TICKET_SUCCESS_RENEW ? SSL_TICKET_RETURN_USE
                                                                              : SSL_TICKET_RETURN_IGNORE_RENEW;
}

static void *server_new(const struct peer_config *config)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

    check(ctx);
    /* A server may be as bad as it likes: the client has to notice. */
    check_eq(SSL_CTX_set_cipher_list(ctx, "ALL:eNULL:@SECLEVEL=0"), 1);
    check_eq(SSL_CTX_set_min_proto_version(ctx, (int)config->lowest), 1);
    check_eq(SSL_CTX_set_max_proto_version(ctx, (int)config->highest), 1);
    check_eq(SSL_CTX_use_certificate_chain_file(ctx, config->chain), 1, "%s", config->chain);
    check_eq(SSL_CTX_use_PrivateKey_file(ctx, config->key, SSL_FILETYPE_PEM), 1, "%s", config->key);
    SSL_CTX_set_session_id_context(ctx, (const unsigned char *)"peer", 4);
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    if (config->no_tickets) {
        SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
        SSL_CTX_set_num_tickets(ctx, 0);
        SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    }
    if (config->sparing) {
        SSL_CTX_set_num_tickets(ctx, 1);
        SSL_CTX_set_session_ticket_cb(ctx, NULL, take_ticket, NULL);
    }
    if (config->no_master_secret)
        SSL_CTX_set_options(ctx, SSL_OP_NO_EXTENDED_MASTER_SECRET);
    if (config->client_ca) {
        SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                           config->client_any ? take_any : NULL);
        SSL_CTX_set_client_CA_list(ctx, SSL_load_client_CA_file(config->client_ca));
        check_eq(SSL_CTX_load_verify_file(ctx, config->client_ca), 1);
    }
    return ctx;
}

static void server_free(void *server)
{
    SSL_CTX_free(server);
}

static void *peer_new(void *server, struct stream *in, struct stream *out)
{
    struct peer *peer = calloc(1, sizeof(*peer));

    check(peer);
    *peer = (struct peer){.ssl = SSL_new(server),
                          .in = BIO_new(BIO_s_mem()),
                          .out = BIO_new(BIO_s_mem()),
                          .from_client = in,
                          .to_client = out};
    check(peer->ssl && peer->in && peer->out);
    BIO_set_mem_eof_return(peer->in, -1);
    SSL_set_bio(peer->ssl, peer->in, peer->out);
    SSL_set_accept_state(peer->ssl);
    return peer;
}

static void peer_free(void *peer_)
{
    struct peer *peer = peer_;

    if (!peer)
        return;
    SSL_free(peer->ssl);
    free(peer);
}

static void fill(struct peer *peer)
{
    uint8_t buf[4096];
    size_t n;

    ERR_clear_error();
    while ((n = stream_take(peer->from_client, buf, sizeof(buf))) > 0)
        BIO_write(peer->in, buf, (int)n);
}

static int drain(struct peer *peer, int ret)
{
    int error = SSL_get_error(peer->ssl, ret);
    uint8_t buf[4096];
    int n;

    while ((n = BIO_read(peer->out, buf, sizeof(buf))) > 0)
        stream_put(peer->to_client, buf, (size_t)n);
    switch (error) {
    case SSL_ERROR_NONE:
        return PEER_OK;
    case SSL_ERROR_WANT_READ:
        return PEER_AGAIN;
    case SSL_ERROR_ZERO_RETURN:
        return PEER_CLOSED;
    default:
        return PEER_FAILED;
    }
}

static int handshake(void *peer_)
{
    struct peer *peer = peer_;

    fill(peer);
    return drain(peer, SSL_do_handshake(peer->ssl));
}

static int peer_recv(void *peer_, void *buf, size_t cap, size_t *n)
{
    struct peer *peer = peer_;

    *n = 0;
    fill(peer);
    return drain(peer, SSL_read_ex(peer->ssl, buf, cap, n));
}

static int peer_send(void *peer_, const void *buf, size_t len)
{
    struct peer *peer = peer_;
    const uint8_t *at = buf;
    int rc = PEER_OK;

    while (rc == PEER_OK && len > 0) {
        size_t n = 0;
        fill(peer);
        rc = drain(peer, SSL_write_ex(peer->ssl, at, len, &n));
        at += n;
        len -= n;
    }
    return rc;
}

static int peer_close(void *peer_)
{
    struct peer *peer = peer_;
    int ret;

    ERR_clear_error();
    ret = SSL_shutdown(peer->ssl);
    return ret < 0 ? drain(peer, ret) : drain(peer, 1);
}

static bool is_resumed(void *peer)
{
    return SSL_session_reused(((struct peer *)peer)->ssl) == 1;
}

static bool saw_sni(void *peer, const char *name)
{
    const char *sni = SSL_get_servername(((struct peer *)peer)->ssl, TLSEXT_NAMETYPE_host_name);

    return name ? sni && strcmp(sni, name) == 0 : !sni;
}

static int binding(void *peer_, const char *type, uint8_t *buf, size_t cap, size_t *len)
{
    struct peer *peer = peer_;
    unsigned n = 0;

    if (strcmp(type, "tls-exporter") == 0) {
        *len = 32;
        return SSL_export_keying_material(peer->ssl, buf, 32, "EXPORTER-Channel-Binding", 24, (const uint8_t *)"", 0,
                                          1) == 1
                   ? PEER_OK
                   : PEER_FAILED;
    }
    if (strcmp(type, "tls-unique") == 0) {
        *len = is_resumed(peer) ? SSL_get_finished(peer->ssl, buf, cap) : SSL_get_peer_finished(peer->ssl, buf, cap);
        return PEER_OK;
    }
    if (X509_digest(SSL_get_certificate(peer->ssl), EVP_sha256(), buf, &n) != 1)
        return PEER_FAILED;
    *len = n;
    return PEER_OK;
}

static bool client_is(void *peer, const char *common_name)
{
    const X509 *cert = SSL_get0_peer_certificate(((struct peer *)peer)->ssl);
    char name[64] = "";

    if (cert)
        X509_NAME_get_text_by_NID(X509_get_subject_name(cert), NID_commonName, name, sizeof(name));
    return strcmp(name, common_name) == 0;
}

static int renegotiate(void *peer_)
{
    struct peer *peer = peer_;

    fill(peer);
    if (SSL_renegotiate(peer->ssl) != 1)
        return PEER_FAILED;
    return drain(peer, SSL_do_handshake(peer->ssl));
}

static int update_keys(void *peer_)
{
    struct peer *peer = peer_;

    fill(peer);
    if (SSL_key_update(peer->ssl, SSL_KEY_UPDATE_REQUESTED) != 1)
        return PEER_FAILED;
    return drain(peer, SSL_do_handshake(peer->ssl));
}

const struct peer_library peer_openssl = {
    .name = "OpenSSL",
    .server_new = server_new,
    .server_free = server_free,
    .peer_new = peer_new,
    .peer_free = peer_free,
    .handshake = handshake,
    .recv = peer_recv,
    .send = peer_send,
    .close = peer_close,
    .is_resumed = is_resumed,
    .saw_sni = saw_sni,
    .binding = binding,
    .client_is = client_is,
    .renegotiate = renegotiate,
    .update_keys = update_keys,
};

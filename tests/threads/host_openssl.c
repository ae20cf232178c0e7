/* SPDX-License-Identifier: MIT */
#include "host.h"

#include "check.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>

static OSSL_LIB_CTX *context;
static CRYPTO_malloc_fn allocate;
static CRYPTO_realloc_fn reallocate;
static CRYPTO_free_fn release;
static unsigned long flags;
static int security_level;

static unsigned long default_flags(void)
{
    return X509_VERIFY_PARAM_get_flags((X509_VERIFY_PARAM *)(uintptr_t)X509_VERIFY_PARAM_lookup("ssl_server"));
}

static int default_level(void)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    int level = SSL_CTX_get_security_level(ctx) * 100 + (SSL_CTX_get_verify_mode(ctx) != SSL_VERIFY_NONE) * 10 +
                (SSL_CTX_get_min_proto_version(ctx) != 0);

    SSL_CTX_free(ctx);
    return level;
}

static void open(void)
{
    CHECK(OPENSSL_init_ssl(0, NULL) == 1);
    context = OSSL_LIB_CTX_set0_default(NULL);
    CRYPTO_get_mem_functions(&allocate, &reallocate, &release);
    flags = default_flags();
    security_level = default_level();
}

static void settled(void)
{
    CRYPTO_malloc_fn a;
    CRYPTO_realloc_fn r;
    CRYPTO_free_fn f;

    CRYPTO_get_mem_functions(&a, &r, &f);
    CHECK(a == allocate && r == reallocate && f == release);
    CHECK(OSSL_LIB_CTX_set0_default(NULL) == context);
    CHECK(default_flags() == flags);
    CHECK(default_level() == security_level);
    CHECK(ERR_peek_error() == 0); /* nothing of envoi's is left for the program to wonder about */
}

static SSL_CTX *server_context(void)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

    CHECK(SSL_CTX_use_certificate_chain_file(ctx, PKI_DIR "/good.chain.pem") == 1);
    CHECK(SSL_CTX_use_PrivateKey_file(ctx, PKI_DIR "/good.key", SSL_FILETYPE_PEM) == 1);
    return ctx;
}

static SSL_CTX *client_context(void)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

    CHECK(SSL_CTX_load_verify_file(ctx, PKI_DIR "/ca.pem") == 1);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    return ctx;
}

/* A handshake with itself, and a word. */
static void use(void)
{
    SSL_CTX *contexts[2] = {client_context(), server_context()};
    SSL *ends[2] = {SSL_new(contexts[0]), SSL_new(contexts[1])};
    BIO *client = NULL, *server = NULL;
    char word[8] = "";
    int done = 0;

    CHECK(BIO_new_bio_pair(&client, 0, &server, 0) == 1);
    SSL_set_bio(ends[0], client, client);
    SSL_set_bio(ends[1], server, server);
    SSL_set1_host(ends[0], "mail.example.test");
    SSL_set_connect_state(ends[0]);
    SSL_set_accept_state(ends[1]);
    for (int i = 0; i < 20 && done != 2; i++)
        done = (SSL_do_handshake(ends[0]) == 1) + (SSL_do_handshake(ends[1]) == 1);
    CHECK(done == 2 && SSL_get_verify_result(ends[0]) == X509_V_OK);
    CHECK(SSL_write(ends[0], "hello", 5) == 5 && SSL_read(ends[1], word, 5) == 5 && strcmp(word, "hello") == 0);
    for (int i = 0; i < 2; i++) {
        SSL_free(ends[i]);
        SSL_CTX_free(contexts[i]);
    }
    ERR_clear_error();
}

static void close(void)
{
    settled(); /* the library ends with the process */
}

const struct host_library host_openssl = {"OpenSSL", open, use, settled, close};

/* SPDX-License-Identifier: MIT */
/* A context: trust, versions, ciphers, revocation lists and the client's certificate, from a config. */
#include "backend.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509err.h>
#include <string.h>

/* Arguments of the steps that make a context. */
struct setup {
    struct tls_context *context;
    const struct envoi_tls_config *config;
    struct envoi_errctx *errctx;
    int32_t passphrase_rc; /* result of the passphrase callback, 1: not called yet */
};

/* Reports a failure: subject (a file, a string, or NULL), what is wrong with it, and the library's reason. Returns
 * `code`. */
static int32_t setup_failed(const struct setup *setup, int32_t code, const char *subject, const char *what)
{
    const struct envoi_host *host = setup->context->state->host;
    unsigned long error = ERR_peek_last_error();
    const char *reason = ERR_reason_error_string(error);
    char buf[ERROR_TEXT];
    struct backend_text text = backend_text_lent(buf, sizeof buf);

    if (subject) {
        backend_text_add(&text, subject);
        backend_text_add(&text, ": ");
    }
    backend_text_add(&text, what);
    if (reason) {
        backend_text_add(&text, ": ");
        backend_text_add(&text, reason);
    }
    host->set_error(host, setup->errctx, code, (int64_t)error, buf);
    return code;
}

static int32_t set_versions(struct setup *setup)
{
    /* The limits of openssl.cnf are set already: the lowest version is only raised, the highest only lowered. */
    SSL_CTX *library = setup->context->library;
    long least = SSL_CTX_get_min_proto_version(library);
    long most = SSL_CTX_get_max_proto_version(library);

    if (least < (long)setup->config->min_version)
        least = (long)setup->config->min_version;
    if (least < TLS1_2_VERSION)
        least = TLS1_2_VERSION;
    if (setup->config->max_version && (!most || most > (long)setup->config->max_version))
        most = (long)setup->config->max_version;
    if ((most && most < least) || !SSL_CTX_set_min_proto_version(library, (int)least) ||
        !SSL_CTX_set_max_proto_version(library, (int)most))
        return setup_failed(setup, ENVOI_E_TLS, NULL,
                            "no TLS version is left between the lowest and the highest allowed");
    return ENVOI_OK;
}

static int32_t set_ciphers(struct setup *setup)
{
    const char *ciphers = setup->config->ciphers;

    if (ciphers && !SSL_CTX_set_cipher_list(setup->context->library, ciphers))
        return setup_failed(setup, ENVOI_E_TLS, ciphers, "not a cipher string for OpenSSL");
    return ENVOI_OK;
}

static int32_t set_trust(struct setup *setup)
{
    SSL_CTX *library = setup->context->library;
    const char *file = setup->config->ca_file;

    if (setup->config->system_trust && !SSL_CTX_set_default_verify_paths(library))
        return setup_failed(setup, ENVOI_E_TLS, NULL, "the CA certificates of the system cannot be read");
    if (file && !SSL_CTX_load_verify_file(library, file))
        return setup_failed(setup, ENVOI_E_TLS, file, "no CA certificate can be read");
    /* Each certificate in the CA file is trusted, an intermediate CA too. */
    X509_STORE_set_flags(SSL_CTX_get_cert_store(library), X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_TRUSTED_FIRST);
    return ENVOI_OK;
}

static int32_t set_revocation(struct setup *setup)
{
    X509_STORE *store = SSL_CTX_get_cert_store(setup->context->library);
    const char *file = setup->config->crl_file;
    X509_LOOKUP *lookup;

    if (!file)
        return ENVOI_OK;
    lookup = X509_STORE_add_lookup(store, X509_LOOKUP_file());
    if (!lookup || X509_load_crl_file(lookup, file, X509_FILETYPE_PEM) <= 0)
        return setup_failed(setup, ENVOI_E_TLS, file, "no revocation list can be read");
    X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
    setup->context->has_crl = true;
    return ENVOI_OK;
}

/* Asks the application for the passphrase of the key. Without this callback the library would ask on the terminal. */
static int give_passphrase(char *buf, int cap, int rwflag, void *setup_)
{
    struct setup *setup = setup_;
    size_t len = 0;

    (void)rwflag;
    if (!setup->config->passphrase || cap <= 0 || setup->passphrase_rc != 1)
        return -1; /* asked only once, although the library tries several formats */
    setup->passphrase_rc = setup->config->passphrase(setup->config->passphrase_ctx, buf, (size_t)cap, &len);
    if (!setup->passphrase_rc && len <= (size_t)cap)
        return (int)len; /* the library wipes buf */
    setup->context->state->host->wipe(buf, (size_t)cap);
    return -1;
}

static int32_t key_failed(const struct setup *setup, const char *file)
{
    unsigned long error = ERR_peek_last_error();

    if (ERR_GET_LIB(error) == ERR_LIB_X509 && ERR_GET_REASON(error) == X509_R_KEY_VALUES_MISMATCH)
        return setup_failed(setup, ENVOI_E_TLS, file, "the key does not belong to the certificate");
    if (!setup->passphrase_rc)
        return setup_failed(setup, ENVOI_E_TLS, file, "the passphrase does not open the key");
    if (setup->passphrase_rc < 0)
        return setup_failed(setup, ENVOI_E_CANCELLED, file, "the passphrase of the key was not given");
    return setup_failed(setup, ENVOI_E_TLS, file, "no private key can be read");
}

static int32_t set_client(struct setup *setup)
{
    SSL_CTX *library = setup->context->library;
    const char *cert = setup->config->cert_file;
    const char *key = setup->config->key_file ? setup->config->key_file : cert;
    int32_t rc = ENVOI_OK;

    if (!key)
        return ENVOI_OK;
    if (!cert)
        return setup_failed(setup, ENVOI_E_TLS, key, "a key without a certificate");
    SSL_CTX_set_default_passwd_cb(library, give_passphrase);
    SSL_CTX_set_default_passwd_cb_userdata(library, setup);
    if (SSL_CTX_use_certificate_chain_file(library, cert) != 1)
        rc = setup_failed(setup, ENVOI_E_TLS, cert, "no certificate can be read");
    else if (SSL_CTX_use_PrivateKey_file(library, key, SSL_FILETYPE_PEM) != 1)
        rc = key_failed(setup, key);
    else if (SSL_CTX_check_private_key(library) != 1)
        rc = setup_failed(setup, ENVOI_E_TLS, key, "the key does not belong to the certificate");
    SSL_CTX_set_default_passwd_cb_userdata(library, NULL);
    SSL_CTX_set_default_passwd_cb(library, NULL);
    return rc;
}

static int32_t open_library(struct setup *setup)
{
    SSL_CTX *library = SSL_CTX_new(TLS_client_method());

    setup->context->library = library;
    if (!library)
        return setup_failed(setup, ENVOI_E_MEMORY, NULL, "no TLS context can be made");
    SSL_CTX_set_mode(library, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_options(library, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_session_cache_mode(library, SSL_SESS_CACHE_OFF);
    verify_setup(setup->context);
    return ENVOI_OK;
}

int32_t context_new(void *state, const struct envoi_tls_config *config, struct envoi_errctx *errctx, void **out)
{
    static int32_t (*const steps[])(struct setup *) = {open_library, set_versions,   set_ciphers,
                                                       set_trust,    set_revocation, set_client};
    const struct envoi_host *host = ((const struct tls_state *)state)->host;
    struct tls_context *context = host->alloc(sizeof *context);
    struct setup setup = {.context = context, .config = config, .errctx = errctx, .passphrase_rc = 1};
    int32_t rc = ENVOI_OK;

    if (!context) {
        host->set_error(host, errctx, ENVOI_E_MEMORY, 0, "out of memory");
        return ENVOI_E_MEMORY;
    }
    *context = (struct tls_context){.state = state};
    for (size_t i = 0; !rc && i < sizeof steps / sizeof steps[0]; i++) {
        ERR_clear_error();
        rc = steps[i](&setup);
    }
    ERR_clear_error();
    if (rc) {
        context_free(context);
        return rc;
    }
    *out = context;
    return ENVOI_OK;
}

void context_free(void *context_)
{
    struct tls_context *context = context_;

    if (!context)
        return;
    SSL_CTX_free(context->library);
    context->state->host->free(context);
}

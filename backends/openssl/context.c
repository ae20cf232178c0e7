/* SPDX-License-Identifier: MIT */
/* A context: trust, versions, ciphers, revocation lists and the client's certificate, from a config. */
#include "backend.h"

#include <openssl/err.h>
#include <openssl/pem.h>
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

/* The same for a source that should be PEM. */
static int32_t source_failed(const struct setup *setup, const struct backend_source *source, const char *what,
                             enum backend_pem wanted)
{
    char buf[ERROR_TEXT];
    struct backend_text text = backend_text_lent(buf, sizeof buf);

    backend_text_add(&text, what);
    backend_text_add(&text, ": ");
    if (!backend_pem_explain(&text, source, wanted))
        return setup_failed(setup, ENVOI_E_TLS, source->name, what);
    ERR_clear_error(); /* its words are about the same, and say less */
    return setup_failed(setup, ENVOI_E_TLS, source->name, buf);
}

static BIO *source_open(const struct backend_source *source)
{
    return source->pem ? BIO_new_mem_buf(source->pem, -1) : BIO_new_file(source->file, "r");
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

/* Trusts all certificates of a source. Returns false if there is none. */
static bool add_cas(X509_STORE *store, const struct backend_source *source)
{
    BIO *bio = source_open(source);
    STACK_OF(X509_INFO) *all = bio ? PEM_X509_INFO_read_bio(bio, NULL, NULL, NULL) : NULL;
    int added = 0;

    for (int i = 0; i < sk_X509_INFO_num(all); i++) {
        X509 *cert = sk_X509_INFO_value(all, i)->x509;

        added += cert && X509_STORE_add_cert(store, cert) == 1;
    }
    sk_X509_INFO_pop_free(all, X509_INFO_free);
    BIO_free(bio);
    return added > 0;
}

/* Not by SSL_CTX_set_default_verify_paths(), which reads the environment. */
static int32_t set_system_trust(struct setup *setup)
{
    const struct envoi_tls_config *config = setup->config;
    bool told = ENVOI_HAS(config, system_ca_dir) && (config->system_ca_file || config->system_ca_dir);
    const char *file = told ? config->system_ca_file : X509_get_default_cert_file();
    struct backend_source source = backend_source_of(file, NULL, NULL);
    X509_STORE *store = SSL_CTX_get_cert_store(setup->context->library);
    int32_t rc = file ? trust_add_bundle(setup->context, file) : ENVOI_OK;

    if (rc == ENVOI_E_MEMORY)
        return setup_failed(setup, rc, NULL, "out of memory");
    if (rc && !add_cas(store, &source) && told)
        return source_failed(setup, &source, "no CA certificate can be read", PEM_CERTIFICATE);
    ERR_clear_error();
    return ENVOI_OK;
}

/* After all files: only if none of them has a subject is it looked for in the directories. */
static int32_t set_system_directories(struct setup *setup)
{
    const struct envoi_tls_config *config = setup->config;
    bool told = ENVOI_HAS(config, system_ca_dir) && (config->system_ca_file || config->system_ca_dir);
    bool now = ENVOI_HAS(config, read_all) && config->read_all;
    const char *directories = told ? config->system_ca_dir : X509_get_default_cert_dir();

    if (directories && !trust_add_dirs(setup->context, directories, now))
        return setup_failed(setup, ENVOI_E_TLS, directories, "the CA certificates of the system cannot be read");
    ERR_clear_error();
    return ENVOI_OK;
}

static int32_t set_trust(struct setup *setup)
{
    X509_STORE *store = SSL_CTX_get_cert_store(setup->context->library);
    const struct envoi_tls_config *config = setup->config;
    const struct backend_source sources[] = {
        {.file = config->ca_file, .name = config->ca_file},
        {.pem = ENVOI_HAS(config, ca_pem) ? config->ca_pem : NULL, .name = "the CA certificates from memory"}};
    int32_t rc = config->system_trust ? set_system_trust(setup) : ENVOI_OK;

    for (size_t i = 0; !rc && i < sizeof sources / sizeof sources[0]; i++) {
        if ((sources[i].file || sources[i].pem) && !add_cas(store, &sources[i]))
            rc = source_failed(setup, &sources[i], "no CA certificate can be read", PEM_CERTIFICATE);
    }
    if (!rc && config->system_trust)
        rc = set_system_directories(setup);
    /* Each certificate in the CA file is trusted, an intermediate CA too. */
    X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_TRUSTED_FIRST);
    return rc;
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
        return source_failed(setup, &(struct backend_source){.file = file, .name = file},
                             "no revocation list can be read", PEM_LIST);
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

static int32_t key_failed(const struct setup *setup, const struct backend_source *key)
{
    unsigned long error = ERR_peek_last_error();

    if (ERR_GET_LIB(error) == ERR_LIB_X509 && ERR_GET_REASON(error) == X509_R_KEY_VALUES_MISMATCH)
        return setup_failed(setup, ENVOI_E_TLS, key->name, "the key does not belong to the certificate");
    if (!setup->passphrase_rc)
        return setup_failed(setup, ENVOI_E_TLS, key->name, "the passphrase does not open the key");
    if (setup->passphrase_rc < 0)
        return setup_failed(setup, ENVOI_E_CANCELLED, key->name, "the passphrase of the key was not given");
    return source_failed(setup, key, "no private key can be read", PEM_KEY);
}

/* The certificate comes first, its issuers follow. */
static bool use_chain(SSL_CTX *library, const struct backend_source *source)
{
    BIO *bio = source_open(source);
    X509 *cert = bio ? PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL) : NULL;
    bool good = cert && SSL_CTX_use_certificate(library, cert) == 1 && SSL_CTX_clear_chain_certs(library) == 1;

    X509_free(cert);
    while (good && (cert = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
        good = SSL_CTX_add0_chain_cert(library, cert) == 1;
        if (!good)
            X509_free(cert);
    }
    if (good && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE)
        ERR_clear_error(); /* the end */
    else
        good = false;
    BIO_free(bio);
    return good;
}

static bool use_key(struct setup *setup, const struct backend_source *source)
{
    BIO *bio = source_open(source);
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, give_passphrase, setup) : NULL;
    bool good = key && SSL_CTX_use_PrivateKey(setup->context->library, key) == 1;

    EVP_PKEY_free(key);
    BIO_free(bio);
    return good;
}

static int32_t set_client(struct setup *setup)
{
    SSL_CTX *library = setup->context->library;
    const struct envoi_tls_config *config = setup->config;
    const struct backend_client client = backend_client_of(config);
    const struct backend_source cert = client.cert, key = client.key;

    if (!key.name)
        return ENVOI_OK;
    if (!cert.name)
        return setup_failed(setup, ENVOI_E_TLS, key.name, "a key without a certificate");
    if (!use_chain(library, &cert))
        return source_failed(setup, &cert, "no certificate can be read", PEM_CERTIFICATE);
    if (!use_key(setup, &key))
        return key_failed(setup, &key);
    if (SSL_CTX_check_private_key(library) != 1)
        return setup_failed(setup, ENVOI_E_TLS, key.name, "the key does not belong to the certificate");
    return ENVOI_OK;
}

/* Called by the library if the server asks for a client certificate and none is set. */
static int note_request(SSL *library, X509 **cert, EVP_PKEY **key)
{
    struct tls_connection *conn = SSL_get_app_data(library);

    (void)cert;
    (void)key;
    conn->asked = true;
    return 0;
}

static int32_t open_library(struct setup *setup)
{
    SSL_CTX *library = SSL_CTX_new(TLS_client_method());

    setup->context->library = library;
    if (!library)
        return setup_failed(setup, ENVOI_E_MEMORY, NULL, "no TLS context can be made");
    SSL_CTX_set_mode(library, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS); /* 34 KB of an idle connection */
    SSL_CTX_set_options(library, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_session_cache_mode(library, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_client_cert_cb(library, note_request);
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
    trust_free(context);
    context->state->host->free(context);
}

/* SPDX-License-Identifier: MIT */
/* A context: trust, versions, ciphers, revocation lists and the client's certificate, from a config. */
#include "backend.h"

#include <mbedtls/error.h>
#include <mbedtls/pkcs5.h>
#include <mbedtls/x509_crt.h>
#include <stdio.h>
#include <string.h>

#define DH_BITS 2048 /* least size of a group that a server chooses by itself */

/* Arguments of the steps that make a context. */
struct setup {
    struct tls_context *context;
    const struct envoi_tls_config *config;
    struct envoi_errctx *errctx;
};

/* Reports a failure: subject (a file, a string, or NULL), what is wrong with it, and the library's reason. Returns
 * `code`. */
static int32_t setup_failed(const struct setup *setup, int32_t code, const char *subject, const char *what, int error)
{
    const struct envoi_host *host = setup->context->state->host;
    char buf[ERROR_TEXT], words[ERROR_TEXT] = "";
    struct backend_text text = backend_text_lent(buf, sizeof buf);

    if (subject) {
        backend_text_add(&text, subject);
        backend_text_add(&text, ": ");
    }
    backend_text_add(&text, what);
    if (error < 0) {
        mbedtls_strerror(error, words, sizeof words);
        backend_text_add(&text, ": ");
        backend_text_add(&text, words);
    }
    host->set_error(host, setup->errctx, code, error, buf);
    return code;
}

static int32_t out_of_memory(const struct setup *setup)
{
    return setup_failed(setup, ENVOI_E_MEMORY, NULL, "out of memory", 0);
}

/* The same for a source that should be PEM, of which `rc` came from trust_read() and `error` from the library. */
static int32_t source_failed(const struct setup *setup, const struct backend_source *source, const char *what,
                             enum backend_pem wanted, int32_t rc, int error)
{
    char buf[ERROR_TEXT];
    struct backend_text text = backend_text_lent(buf, sizeof buf);

    if (rc == ENVOI_E_MEMORY || library_kind(error) == FAILURE_MEMORY)
        return out_of_memory(setup);
    backend_text_add(&text, what);
    backend_text_add(&text, ": ");
    if (!backend_pem_explain(&text, source, wanted))
        return setup_failed(setup, ENVOI_E_TLS, source->name, what, error);
    return setup_failed(setup, ENVOI_E_TLS, source->name, buf, 0); /* the library's words say less */
}

/* ---- versions and ciphers ---- */

static int32_t set_versions(struct setup *setup, uint32_t most)
{
    struct tls_context *context = setup->context;

    for (int i = 0; i < 2; i++) {
        if (!library_versions(&context->library[i], setup->config->min_version, most))
            return setup_failed(setup, ENVOI_E_TLS, NULL,
                                "no TLS version is left between the lowest and the highest allowed", 0);
    }
    return ENVOI_OK;
}

static int32_t open_library(struct setup *setup)
{
    struct tls_context *context = setup->context;

    for (int i = 0; i < 2; i++) {
        mbedtls_ssl_config *library = &context->library[i];

        if (mbedtls_ssl_config_defaults(library, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
                                        MBEDTLS_SSL_PRESET_DEFAULT) != 0)
            return out_of_memory(setup);
        mbedtls_ssl_conf_rng(library, library_random, NULL);
        mbedtls_ssl_conf_authmode(library, i ? MBEDTLS_SSL_VERIFY_REQUIRED : MBEDTLS_SSL_VERIFY_OPTIONAL);
        mbedtls_ssl_conf_ca_chain(library, &context->nothing, NULL);
        mbedtls_ssl_conf_dhm_min_bitlen(library, DH_BITS);
        mbedtls_ssl_conf_legacy_renegotiation(library, MBEDTLS_SSL_LEGACY_BREAK_HANDSHAKE);
        library_setup(library);
    }
    return set_versions(setup, setup->config->max_version);
}

static bool is_of_1_3(int id)
{
    return (id & 0xff00) == 0x1300;
}

/* Takes one name of a list, in the library's form or IANA's. Returns the suite, or 0. */
static int suite_of(const char *name, size_t len)
{
    static const char all[] = "TLS-", of_1_3[] = "TLS1-3-";
    char own[80] = "", other[sizeof own + sizeof of_1_3] = "";
    int suite;

    if (len >= sizeof own || len < sizeof all)
        return 0;
    for (size_t i = 0; i < len; i++)
        own[i] = name[i] == '_' ? '-' : name[i];
    (void)snprintf(other, sizeof other, "%s%s", of_1_3, own + sizeof all - 1);
    suite = mbedtls_ssl_get_ciphersuite_id(own);
    return suite ? suite : mbedtls_ssl_get_ciphersuite_id(other);
}

/* A list without suites of TLS 1.3 leaves that version out. */
static int32_t set_ciphers(struct setup *setup)
{
    const char *ciphers = setup->config->ciphers;
    struct tls_context *context = setup->context;
    size_t count = 0;
    bool names_1_3 = false;

    if (!ciphers)
        return ENVOI_OK;
    context->ciphers = context->state->host->alloc((strlen(ciphers) + 1) * sizeof context->ciphers[0]);
    if (!context->ciphers)
        return out_of_memory(setup);
    for (const char *at = ciphers; *at; at += *at == ':') {
        size_t len = strcspn(at, ":");
        int suite = len ? suite_of(at, len) : 0;

        if (len && !suite)
            return setup_failed(setup, ENVOI_E_TLS, ciphers, "not a list of cipher suites for Mbed TLS", 0);
        if (suite)
            context->ciphers[count++] = suite;
        names_1_3 = names_1_3 || is_of_1_3(suite);
        at += len;
    }
    if (!count)
        return setup_failed(setup, ENVOI_E_TLS, ciphers, "not a list of cipher suites for Mbed TLS", 0);
    context->ciphers[count] = 0;
    for (int i = 0; i < 2; i++)
        mbedtls_ssl_conf_ciphersuites(&context->library[i], context->ciphers);
    return names_1_3 ? ENVOI_OK : set_versions(setup, ENVOI_TLS_1_2);
}

/* ---- trust ---- */

static int32_t set_system_trust(struct setup *setup)
{
    const struct envoi_tls_config *config = setup->config;
    bool told = ENVOI_HAS(config, system_ca_dir) && (config->system_ca_file || config->system_ca_dir);
    const char *file = told ? config->system_ca_file : TRUST_FILE;
    struct backend_source source = backend_source_of(file, NULL, NULL);
    int32_t rc = file ? trust_add_bundle(setup->context, file) : ENVOI_OK;
    int library = 0;

    if (rc == ENVOI_E_NOT_SUPPORTED)
        rc = trust_add_pem(setup->context, &source, &library);
    if (rc == ENVOI_E_MEMORY)
        return out_of_memory(setup);
    if (rc && told)
        return source_failed(setup, &source, "no CA certificate can be read", PEM_CERTIFICATE, rc, library);
    if (rc)
        setup->context->state->host->log(setup->context->state->host, ENVOI_LOG_WARNING,
                                         "the system has no CA certificates in " TRUST_FILE);
    rc = told && config->system_ca_dir ? trust_add_dirs(setup->context, config->system_ca_dir) : ENVOI_OK;
    return rc ? out_of_memory(setup) : ENVOI_OK;
}

static int32_t set_trust(struct setup *setup)
{
    const struct envoi_tls_config *config = setup->config;
    const struct backend_source sources[] = {
        {.file = config->ca_file, .name = config->ca_file},
        {.pem = ENVOI_HAS(config, ca_pem) ? config->ca_pem : NULL, .name = "the CA certificates from memory"}};
    int32_t rc = trust_new(setup->context) ? out_of_memory(setup) : ENVOI_OK;
    int library;

    if (!rc && config->system_trust)
        rc = set_system_trust(setup);
    for (size_t i = 0; !rc && i < sizeof sources / sizeof sources[0]; i++) {
        if (!sources[i].file && !sources[i].pem)
            continue;
        rc = trust_add_pem(setup->context, &sources[i], &library);
        if (rc)
            rc = source_failed(setup, &sources[i], "no CA certificate can be read", PEM_CERTIFICATE, rc, library);
    }
    return rc;
}

static int32_t set_revocation(struct setup *setup)
{
    const struct envoi_host *host = setup->context->state->host;
    const char *file = setup->config->crl_file;
    const struct backend_source source = {.file = file, .name = file};
    uint8_t *pem;
    size_t len;
    int32_t rc;
    int ret = 0;

    if (!file)
        return ENVOI_OK;
    rc = trust_read(host, &source, &pem, &len);
    if (!rc)
        ret = mbedtls_x509_crl_parse(&setup->context->crls, pem, len);
    trust_drop(host, pem, len);
    if (rc || ret || !setup->context->crls.raw.p)
        return source_failed(setup, &source, "no revocation list can be read", PEM_LIST, rc, ret);
    setup->context->has_crl = true;
    return ENVOI_OK;
}

/* ---- the client's certificate ---- */

/* Asks the application for the passphrase of the key, and opens it. */
static int32_t open_encrypted(struct setup *setup, const struct backend_source *source, const uint8_t *pem, size_t len)
{
    const struct envoi_tls_config *config = setup->config;
    char passphrase[1024];
    size_t passphrase_len = 0;
    int ret;

    if (!config->passphrase)
        return source_failed(setup, source, "no private key can be read", PEM_KEY, 0, MBEDTLS_ERR_PK_PASSWORD_REQUIRED);
    if (config->passphrase(config->passphrase_ctx, passphrase, sizeof passphrase, &passphrase_len) ||
        passphrase_len > sizeof passphrase) {
        setup->context->state->host->wipe(passphrase, sizeof passphrase);
        return setup_failed(setup, ENVOI_E_CANCELLED, source->name, "the passphrase of the key was not given", 0);
    }
    ret = library_parse_key(&setup->context->key, pem, len, passphrase, passphrase_len);
    setup->context->state->host->wipe(passphrase, sizeof passphrase);
    if (!ret)
        return ENVOI_OK;
    if (library_kind(ret) == FAILURE_MEMORY)
        return out_of_memory(setup);
    if (ret == MBEDTLS_ERR_PK_FEATURE_UNAVAILABLE || ret == MBEDTLS_ERR_PKCS5_FEATURE_UNAVAILABLE)
        return setup_failed(setup, ENVOI_E_TLS, source->name,
                            "the key is encrypted in a way that this library does not know; `openssl pkey "
                            "-traditional -aes256 -in FILE -out FILE.pem` writes one that it knows",
                            0);
    return setup_failed(setup, ENVOI_E_TLS, source->name, "the passphrase does not open the key", 0);
}

static int32_t use_key(struct setup *setup, const struct backend_source *source)
{
    const struct envoi_host *host = setup->context->state->host;
    uint8_t *pem;
    size_t len;
    int32_t rc = trust_read(host, source, &pem, &len);
    int ret = rc ? 0 : library_parse_key(&setup->context->key, pem, len, NULL, 0);

    if (ret == MBEDTLS_ERR_PK_PASSWORD_REQUIRED)
        rc = open_encrypted(setup, source, pem, len);
    else if (rc || ret)
        rc = source_failed(setup, source, "no private key can be read", PEM_KEY, rc, ret);
    trust_drop(host, pem, len);
    return rc;
}

static int32_t use_chain(struct setup *setup, const struct backend_source *source)
{
    const struct envoi_host *host = setup->context->state->host;
    uint8_t *pem;
    size_t len;
    int32_t rc = trust_read(host, source, &pem, &len);
    int ret = rc ? 0 : mbedtls_x509_crt_parse(&setup->context->client, pem, len);

    trust_drop(host, pem, len);
    if (rc || ret)
        rc = source_failed(setup, source, "no certificate can be read", PEM_CERTIFICATE, rc, ret);
    return rc;
}

static int32_t set_client(struct setup *setup)
{
    struct tls_context *context = setup->context;
    const struct backend_client client = backend_client_of(setup->config);
    int32_t rc;

    if (!client.key.name)
        return ENVOI_OK;
    if (!client.cert.name)
        return setup_failed(setup, ENVOI_E_TLS, client.key.name, "a key without a certificate", 0);
    rc = use_chain(setup, &client.cert);
    if (!rc)
        rc = use_key(setup, &client.key);
    if (rc)
        return rc;
    if (!library_key_fits(&context->key, &context->client))
        return setup_failed(setup, ENVOI_E_TLS, client.key.name, "the key does not belong to the certificate", 0);
    for (int i = 0; i < 2; i++) {
        if (mbedtls_ssl_conf_own_cert(&context->library[i], &context->client, &context->key) != 0)
            return out_of_memory(setup);
    }
    context->has_client = true;
    return ENVOI_OK;
}

/* ---- all of it ---- */

int32_t context_new(void *state, const struct envoi_tls_config *config, struct envoi_errctx *errctx, void **out)
{
    static int32_t (*const steps[])(struct setup *) = {open_library, set_ciphers, set_trust, set_revocation,
                                                       set_client};
    const struct envoi_host *host = ((const struct tls_state *)state)->host;
    struct tls_context *context = host->alloc(sizeof *context);
    struct setup setup = {.context = context, .config = config, .errctx = errctx};
    int32_t rc = ENVOI_OK;

    if (!context) {
        host->set_error(host, errctx, ENVOI_E_MEMORY, 0, "out of memory");
        return ENVOI_E_MEMORY;
    }
    *context = (struct tls_context){.state = state};
    for (int i = 0; i < 2; i++)
        mbedtls_ssl_config_init(&context->library[i]);
    mbedtls_x509_crt_init(&context->nothing);
    mbedtls_x509_crl_init(&context->crls);
    mbedtls_x509_crt_init(&context->client);
    mbedtls_pk_init(&context->key);
    for (size_t i = 0; !rc && i < sizeof steps / sizeof steps[0]; i++)
        rc = steps[i](&setup);
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
    for (int i = 0; i < 2; i++)
        mbedtls_ssl_config_free(&context->library[i]);
    trust_free(context);
    mbedtls_x509_crl_free(&context->crls);
    mbedtls_x509_crt_free(&context->client);
    mbedtls_pk_free(&context->key);
    context->state->host->free(context->ciphers);
    context->state->host->free(context);
}

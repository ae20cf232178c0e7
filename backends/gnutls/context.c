/* SPDX-License-Identifier: MIT */
/* A context: trust, versions, ciphers, revocation lists and the client's certificate, from a config. */
#include "backend.h"

#include <string.h>

/* Arguments of the steps that make a context. */
struct setup {
    struct tls_context *context;
    const struct envoi_tls_config *config;
    struct envoi_errctx *errctx;
    int32_t passphrase_rc; /* result of the passphrase callback, 1: not called yet */
    const char *versions;  /* end of the priority string */
};

/* Reports a failure: subject (a file, a string, or NULL), what is wrong with it, and the library's reason. Returns
 * `code`. */
static int32_t setup_failed(const struct setup *setup, int32_t code, const char *subject, const char *what, int error)
{
    const struct envoi_host *host = setup->context->state->host;
    char buf[ERROR_TEXT];
    struct backend_text text = backend_text_lent(buf, sizeof buf);

    if (subject) {
        backend_text_add(&text, subject);
        backend_text_add(&text, ": ");
    }
    backend_text_add(&text, what);
    if (error < 0) {
        backend_text_add(&text, ": ");
        backend_text_add(&text, gnutls_strerror(error));
    }
    host->set_error(host, setup->errctx, code, error, buf);
    return code;
}

/* The same for a source that should be PEM. */
static int32_t source_failed(const struct setup *setup, const struct backend_source *source, const char *what,
                             enum backend_pem wanted, int error)
{
    char buf[ERROR_TEXT];
    struct backend_text text = backend_text_lent(buf, sizeof buf);

    backend_text_add(&text, what);
    backend_text_add(&text, ": ");
    if (!backend_pem_explain(&text, source, wanted))
        return setup_failed(setup, ENVOI_E_TLS, source->name, what, error);
    return setup_failed(setup, ENVOI_E_TLS, source->name, buf, 0); /* the library's words say less */
}

static gnutls_datum_t datum_of(const char *pem)
{
    return (gnutls_datum_t){.data = (unsigned char *)(uintptr_t)pem, .size = pem ? (unsigned)strlen(pem) : 0};
}

static int32_t set_versions(struct setup *setup)
{
    /* The system's policy applies already, so versions are only removed. NORMAL still has the old ones. */
    static const char *const floors[] = {"-VERS-SSL3.0:-VERS-TLS1.0:-VERS-TLS1.1:%SAFE_RENEGOTIATION",
                                         "-VERS-SSL3.0:-VERS-TLS1.0:-VERS-TLS1.1:%SAFE_RENEGOTIATION:-VERS-TLS1.3",
                                         "-VERS-SSL3.0:-VERS-TLS1.0:-VERS-TLS1.1:%SAFE_RENEGOTIATION:-VERS-TLS1.2"};
    uint32_t least = setup->config->min_version;
    uint32_t most = setup->config->max_version;

    if (most && most < (least > ENVOI_TLS_1_2 ? least : ENVOI_TLS_1_2))
        return setup_failed(setup, ENVOI_E_TLS, NULL,
                            "no TLS version is left between the lowest and the highest allowed", 0);
    if (least >= ENVOI_TLS_1_3)
        setup->versions = floors[2];
    else
        setup->versions = floors[most == ENVOI_TLS_1_2 ? 1 : 0];
    return ENVOI_OK;
}

/* Does a priority string itself set the least strength of keys? SECURE128 does, but is not counted: it
 * allows weaker keys than our default. */
static bool sets_profile(const char *priority)
{
    return strstr(priority, "%PROFILE") || strstr(priority, "SECURE192") || strstr(priority, "SECURE256") ||
           strstr(priority, "SUITEB");
}

/* Is any version of TLS enabled? The list of the library has those of DTLS too. */
static bool has_version(gnutls_priority_t priority)
{
    const unsigned *list = NULL;
    int count = gnutls_priority_protocol_list(priority, &list);

    for (int i = 0; i < count; i++) {
        if (list[i] == GNUTLS_TLS1_2 || list[i] == GNUTLS_TLS1_3)
            return true;
    }
    return false;
}

static int32_t set_ciphers(struct setup *setup)
{
    const char *ciphers = setup->config->ciphers;
    struct backend_text text = backend_text_heap(setup->context->state->host);
    char *priority;
    int ret;

    if (ciphers) {
        backend_text_add(&text, ciphers);
        backend_text_add(&text, ":");
    }
    /* The default profile allows RSA keys of 1024 bits. */
    if (!ciphers || !sets_profile(ciphers))
        backend_text_add(&text, "%PROFILE_MEDIUM:");
    backend_text_add(&text, setup->versions);
    priority = backend_text_take(&text);
    if (!priority)
        return setup_failed(setup, ENVOI_E_MEMORY, NULL, "out of memory", 0);
    ret =
        gnutls_priority_init2(&setup->context->priority, priority, NULL, ciphers ? 0 : GNUTLS_PRIORITY_INIT_DEF_APPEND);
    setup->context->state->host->free(priority);
    if (ret < 0)
        return setup_failed(setup, ENVOI_E_TLS, ciphers, "not a priority string for GnuTLS", ret);
    if (!has_version(setup->context->priority))
        return setup_failed(setup, ENVOI_E_TLS, ciphers,
                            "no TLS version is left between the lowest and the highest allowed", 0);
    return ENVOI_OK;
}

/* Takes the certificates that may not issue others out of the list of CAs, which the library would not do for those of
 * version 1, without basicConstraints, or for another purpose. */
static bool set_singles_apart(struct tls_context *context)
{
    gnutls_x509_trust_list_t all, singles;
    gnutls_x509_trust_list_iter_t at = NULL;
    gnutls_x509_crt_t cert;
    bool good = true;

    gnutls_certificate_get_trust_list(context->library, &all);
    if (gnutls_x509_trust_list_init(&singles, 0) < 0)
        return false;
    context->singles = singles;
    while (good && gnutls_x509_trust_list_iter_get_ca(all, &at, &cert) >= 0) {
        if (verify_defect(cert) == REASON_NONE)
            gnutls_x509_crt_deinit(cert);
        else
            good = gnutls_x509_trust_list_add_cas(singles, &cert, 1, 0) == 1;
    }
    gnutls_x509_trust_list_iter_deinit(at);
    at = NULL;
    while (good && gnutls_x509_trust_list_iter_get_ca(singles, &at, &cert) >= 0) {
        good = gnutls_x509_trust_list_remove_cas(all, &cert, 1) >= 1;
        gnutls_x509_crt_deinit(cert);
    }
    gnutls_x509_trust_list_iter_deinit(at);
    return good;
}

/* Trusts the certificates of directories, separated by ":". One that has none is no error. */
static int32_t set_system_directories(struct setup *setup, const char *directories)
{
    const struct envoi_host *host = setup->context->state->host;
    struct backend_text text = backend_text_heap(host);
    char *copy, *rest;

    backend_text_add(&text, directories);
    rest = copy = backend_text_take(&text);
    if (!copy)
        return setup_failed(setup, ENVOI_E_MEMORY, NULL, "out of memory", 0);
    for (char *one; (one = strsep(&rest, ":"));) {
        if (*one)
            (void)gnutls_certificate_set_x509_trust_dir(setup->context->library, one, GNUTLS_X509_FMT_PEM);
    }
    host->free(copy);
    return ENVOI_OK;
}

/* Trusts all certificates of a source. Returns their number, or a code of the library. */
static int add_cas(gnutls_certificate_credentials_t library, const struct backend_source *source)
{
    gnutls_datum_t pem = datum_of(source->pem);

    return source->file ? gnutls_certificate_set_x509_trust_file(library, source->file, GNUTLS_X509_FMT_PEM)
                        : gnutls_certificate_set_x509_trust_mem(library, &pem, GNUTLS_X509_FMT_PEM);
}

static int32_t set_system_trust(struct setup *setup)
{
    const struct envoi_host *host = setup->context->state->host;
    gnutls_certificate_credentials_t library = setup->context->library;
    const struct envoi_tls_config *config = setup->config;
    bool told = ENVOI_HAS(config, system_ca_dir) && (config->system_ca_file || config->system_ca_dir);
    const char *file = told ? config->system_ca_file : trust_system_file();
    struct backend_source source = backend_source_of(file, NULL, NULL);
    int32_t rc = file ? trust_add_bundle(setup->context, file) : ENVOI_E_NOT_SUPPORTED;
    int ret;

    if (rc == ENVOI_E_MEMORY)
        return setup_failed(setup, rc, NULL, "out of memory", 0);
    if (rc && !told && gnutls_certificate_set_x509_system_trust(library) <= 0)
        host->log(host, ENVOI_LOG_WARNING, "the system has no CA certificates");
    if (rc && told && file && (ret = add_cas(library, &source)) <= 0)
        return source_failed(setup, &source, "no CA certificate can be read", PEM_CERTIFICATE, ret);
    return told && config->system_ca_dir ? set_system_directories(setup, config->system_ca_dir) : ENVOI_OK;
}

static int32_t set_trust(struct setup *setup)
{
    const struct envoi_tls_config *config = setup->config;
    const struct backend_source sources[] = {
        {.file = config->ca_file, .name = config->ca_file},
        {.pem = ENVOI_HAS(config, ca_pem) ? config->ca_pem : NULL, .name = "the CA certificates from memory"}};
    int32_t rc = config->system_trust ? set_system_trust(setup) : ENVOI_OK;
    int ret;

    for (size_t i = 0; !rc && i < sizeof sources / sizeof sources[0]; i++) {
        if ((sources[i].file || sources[i].pem) && (ret = add_cas(setup->context->library, &sources[i])) <= 0)
            rc = source_failed(setup, &sources[i], "no CA certificate can be read", PEM_CERTIFICATE, ret);
    }
    if (!rc && !set_singles_apart(setup->context))
        rc = setup_failed(setup, ENVOI_E_MEMORY, NULL, "out of memory", 0);
    return rc;
}

static int32_t set_revocation(struct setup *setup)
{
    struct tls_context *context = setup->context;
    const char *file = setup->config->crl_file;
    gnutls_datum_t data = {0};
    int ret;

    if (!file)
        return ENVOI_OK;
    ret = gnutls_load_file(file, &data);
    if (ret >= 0)
        ret = gnutls_x509_crl_list_import2(&context->crls, &context->crl_count, &data, GNUTLS_X509_FMT_PEM, 0);
    if (ret >= 0)
        ret = gnutls_certificate_set_x509_crl(context->library, context->crls, (int)context->crl_count);
    gnutls_free(data.data);
    if (ret < 0 || context->crl_count == 0)
        return source_failed(setup, &(struct backend_source){.file = file, .name = file},
                             "no revocation list can be read", PEM_LIST, ret);
    return ENVOI_OK;
}

/* Asks the application for the passphrase of the key. */
static int give_passphrase(void *setup_, int attempt, const char *url, const char *label, unsigned flags, char *buf,
                           size_t cap)
{
    struct setup *setup = setup_;
    size_t len = 0;

    (void)attempt;
    (void)url;
    (void)label;
    (void)flags;
    if (!setup->config->passphrase || cap == 0 || setup->passphrase_rc != 1)
        return -1;
    setup->passphrase_rc = setup->config->passphrase(setup->config->passphrase_ctx, buf, cap - 1, &len);
    if (!setup->passphrase_rc && len < cap && !memchr(buf, '\0', len)) {
        buf[len] = '\0';
        return 0; /* the library wipes buf */
    }
    setup->context->state->host->wipe(buf, cap);
    return -1;
}

static bool has_certificate(const struct backend_source *source)
{
    gnutls_datum_t file = {0}, data = datum_of(source->pem);
    gnutls_x509_crt_t *chain = NULL;
    unsigned count = 0;
    int ret = source->file ? gnutls_load_file(source->file, &file) : 0;

    if (ret >= 0)
        ret = gnutls_x509_crt_list_import2(&chain, &count, source->file ? &file : &data, GNUTLS_X509_FMT_PEM, 0);
    for (unsigned i = 0; ret >= 0 && i < count; i++)
        gnutls_x509_crt_deinit(chain[i]);
    gnutls_free(chain);
    if (file.data)
        gnutls_memset(file.data, 0, file.size); /* the file may contain the key too */
    gnutls_free(file.data);
    return ret >= 0;
}

/* The library does not report which of the two sources is at fault. */
static int32_t key_failed(const struct setup *setup, const struct backend_source *cert,
                          const struct backend_source *key, int ret)
{
    if (ret == GNUTLS_E_CERTIFICATE_KEY_MISMATCH)
        return setup_failed(setup, ENVOI_E_TLS, key->name, "the key does not belong to the certificate", ret);
    if (!has_certificate(cert))
        return source_failed(setup, cert, "no certificate can be read", PEM_CERTIFICATE, ret);
    if (!setup->passphrase_rc)
        return setup_failed(setup, ENVOI_E_TLS, key->name, "the passphrase does not open the key", ret);
    if (setup->passphrase_rc < 0)
        return setup_failed(setup, ENVOI_E_CANCELLED, key->name, "the passphrase of the key was not given", ret);
    return source_failed(setup, key, "no private key can be read", PEM_KEY, ret);
}

static int32_t set_client(struct setup *setup)
{
    gnutls_certificate_credentials_t library = setup->context->library;
    const struct envoi_tls_config *config = setup->config;
    const struct backend_client client = backend_client_of(config);
    const struct backend_source cert = client.cert, key = client.key;
    gnutls_datum_t cert_data, key_data;
    int ret;

    if (!key.name)
        return ENVOI_OK;
    if (!cert.name)
        return setup_failed(setup, ENVOI_E_TLS, key.name, "a key without a certificate", 0);
    cert_data = datum_of(cert.pem);
    key_data = datum_of(key.pem);
    gnutls_certificate_set_pin_function(library, give_passphrase, setup);
    ret = cert.pem ? gnutls_certificate_set_x509_key_mem2(library, &cert_data, &key_data, GNUTLS_X509_FMT_PEM, NULL, 0)
                   : gnutls_certificate_set_x509_key_file2(library, cert.file, key.file, GNUTLS_X509_FMT_PEM, NULL, 0);
    gnutls_certificate_set_pin_function(library, NULL, NULL);
    setup->context->has_client = ret >= 0;
    return ret < 0 ? key_failed(setup, &cert, &key, ret) : ENVOI_OK;
}

static int32_t open_library(struct setup *setup)
{
    int ret = gnutls_certificate_allocate_credentials(&setup->context->library);

    return ret < 0 ? setup_failed(setup, ENVOI_E_MEMORY, NULL, "no TLS context can be made", ret) : ENVOI_OK;
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
    if (context->library)
        gnutls_certificate_free_credentials(context->library);
    if (context->singles)
        gnutls_x509_trust_list_deinit(context->singles, 1);
    trust_free(context);
    if (context->priority)
        gnutls_priority_deinit(context->priority);
    for (unsigned i = 0; i < context->crl_count; i++)
        gnutls_x509_crl_deinit(context->crls[i]);
    gnutls_free(context->crls);
    context->state->host->free(context);
}

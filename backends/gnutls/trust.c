/* SPDX-License-Identifier: MIT */
/* The system's CAs, parsed when they are needed: before a chain is verified, those with the name of an issuer or of a
 * subject in it are put into the lists of trust. The library compares names octet by octet and looks for no others, so
 * it finds the same as if all were in the lists. */
#include "backend.h"

#include <string.h>

const char *trust_system_file(void)
{
#ifdef GNUTLS_TRUST_FILE
    /* Found out when envoi was built: GnuTLS does not say it. Another version may have another file. */
    if (strcmp(gnutls_check_version(NULL), GNUTLS_VERSION) == 0)
        return GNUTLS_TRUST_FILE;
#endif
    return NULL;
}

int32_t trust_add_bundle(struct tls_context *context, const char *file)
{
    const struct envoi_host *host = context->state->host;
    struct tls_bundle *bundle = host->alloc(sizeof *bundle);
    int32_t rc;

    if (!bundle)
        return ENVOI_E_MEMORY;
    *bundle = (struct tls_bundle){.loaded = NULL};
    rc = backend_bundle_read(&bundle->all, host, file);
    if (!rc && !(bundle->loaded = host->alloc(bundle->all.count * sizeof bundle->loaded[0])))
        rc = ENVOI_E_MEMORY;
    if (!rc && pthread_rwlock_init(&bundle->lock, NULL) != 0)
        rc = ENVOI_E_MEMORY;
    if (rc) {
        host->free(bundle->loaded);
        backend_bundle_free(&bundle->all);
        host->free(bundle);
        return rc;
    }
    memset(bundle->loaded, 0, bundle->all.count * sizeof bundle->loaded[0]);
    context->bundle = bundle;
    return ENVOI_OK;
}

/* Puts a certificate into the list of CAs. One that may not issue others is told apart as in set_singles_apart(), and
 * the library refuses a chain with it, too. One that the library cannot parse is not trusted. */
static void add_cert(const struct tls_context *context, const struct backend_bundle_cert *cert)
{
    const gnutls_datum_t der = {.data = (unsigned char *)(uintptr_t)cert->der, .size = (unsigned)cert->der_len};
    gnutls_x509_trust_list_t list;
    gnutls_x509_crt_t parsed;

    if (gnutls_x509_crt_init(&parsed) < 0)
        return;
    if (gnutls_x509_crt_import(parsed, &der, GNUTLS_X509_FMT_DER) < 0) {
        gnutls_x509_crt_deinit(parsed);
        return;
    }
    gnutls_certificate_get_trust_list(context->library, &list);
    if (verify_defect(parsed) != REASON_NONE) {
        (void)gnutls_x509_trust_list_remove_cas(list, &parsed, 1);
        list = context->singles;
    }
    if (gnutls_x509_trust_list_add_cas(list, &parsed, 1, GNUTLS_TL_NO_DUPLICATES) != 1)
        gnutls_x509_crt_deinit(parsed);
}

static void add_subject(const struct tls_context *context, const gnutls_datum_t *name)
{
    struct tls_bundle *bundle = context->bundle;
    uint32_t key = backend_bundle_key(name->data, name->size);

    for (size_t i = 0; i < bundle->all.count; i++) {
        const struct backend_bundle_cert *cert = &bundle->all.certs[i];

        if (bundle->loaded[i] || cert->key != key || cert->subject_len != name->size ||
            memcmp(cert->subject, name->data, name->size) != 0)
            continue;
        bundle->loaded[i] = true;
        add_cert(context, cert);
    }
}

void trust_lock(const struct tls_connection *conn)
{
    const struct tls_context *context = conn->context;
    gnutls_x509_crt_t cert;
    gnutls_datum_t name;

    if (!context->bundle)
        return;
    (void)pthread_rwlock_wrlock(&context->bundle->lock);
    for (size_t i = 0; i < CHAIN_MAX && (cert = info_peer_at(conn, i)) != NULL; i++) {
        if (gnutls_x509_crt_get_raw_issuer_dn(cert, &name) >= 0) {
            add_subject(context, &name);
            gnutls_free(name.data);
        }
        if (gnutls_x509_crt_get_raw_dn(cert, &name) >= 0) {
            add_subject(context, &name);
            gnutls_free(name.data);
        }
        gnutls_x509_crt_deinit(cert);
    }
    (void)pthread_rwlock_unlock(&context->bundle->lock);
    (void)pthread_rwlock_rdlock(&context->bundle->lock);
}

void trust_unlock(const struct tls_connection *conn)
{
    if (conn->context->bundle)
        (void)pthread_rwlock_unlock(&conn->context->bundle->lock);
}

void trust_free(struct tls_context *context)
{
    struct tls_bundle *bundle = context->bundle;

    if (!bundle)
        return;
    (void)pthread_rwlock_destroy(&bundle->lock);
    context->state->host->free(bundle->loaded);
    backend_bundle_free(&bundle->all);
    context->state->host->free(bundle);
    context->bundle = NULL;
}

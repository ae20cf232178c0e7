/* SPDX-License-Identifier: MIT */
/* The system's CAs, parsed when they are needed. The library asks for an issuer by its name if the store has none of
 * this name, as it does for a directory of `openssl rehash`. So it finds the same as if all were in the store. */
#include "backend.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <string.h>

static bool has_name(const struct backend_bundle_cert *cert, const X509_NAME *name)
{
    const unsigned char *der = cert->subject;
    X509_NAME *subject = d2i_X509_NAME(NULL, &der, (long)cert->subject_len);
    bool same = subject && X509_NAME_cmp(subject, name) == 0;

    X509_NAME_free(subject);
    return same;
}

/* Finds the one certificate with this subject that is not in the store from the beginning, or NULL. */
static const struct backend_bundle_cert *find_cert(const struct tls_bundle *bundle, const X509_NAME *name)
{
    const unsigned char *der;
    uint32_t key;
    size_t len;

    if (X509_NAME_get0_der(name, &der, &len) != 1)
        return NULL;
    key = backend_bundle_key(der, len);
    for (size_t i = 0; i < bundle->all.count; i++) {
        const struct backend_bundle_cert *cert = &bundle->all.certs[i];

        if (!bundle->loaded[i] && (cert->key == key || !key) && has_name(cert, name))
            return cert;
    }
    return NULL;
}

static bool add_cert(X509_STORE *store, const struct backend_bundle_cert *cert)
{
    const unsigned char *der = cert->der;
    X509 *parsed = d2i_X509(NULL, &der, (long)cert->der_len);
    bool good = parsed && X509_STORE_add_cert(store, parsed) == 1;

    X509_free(parsed);
    return good;
}

/* Called by the library, from any thread. The store locks itself, adds nothing twice, and drops nothing. */
static int find_by_name(X509_LOOKUP *lookup, X509_LOOKUP_TYPE type, const X509_NAME *name, X509_OBJECT *found)
{
    const struct backend_bundle_cert *cert = NULL;
    X509_STORE *store = X509_LOOKUP_get_store(lookup);
    const X509_OBJECT *object = NULL;
    X509 *parsed;

    if (type == X509_LU_X509)
        cert = find_cert(X509_LOOKUP_get_method_data(lookup), name);
    /* Another thread may have been faster: the one that is in the store is found. */
    if (cert && add_cert(store, cert) && X509_STORE_lock(store)) {
        object = X509_OBJECT_retrieve_by_subject(X509_STORE_get0_objects(store), type, name);
        (void)X509_STORE_unlock(store);
    }
    parsed = object ? X509_OBJECT_get0_X509(object) : NULL;
    if (!parsed || X509_OBJECT_set1_X509(found, parsed) != 1)
        return 0;
    X509_free(parsed); /* the library takes a reference to what is found by itself; until then the store keeps it */
    return 1;
}

bool trust_setup(struct tls_state *state)
{
    state->bundles = X509_LOOKUP_meth_new("CA certificates that are parsed when they are needed");
    return state->bundles && X509_LOOKUP_meth_set_get_by_subject(state->bundles, find_by_name) == 1;
}

static bool is_unique(const struct backend_bundle *all, size_t index)
{
    uint32_t key = all->certs[index].key;

    for (size_t i = 0; key && i < all->count; i++)
        if (i != index && all->certs[i].key == key)
            return false;
    return key != 0;
}

/* Puts those into the store which may have the subject of another. So a subject is in the store with all of its
 * certificates or with none, whatever other threads do. */
static bool add_namesakes(struct tls_bundle *bundle, X509_STORE *store)
{
    for (size_t i = 0; i < bundle->all.count; i++) {
        bundle->loaded[i] = !is_unique(&bundle->all, i);
        if (bundle->loaded[i] && !add_cert(store, &bundle->all.certs[i]))
            return false;
    }
    return true;
}

int32_t trust_add_bundle(struct tls_context *context, const char *file)
{
    const struct envoi_host *host = context->state->host;
    X509_STORE *store = SSL_CTX_get_cert_store(context->library);
    struct tls_bundle *bundle = &context->bundle;
    int32_t rc = backend_bundle_read(&bundle->all, host, file);
    X509_LOOKUP *lookup;

    if (rc)
        return rc;
    bundle->loaded = host->alloc(bundle->all.count * sizeof bundle->loaded[0]);
    if (!bundle->loaded)
        return ENVOI_E_MEMORY;
    lookup = X509_STORE_add_lookup(store, context->state->bundles);
    if (!lookup || X509_LOOKUP_set_method_data(lookup, bundle) != 1 || !add_namesakes(bundle, store))
        rc = ENVOI_E_NOT_SUPPORTED;
    if (rc)
        trust_free(context); /* the lookup stays, and finds nothing */
    ERR_clear_error();
    return rc;
}

void trust_free(struct tls_context *context)
{
    context->state->host->free(context->bundle.loaded);
    backend_bundle_free(&context->bundle.all);
    context->bundle.loaded = NULL;
}

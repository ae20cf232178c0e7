/* SPDX-License-Identifier: MIT */
/* The system's CAs, parsed when they are needed. The library asks for an issuer by its name if the store has none of
 * this name, as it does for a directory of `openssl rehash`. So it finds the same as if all were in the store. */
#include "backend.h"

#include <dirent.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

/* ---- the file ---- */

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

/* ---- directories ---- */

static bool look_into(X509_STORE *store, const char *directories)
{
    X509_LOOKUP *lookup = X509_STORE_add_lookup(store, X509_LOOKUP_hash_dir());

    return lookup && X509_LOOKUP_add_dir(lookup, directories, X509_FILETYPE_PEM) == 1;
}

/* Does the store have a certificate with this subject, or get one when it is asked? */
static bool has_subject(X509_STORE *store, const X509 *cert)
{
    X509_STORE_CTX *asked = X509_STORE_CTX_new();
    X509_OBJECT *object = NULL;

    if (asked && X509_STORE_CTX_init(asked, store, NULL, NULL) == 1)
        object = X509_STORE_CTX_get_obj_by_subject(asked, X509_LU_X509, X509_get_subject_name(cert));
    X509_OBJECT_free(object);
    X509_STORE_CTX_free(asked);
    return object != NULL;
}

/* Asks the store for each certificate in the files of a directory that are named as by `openssl rehash`. */
static void ask_for_all(X509_STORE *store, const char *directory)
{
    DIR *all = opendir(directory);
    const struct dirent *entry;
    char path[PATH_MAX];

    while (all && (entry = readdir(all)) != NULL) {
        X509 *cert;
        BIO *bio;

        if (strspn(entry->d_name, "0123456789abcdef") != 8 || entry->d_name[8] != '.')
            continue;
        (void)snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
        bio = BIO_new_file(path, "r");
        while (bio && (cert = PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL)) != NULL) {
            (void)has_subject(store, cert);
            X509_free(cert);
        }
        BIO_free(bio);
    }
    if (all)
        (void)closedir(all);
}

/* Adds the certificates of one store to another, but none of which the other has the subject. */
static bool add_others(X509_STORE *to, X509_STORE *from)
{
    STACK_OF(X509) *all = X509_STORE_get1_all_certs(from), *others = sk_X509_new_null();
    bool good = all && others;

    for (int i = 0; good && i < sk_X509_num(all); i++)
        good = has_subject(to, sk_X509_value(all, i)) || sk_X509_push(others, sk_X509_value(all, i)) > 0;
    for (int i = 0; good && i < sk_X509_num(others); i++)
        good = X509_STORE_add_cert(to, sk_X509_value(others, i)) == 1;
    sk_X509_free(others);
    sk_X509_pop_free(all, X509_free);
    return good;
}

bool trust_add_dirs(struct tls_context *context, const char *directories, bool now)
{
    X509_STORE *store = SSL_CTX_get_cert_store(context->library), *found;
    char *copy, *rest;
    bool good;

    if (!now)
        return look_into(store, directories);
    copy = rest = OPENSSL_strdup(directories);
    found = X509_STORE_new();
    good = copy && found && look_into(found, directories);
    for (const char *one; good && (one = strsep(&rest, ":"));)
        ask_for_all(found, one);
    good = good && add_others(store, found);
    X509_STORE_free(found);
    OPENSSL_free(copy);
    return good;
}

void trust_free(struct tls_context *context)
{
    context->state->host->free(context->bundle.loaded);
    backend_bundle_free(&context->bundle.all);
    context->bundle.loaded = NULL;
}

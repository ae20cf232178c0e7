/* SPDX-License-Identifier: MIT */
/* Which CAs are trusted. The system's are parsed when they are needed: before a chain is verified, those that may
 * have the name of an issuer in it are put into the list. The library looks for no others. */
#include "backend.h"
#include "portable/memory.h"

#include <dirent.h>
#include <limits.h>
#include <mbedtls/x509_crt.h>
#include <stdio.h>
#include <string.h>

#define FILE_MAX 0x1000000 /* octets */

/* ---- sources ---- */

void trust_drop(const struct envoi_host *host, uint8_t *pem, size_t len)
{
    if (pem)
        host->wipe(pem, len);
    host->free(pem);
}

/* Reads to the end, with room for a NUL. Nothing of it is left elsewhere: it may be a key. */
static int32_t read_file(const struct envoi_host *host, FILE *file, uint8_t **data, size_t *len)
{
    size_t cap = 0x2000, n;
    uint8_t *more;

    *len = 0;
    *data = host->alloc(cap);
    while (*data && (n = fread(*data + *len, 1, cap - *len - 1, file)) > 0) {
        *len += n;
        if (*len + 1 < cap)
            continue;
        if (cap >= FILE_MAX)
            break;
        more = host->alloc(2 * cap);
        if (more)
            memcpy(more, *data, *len);
        trust_drop(host, *data, *len);
        *data = more;
        cap *= 2;
    }
    if (!*data)
        return ENVOI_E_MEMORY;
    (*data)[(*len)++] = '\0';
    return ENVOI_OK;
}

int32_t trust_read(const struct envoi_host *host, const struct backend_source *source, uint8_t **pem, size_t *len)
{
    FILE *file = NULL;
    int32_t rc;

    *pem = NULL;
    if (source->file)
        file = fopen(source->file, "re");
    else if (*source->pem)
        file = fmemopen((void *)(uintptr_t)source->pem, strlen(source->pem), "r");
    if (!file)
        return ENVOI_E_NOT_SUPPORTED;
    (void)setvbuf(file, NULL, _IONBF, 0);
    rc = read_file(host, file, pem, len);
    (void)fclose(file);
    if (!rc && !memory_find(*pem, *len, "-----BEGIN ", 11)) {
        trust_drop(host, *pem, *len);
        *pem = NULL;
        return ENVOI_E_NOT_SUPPORTED;
    }
    return rc;
}

/* ---- all at once ---- */

int32_t trust_new(struct tls_context *context)
{
    struct tls_trust *trust = context->state->host->alloc(sizeof *trust);

    if (!trust)
        return ENVOI_E_MEMORY;
    *trust = (struct tls_trust){.loaded = NULL};
    mbedtls_x509_crt_init(&trust->list);
    if (pthread_mutex_init(&trust->lock, NULL) != 0) {
        context->state->host->free(trust);
        return ENVOI_E_MEMORY;
    }
    context->trust = trust;
    return ENVOI_OK;
}

/* Parses each certificate by itself, as the versions of the library go on differently after one that they cannot parse.
 * Returns the number of those; *library is the code of the last one, and *found the number of the others. */
static int parse_all(mbedtls_x509_crt *list, uint8_t *pem, int *found, int *library)
{
    static const char begin[] = "-----BEGIN CERTIFICATE-----", end[] = "-----END CERTIFICATE-----";
    char *at = strstr((char *)pem, begin), *after;
    int failed = 0;

    for (; at && (after = strstr(at, end)) != NULL; at = strstr(after, begin)) {
        char next;
        int ret;

        after += sizeof end - 1;
        next = *after;
        *after = '\0';
        ret = mbedtls_x509_crt_parse(list, (const unsigned char *)at, (size_t)(after - at) + 1);
        *after = next;
        *found += !ret;
        failed += ret != 0;
        *library = ret ? ret : *library;
        if (library_kind(ret) == FAILURE_MEMORY)
            break;
    }
    return failed;
}

int32_t trust_add_pem(struct tls_context *context, const struct backend_source *source, int *library)
{
    const struct envoi_host *host = context->state->host;
    char buf[ERROR_TEXT];
    struct backend_text text = backend_text_lent(buf, sizeof buf);
    uint8_t *pem;
    size_t len;
    int found = 0, failed;
    int32_t rc = trust_read(host, source, &pem, &len);

    *library = 0;
    if (rc)
        return rc;
    failed = parse_all(&context->trust->list, pem, &found, library);
    trust_drop(host, pem, len);
    if (library_kind(*library) == FAILURE_MEMORY)
        return ENVOI_E_MEMORY;
    if (failed && found) {
        backend_text_add(&text, source->name);
        backend_text_add(&text, ": not all certificates can be read; the others are trusted");
        host->log(host, ENVOI_LOG_WARNING, buf);
    }
    return found ? ENVOI_OK : ENVOI_E_NOT_SUPPORTED;
}

static int32_t add_dir(struct tls_context *context, const char *directory)
{
    DIR *all = opendir(directory);
    const struct dirent *entry;
    char path[PATH_MAX];
    int32_t rc = ENVOI_OK;
    int library;

    while (all && rc != ENVOI_E_MEMORY && (entry = readdir(all)) != NULL) {
        const struct backend_source source = {.file = path, .name = path};
        const char *after = entry->d_name + strspn(entry->d_name, "0123456789abcdef");

        if (after != entry->d_name + 8 || after[0] != '.' || after[1] < '0' || after[1] > '9')
            continue;
        (void)snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
        rc = trust_add_pem(context, &source, &library);
    }
    if (all)
        (void)closedir(all);
    return rc == ENVOI_E_MEMORY ? rc : ENVOI_OK;
}

int32_t trust_add_dirs(struct tls_context *context, const char *directories)
{
    const struct envoi_host *host = context->state->host;
    struct backend_text text = backend_text_heap(host);
    char *copy, *rest;
    int32_t rc = ENVOI_OK;

    backend_text_add(&text, directories);
    rest = copy = backend_text_take(&text);
    if (!copy)
        return ENVOI_E_MEMORY;
    for (const char *one; !rc && (one = strsep(&rest, ":"));)
        rc = *one ? add_dir(context, one) : ENVOI_OK;
    host->free(copy);
    return rc;
}

/* ---- when they are needed ---- */

int32_t trust_add_bundle(struct tls_context *context, const char *file)
{
    const struct envoi_host *host = context->state->host;
    struct tls_trust *trust = context->trust;
    int32_t rc = backend_bundle_read(&trust->bundle, host, file);

    if (rc)
        return rc;
    trust->loaded = host->alloc(trust->bundle.count * sizeof trust->loaded[0]);
    if (!trust->loaded)
        return ENVOI_E_MEMORY;
    memset(trust->loaded, 0, trust->bundle.count * sizeof trust->loaded[0]);
    return ENVOI_OK;
}

/* One that the library cannot parse is not trusted. */
static void add_issuer(struct tls_trust *trust, const mbedtls_x509_crt *cert)
{
    uint32_t key = backend_bundle_key(cert->issuer_raw.p, cert->issuer_raw.len);

    for (size_t i = 0; i < trust->bundle.count; i++) {
        const struct backend_bundle_cert *one = &trust->bundle.certs[i];

        if (trust->loaded[i] || (key && one->key && key != one->key))
            continue;
        trust->loaded[i] = true;
        (void)mbedtls_x509_crt_parse_der_nocopy(&trust->list, one->der, one->der_len);
    }
}

struct tls_trust *trust_lock(const struct tls_connection *conn, const mbedtls_x509_crt *chain)
{
    struct tls_trust *trust = conn->context->trust;

    (void)pthread_mutex_lock(&trust->lock);
    for (int i = 0; chain && i < CHAIN_MAX; i++, chain = chain->next)
        add_issuer(trust, chain);
    return trust;
}

void trust_unlock(struct tls_trust *trust)
{
    (void)pthread_mutex_unlock(&trust->lock);
}

void trust_free(struct tls_context *context)
{
    const struct envoi_host *host = context->state->host;
    struct tls_trust *trust = context->trust;

    if (!trust)
        return;
    mbedtls_x509_crt_free(&trust->list);
    backend_bundle_free(&trust->bundle);
    host->free(trust->loaded);
    (void)pthread_mutex_destroy(&trust->lock);
    host->free(trust);
    context->trust = NULL;
}

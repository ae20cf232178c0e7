/* SPDX-License-Identifier: MIT */
#include "trust/tls_cache.h"

#include "base/contract.h"
#include "base/mem.h"
#include "plugin/caps.h"
#include "portable/environment.h"
#include "trust/tickets.h"

#include <envoi/library.h>
#include <envoi/session.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* So many unused contexts are kept, the newest ones. */
#define SPARE_MAX            4u
/* The age in milliseconds at which a context with the system's certificates is no longer given out. */
#define SYSTEM_TRUST_AGE_MAX ((int64_t)24 * 3600 * 1000)

enum {
    FILE_CA,
    FILE_CRL,
    FILE_CERT,
    FILE_KEY,
    FILE_SYSTEM_CA,
    FILE_SYSTEM_DIR,
    FILES,
};

/* PEM from memory. */
enum {
    PEM_CA,
    PEM_CERT,
    PEM_KEY,
    PEMS,
};

/* The state of a file when it was read. */
struct stamp {
    uint64_t device, inode, size;
    struct timespec changed;
};

struct tls_context {
    struct tls_context *next;
    unsigned references;
    struct registry_transport transport;
    void *handle;
    int64_t born;
    uint64_t number; /* in its cache */
    bool loaded;     /* stands for its request for good: see tls_cache_load() */
    /* the request that it was made for */
    bool system_trust;
    unsigned min_version;
    char *files[FILES];
    struct stamp stamps[FILES];
    char *pems[PEMS]; /* secret */
    char *ciphers;
    char *passphrase; /* secret; part of the request, because a session without it must not use the key */
};

int tls_cache_init(struct tls_cache *c)
{
    pthread_mutexattr_t attr;
    int failed;

    c->first = NULL;
    c->made = 0;
    (void)pthread_mutexattr_init(&attr);
    (void)pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
    failed = pthread_mutex_init(&c->lock, &attr);
    (void)pthread_mutexattr_destroy(&attr);
    return failed ? ENVOI_E_SYSTEM : ENVOI_OK;
}

static void context_free(struct tls_context *t)
{
    if (t->handle)
        t->transport.transport->ctx_free(t->handle);
    for (int i = 0; i < FILES; i++)
        mem_free(t->files[i]);
    for (int i = 0; i < PEMS; i++)
        mem_free_secret(t->pems[i]);
    mem_free(t->ciphers);
    mem_free_secret(t->passphrase);
    mem_free(t);
}

/* The list is no longer reachable from a cache. */
static void context_free_all(struct tls_context *list)
{
    while (list) {
        struct tls_context *t = list;

        list = t->next;
        context_free(t);
    }
}

void tls_cache_free(struct tls_cache *c)
{
    struct tls_context *all = c->first;

    c->first = NULL;
    context_free_all(all);
    (void)pthread_mutex_destroy(&c->lock);
}

/* ---- requests ---- */

static void stamp_read(const char *path, struct stamp *out)
{
    struct stat st;

    memset(out, 0, sizeof *out);
    if (!path || stat(path, &st) < 0)
        return; /* the transport reports a file that cannot be read */
    *out = (struct stamp){(uint64_t)st.st_dev, (uint64_t)st.st_ino, (uint64_t)st.st_size, st.st_mtim};
}

static bool stamp_equal(const struct stamp *a, const struct stamp *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

static bool context_text_equal(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool context_copy(struct tls_context *t, const char *const *files, const char *const *pems, const char *ciphers,
                         const char *passphrase)
{
    for (int i = 0; i < FILES; i++) {
        if (files[i] && !(t->files[i] = mem_strdup(files[i])))
            return false;
        stamp_read(files[i], &t->stamps[i]);
    }
    for (int i = 0; i < PEMS; i++)
        if (pems[i] && !(t->pems[i] = mem_strdup(pems[i])))
            return false;
    if (ciphers && !(t->ciphers = mem_strdup(ciphers)))
        return false;
    return !passphrase || (t->passphrase = mem_strdup(passphrase));
}

/* Where the environment says that the system's certificates are; NULL: it does not. Not in set-uid programs. */
static const char *context_environment(const struct tls_context *t, const char *name)
{
    const char *value = t->system_trust ? environment_get(name) : NULL;

    return value && *value ? value : NULL;
}

/* A context that states the request and has no handle yet. */
static struct tls_context *context_request(int64_t now, const struct registry_transport *transport,
                                           const struct tls_trust *trust, const struct tls_identity *identity)
{
    const char *files[FILES] = {[FILE_CA] = trust->ca_file,
                                [FILE_CRL] = trust->crl_file,
                                [FILE_CERT] = identity->cert_file,
                                [FILE_KEY] = identity->key_file};
    const char *const pems[PEMS] = {
        [PEM_CA] = trust->ca_pem, [PEM_CERT] = identity->cert_pem, [PEM_KEY] = identity->key_pem};
    bool has_ca = trust->ca_file || trust->ca_pem, has_client = identity->cert_file || identity->cert_pem;
    struct tls_context *t = mem_zalloc(sizeof *t);

    if (!t)
        return NULL;
    t->transport = *transport;
    t->born = now;
    t->system_trust = trust->system_trust < 0 ? !has_ca : trust->system_trust > 0;
    t->min_version = trust->min_version;
    files[FILE_SYSTEM_CA] = context_environment(t, "SSL_CERT_FILE");
    files[FILE_SYSTEM_DIR] = context_environment(t, "SSL_CERT_DIR");
    if (!context_copy(t, files, pems, trust->ciphers, has_client ? identity->passphrase : NULL)) {
        context_free(t);
        return NULL;
    }
    return t;
}

/* Are the requests equal, and the files of `a` those of `b`? */
static bool context_equal(const struct tls_context *a, const struct tls_context *b)
{
    if (a->transport.transport != b->transport.transport || a->transport.state != b->transport.state ||
        a->system_trust != b->system_trust || a->min_version != b->min_version)
        return false;
    for (int i = 0; i < FILES; i++)
        if (!context_text_equal(a->files[i], b->files[i]) || !(a->loaded || stamp_equal(&a->stamps[i], &b->stamps[i])))
            return false;
    for (int i = 0; i < PEMS; i++)
        if (!context_text_equal(a->pems[i], b->pems[i]))
            return false;
    return context_text_equal(a->ciphers, b->ciphers) && context_text_equal(a->passphrase, b->passphrase);
}

static bool context_outdated(const struct tls_context *t, int64_t now)
{
    return t->system_trust && !t->loaded && now - t->born >= SYSTEM_TRUST_AGE_MAX;
}

/* ---- making ---- */

static int32_t context_passphrase(void *ctx, char *buf, size_t cap, size_t *len)
{
    const struct tls_context *t = ctx;

    if (!t->passphrase || strlen(t->passphrase) > cap)
        return ENVOI_E_CANCELLED;
    *len = strlen(t->passphrase);
    memcpy(buf, t->passphrase, *len);
    return ENVOI_OK;
}

/* The capabilities of the transport that the context needs, besides those of the session's settings. */
static uint32_t context_needs(const struct tls_context *t)
{
    bool told = t->files[FILE_SYSTEM_CA] || t->files[FILE_SYSTEM_DIR];

    return (told ? ENVOI_CAP_SYSTEM_CA : 0) | (t->loaded ? ENVOI_CAP_READ_ALL : 0);
}

static int context_make(struct tls_context *t, struct envoi_errctx *fault)
{
    struct envoi_tls_config config = {
        .struct_size = sizeof config,
        .system_trust = t->system_trust,
        .min_version = t->min_version,
        .ca_file = t->files[FILE_CA],
        .crl_file = t->files[FILE_CRL],
        .ciphers = t->ciphers,
        .cert_file = t->files[FILE_CERT],
        .key_file = t->files[FILE_KEY],
        .passphrase = t->passphrase ? context_passphrase : NULL,
        .passphrase_ctx = t,
        .ca_pem = t->pems[PEM_CA],
        .cert_pem = t->pems[PEM_CERT],
        .key_pem = t->pems[PEM_KEY],
        .system_ca_file = t->files[FILE_SYSTEM_CA],
        .system_ca_dir = t->files[FILE_SYSTEM_DIR],
        .read_all = t->loaded,
    };
    int rc = caps_check(&t->transport, context_needs(t), fault);

    if (rc)
        return rc;
    rc = t->transport.transport->ctx_new(t->transport.state, &config, fault, &t->handle);
    rc = contract_result(CONTRACT_CTX_NEW, rc, t->transport.id, fault);
    if (!rc && t->handle)
        return ENVOI_OK;
    t->handle = NULL;
    if (!rc)
        rc = contract_breach(CONTRACT_CTX_NEW, t->transport.id, fault, "succeeded without a context");
    if (fault->code != rc)
        (void)fault_set(fault, rc, ENVOI_PHASE_TLS, "plugin %s cannot set up TLS: %s", t->transport.id,
                        envoi_error_text(rc));
    fault->phase = ENVOI_PHASE_TLS;
    return rc;
}

/* ---- finding ---- */

/* Takes unused contexts that are outdated or beyond SPARE_MAX out of the list, and returns them. The caller frees them
 * without the lock, because the transport may log then, too. The newest come first in the list, so those beyond the
 * limit are the oldest. now -1: ages are not looked at. */
static struct tls_context *tls_cache_take_out(struct tls_cache *c, int64_t now)
{
    struct tls_context *gone = NULL;
    unsigned spares = 0;

    for (struct tls_context **at = &c->first; *at;) {
        struct tls_context *t = *at;

        if (t->references || t->loaded || (!context_outdated(t, now) && ++spares <= SPARE_MAX)) {
            at = &t->next;
            continue;
        }
        *at = t->next;
        t->next = gone;
        gone = t;
    }
    return gone;
}

static struct tls_context *tls_cache_find(const struct tls_cache *c, int64_t now, const struct tls_context *request)
{
    struct tls_context *t = c->first;

    while (t && (context_outdated(t, now) || !context_equal(t, request)))
        t = t->next;
    return t;
}

/* *out becomes an equal context of the cache, or the request itself, with a handle. */
static int tls_cache_get_locked(struct tls_cache *c, struct tls_context *request, struct envoi_errctx *fault,
                                struct tls_context **out)
{
    struct tls_context *t = tls_cache_find(c, request->born, request);
    int rc;

    if (!t) {
        if ((rc = context_make(request, fault)))
            return rc;
        request->number = ++c->made;
        request->next = c->first;
        c->first = t = request;
    }
    t->references++;
    *out = t;
    return ENVOI_OK;
}

int tls_cache_get(struct tls_cache *c, int64_t now, const struct registry_transport *transport,
                  const struct tls_trust *trust, const struct tls_identity *identity, struct envoi_errctx *fault,
                  struct tls_context **out)
{
    struct tls_context *request = context_request(now, transport, trust, identity), *gone;
    int rc;

    *out = NULL;
    if (!request)
        return fault_set(fault, ENVOI_E_MEMORY, ENVOI_PHASE_TLS, "%s", envoi_error_text(ENVOI_E_MEMORY));
    (void)pthread_mutex_lock(&c->lock);
    rc = tls_cache_get_locked(c, request, fault, out);
    gone = tls_cache_take_out(c, now);
    (void)pthread_mutex_unlock(&c->lock);
    context_free_all(gone);
    if (*out != request)
        context_free(request);
    return rc;
}

/* Makes the context, and lets go of the one that was loaded for the same request before. */
static int tls_cache_load_locked(struct tls_cache *c, struct tls_context *request, struct envoi_errctx *fault)
{
    int rc = context_make(request, fault);

    if (rc)
        return rc;
    for (struct tls_context *t = c->first; t; t = t->next)
        if (t->loaded && context_equal(t, request))
            t->loaded = false;
    request->number = ++c->made;
    request->next = c->first;
    c->first = request;
    return ENVOI_OK;
}

int tls_cache_load(struct tls_cache *c, int64_t now, const struct registry_transport *transport,
                   const struct tls_trust *trust, const struct tls_identity *identity, struct envoi_errctx *fault)
{
    struct tls_context *request = context_request(now, transport, trust, identity), *gone;
    int rc;

    if (!request)
        return fault_set(fault, ENVOI_E_MEMORY, ENVOI_PHASE_TLS, "%s", envoi_error_text(ENVOI_E_MEMORY));
    request->loaded = true;
    (void)pthread_mutex_lock(&c->lock);
    rc = tls_cache_load_locked(c, request, fault);
    gone = tls_cache_take_out(c, now);
    (void)pthread_mutex_unlock(&c->lock);
    context_free_all(gone);
    if (rc)
        context_free(request);
    return rc;
}

void *tls_context_handle(const struct tls_context *t)
{
    return t->handle;
}

static void context_file_key(const struct tls_context *t, int file, struct buf *key)
{
    const struct stamp *s = &t->stamps[file];
    const uint64_t numbers[] = {s->device, s->inode, s->size, (uint64_t)s->changed.tv_sec,
                                (uint64_t)s->changed.tv_nsec};

    ticket_key_add_text(key, t->files[file]);
    ticket_key_add(key, numbers, sizeof numbers);
}

void tls_context_key(const struct tls_context *t, struct buf *key)
{
    bool large = t->pems[PEM_CA] || t->pems[PEM_CERT] || t->pems[PEM_KEY];

    ticket_key_add_text(key, t->transport.id);
    ticket_key_add_number(key, t->system_trust);
    ticket_key_add_number(key, t->min_version);
    for (int i = 0; i < FILES; i++)
        context_file_key(t, i, key);
    ticket_key_add_number(key, large ? t->number : 0);
    ticket_key_add_text(key, t->ciphers);
    ticket_key_add_text(key, t->passphrase);
}

void tls_cache_release(struct tls_cache *c, struct tls_context *t)
{
    struct tls_context *gone;

    if (!t)
        return;
    (void)pthread_mutex_lock(&c->lock);
    t->references--;
    gone = tls_cache_take_out(c, -1);
    (void)pthread_mutex_unlock(&c->lock);
    context_free_all(gone);
}

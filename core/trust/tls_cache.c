/* SPDX-License-Identifier: MIT */
#include "trust/tls_cache.h"

#include "base/mem.h"
#include "trust/tickets.h"

#include <envoi/library.h>
#include <envoi/session.h>
#include <string.h>
#include <sys/stat.h>

/* Contexts that nobody uses are kept up to this many, the latest ones. */
#define SPARE_MAX            4u
/* Milliseconds after which the system's certificates are read again. */
#define SYSTEM_TRUST_AGE_MAX ((int64_t)24 * 3600 * 1000)

enum {
    FILE_CA,
    FILE_CRL,
    FILE_CERT,
    FILE_KEY,
    FILES,
};

/* Which state of a file was read. */
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
    /* what it was made from */
    bool system_trust;
    unsigned min_version;
    char *files[FILES];
    struct stamp stamps[FILES];
    char *ciphers;
    char *passphrase; /* secret: who does not know it may not use the key */
};

int tls_cache_init(struct tls_cache *c)
{
    pthread_mutexattr_t attr;
    int failed;

    c->first = NULL;
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
    mem_free(t->ciphers);
    mem_free_secret(t->passphrase);
    mem_free(t);
}

/* Those of a list that nobody else can find. */
static void free_all(struct tls_context *list)
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
    free_all(all);
    (void)pthread_mutex_destroy(&c->lock);
}

/* ---- what is asked for ---- */

static void stamp_file(const char *path, struct stamp *out)
{
    struct stat st;

    memset(out, 0, sizeof *out);
    if (!path || stat(path, &st) < 0)
        return; /* that it cannot be read is the transport's to say */
    *out = (struct stamp){(uint64_t)st.st_dev, (uint64_t)st.st_ino, (uint64_t)st.st_size, st.st_mtim};
}

static bool stamp_equal(const struct stamp *a, const struct stamp *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

static bool text_same(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool copy_wish(struct tls_context *t, const char *const *files, const char *ciphers, const char *passphrase)
{
    for (int i = 0; i < FILES; i++) {
        if (files[i] && !(t->files[i] = mem_strdup(files[i])))
            return false;
        stamp_file(files[i], &t->stamps[i]);
    }
    return !((ciphers && !(t->ciphers = mem_strdup(ciphers))) ||
             (passphrase && !(t->passphrase = mem_strdup(passphrase))));
}

/* A context that is only what is asked for; without a handle yet. */
static struct tls_context *wish_new(int64_t now, const struct registry_transport *transport,
                                    const struct tls_trust *trust, const struct tls_identity *identity)
{
    const char *files[FILES] = {trust->ca_file, trust->crl_file, identity->cert_file, identity->key_file};
    struct tls_context *t = mem_zalloc(sizeof *t);

    if (!t)
        return NULL;
    t->transport = *transport;
    t->born = now;
    t->system_trust = trust->system_trust < 0 ? !trust->ca_file : trust->system_trust > 0;
    t->min_version = trust->min_version;
    if (!copy_wish(t, files, trust->ciphers, identity->cert_file ? identity->passphrase : NULL)) {
        context_free(t);
        return NULL;
    }
    return t;
}

static bool same_wish(const struct tls_context *a, const struct tls_context *b)
{
    if (a->transport.transport != b->transport.transport || a->transport.state != b->transport.state ||
        a->system_trust != b->system_trust || a->min_version != b->min_version)
        return false;
    for (int i = 0; i < FILES; i++)
        if (!text_same(a->files[i], b->files[i]) || !stamp_equal(&a->stamps[i], &b->stamps[i]))
            return false;
    return text_same(a->ciphers, b->ciphers) && text_same(a->passphrase, b->passphrase);
}

static bool is_outdated(const struct tls_context *t, int64_t now)
{
    return t->system_trust && now - t->born >= SYSTEM_TRUST_AGE_MAX;
}

/* ---- making ---- */

static int32_t give_passphrase(void *ctx, char *buf, size_t cap, size_t *len)
{
    const struct tls_context *t = ctx;

    if (!t->passphrase || strlen(t->passphrase) > cap)
        return ENVOI_E_CANCELLED;
    *len = strlen(t->passphrase);
    memcpy(buf, t->passphrase, *len);
    return ENVOI_OK;
}

static int make(struct tls_context *t, struct envoi_errctx *fault)
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
        .passphrase = t->passphrase ? give_passphrase : NULL,
        .passphrase_ctx = t,
    };
    int rc = t->transport.transport->ctx_new(t->transport.state, &config, fault, &t->handle);

    if (rc == ENVOI_OK && t->handle)
        return ENVOI_OK;
    t->handle = NULL;
    if (rc == ENVOI_OK || rc == ENVOI_E_AGAIN)
        rc = ENVOI_E_PLUGIN;
    if (fault->code != rc)
        (void)fault_set(fault, rc, ENVOI_PHASE_TLS, "plugin %s cannot set up TLS: %s", t->transport.id,
                        envoi_error_text(rc));
    fault->phase = ENVOI_PHASE_TLS;
    return rc;
}

/* ---- finding ---- */

/* Takes what is not needed any longer out of the list, to be freed when the lock is not held: the transport may log then, too.
 * The list has the latest first, so the spare ones behind the limit are the oldest. */
static struct tls_context *take_out(struct tls_cache *c, int64_t now)
{
    struct tls_context *gone = NULL;
    unsigned spares = 0;

    for (struct tls_context **at = &c->first; *at;) {
        struct tls_context *t = *at;

        if (t->references || (!is_outdated(t, now) && ++spares <= SPARE_MAX)) {
            at = &t->next;
            continue;
        }
        *at = t->next;
        t->next = gone;
        gone = t;
    }
    return gone;
}

static struct tls_context *find(const struct tls_cache *c, int64_t now, const struct tls_context *wish)
{
    struct tls_context *t = c->first;

    while (t && (is_outdated(t, now) || !same_wish(t, wish)))
        t = t->next;
    return t;
}

/* The context that is as wished, which may be the wish itself. */
static int get_locked(struct tls_cache *c, struct tls_context *wish, struct envoi_errctx *fault,
                      struct tls_context **out)
{
    struct tls_context *t = find(c, wish->born, wish);
    int rc;

    if (!t) {
        if ((rc = make(wish, fault)))
            return rc;
        wish->next = c->first;
        c->first = t = wish;
    }
    t->references++;
    *out = t;
    return ENVOI_OK;
}

int tls_cache_get(struct tls_cache *c, int64_t now, const struct registry_transport *transport,
                  const struct tls_trust *trust, const struct tls_identity *identity, struct envoi_errctx *fault,
                  struct tls_context **out)
{
    struct tls_context *wish = wish_new(now, transport, trust, identity), *gone;
    int rc;

    *out = NULL;
    if (!wish)
        return fault_set(fault, ENVOI_E_MEMORY, ENVOI_PHASE_TLS, "%s", envoi_error_text(ENVOI_E_MEMORY));
    (void)pthread_mutex_lock(&c->lock);
    rc = get_locked(c, wish, fault, out);
    gone = take_out(c, now);
    (void)pthread_mutex_unlock(&c->lock);
    free_all(gone);
    if (*out != wish)
        context_free(wish);
    return rc;
}

void *tls_context_handle(const struct tls_context *t)
{
    return t->handle;
}

static int file_key(const struct tls_context *t, int file, struct buf *key)
{
    const struct stamp *s = &t->stamps[file];
    const uint64_t numbers[] = {s->device, s->inode, s->size, (uint64_t)s->changed.tv_sec,
                                (uint64_t)s->changed.tv_nsec};

    if (ticket_key_add_text(key, t->files[file]))
        return ENVOI_E_MEMORY;
    return ticket_key_add(key, numbers, sizeof numbers);
}

int tls_context_key(const struct tls_context *t, struct buf *key)
{
    int rc = ticket_key_add_text(key, t->transport.id);

    if (!rc)
        rc = ticket_key_add_number(key, t->system_trust);
    if (!rc)
        rc = ticket_key_add_number(key, t->min_version);
    for (int i = 0; i < FILES && !rc; i++)
        rc = file_key(t, i, key);
    if (!rc)
        rc = ticket_key_add_text(key, t->ciphers);
    return rc ? rc : ticket_key_add_text(key, t->passphrase);
}

void tls_cache_release(struct tls_cache *c, struct tls_context *t)
{
    struct tls_context *gone;

    if (!t)
        return;
    (void)pthread_mutex_lock(&c->lock);
    t->references--;
    gone = take_out(c, -1);
    (void)pthread_mutex_unlock(&c->lock);
    free_all(gone);
}

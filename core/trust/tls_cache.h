/* SPDX-License-Identifier: MIT */
/* TLS contexts, shared by all sessions that ask for the same: reading the system's certificates takes tens of
 * milliseconds and megabytes.
 *
 * A session gets an existing context if it agrees with the request in transport, trust, versions, ciphers and client
 * certificate, and the files have not changed since they were read; so a renewed certificate is read again. Where the
 * system's certificates are only the TLS library knows, unless the environment says it (SSL_CERT_FILE, SSL_CERT_DIR). A
 * context with them is therefore not given out for longer than a day; sessions that hold it keep it.
 *
 * A program that gives up the right to read its files has contexts loaded before: those neither age nor change. */
#ifndef TRUST_TLS_CACHE_H
#define TRUST_TLS_CACHE_H

#include "base/buf.h"
#include "base/fault.h"
#include "plugin/registry.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* The TLS settings of a library. */
struct tls_trust {
    char *ca_file;
    char *ca_pem; /* from memory, beside ca_file */
    char *crl_file;
    char *ciphers;
    int system_trust; /* -1: yes, unless there is a ca_file or a ca_pem */
    unsigned min_version;
};

/* The client certificate of a session. Borrowed for the call; NULL: none. */
struct tls_identity {
    const char *cert_file;
    const char *key_file;
    const char *cert_pem, *key_pem; /* from memory, instead; secret */
    const char *passphrase;         /* of the key; secret */
};

struct tls_context;

/* The lock is recursive: a transport may log while it makes a context, and the log function may free another
 * session. */
struct tls_cache {
    pthread_mutex_t lock;
    struct tls_context *first;
    uint64_t made; /* contexts so far */
};

/* ENVOI_OK or ENVOI_E_SYSTEM. */
int tls_cache_init(struct tls_cache *c);
/* All contexts must have been released. */
void tls_cache_free(struct tls_cache *c);

/* Finds or makes a context and takes a reference to it. ENVOI_OK, or an error that is reported in fault. */
int tls_cache_get(struct tls_cache *c, int64_t now, const struct registry_transport *transport,
                  const struct tls_trust *trust, const struct tls_identity *identity, struct envoi_errctx *fault,
                  struct tls_context **out);
/* Makes a context that has read all that it may ever need, in place of an equal one that was loaded before. Each later
 * request for the same gets it, whatever becomes of the files. ENVOI_OK, or an error that is reported in fault. */
int tls_cache_load(struct tls_cache *c, int64_t now, const struct registry_transport *transport,
                   const struct tls_trust *trust, const struct tls_identity *identity, struct envoi_errctx *fault);
/* The transport's own context. */
void *tls_context_handle(const struct tls_context *t);
/* Appends everything that the context was made from to the key of a ticket, or for large things from memory, the number
 * of the context: no ticket outlives such a context. The buffer remembers a failure. */
void tls_context_key(const struct tls_context *t, struct buf *key);
/* Gives a reference back. NULL is a no-op. */
void tls_cache_release(struct tls_cache *c, struct tls_context *t);

#endif

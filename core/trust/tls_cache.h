/* SPDX-License-Identifier: MIT */
/* TLS contexts, shared by all sessions that ask for the same: reading the system's certificates takes tens of milliseconds
 * and megabytes. What is asked for is what the context depends on: transport, trust, versions, client certificate, and the
 * files as they are now, so that a certificate that was renewed is read again. Where the system's certificates are only the
 * TLS library knows, so they are read again once a day; who has a context keeps it. */
#ifndef TRUST_TLS_CACHE_H
#define TRUST_TLS_CACHE_H

#include "base/buf.h"
#include "base/fault.h"
#include "plugin/registry.h"

#include <pthread.h>
#include <stdbool.h>

/* What a library trusts. */
struct tls_trust {
    char *ca_file;
    char *crl_file;
    char *ciphers;
    int system_trust; /* -1: yes, unless there is a ca_file */
    unsigned min_version;
};

/* The client certificate, for servers that ask for one. Borrowed for the call; NULL: none. */
struct tls_identity {
    const char *cert_file;
    const char *key_file;
    const char *passphrase; /* of the key; secret */
};

struct tls_context;

/* Recursive: a transport may log while it makes a context, and the log function may free another session. */
struct tls_cache {
    pthread_mutex_t lock;
    struct tls_context *first;
};

int tls_cache_init(struct tls_cache *c);
/* All contexts must have been released. */
void tls_cache_free(struct tls_cache *c);

/* Finds or makes a context and holds it. ENVOI_OK or an error that was told to fault. */
int tls_cache_get(struct tls_cache *c, int64_t now, const struct registry_transport *transport,
                  const struct tls_trust *trust, const struct tls_identity *identity, struct envoi_errctx *fault,
                  struct tls_context **out);
/* What the transport knows it by. */
void *tls_context_handle(const struct tls_context *t);
/* Appends what it was made from to the key of a ticket. ENVOI_OK or ENVOI_E_MEMORY. */
int tls_context_key(const struct tls_context *t, struct buf *key);
/* Lets go of it; NULL is a no-op. */
void tls_cache_release(struct tls_cache *c, struct tls_context *t);

#endif

/* SPDX-License-Identifier: MIT */
/* Shared by sessions: plugins, trust, TLS contexts, and knowledge of servers. Each session holds a reference, so that
 * the library lives until the last of them is freed. */
#ifndef LIBRARY_LIBRARY_H
#define LIBRARY_LIBRARY_H

#include "library/servers.h"
#include "net/resolver.h"
#include "plugin/registry.h"
#include "trust/tickets.h"
#include "trust/tls_cache.h"

#include <envoi/library.h>
#include <stdatomic.h>
#include <stdbool.h>

/* The setters whose failure is remembered: each verb but quit returns it until they succeed. */
enum library_setter {
    SET_MODULE_DIRECTORY,
    SET_DESCRIPTOR_DIRECTORIES,
    USE_USER_DESCRIPTORS,
    SET_TLS_BACKEND,
    SET_CA_FILE,
    SET_CRL_FILE,
    SET_MIN_TLS,
    SET_CIPHERS,
    LIBRARY_SETTERS,
};

struct envoi_library {
    atomic_uint references;
    atomic_uint users; /* the references of the application and its sessions, without those of worker threads */
    struct registry *registry;
    struct tls_cache tls;
    struct tls_trust trust;
    struct tickets tickets;
    struct servers servers;
    struct refusals *refused_secrets;
    char *tls_backend; /* plugin id; NULL: not chosen */
    /* directories of descriptors and modules */
    char *vendor, *user, *admin, *modules;
    bool user_default; /* the user's directory is that of XDG */
    struct resolver_policy resolver;
    char *dns_servers;             /* owned; resolver.servers points to it */
    int refusals[LIBRARY_SETTERS]; /* the last result of each setter */
    bool refused;                  /* one of them has failed */
};

struct envoi_library *library_ref(struct envoi_library *library);
void library_unref(struct envoi_library *library);
/* The same for a worker thread. When only worker threads are left, the log function is no longer called. */
struct envoi_library *library_keep(struct envoi_library *library);
void library_release(struct envoi_library *library);

/* Reports in fault, and returns, the failure of a setter that has not succeeded since. Only if `refused` is set. */
int library_refusal(const struct envoi_library *library, struct envoi_errctx *fault);
/* The same, or ENVOI_OK if no setter has failed. Each verb but quit asks before it sends anything. */
static inline int library_check(const struct envoi_library *library, struct envoi_errctx *fault)
{
    return library->refused ? library_refusal(library, fault) : ENVOI_OK;
}

/* For tests: name servers ("127.0.0.1:5353") to ask instead of those of resolv.conf. NULL: those of resolv.conf. */
int library_set_dns_servers(struct envoi_library *library, const char *servers);

#endif

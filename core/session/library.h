/* SPDX-License-Identifier: MIT */
/* What sessions share: plugins, trust, TLS contexts. A session holds the library by a reference, so that one that is freed
 * too late does not fall into a hole. */
#ifndef SESSION_LIBRARY_H
#define SESSION_LIBRARY_H

#include "net/resolver.h"
#include "plugin/registry.h"
#include "session/servers.h"
#include "trust/tickets.h"
#include "trust/tls_cache.h"

#include <envoi/library.h>
#include <stdatomic.h>
#include <stdbool.h>

/* The setters that may fail, and whose failure sticks. */
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
    atomic_uint users; /* of them: the application and its sessions; the others are worker threads */
    struct registry *registry;
    struct tls_cache tls;
    struct tls_trust trust;
    struct tickets tickets;
    struct servers servers;
    char *tls_backend; /* the choice, NULL: none */
    /* where the plugins are */
    char *vendor, *user, *admin, *modules;
    bool user_default; /* the user's directory is the one of XDG */
    struct resolver_policy resolver;
    char *dns_servers;             /* what resolver.servers points to */
    int refusals[LIBRARY_SETTERS]; /* the last result of each setter */
    bool refused;                  /* one of them is a failure */
};

struct envoi_library *library_ref(struct envoi_library *library);
void library_unref(struct envoi_library *library);
/* The same for a thread of ours: when only such are left, nobody is told anything any more. */
struct envoi_library *library_keep(struct envoi_library *library);
void library_release(struct envoi_library *library);

/* The result of a setter that has failed and not succeeded since, told to fault; only where one is `refused`. */
int library_refusal(const struct envoi_library *library, struct envoi_errctx *fault);
/* The same, or ENVOI_OK: to be asked before anything is sent. */
static inline int library_check(const struct envoi_library *library, struct envoi_errctx *fault)
{
    return library->refused ? library_refusal(library, fault) : ENVOI_OK;
}

/* Asks these name servers ("127.0.0.1:5353") instead of resolv.conf's: for tests. NULL: resolv.conf's. */
int library_set_dns_servers(struct envoi_library *library, const char *servers);

#endif

/* SPDX-License-Identifier: MIT */
/* What sessions share: plugins, trust, TLS contexts. A session holds the library by a reference, so that one that is freed
 * too late does not fall into a hole. */
#ifndef DRIVER_LIBRARY_H
#define DRIVER_LIBRARY_H

#include "driver/resolver.h"
#include "driver/servers.h"
#include "driver/tickets.h"
#include "driver/tls_cache.h"
#include "plugin/registry.h"

#include <envoi/library.h>
#include <stdatomic.h>
#include <stdbool.h>

struct envoi_library {
    atomic_uint references;
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
    char *dns_servers; /* what resolver.servers points to */
};

struct envoi_library *library_ref(struct envoi_library *library);
void library_unref(struct envoi_library *library);

/* Asks these name servers ("127.0.0.1:5353") instead of resolv.conf's: for tests. NULL: resolv.conf's. */
int library_set_dns_servers(struct envoi_library *library, const char *servers);

#endif

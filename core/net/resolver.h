/* SPDX-License-Identifier: MIT */
/* One look-up of a host name, by c-ares.
 *
 * /etc/hosts and localhost come first, for both families at once, and a name that is found there causes no packet.
 * Then there is one query for each family, so that a family without an answer does not delay the other (RFC 8305
 * section 3). */
#ifndef NET_RESOLVER_H
#define NET_RESOLVER_H

#include "base/fault.h"
#include "net/channel.h"
#include "net/endpoint.h"
#include "net/target.h"
#include "net/watch.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of each family; further ones are ignored. */
#define ADDRESSES_MAX 8

enum {
    FAMILY_V6,
    FAMILY_V4,
    FAMILIES,
};

struct addresses {
    struct endpoint found[FAMILIES][ADDRESSES_MAX];
    size_t count[FAMILIES];
    int first; /* the family that is to be tried first */
};

struct resolver_query {
    struct resolver *resolver;
    bool asked;
    bool both; /* for both families at once */
    bool done;
    int status; /* ARES_* */
};

struct resolver {
    const struct target *target;
    struct watch *watch;
    struct channel channel; /* closed: not, or no longer, needed */
    struct addresses addresses;
    int64_t ttl; /* the least TTL of the answers, in milliseconds; -1: unknown */
    struct resolver_query queries[FAMILIES];
};

/* Begins a look-up, which may be complete on return. target and watch live as long as r. ENVOI_OK, or an error that is
 * reported in fault. */
int resolver_start(struct resolver *r, const struct target *target, const struct resolver_policy *policy,
                   struct watch *watch, struct envoi_errctx *fault);
/* fd is ready for events. -1: none is, but a time-out of c-ares may be due. */
void resolver_process(struct resolver *r, int fd, unsigned events);
/* True if no more answers will come for a family (FAMILIES: for any). */
bool resolver_done(const struct resolver *r, int family);
/* Adds the descriptors that matter now to the watch list. */
void resolver_watch(const struct resolver *r);
/* When resolver_process() is due at the latest; -1: never. */
int64_t resolver_deadline(const struct resolver *r, int64_t now);
/* Reports in fault why no address was found, and returns the code. */
int resolver_failure(const struct resolver *r, struct envoi_errctx *fault);
/* Ends the look-up at any time. The addresses that were found stay. */
void resolver_stop(struct resolver *r);

#endif

/* SPDX-License-Identifier: MIT */
/* One look-up of a host name, by c-ares.
 *
 * A c-ares channel costs 75 KiB and must not be used by two threads at once. So it belongs to a look-up, not to a session:
 * it is made when there is a name that /etc/hosts does not know, and destroyed with the last answer, while the connection
 * attempts may still go on. A session that is connected has none. A channel that was kept and lent from session to session
 * would cost the same at the peak, would need a lock, and would go on asking the name servers of a network that the
 * machine has left long ago; making one takes 0.1 ms.
 *
 * /etc/hosts and localhost are asked first and for both families at once, so a name that is there causes no packet. Then
 * the two families are asked apart, so that one that is not answered does not hold up the other (RFC 8305 section 3). */
#ifndef NET_RESOLVER_H
#define NET_RESOLVER_H

#include "base/fault.h"
#include "net/endpoint.h"
#include "net/target.h"
#include "net/watch.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of each family; more are not tried. */
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

/* What is asked of the resolver beside the name. */
struct resolver_policy {
    const char *servers; /* "127.0.0.1:5353,...": instead of those of resolv.conf; for tests; NULL: none */
    bool secure;         /* a set-uid program: nothing of the environment counts */
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
    void *channel; /* NULL: not (or no longer) needed */
    struct addresses addresses;
    int64_t ttl; /* ms that all of them are good for; -1: nobody has said so */
    struct resolver_query queries[FAMILIES];
};

/* Begins; may be over at once. target and watch live as long as r. ENVOI_OK or an error that was told to fault. */
int resolver_start(struct resolver *r, const struct target *target, const struct resolver_policy *policy,
                   struct watch *watch, struct envoi_errctx *fault);
/* Carries on: fd is ready for events, or is -1 and a time-out of c-ares may be due. */
void resolver_process(struct resolver *r, int fd, unsigned events);
/* No more answers will come for a family (FAMILIES: for any). */
bool resolver_done(const struct resolver *r, int family);
/* Says which descriptors matter. */
void resolver_watch(const struct resolver *r);
/* When resolver_process() is due at the latest; -1: never. */
int64_t resolver_deadline(const struct resolver *r, int64_t now);
/* Why nothing was found, told to fault and returned. */
int resolver_failure(const struct resolver *r, struct envoi_errctx *fault);
/* Ends it, whatever the state; what was found stays. */
void resolver_stop(struct resolver *r);

#endif

/* SPDX-License-Identifier: MIT */
/* What is known of a server's name: one look-up serves all connections of a pool's route to it. The first one that needs the
 * addresses looks them up, and no other one is begun meanwhile; what it finds is good for the time that the name servers said.
 * A failure is not kept: the pool's back-off stands for that. */
#ifndef NET_HOST_CACHE_H
#define NET_HOST_CACHE_H

#include "net/resolver.h"

#include <stdbool.h>
#include <stdint.h>

struct host_cache {
    struct addresses addresses;
    int64_t until;  /* they are good before that */
    bool looked_up; /* right now somebody does it */
};

/* The addresses, if there are any that are good. */
const struct addresses *host_cache_use(const struct host_cache *c, int64_t now);
/* Keeps what was found, for ttl milliseconds (-1: nobody said) within bounds. */
void host_cache_keep(struct host_cache *c, const struct addresses *found, int64_t ttl, int64_t now);
/* That address is the one to be tried first. It may have been found after host_cache_keep(). */
void host_cache_prefer(struct host_cache *c, const struct endpoint *e);
void host_cache_forget(struct host_cache *c);

#endif

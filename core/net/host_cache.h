/* SPDX-License-Identifier: MIT */
/* The addresses of one host, so that one look-up serves all dialers to it. The first dialer that needs the addresses
 * looks them up; meanwhile the owner of the cache begins no other dialer. The addresses are valid for the TTL of the
 * answer. A failure is not cached: the owner has its own back-off. */
#ifndef NET_HOST_CACHE_H
#define NET_HOST_CACHE_H

#include "net/resolver.h"

#include <stdbool.h>
#include <stdint.h>

struct host_cache {
    struct addresses addresses;
    int64_t until;  /* when the addresses expire */
    bool looked_up; /* a dialer is looking them up now */
};

/* The addresses, NULL if there are none or they have expired. */
const struct addresses *host_cache_use(const struct host_cache *c, int64_t now);
/* Stores the addresses for ttl milliseconds (-1: unknown), within bounds. */
void host_cache_keep(struct host_cache *c, const struct addresses *found, int64_t ttl, int64_t now);
/* The address is to be tried first. It is added if it was found after host_cache_keep(). */
void host_cache_prefer(struct host_cache *c, const struct endpoint *e);
/* The addresses are expired from now on. */
void host_cache_forget(struct host_cache *c);

#endif

/* SPDX-License-Identifier: MIT */
#include "net/host_cache.h"

#include <string.h>

/* Milliseconds. The minimum lets dialers that begin together share a look-up even if its TTL is 0. Addresses of
 * /etc/hosts have no TTL. */
#define TTL_MIN     1000
#define TTL_MAX     ((int64_t)3600 * 1000)
#define TTL_UNKNOWN 10000

const struct addresses *host_cache_use(const struct host_cache *c, int64_t now)
{
    const struct addresses *a = &c->addresses;

    return now < c->until && a->count[FAMILY_V6] + a->count[FAMILY_V4] ? a : NULL;
}

void host_cache_keep(struct host_cache *c, const struct addresses *found, int64_t ttl, int64_t now)
{
    if (ttl < 0)
        ttl = TTL_UNKNOWN;
    else if (ttl < TTL_MIN)
        ttl = TTL_MIN;
    else if (ttl > TTL_MAX)
        ttl = TTL_MAX;
    c->addresses = *found;
    c->until = now + ttl;
}

void host_cache_prefer(struct host_cache *c, const struct endpoint *e)
{
    int family = e->at.any.sa_family == AF_INET6 ? FAMILY_V6 : FAMILY_V4;
    struct endpoint *list = c->addresses.found[family];
    size_t *count = &c->addresses.count[family], i = 0;

    while (i < *count && !endpoint_equal(&list[i], e))
        i++;
    if (i == ADDRESSES_MAX)
        i--; /* it replaces the last one */
    else if (i == *count)
        ++*count;
    memmove(list + 1, list, i * sizeof *list);
    list[0] = *e;
    c->addresses.first = family;
}

void host_cache_forget(struct host_cache *c)
{
    c->until = 0;
}

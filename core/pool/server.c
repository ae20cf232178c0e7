/* SPDX-License-Identifier: MIT */
#include "pool/server.h"

#include "base/clock.h"

void server_new_turn(struct pool_route *r)
{
    for (size_t i = 0; r->tried && i < r->server_count; i++)
        if (r->servers[i].tried) {
            r->servers[i].tried = false;
            r->tried--;
        }
}

struct pool_server *server_next(struct pool_route *r)
{
    struct pool_server *second = NULL;
    int64_t soonest = -1;

    if (r->tried == r->server_count && !r->lists[POOL_CONNECTING].count)
        server_new_turn(r);
    for (size_t i = 0; i < r->server_count; i++) {
        struct pool_server *s = &r->servers[i];

        if (s->not_before > r->pool->now)
            soonest = clock_earlier(soonest, s->not_before);
        else if (!s->tried)
            return s;
        else if (!second)
            second = s;
    }
    if (!second)
        pool_wake_at(r->pool, soonest);
    return second;
}

void server_failed(struct pool_route *r, struct pool_server *s, int64_t begun)
{
    const int64_t *limits = r->pool->limits;
    int64_t longest = limits[ENVOI_POOL_BACKOFF_MAX_MS];

    if (begun < s->failed || (begun == s->failed && s->not_before > r->pool->now))
        return; /* of connections that were begun together, only the first failure counts */
    if (!s->pause)
        s->pause = limits[ENVOI_POOL_BACKOFF_MS];
    else
        s->pause = s->pause > longest / 2 ? longest : 2 * s->pause;
    if (s->pause > longest)
        s->pause = longest;
    s->failed = r->pool->now;
    s->not_before = s->pause > INT64_MAX - r->pool->now ? INT64_MAX : r->pool->now + s->pause;
    r->tried += !s->tried;
    s->tried = true;
    pool_wake_at(r->pool, s->not_before);
}

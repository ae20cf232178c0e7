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

/* May a connection of this account be begun? Until its first login has succeeded one at a time, because a wrong
 * password is presented once and not sixteen times. */
static bool server_account_is_open(const struct pool_account *a)
{
    return !a->refused && (a->proven || !a->connecting || !session_has_login(a->prototype));
}

/* Has the account of s fewer connections for its weight than that of the other? */
static bool server_is_due(const struct pool_route *r, const struct pool_server *s, const struct pool_server *other)
{
    const struct pool_account *a = &r->accounts[s->account], *b = &r->accounts[other->account];

    return (a->connections + 1) * b->weight < (b->connections + 1) * a->weight;
}

struct pool_server *server_next(struct pool_route *r)
{
    struct pool_server *fresh = NULL, *tried = NULL;
    int64_t soonest = -1;

    if (r->tried == r->usable && !r->lists[POOL_CONNECTING].count)
        server_new_turn(r);
    for (size_t i = 0; i < r->server_count; i++) {
        struct pool_server *s = &r->servers[i], **best = s->tried ? &tried : &fresh;

        if (!server_account_is_open(&r->accounts[s->account]))
            continue;
        if (s->not_before > r->pool->now)
            soonest = clock_earlier(soonest, s->not_before);
        else if (!*best || ((*best)->account != s->account && server_is_due(r, s, *best)))
            *best = s;
    }
    if (!fresh && !tried)
        pool_wake_at(r->pool, soonest);
    return fresh ? fresh : tried;
}

bool server_refuse_account(struct pool_route *r, size_t account)
{
    bool all = true;

    r->accounts[account].refused = true;
    r->accounts[account].proven = false;
    for (size_t i = 0; i < r->server_count; i++)
        if (r->servers[i].account == account) {
            r->usable--;
            r->tried -= r->servers[i].tried;
            r->servers[i].tried = false;
        }
    for (size_t i = 0; i < r->account_count; i++)
        all = all && r->accounts[i].refused;
    for (size_t i = 0; all && i < r->account_count; i++)
        r->accounts[i].refused = false;
    if (all)
        r->usable = r->server_count;
    return all;
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
    if (!r->accounts[s->account].refused) {
        r->tried += !s->tried;
        s->tried = true;
    }
    pool_wake_at(r->pool, s->not_before);
}

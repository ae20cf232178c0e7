/* SPDX-License-Identifier: MIT */
#include "pool/route.h"

#include "base/mem.h"
#include "base/text.h"
#include "pool/connection.h"
#include "pool/throttle.h"

/* How many connections are being made at once: a server that has just come back must not be overrun. */
#define CONNECTING_MAX 16u
/* A further connection is worth its round trips only if there are more messages than this for each of the others. */
#define WORTH_IT       4u
/* How many busy connections without room are passed over in search of one that has room. */
#define LOOKS_MAX      8u

/* ---- life ---- */

static int route_add_server(struct pool_route *r, size_t account, const char *name, size_t len)
{
    struct pool_server *more = mem_realloc(r->servers, (r->server_count + 1) * sizeof *more), *s;
    struct target target;
    int rc;

    if (!more)
        return ENVOI_E_MEMORY;
    r->servers = more;
    s = &more[r->server_count];
    *s = (struct pool_server){.name = mem_strndup(name, len), .account = account, .failed = -1};
    if (!s->name)
        return ENVOI_E_MEMORY;
    r->server_count++;
    if (!(rc = target_parse(s->name, 25, NULL, &target)))
        target_free(&target);
    return rc;
}

/* Takes back the last account, so that the route has so many servers. */
static void route_drop_account(struct pool_route *r, size_t servers)
{
    envoi_session_free(r->accounts[--r->account_count].prototype);
    while (r->server_count > servers)
        mem_free(r->servers[--r->server_count].name);
}

int route_add_account(struct pool_route *r, const struct envoi_session *prototype, const char *servers, int64_t weight)
{
    struct pool_account *more = mem_realloc(r->accounts, (r->account_count + 1) * sizeof *more);
    const char *list = servers, *word;
    size_t before = r->server_count, len;
    int rc;

    if (!more)
        return ENVOI_E_MEMORY;
    r->accounts = more;
    more[r->account_count] = (struct pool_account){.weight = weight};
    if ((rc = session_copy(prototype, &more[r->account_count].prototype)))
        return rc;
    r->account_count++;
    while (!rc && (list = text_word(list, &word, &len)))
        rc = route_add_server(r, r->account_count - 1, word, len);
    if (!rc && r->server_count == before)
        rc = ENVOI_E_USAGE;
    if (rc)
        route_drop_account(r, before);
    r->usable = r->server_count;
    return rc;
}

int route_new(struct envoi_pool *p, const struct envoi_session *prototype, const char *servers, struct pool_route **out)
{
    struct pool_route *r = mem_zalloc(sizeof *r);
    int rc;

    if (!r)
        return ENVOI_E_MEMORY;
    r->pool = p;
    r->throttle.told_at = -1;
    if ((rc = route_add_account(r, prototype, servers, ENVOI_POOL_WEIGHT)))
        route_free(r);
    else
        *out = r;
    return rc;
}

void route_free(struct pool_route *r)
{
    while (r->account_count)
        route_drop_account(r, 0);
    mem_free(r->accounts);
    mem_free(r->servers);
    mem_free(r);
}

/* How many messages are on no connection. */
static size_t route_waiting(const struct pool_route *r)
{
    size_t count = 0;

    for (size_t i = 0; i < ROUTE_QUEUES; i++)
        count += r->queues[i].count;
    return count;
}

/* How many messages wait or are on connections. */
static size_t route_pending(const struct pool_route *r)
{
    return route_waiting(r) + r->in_flight;
}

/* ---- dispatching ---- */

/* Connections that take messages, now or when they are ready. */
static size_t route_usable(const struct pool_route *r)
{
    return r->lists[POOL_CONNECTING].count + r->lists[POOL_IDLE].count + r->lists[POOL_BUSY].count - r->barred;
}

/* How many messages should be on each connection, so that all have the same number. */
static size_t route_share(const struct pool_route *r)
{
    size_t most = (size_t)r->pool->limits[ENVOI_POOL_IN_FLIGHT];
    size_t many = route_usable(r), share = many ? (route_pending(r) + many - 1) / many : most;

    return share < most ? share : most;
}

static bool route_wants_connection(struct pool_route *r)
{
    const int64_t *limits = r->pool->limits;
    size_t worth = limits[ENVOI_POOL_IN_FLIGHT] < WORTH_IT ? (size_t)limits[ENVOI_POOL_IN_FLIGHT] : WORTH_IT;
    size_t all = r->lists[POOL_CLOSING].count + route_usable(r) + r->barred;

    if (r->serial || throttle_is_on(r))
        worth = 1;
    return route_has_work(r) && (int64_t)all < throttle_most(r) && r->lists[POOL_CONNECTING].count < CONNECTING_MAX &&
           route_usable(r) * worth < route_pending(r) && throttle_may_send(r) && throttle_may_connect(r);
}

/* Connections with room stand in front; those that are given messages go to the end. */
static void route_fill_busy(struct pool_route *r)
{
    struct pool_connection *c = r->lists[POOL_BUSY].first;

    for (size_t looks = 0; c && route_has_work(r) && throttle_may_send(r) && looks < LOOKS_MAX; looks++) {
        struct pool_connection *next = c->next;
        size_t room = connection_room(c, route_share(r));

        if (room) {
            connection_fill(c, room);
            looks = 0;
            next = r->lists[POOL_BUSY].first == c ? NULL : r->lists[POOL_BUSY].first;
        }
        c = next;
    }
}

/* An idle connection for the next message, whose pause is over. NULL: none; the pool wakes when there is one. */
static struct pool_connection *route_idle(struct pool_route *r)
{
    int64_t pause = r->pool->limits[ENVOI_POOL_PAUSE_MS];
    struct pool_connection *c = r->lists[POOL_IDLE].first;

    if (!c || !route_has_work(r) || (int64_t)r->lists[POOL_BUSY].count >= throttle_most(r) || !throttle_may_send(r))
        return NULL;
    while (c && c->used && clock_after(c->since, pause) > r->pool->now) {
        pool_wake_at(r->pool, clock_after(c->since, pause));
        c = c->next;
    }
    return c;
}

void route_dispatch(struct pool_route *r)
{
    struct pool_connection *c;

    while ((c = route_idle(r))) {
        size_t room;

        if (!connection_is_alive(c))
            continue;
        room = connection_room(c, route_share(r));
        connection_fill(c, room); /* without room it becomes busy with no message, and is closed */
    }
    while (route_wants_connection(r))
        if (!connection_open(r))
            break;
    route_fill_busy(r);
    r->ran_dry += !route_has_work(r);
}

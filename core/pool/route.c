/* SPDX-License-Identifier: MIT */
#include "pool/route.h"

#include "base/mem.h"
#include "base/text.h"
#include "pool/connection.h"

/* How many connections are being made at once: a server that has just come back must not be overrun. */
#define CONNECTING_MAX 16u
/* A further connection is worth its round trips only if there are more messages than this for each of the others. */
#define WORTH_IT       4u
/* How many busy connections without room are passed over in search of one that has room. */
#define LOOKS_MAX      8u

/* ---- life ---- */

static int route_add_server(struct pool_route *r, const char *name, size_t len)
{
    struct pool_server *more = mem_realloc(r->servers, (r->server_count + 1) * sizeof *more), *s;
    struct target target;
    int rc;

    if (!more)
        return ENVOI_E_MEMORY;
    r->servers = more;
    s = &more[r->server_count];
    *s = (struct pool_server){.name = mem_strndup(name, len), .failed = -1};
    if (!s->name)
        return ENVOI_E_MEMORY;
    r->server_count++;
    if (!(rc = target_parse(s->name, 25, NULL, &target)))
        target_free(&target);
    return rc;
}

int route_new(struct envoi_pool *p, const struct envoi_session *prototype, const char *servers, struct pool_route **out)
{
    struct pool_route *r = mem_zalloc(sizeof *r);
    const char *list = servers, *word;
    size_t len;
    int rc;

    if (!r)
        return ENVOI_E_MEMORY;
    r->pool = p;
    rc = session_copy(prototype, &r->prototype);
    while (!rc && (list = text_word(list, &word, &len)))
        rc = route_add_server(r, word, len);
    if (!rc && !r->server_count)
        rc = ENVOI_E_USAGE;
    if (rc)
        route_free(r);
    else
        *out = r;
    return rc;
}

void route_free(struct pool_route *r)
{
    envoi_session_free(r->prototype);
    for (size_t i = 0; i < r->server_count; i++)
        mem_free(r->servers[i].name);
    mem_free(r->servers);
    mem_free(r);
}

/* How many messages wait or are on connections. */
static size_t route_pending(const struct pool_route *r)
{
    return r->again.count + r->waiting.count + r->in_flight;
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

static bool route_wants_connection(const struct pool_route *r)
{
    const int64_t *limits = r->pool->limits;
    size_t worth = limits[ENVOI_POOL_IN_FLIGHT] < WORTH_IT ? (size_t)limits[ENVOI_POOL_IN_FLIGHT] : WORTH_IT;
    size_t all = r->lists[POOL_CLOSING].count + route_usable(r) + r->barred, most = CONNECTING_MAX;

    if (r->serial)
        worth = 1;
    if (!r->proven && session_has_login(r->prototype))
        most = 1; /* a wrong password is presented once, not sixteen times */
    return route_has_work(r) && (int64_t)all < limits[ENVOI_POOL_CONNECTIONS] &&
           r->lists[POOL_CONNECTING].count < most && route_usable(r) * worth < route_pending(r);
}

/* Connections with room stand in front; those that are given messages go to the end. */
static void route_fill_busy(struct pool_route *r)
{
    struct pool_connection *c = r->lists[POOL_BUSY].first;

    for (size_t looks = 0; c && route_has_work(r) && looks < LOOKS_MAX; looks++) {
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

void route_dispatch(struct pool_route *r)
{
    while (route_has_work(r) && r->lists[POOL_IDLE].first) {
        struct pool_connection *c = r->lists[POOL_IDLE].first;
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

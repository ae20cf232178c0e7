/* SPDX-License-Identifier: MIT */
/* The object: its limits, its routes, and its end. */
#include "pool/parts.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/process.h"
#include "base/sized.h"
#include "library/library.h"
#include "pool/connection.h"
#include "pool/delivery.h"
#include "pool/lists.h"
#include "pool/rate.h"
#include "pool/route.h"

#include <envoi/library.h>
#include <unistd.h>

/* Products of two of them fit into 64 bits. */
#define RATE_MAX   INT64_C(1000000000)
#define WEIGHT_MAX 1000000

static const int64_t defaults[ENVOI_POOL_LIMITS] = {
    [ENVOI_POOL_CONNECTIONS] = 4, [ENVOI_POOL_QUEUE] = 10000,     [ENVOI_POOL_IN_FLIGHT] = 64,
    [ENVOI_POOL_MESSAGES] = 1000, [ENVOI_POOL_AGE_MS] = 300000,   [ENVOI_POOL_IDLE_MS] = 5000,
    [ENVOI_POOL_TRIES] = 5,       [ENVOI_POOL_BACKOFF_MS] = 1000, [ENVOI_POOL_BACKOFF_MAX_MS] = 60000,
};

/* They may be 0: no limit, no pause. */
static const bool optional[ENVOI_POOL_LIMITS] = {
    [ENVOI_POOL_RECIPIENTS] = true,
    [ENVOI_POOL_PAUSE_MS] = true,
    [ENVOI_POOL_LIFETIME_MS] = true,
};

/* ---- life ---- */

int envoi_pool_new(struct envoi_library *library, struct envoi_pool **out)
{
    struct envoi_pool *p;

    if (!out)
        return ENVOI_E_USAGE;
    *out = NULL;
    if (!library)
        return ENVOI_E_USAGE;
    if (!(p = mem_zalloc(sizeof *p)))
        return ENVOI_E_MEMORY;
    p->library = library_ref(library);
    p->process = process_number();
    p->poller = POLLER_CLOSED;
    p->wake = -1;
    interrupt_init(&p->interrupt);
    for (int i = 0; i < ENVOI_POOL_LIMITS; i++)
        p->limits[i] = defaults[i];
    *out = p;
    return ENVOI_OK;
}

static void pool_end_waiting(struct envoi_pool *p, struct pool_fifo *f)
{
    struct pool_delivery *d;

    while ((d = fifo_pop(f)))
        delivery_end(p, d, ENVOI_E_CANCELLED, "the pool was stopped");
}

/* Calls the callbacks, which cannot submit any more. */
static void pool_stop_now(struct envoi_pool *p)
{
    p->stopped = true;
    p->now = clock_now();
    for (size_t i = 0; i < p->route_count; i++) {
        struct pool_route *r = p->routes[i];

        for (int state = 0; state < POOL_STATES; state++)
            while (r->lists[state].first)
                connection_discard(r->lists[state].first);
        for (size_t k = 0; k < ROUTE_QUEUES; k++)
            pool_end_waiting(p, &r->queues[k]);
    }
    delivery_settle_all(p);
    connection_bury(p);
}

int envoi_pool_stop(struct envoi_pool *pool)
{
    if (!pool || pool->inside || !pool_is_ours(pool))
        return ENVOI_E_USAGE;
    pool->inside = true;
    pool_stop_now(pool);
    pool->inside = false;
    return ENVOI_OK;
}

void envoi_pool_free(struct envoi_pool *pool)
{
    if (!pool)
        return;
    pool->inside = true;
    pool_stop_now(pool);
    for (size_t i = 0; i < pool->route_count; i++)
        route_free(pool->routes[i]);
    mem_free(pool->routes);
    mem_free(pool->fds);
    poller_close(&pool->poller);
    interrupt_free(&pool->interrupt);
    library_unref(pool->library);
    mem_free(pool);
}

int envoi_pool_drain(struct envoi_pool *pool)
{
    if (!pool || !pool_is_ours(pool))
        return ENVOI_E_USAGE;
    pool->draining = true;
    pool->wake = 0; /* so that idle connections are closed in the next round */
    return ENVOI_OK;
}

/* ---- settings ---- */

int envoi_pool_set_limit(struct envoi_pool *pool, int limit, int64_t value)
{
    if (!pool || limit < 0 || limit >= ENVOI_POOL_LIMITS || value < !optional[limit])
        return ENVOI_E_USAGE;
    pool->limits[limit] = value;
    return ENVOI_OK;
}

int64_t envoi_pool_limit(const struct envoi_pool *pool, int limit)
{
    return !pool || limit < 0 || limit >= ENVOI_POOL_LIMITS ? -1 : pool->limits[limit];
}

int envoi_pool_set_watch(struct envoi_pool *pool, envoi_watch_fn *watch, void *ctx)
{
    if (!pool || !pool_is_ours(pool))
        return ENVOI_E_USAGE;
    if (pool->used)
        return ENVOI_E_BUSY;
    pool->watch = watch;
    pool->watch_ctx = ctx;
    return ENVOI_OK;
}

void envoi_pool_interrupt(struct envoi_pool *pool)
{
    if (pool)
        interrupt_ask(&pool->interrupt);
}

int envoi_pool_set_interrupt_callback(struct envoi_pool *pool, envoi_interrupt_fn *callback, void *ctx)
{
    if (!pool || pool->inside || !pool_is_ours(pool))
        return ENVOI_E_USAGE;
    pool->on_signal = callback;
    pool->on_signal_ctx = ctx;
    return ENVOI_OK;
}

/* May these be the settings and servers of one of its routes? */
static bool pool_may_have(const struct envoi_pool *p, const struct envoi_session *prototype, const char *servers)
{
    return p && pool_is_ours(p) && prototype && servers && prototype->library == p->library && prototype->fd < 0 &&
           prototype->verb == VERB_NONE;
}

int envoi_pool_add_account(struct envoi_pool *pool, size_t route, const struct envoi_session *prototype,
                           const char *servers, int64_t weight)
{
    int rc;

    if (!pool_may_have(pool, prototype, servers) || route >= pool->route_count || weight < 1 || weight > WEIGHT_MAX)
        return ENVOI_E_USAGE;
    if (pool->routes[route]->used)
        return ENVOI_E_BUSY;
    rc = library_check(pool->library, NULL);
    return rc ? rc : route_add_account(pool->routes[route], prototype, servers, weight);
}

int envoi_pool_set_rate(struct envoi_pool *pool, size_t route, int rate, int64_t count, int64_t period_ms,
                        int64_t burst)
{
    bool good =
        count >= 0 && count <= RATE_MAX && period_ms >= 1 && period_ms <= RATE_MAX && burst >= 1 && burst <= RATE_MAX;

    if (!pool || !pool_is_ours(pool) || route >= pool->route_count || rate < 0 || rate >= ENVOI_POOL_RATES || !good)
        return ENVOI_E_USAGE;
    rate_set(&pool->routes[route]->rates[rate], clock_now(), count, period_ms, burst);
    route_touch(pool->routes[route]);
    return ENVOI_OK;
}

int envoi_pool_add_route(struct envoi_pool *pool, const struct envoi_session *prototype, const char *servers,
                         size_t *route)
{
    struct pool_route **more, *r;
    int rc;

    if (!route || !pool_may_have(pool, prototype, servers))
        return ENVOI_E_USAGE;
    if ((rc = library_check(pool->library, NULL)))
        return rc;
    if (!(more = mem_realloc(pool->routes, (pool->route_count + 1) * sizeof(struct pool_route *))))
        return ENVOI_E_MEMORY;
    pool->routes = more;
    if ((rc = route_new(pool, prototype, servers, &r)))
        return rc;
    more[pool->route_count] = r;
    *route = pool->route_count++;
    return ENVOI_OK;
}

/* ---- numbers ---- */

size_t envoi_pool_pending(const struct envoi_pool *pool)
{
    return pool ? pool->pending : 0;
}

size_t envoi_pool_connections(const struct envoi_pool *pool)
{
    return pool ? pool->connections : 0;
}

int envoi_pool_telemetry(const struct envoi_pool *pool, struct envoi_pool_telemetry *telemetry,
                         struct envoi_telemetry *connections)
{
    struct envoi_pool_telemetry counts;
    struct envoi_telemetry spent;

    if (!pool)
        return ENVOI_E_USAGE;
    counts = pool->counts;
    spent = pool->spent;
    for (size_t i = 0; i < pool->route_count; i++) {
        const struct pool_route *r = pool->routes[i];

        counts.in_flight += r->in_flight;
        for (int state = 0; state < POOL_STATES; state++)
            for (const struct pool_connection *c = r->lists[state].first; c; c = c->next)
                session_add_telemetry(c->session, &spent);
    }
    counts.waiting = pool->pending - counts.in_flight;
    if ((telemetry && !sized_copy(telemetry, &counts, sizeof counts)) ||
        (connections && !sized_copy(connections, &spent, sizeof spent)))
        return ENVOI_E_USAGE;
    return ENVOI_OK;
}

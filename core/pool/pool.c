/* SPDX-License-Identifier: MIT */
/* The object: its limits, its routes, and its end. */
#include "pool/parts.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/process.h"
#include "library/library.h"
#include "pool/connection.h"
#include "pool/delivery.h"
#include "pool/lists.h"
#include "pool/route.h"

#include <envoi/library.h>
#include <unistd.h>

static const int64_t defaults[ENVOI_POOL_LIMITS] = {
    [ENVOI_POOL_CONNECTIONS] = 4, [ENVOI_POOL_QUEUE] = 10000,     [ENVOI_POOL_IN_FLIGHT] = 64,
    [ENVOI_POOL_MESSAGES] = 1000, [ENVOI_POOL_AGE_MS] = 300000,   [ENVOI_POOL_IDLE_MS] = 5000,
    [ENVOI_POOL_TRIES] = 5,       [ENVOI_POOL_BACKOFF_MS] = 1000, [ENVOI_POOL_BACKOFF_MAX_MS] = 60000,
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
        pool_end_waiting(p, &r->again);
        pool_end_waiting(p, &r->waiting);
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
    if (!pool || limit < 0 || limit >= ENVOI_POOL_LIMITS || value < 1)
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

int envoi_pool_add_route(struct envoi_pool *pool, const struct envoi_session *prototype, const char *servers,
                         size_t *route)
{
    struct pool_route **more, *r;
    int rc;

    if (!pool || !pool_is_ours(pool) || !prototype || !servers || !route || prototype->library != pool->library ||
        prototype->fd >= 0 || prototype->verb != VERB_NONE)
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

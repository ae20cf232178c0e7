/* SPDX-License-Identifier: MIT */
/* Drives a pool: descriptors that are ready and deadlines that passed, in the application's loop or in the pool's
 * own. */
#include "base/clock.h"
#include "base/mem.h"
#include "library/library.h"
#include "pool/connection.h"
#include "pool/delivery.h"
#include "pool/fds.h"
#include "pool/route.h"

#include <errno.h>
#include <limits.h>

#define EVENTS_MAX 128 /* of one wait */
/* A callback may submit, without end, messages that fail at once: the application's loop must get its turn. */
#define ROUNDS_MAX 8

/* ---- deadlines ---- */

/* ask_again: processes connections on which a callback said AGAIN, too. */
static void pool_process_list(struct envoi_pool *p, struct pool_list *l, bool ask_again)
{
    for (struct pool_connection *c = l->first, *next; c; c = next) {
        next = c->next;
        if ((c->deadline >= 0 && p->now >= c->deadline) || (ask_again && c->waits) ||
            (p->draining && c->state == POOL_IDLE))
            connection_process(c, -1, 0);
        else
            pool_wake_at(p, c->deadline);
        if (next && !next->session) /* discarded too: a refused login ends all connections that are being made */
            break;
    }
}

/* Looks at every connection and route, and finds out when that is due again. */
static void pool_check_all(struct envoi_pool *p, bool ask_again)
{
    p->wake = -1;
    for (size_t i = 0; i < p->route_count; i++) {
        struct pool_route *r = p->routes[i];

        for (int state = 0; state < POOL_STATES; state++)
            pool_process_list(p, &r->lists[state], ask_again);
        if (route_has_work(r))
            route_touch(r);
    }
}

/* ---- a round ---- */

/* A setter of the library has failed. Nothing is sent under such settings, and messages do not wait for better ones. */
static void pool_refuse(struct envoi_pool *p)
{
    struct envoi_errctx why;
    int rc = library_refusal(p->library, &why);

    for (struct pool_route *r = p->dirty; r; r = r->next_dirty)
        if (route_has_work(r))
            delivery_end_all(r, rc, why.text);
}

static void pool_dispatch(struct envoi_pool *p)
{
    struct pool_route *r, *next;

    if (p->library->refused)
        pool_refuse(p);
    r = p->dirty;
    p->dirty = NULL;
    for (; r; r = next) {
        next = r->next_dirty;
        r->dirty = false;
        route_dispatch(r);
    }
}

/* Settles messages that left their connections and dispatches those that wait, until there is nothing more to do at
 * once. */
static void pool_carry_on(struct envoi_pool *p, bool ask_again)
{
    if ((p->wake >= 0 && p->now >= p->wake) || (ask_again && p->waits))
        pool_check_all(p, ask_again);
    for (int i = 0; i < ROUNDS_MAX && (p->settled.first || p->dirty); i++) {
        delivery_settle_all(p);
        pool_dispatch(p);
    }
    connection_bury(p);
}

static bool pool_is_working(const struct envoi_pool *p)
{
    return p->pending || (p->draining && p->connections);
}

int64_t envoi_pool_deadline(struct envoi_pool *pool)
{
    if (!pool || (!pool->pending && !pool->connections))
        return -1;
    return pool->settled.first || pool->dirty ? clock_now() : pool->wake;
}

int envoi_pool_process(struct envoi_pool *pool, int fd, unsigned events)
{
    struct pool_connection *c;

    if (!pool || !pool->watch || pool->inside || !pool_is_ours(pool))
        return ENVOI_E_USAGE;
    pool->inside = true;
    pool->now = clock_now();
    if ((c = fds_owner(pool, fd)))
        connection_process(c, fd, events);
    pool_carry_on(pool, fd < 0);
    pool->inside = false;
    return pool->pending || pool->connections ? ENVOI_E_AGAIN : ENVOI_OK;
}

/* ---- the pool's own loop ---- */

/* For the wait: milliseconds until the deadline; -1: none. */
static int pool_timeout(struct envoi_pool *p)
{
    int64_t at = envoi_pool_deadline(p), left;

    if (at < 0)
        return -1;
    left = at - clock_now();
    if (left <= 0)
        return 0;
    return left > INT_MAX ? INT_MAX : (int)left;
}

/* ENVOI_EVENT_* of poll's. After a hang-up or an error both are reported: the next read or write returns the cause. */
static unsigned pool_events(int ready)
{
    bool broken = ready & (POLLERR | POLLHUP | POLLNVAL);

    return (ready & POLLIN || broken ? ENVOI_EVENT_READ : 0u) | (ready & POLLOUT || broken ? ENVOI_EVENT_WRITE : 0u);
}

static int pool_wait(struct envoi_pool *p, int wake)
{
    struct pollfd ready[EVENTS_MAX];
    int n;

    if (interrupt_take(&p->interrupt))
        return ENVOI_E_CANCELLED;
    n = poller_wait(&p->poller, ready, EVENTS_MAX, pool_timeout(p));
    if (n < 0 && errno != EINTR)
        return ENVOI_E_SYSTEM;
    if (n < 0 && p->on_signal && p->on_signal(p->on_signal_ctx))
        return ENVOI_E_CANCELLED;
    p->now = clock_now();
    for (int i = 0; i < n; i++) {
        int fd = ready[i].fd;
        struct pool_connection *c = fds_owner(p, fd);

        if (fd == wake)
            interrupt_drain(&p->interrupt);
        else if (c)
            connection_process(c, fd, pool_events(ready[i].revents));
    }
    return ENVOI_OK;
}

/* Makes the descriptors of the pool's own loop, if that is not done. Returns the one that is readable after an
 * interruption; -1: they cannot be made. */
static int pool_open_loop(struct envoi_pool *p)
{
    int wake;

    if (!poller_is_open(&p->poller) && poller_open(&p->poller, mem_realloc, mem_free) < 0)
        return -1;
    if ((wake = interrupt_fd(&p->interrupt)) < 0)
        return -1;
    if (poller_set(&p->poller, wake, POLLIN, false) < 0 && errno != EEXIST)
        return -1;
    return wake;
}

int envoi_pool_run(struct envoi_pool *pool)
{
    int rc = ENVOI_OK, wake;

    if (!pool || pool->watch || pool->inside || !pool_is_ours(pool))
        return ENVOI_E_USAGE;
    if (interrupt_take(&pool->interrupt))
        return ENVOI_E_CANCELLED;
    if ((wake = pool_open_loop(pool)) < 0)
        return ENVOI_E_SYSTEM;
    pool->inside = true;
    pool->now = clock_now();
    pool_carry_on(pool, true);
    while (!rc && pool_is_working(pool)) {
        rc = pool_wait(pool, wake);
        pool_carry_on(pool, true);
    }
    pool->inside = false;
    return rc;
}

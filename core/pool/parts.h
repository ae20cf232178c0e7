/* SPDX-License-Identifier: MIT */
/* The parts of a pool: the data, and the small functions that all files use.
 *
 * The structs point to one another, but the functions have an order: each file uses only those above it, and includes
 * their headers. run.c and pool.c do not use each other, nor do the first four.
 *
 *   lists.c       lists of deliveries and of connections
 *   fds.c         which connection a descriptor belongs to, and who watches it
 *   rate.c        token buckets
 *   throttle.c    how a route is slowed down by "too fast", and recovers
 *   server.c      accounts; which server of a route comes next; back-off of those that failed
 *   delivery.c    one message from submit to done: recipients of a transaction, tries, the callback
 *   connection.c  one connection from dialing to QUIT, and the messages on it
 *   route.c       a route: gives messages to connections, begins connections
 *   run.c         descriptors that are ready and deadlines, for the application's loop and for the pool's own
 *   pool.c        the object: limits, routes, stop and free
 *
 * No session is entered from within a session. While one is working, its callbacks only take notes (`settled`, `dirty`,
 * `broken`), which are acted on after it has returned. */
#ifndef POOL_PARTS_H
#define POOL_PARTS_H

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/process.h"
#include "message/message.h"
#include "portable/poller.h"
#include "session/session.h"

#include <envoi/pool.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- messages ---- */

/* A message that was submitted. Between calls it is in exactly one list: a queue of its route, `sent` of a connection,
 * or `settled` of the pool. */
struct pool_delivery {
    struct pool_delivery *next;
    struct pool_fifo *in; /* the list; NULL: it is being moved */
    struct envoi_message *message;
    struct pool_route *route;
    envoi_pool_done_fn *done;
    void *ctx;
    int priority;      /* ENVOI_POOL_BULK .. ENVOI_POOL_URGENT */
    int64_t submitted; /* when */
    int64_t begun;     /* when its last transaction was queued on a connection */
    int64_t tries;     /* that failed */
    int last;          /* the result of the last transaction */
    int failure;       /* the first one since it was last tried again, for `done`; ENVOI_OK: none */
    char *error;       /* its text; NULL: no failure, or no memory for it */
    bool final;        /* not to be tried again */
    bool told;   /* the last transaction came too fast: it goes behind the others, so that each has few such tries */
    bool spared; /* lost because another message came too fast: that is no try of its own */
};

struct pool_fifo {
    struct pool_delivery *first, *last;
    size_t count;
};

/* ---- connections ---- */

enum pool_state {
    POOL_CONNECTING, /* until a message may be sent: dialing, hello, TLS, login */
    POOL_IDLE,
    POOL_BUSY,
    POOL_CLOSING, /* QUIT was begun */
    POOL_STATES,
};

struct pool_connection {
    struct pool_connection *next, *prev; /* in the list of its state */
    struct envoi_pool *pool;
    struct pool_route *route;
    struct pool_server *server;
    struct envoi_session *session; /* NULL: discarded */
    enum pool_state state;
    bool dialing;          /* POOL_CONNECTING: connect is in progress, and not session_prepare() yet */
    bool looks_up;         /* it looks up its server's name, and other connections wait for that */
    bool barred;           /* gets no more messages, because it hangs or is spent */
    bool hangs;            /* it is barred because it hangs, until something is done on it */
    bool waits;            /* a content or credential callback said AGAIN */
    bool aborted;          /* it was lost with messages on it */
    bool excused;          /* a message's own failure ended it: not the server's fault */
    int broken;            /* why its descriptors cannot be watched; ENVOI_OK: they can */
    struct pool_fifo sent; /* messages that are on it, in the order in which they were queued */
    size_t ran_dry;        /* the route's, when this connection became ready */
    uint64_t used;         /* transactions that were begun */
    uint64_t recipients;   /* in all of them */
    uint64_t served;       /* transactions after which it was still connected */
    uint64_t mail_max;     /* as the server announced (RFC 9422); 0: unlimited */
    int64_t born;          /* when it was begun */
    int64_t since;         /* when a message was last done on it, or it last became idle or busy */
    int64_t deadline;      /* when it needs a look even if no descriptor is ready; -1: never */
};

struct pool_list {
    struct pool_connection *first, *last;
    size_t count;
};

/* ---- routes ---- */

/* Settings, and the servers that they are for. A route may have several. */
struct pool_account {
    struct envoi_session *prototype; /* its settings are those of the account's connections */
    int64_t weight;
    int64_t connections;
    size_t connecting; /* how many of them are not ready yet */
    bool proven;       /* a connection became ready, and no login was refused since */
    bool refused;      /* every connection would fail, but there are other accounts */
};

struct pool_server {
    char *name;
    size_t account;               /* its number in the route; those of an account stand together */
    struct host_cache host_cache; /* its addresses, for all connections of the route */
    int64_t pause;      /* the last back-off pause, which the next failure doubles; 0: the next one is the first */
    int64_t not_before; /* no connection to it is begun before that time */
    int64_t failed;     /* when it last failed, -1: never. A connection that was begun earlier tells nothing new */
    bool tried;         /* it failed in this turn of the route */
};

/* A token bucket. Its unit is the period-th part of a token, so that nothing is lost by rounding. */
struct pool_bucket {
    int64_t count, period, burst; /* as set; count 0: no limit */
    int64_t credit;               /* below 0: more was taken at once than the bucket holds */
    int64_t at;                   /* when the credit was that */
};

/* How a route is slowed down after a server has said that it is too fast: see throttle.h. */
struct pool_throttle {
    int64_t told_at;   /* when; -1: never. Replies to earlier commands tell nothing new */
    int64_t pause;     /* between the beginnings of two messages, in milliseconds; 0: none */
    int64_t next;      /* no message is begun before */
    int64_t door;      /* after a greeting that said so: the pause before another connection; 0: none */
    int64_t door_next; /* no connection is begun before */
    size_t most;       /* connections at once; 0: as many as the pool's limit allows */
    unsigned good;     /* messages that were accepted since `most` was last changed */
};

/* Queues of a route, by rank: for each priority, from the highest on, first messages that were tried or have more
 * recipients to be sent to, then those that were never tried. */
#define ROUTE_QUEUES ((size_t)2 * ENVOI_POOL_PRIORITIES)

/* Servers have turns: see server_next(). */
struct pool_route {
    struct envoi_pool *pool;
    struct pool_account *accounts;
    size_t account_count;
    struct pool_server *servers;
    size_t server_count;
    size_t usable; /* servers of accounts that are not refused */
    struct pool_fifo queues[ROUTE_QUEUES];
    size_t in_flight; /* messages on connections */
    struct pool_bucket rates[ENVOI_POOL_RATES];
    struct pool_throttle throttle;
    struct pool_list lists[POOL_STATES];
    size_t barred;  /* connections that are barred */
    size_t tried;   /* servers that failed in this turn */
    size_t ran_dry; /* how often route_dispatch() left no message waiting */
    bool used;      /* something was submitted to it */
    bool serial;    /* the server of the last connection takes one message at a time */
    bool dirty;     /* it is in the pool's list `dirty` */
    struct pool_route *next_dirty;
};

/* ---- the pool ---- */

struct envoi_pool {
    struct envoi_library *library;
    unsigned process; /* the one that made it: process_number() */
    int64_t limits[ENVOI_POOL_LIMITS];
    struct pool_route **routes;
    size_t route_count;
    struct pool_route *dirty;     /* routes for which route_dispatch() is due */
    struct pool_fifo settled;     /* messages that left their connections: to be tried again, or done */
    struct pool_connection *dead; /* discarded ones; freed at the end of a round, as a caller may still hold one */
    struct pool_connection **fds; /* by descriptor: the connection that watches it, or NULL */
    size_t fd_room;               /* how many descriptors `fds` has room for */
    size_t pending, connections;
    struct envoi_pool_telemetry counts;
    struct envoi_telemetry spent; /* of connections that are gone */
    size_t waits;                 /* connections on which a callback said AGAIN */
    envoi_watch_fn *watch;
    void *watch_ctx;
    struct poller poller;          /* of the pool's own loop */
    struct interrupt interrupt;    /* of that loop */
    envoi_interrupt_fn *on_signal; /* asked after a signal whether the wait goes on; NULL: it does */
    void *on_signal_ctx;
    int64_t now;  /* the time of this round */
    int64_t wake; /* nothing is due before it; -1: nothing at all */
    bool inside;  /* a call that may call back is in progress */
    bool used;    /* something was submitted */
    bool draining, stopped;
};

/* ---- small functions ---- */

/* False in a child of fork(), which has a copy of the pool. Its poller and sockets are shared with the parent: they
 * must be left alone. */
static inline bool pool_is_ours(const struct envoi_pool *p)
{
    return p->process == process_number();
}

/* Connections and servers are looked at again at that time, or earlier; -1: no need. */
static inline void pool_wake_at(struct envoi_pool *p, int64_t at)
{
    p->wake = clock_earlier(p->wake, at);
}

/* Are there messages that are on no connection? */
static inline bool route_has_work(const struct pool_route *r)
{
    for (size_t i = 0; i < ROUTE_QUEUES; i++)
        if (r->queues[i].first)
            return true;
    return false;
}

/* The queue for a message that was tried (or is to go on), or that never was. */
static inline struct pool_fifo *route_queue(struct pool_route *r, const struct pool_delivery *d, bool tried)
{
    return &r->queues[2 * (size_t)(ENVOI_POOL_PRIORITIES - 1 - d->priority) + !tried];
}

/* route_dispatch() is due for it. */
static inline void route_touch(struct pool_route *r)
{
    if (r->dirty)
        return;
    r->dirty = true;
    r->next_dirty = r->pool->dirty;
    r->pool->dirty = r;
}

#endif

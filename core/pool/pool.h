/* SPDX-License-Identifier: MIT */
/* The data of a pool. Its structs point to one another; its functions have an order, in which each file uses only those before
 * it. Each .c file includes the headers of what it uses:
 *
 *   lists.c       lists of messages and of connections
 *   fds.c         which connection waits for which descriptor
 *   server.c      which server of a route comes next; servers that failed
 *   delivery.c    a message from submit to done: which recipients a transaction is for, tries, verdicts
 *   connection.c  one connection from dialing to QUIT, and the messages on it
 *   route.c       which messages go to which connection, new connections
 *   run.c         descriptors and deadlines, for the application's loop and for the pool's own
 *   pool.c        the object and its limits
 *
 * No session is entered from within a session: what a session tells while it works is only written down (`settled`,
 * `dirty`), and acted on when it has returned. */
#ifndef POOL_POOL_H
#define POOL_POOL_H

#include "base/clock.h"
#include "base/process.h"
#include "message/message.h"
#include "session/session.h"

#include <envoi/pool.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- messages ---- */

struct pool_delivery {
    struct pool_delivery *next;
    struct envoi_message *message;
    struct pool_route *route;
    envoi_pool_done_fn *done;
    void *ctx;
    size_t cursor; /* the recipients before it have their verdicts */
    int64_t tries; /* that came to nothing */
    int last;      /* the result of the last transaction */
    int failure;   /* what is told in the end, ENVOI_OK: nothing failed yet */
    char *error;   /* its text; NULL: no memory for it */
    bool final;    /* not to be tried again */
};

struct pool_fifo {
    struct pool_delivery *first, *last;
    size_t count;
};

/* ---- connections ---- */

enum pool_state {
    POOL_CONNECTING, /* until a message may be sent */
    POOL_IDLE,
    POOL_BUSY,
    POOL_CLOSING, /* QUIT is said */
    POOL_STATES,
};

struct pool_connection {
    struct pool_connection *next, *prev; /* in the list of its state */
    struct envoi_pool *pool;
    struct pool_route *route;
    struct pool_server *server;
    struct envoi_session *session;
    enum pool_state state;
    bool dialing;                            /* of POOL_CONNECTING the first half */
    bool looks_up;                           /* ... and the name of its server, too: others wait for it */
    bool barred;                             /* gets no more messages: it hangs, or has had as many as it may */
    bool hangs;                              /* ... for the former reason */
    bool waits;                              /* a callback said AGAIN */
    bool aborted;                            /* it was lost with messages on it */
    bool excused;                            /* ... and that was not the server's fault */
    int broken;                              /* its descriptors cannot be watched: why */
    struct pool_fifo sent;                   /* messages that are on it, in the order in which they were queued */
    size_t ran_dry;                          /* the route's, when a message could be sent */
    uint64_t used;                           /* transactions that were begun */
    uint64_t served;                         /* transactions that were done over it */
    uint64_t mail_max, rcpt_max, domain_max; /* RFC 9422; 0: unlimited */
    int64_t born;
    int64_t since;    /* the last time that something was done, or that it became idle */
    int64_t deadline; /* -1: none */
};

struct pool_list {
    struct pool_connection *first, *last;
    size_t count;
};

/* ---- routes ---- */

struct pool_server {
    char *name;
    struct host_cache known; /* of its addresses */
    int64_t pause;           /* after the next failure: 0, the first one */
    int64_t not_before;      /* it is left alone until then */
    int64_t failed;          /* when it failed last: connections that were begun before tell nothing new */
    bool tried;              /* it failed in this turn of the route */
};

struct pool_route {
    struct envoi_pool *pool;
    struct envoi_session *prototype;
    struct pool_server *servers;
    size_t server_count;
    struct pool_fifo again;   /* was tried, or has more recipients to be sent to: goes first */
    struct pool_fifo waiting; /* was never tried */
    size_t in_flight;         /* messages on connections */
    struct pool_list lists[POOL_STATES];
    size_t barred;  /* connections that get no more messages */
    size_t tried;   /* servers that failed in this turn; when all have and no connection is left, it was a try */
    size_t ran_dry; /* how often there was nothing left to give out */
    bool serial;    /* the server takes one message at a time */
    bool proven;    /* a connection came about: the login is good */
    bool dirty;
    struct pool_route *next_dirty;
};

/* ---- the pool ---- */

struct envoi_pool {
    struct envoi_library *library;
    unsigned process; /* whose it is: process_number() */
    int64_t limits[ENVOI_POOL_LIMITS];
    struct pool_route **routes;
    size_t route_count;
    struct pool_route *dirty;     /* routes where something may be to do */
    struct pool_fifo settled;     /* left their connections: to be tried again, or done */
    struct pool_connection *dead; /* to be freed when nobody can hold them any more */
    struct pool_connection **fds; /* whose descriptor it is */
    size_t fd_room;
    size_t pending, connections;
    size_t waits; /* connections on which a callback said AGAIN */
    envoi_watch_fn *watch;
    void *watch_ctx;
    int epoll;   /* of the pool's own loop; -1: none */
    int trouble; /* why the loop cannot go on, ENVOI_OK */
    int64_t now;
    int64_t wake; /* nothing is due before it; -1: nothing at all */
    bool inside;  /* a call that may call back is in progress */
    bool used;    /* something was submitted */
    bool draining, stopped;
};

/* ---- functions of all files ---- */

/* False: it is the copy that a child of fork() has. What waits for descriptors is shared with the parent, and is to be left
 * alone. */
static inline bool pool_is_ours(const struct envoi_pool *p)
{
    return p->process == process_number();
}

/* To be called again at that time; -1 is never. */
static inline void pool_wake_at(struct envoi_pool *p, int64_t at)
{
    p->wake = clock_earlier(p->wake, at);
}

static inline bool route_has_work(const struct pool_route *r)
{
    return r->again.first || r->waiting.first;
}

/* Something may be to do. */
static inline void route_touch(struct pool_route *r)
{
    if (r->dirty)
        return;
    r->dirty = true;
    r->next_dirty = r->pool->dirty;
    r->pool->dirty = r;
}

#endif

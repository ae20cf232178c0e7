/* SPDX-License-Identifier: MIT */
/* The inside of a pool, for pool*.c. Who does what:
 *
 *   pool.c             the object and its limits
 *   pool_queue.c       a message from submit to done: which recipients a transaction is for, tries, verdicts
 *   pool_connection.c  one connection from dialing to QUIT
 *   pool_work.c        messages on a connection
 *   pool_route.c       which messages go to which connection, new connections, servers that failed
 *   pool_loop.c        descriptors and deadlines, for the application's loop and for the pool's own
 *
 * No session is entered from within a session: what a session tells while it works is only written down (`settled`,
 * `dirty`), and acted on when it has returned. */
#ifndef POOL_POOL_H
#define POOL_POOL_H

#include "message/message.h"
#include "session/session.h"

#include <envoi/pool.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- messages ---- */

struct pool_entry {
    struct pool_entry *next;
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
    struct pool_entry *first, *last;
    size_t count;
};

void fifo_push(struct pool_fifo *f, struct pool_entry *e);
void fifo_push_front(struct pool_fifo *f, struct pool_entry *e);
struct pool_entry *fifo_pop(struct pool_fifo *f); /* NULL: empty */
/* Takes out the one with that message, which is there. */
struct pool_entry *fifo_take(struct pool_fifo *f, const struct envoi_message *message);

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
    size_t rests;                            /* the route's, when a message could be sent */
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
    size_t barred; /* connections that get no more messages */
    size_t tried;  /* servers that failed in this turn; when all have and no connection is left, it was a try */
    size_t rests;  /* how often there was nothing left to give out */
    bool serial;   /* the server takes one message at a time */
    bool proven;   /* a connection came about: the login is good */
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

/* ---- pool.c ---- */
/* False: it is the copy that a child of fork() has. What waits for descriptors is shared with the parent, and is to be left
 * alone. */
bool pool_is_ours(const struct envoi_pool *p);

/* ---- pool_queue.c ---- */
/* Keeps the first failure and its text. */
void entry_fail(struct pool_entry *e, int code, const char *text);
/* The same for the message of a transaction that is over; the text is that of its verdicts, if they have one. */
void entry_fail_of(struct pool_entry *e, int code, const char *otherwise);
/* Not to be tried: goes to those that are done, with this failure. */
void entry_end(struct envoi_pool *p, struct pool_entry *e, int code, const char *text);
/* Chooses the recipients of the next transaction. */
void entry_pick(struct pool_entry *e, uint64_t recipients_max, uint64_t domains_max);
/* Decides for all that left their connections; calls the callbacks of those that are done. */
void pool_settle(struct envoi_pool *p);

/* ---- pool_work.c ---- */
/* How many more messages it may take now. */
size_t connection_room(struct pool_connection *c, size_t share);
/* Gives it as many of its route's messages; it may be gone then. */
void connection_fill(struct pool_connection *c, size_t room);
/* Was the idle one closed meanwhile? Then it is gone. */
bool connection_is_alive(struct pool_connection *c);
/* Has it had as many messages, or as much time, as it may? */
bool connection_is_spent(const struct pool_connection *c);
/* A message has left the session. */
void connection_take_done(void *connection, struct envoi_message *message, int rc);

/* ---- pool_connection.c ---- */
/* Begins one to a server that is not left alone. False: there is none, its name is being looked up, or no memory. */
bool connection_open(struct pool_route *r);
/* fd is ready, or -1: a deadline passed. */
void connection_process(struct pool_connection *c, int fd, unsigned events);
/* Goes on from what a verb of the session returned; it may be gone then. */
void connection_step(struct pool_connection *c, int rc);
void connection_move(struct pool_connection *c, enum pool_state state);
/* No more messages for it (on), because it hangs or because it is spent. */
void connection_bar(struct pool_connection *c, bool on, bool hangs);
/* Ends it without a word. */
void connection_discard(struct pool_connection *c);
void connection_bury(struct envoi_pool *p);

/* ---- pool_route.c ---- */
int route_new(struct envoi_pool *p, const struct envoi_session *prototype, const char *servers,
              struct pool_route **out);
void route_free(struct pool_route *r);
bool route_has_work(const struct pool_route *r);
/* Messages that are not done. */
size_t route_pending(const struct pool_route *r);
/* Something may be to do. */
void route_touch(struct pool_route *r);
/* Gives messages to connections, makes connections. */
void route_dispatch(struct pool_route *r);
/* The server that is next; NULL: all of them are left alone. */
struct pool_server *route_server(struct pool_route *r);
/* A connection to the server failed that was begun at some time. */
void route_server_failed(struct pool_route *r, struct pool_server *s, int64_t begun);
/* Another turn begins: each server is as good as the others, but for its pause. */
void route_new_turn(struct pool_route *r);
/* A connection that was begun at some time failed. If all servers failed in this turn and no connection is left, but for those
 * that are being made and were begun later, that was one try for all that wait. */
void route_charge(struct pool_route *r, int64_t begun, int code, const char *text);
/* All that wait fail. */
void route_fail(struct pool_route *r, int code, const char *text);

void list_push_front(struct pool_list *l, struct pool_connection *c);
void list_push_back(struct pool_list *l, struct pool_connection *c);
void list_remove(struct pool_list *l, struct pool_connection *c);

/* ---- pool_loop.c ---- */
/* To be called again at that time; -1 is never. */
void pool_wake_at(struct envoi_pool *p, int64_t at);
/* What a session tells of its descriptors. */
void pool_tell(void *connection, int fd, unsigned events);

#endif

/* SPDX-License-Identifier: MIT */
/**
 * @file
 * A pool: many messages to one or more servers, over as many connections as are worth it, in one thread or in the
 * application's event loop.
 *
 * A pool has *routes*. A route is where messages go and how: settings (identity, credentials, TLS policy ...) and servers
 * in the order in which they are tried. Connections are shared between the messages of one route only, so never between
 * different identities, credentials or TLS policies. Over one connection messages follow one another as
 * envoi_session_send_all() does it.
 *
 * **What the pool does by itself.** It connects when there is work, up to a limit per route; reuses connections, up to
 * a number of messages (also the server's MAILMAX, RFC 9422), an age and an idle time; splits a transaction that has
 * more recipients than the server's RCPTMAX, or more domains than its RCPTDOMAINMAX; connects anew after a 421 or an
 * idle close; leaves a server alone for a while after a failed connection (back-off) and goes on with the next one. A
 * server has failed when there is no connection, no TLS, no good greeting or EHLO, when it defers the login (4yz), or
 * when it closes before it has dealt with a single message; that it closes an idle connection is no failure. Servers
 * have turns: one that failed is tried again before all the others have failed, too, only while those are left alone. A
 * login that is refused fails all that waits on its route, and is not tried again until something more is submitted:
 * nobody is locked out by a loop. Before the first login of a route has succeeded only one connection is made;
 * afterwards at most 16 are being made at once.
 *
 * **What it never does.** It never sends twice what may have been delivered: a recipient whose verdict is *unknown*
 * stays unknown. Only recipients that were not attempted, or were answered with a 421 (which ends the connection and
 * says that nothing more was done on it), are tried again, on another connection, up to a number of tries. That all
 * servers of a route failed in one turn, and no connection is left (but for those that were begun later and are still being
 * made), is one try for everything that waits on it; then another turn begins, as it does with each message that was done. A
 * failure of the message itself (its content, an
 * option that the server does not announce) is final.
 *
 * **Names.** One look-up of a server's name serves all connections of a route: while it is under way no second
 * connection to that server is begun, and what it found is used for as long as the name servers said (at least a
 * second, at most an hour; ten seconds for what is in /etc/hosts). The address that worked last is tried first; one
 * that gives no good greeting makes room for the next, as in envoi_session_connect(). When none of the addresses can be
 * connected to they are forgotten, and a look-up that failed is not kept: the back-off decides when it is tried again.
 *
 * **TLS.** The connections of a pool resume one another's TLS sessions as all sessions of a library object do: what was
 * resumed was asked for with the same server, name, verification, pins, trust and client certificate. So two routes to the
 * same server share nothing unless they ask for the same, and never a connection.
 *
 * **A server that does less.** What is announced counts for one connection. One that is greeted without PIPELINING, CHUNKING
 * or LIMITS (or by HELO, because EHLO was refused) is used without them, whatever the one before had.
 *
 * **A connection that hangs** (nothing was done on it for a second) gets no more messages until it goes on.
 *
 * **Threads.** One thread at a time.
 *
 * **NULL.** Every function takes it for the pool and answers ENVOI_E_USAGE (or 0, or -1).
 *
 * **Fork.** A pool stays with the process that made it. In a child of fork(2) its functions return ENVOI_E_USAGE, but for
 * envoi_pool_free(), which gives the child's copy of memory and descriptors back: it calls nobody and leaves the parent's
 * connections alone. The messages are the child's then, to be freed.
 */
#ifndef ENVOI_POOL_H
#define ENVOI_POOL_H

#include <envoi/session.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct envoi_pool;

/** The numbers of a pool. */
enum envoi_pool_limit {
    ENVOI_POOL_CONNECTIONS = 0,    /**< connections of one route at once; 4 */
    ENVOI_POOL_QUEUE = 1,          /**< messages of all routes that are not done; 10000 */
    ENVOI_POOL_IN_FLIGHT = 2,      /**< messages on one connection at once; 64 */
    ENVOI_POOL_MESSAGES = 3,       /**< messages over one connection in its life; 1000 */
    ENVOI_POOL_AGE_MS = 4,         /**< age after which a connection takes no more messages; 300000 */
    ENVOI_POOL_IDLE_MS = 5,        /**< time without work after which it is closed; 5000 */
    ENVOI_POOL_TRIES = 6,          /**< how often a message is tried, as long as it is not attempted; 5 */
    ENVOI_POOL_BACKOFF_MS = 7,     /**< first pause after a failed connection, doubled each time; 1000 */
    ENVOI_POOL_BACKOFF_MAX_MS = 8, /**< longest pause; 60000 */
    ENVOI_POOL_LIMITS = 9,         /**< how many there are */
};

/** Makes a pool without routes. The library object must outlive it.
 * @returns ENVOI_OK; ENVOI_E_USAGE; ENVOI_E_MEMORY. */
int envoi_pool_new(struct envoi_library *library, struct envoi_pool **out);
/** Frees a pool; NULL is a no-op. Never blocks: connections are closed, messages that are not done are settled as
 * envoi_pool_stop() says, and their callbacks are called. Not from a callback of the pool. */
void envoi_pool_free(struct envoi_pool *pool);

/** Sets one number. A smaller one takes effect as connections and messages come to their end.
 * @returns ENVOI_OK; ENVOI_E_USAGE: no such number, or a value below 1. */
int envoi_pool_set_limit(struct envoi_pool *pool, int limit, int64_t value);
/** What a number is; -1: no such number. */
int64_t envoi_pool_limit(const struct envoi_pool *pool, int limit);

/** Adds a route.
 * @param pool       the pool
 * @param prototype  a session of the pool's library object that is not connected, whose settings (not its watch function)
 *                   are copied; it stays the caller's, who may free it at once. What its credential and trace functions
 *                   are handed lives as long as the pool.
 * @param servers    as for envoi_session_connect(), separated by blanks, in the order in which they are tried; copied
 * @param route      set to its number, to be given to envoi_pool_submit()
 * @returns ENVOI_OK; ENVOI_E_USAGE: the prototype is connected or of another library object, or `servers` has none, or one
 * that cannot be; the sticky error of a setter of the prototype or of the library object; ENVOI_E_MEMORY. */
int envoi_pool_add_route(struct envoi_pool *pool, const struct envoi_session *prototype, const char *servers,
                         size_t *route);

/** A message is done: its verdicts are final. It is the application's again, which may free it or submit it anew from here.
 * @param ctx      as given
 * @param message  the message
 * @param result   what envoi_session_send() would have returned
 * @param error    the text for a person if result is none of ENVOI_OK; "" else; borrowed for the call */
typedef void envoi_pool_done_fn(void *ctx, struct envoi_message *message, int result, const char *error);
/** Submits a message, which belongs to the pool until `done` is called.
 * @param pool     the pool
 * @param route    the route's number
 * @param message  with recipients and content. A content that cannot be rewound is sent in one transaction and not
 *                 tried again once something was taken from it: recipients that are left over by a server's RCPTMAX or
 *                 RCPTDOMAINMAX are not attempted then. Its setters are ENVOI_E_BUSY until it is done.
 * @param done     called once, from envoi_pool_run(), _process(), _stop() or _free(); never from this call; NULL: nobody is
 *                 told, the verdicts are in the message
 * @param ctx      handed to it
 * @returns ENVOI_OK: accepted into the queue; ENVOI_E_AGAIN: the queue is full, submit it again after a `done`;
 * ENVOI_E_USAGE: no such route, no recipients, no content, or the pool is drained or stopped; ENVOI_E_BUSY: the message
 * is under way already; the message's sticky error; ENVOI_E_MEMORY. */
int envoi_pool_submit(struct envoi_pool *pool, size_t route, struct envoi_message *message, envoi_pool_done_fn *done,
                      void *ctx);

/** How many messages are not done. */
size_t envoi_pool_pending(const struct envoi_pool *pool);
/** How many connections there are (being made, at work, idle). */
size_t envoi_pool_connections(const struct envoi_pool *pool);

/** Works until every submitted message is done, blocking. Callbacks may submit more.
 * Idle connections stay open, for the next call; after envoi_pool_drain() it works until they are closed, too. A content
 * or credential callback must not say AGAIN here: its message (or route) fails with ENVOI_E_USAGE.
 * @returns ENVOI_OK; ENVOI_E_USAGE: a watch function is set, or it is called from a callback; ENVOI_E_SYSTEM. */
int envoi_pool_run(struct envoi_pool *pool);

/** @name The non-blocking face, as of a session
 * @{ */
/** Makes the pool non-blocking; before the first submit. @returns ENVOI_OK; ENVOI_E_USAGE; ENVOI_E_BUSY. */
int envoi_pool_set_watch(struct envoi_pool *pool, envoi_watch_fn *watch, void *ctx);
/** Carries on: after a submit, when a watched descriptor is ready, when the deadline has passed, and (with `fd` -1) when a
 * callback that said AGAIN has something now.
 * @returns ENVOI_E_AGAIN while messages are not done or connections are open, else ENVOI_OK; ENVOI_E_USAGE: there is no
 * watch function, or it is called from a callback. */
int envoi_pool_process(struct envoi_pool *pool, int fd, unsigned events);
/** When envoi_pool_process() is to be called at the latest: milliseconds of CLOCK_MONOTONIC; -1: no deadline. */
int64_t envoi_pool_deadline(struct envoi_pool *pool);
/** @} */

/** Takes no more messages; those that are there are finished, then connections are closed with QUIT.
 * @returns ENVOI_OK; ENVOI_E_USAGE. */
int envoi_pool_drain(struct envoi_pool *pool);
/** Stops now, without a word to the servers: what waits is not attempted (ENVOI_E_CANCELLED), what is under way is settled
 * as a lost connection settles it (unknown where the content had left). The callbacks are called before this returns.
 * @returns ENVOI_OK; ENVOI_E_USAGE: called from a callback. */
int envoi_pool_stop(struct envoi_pool *pool);

#ifdef __cplusplus
}
#endif

#endif

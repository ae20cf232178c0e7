/* SPDX-License-Identifier: MIT */
/**
 * @file
 * A pool: many messages to one or more servers, over as many connections as pay off, in one thread or in the
 * application's event loop.
 *
 * @code{.c}
 * // Sends `count` messages over one route and waits until all are done. `settings` is a session that is not connected.
 * int send_many(struct envoi_library *library, struct envoi_session *settings, struct envoi_message **messages,
 *               size_t count, envoi_pool_done_fn *done)
 * {
 *     struct envoi_pool *pool = NULL;
 *     size_t route = 0;
 *     int rc = envoi_pool_new(library, &pool);
 *
 *     if (rc == ENVOI_OK)
 *         rc = envoi_pool_add_route(pool, settings, "mx1.example.org mx2.example.org", &route);
 *     for (size_t i = 0; rc == ENVOI_OK && i < count; i++)
 *         rc = envoi_pool_submit(pool, route, messages[i], done, NULL);
 *     envoi_pool_drain(pool);
 *     if (rc == ENVOI_OK)
 *         rc = envoi_pool_run(pool); // calls `done` once for each message
 *     envoi_pool_free(pool);         // settles the messages that are left
 *     return rc;
 * }
 * @endcode
 *
 * **Routes.** A route is a destination with its settings (identity, credentials, TLS policy ...) and its servers, in
 * the order in which they are tried. Only messages of one route share connections, so connections are never shared
 * between identities, credentials or TLS policies. On a connection the messages follow one another as in
 * envoi_session_send_all().
 *
 * **Connections.** The pool
 * - connects when there is work, up to a limit for each route. If a route logs in, it makes only one connection until
 *   the first login has succeeded; otherwise at most 16 are being made at once;
 * - reuses a connection up to a number of messages (also the server's MAILMAX, RFC 9422), an age and an idle time;
 * - splits a transaction that has more recipients than the server's RCPTMAX, or more domains than its RCPTDOMAINMAX, or
 *   of which the server says that there are too many, as envoi_session_send() does;
 * - connects anew after a 421 or an idle close;
 * - gives no more messages to a connection on which no message was completed for a second, until it goes on.
 *
 * **Servers.** A server has failed if there is no connection, no TLS, no good greeting or EHLO, if it defers the login
 * (4yz), or if it closes before it has completed a single message. That it closes an idle connection is no failure.
 * After a failure the server is left alone for a while (back-off) and the next one is tried. Servers have turns: a
 * server that failed in this turn is tried again, before all the others have failed, only while those are in their
 * back-off. If a login is refused, all messages that wait on the route fail, and no login is tried until the next
 * submit, so that no account is locked by a loop.
 *
 * **Tries.** A recipient whose verdict is *unknown* stays unknown: nothing is sent twice that may have been delivered.
 * Only recipients that were not attempted, or were answered with 421 (which says that nothing more was done on the
 * connection), are tried again on another connection, up to a number of tries. One try of every waiting message is
 * counted when every server of the route has failed since the last completed message or counted try, and no connection
 * remains except ones begun later and still being made. A failure of the message itself (its content, an option that
 * the server does not announce) is final.
 *
 * **Names.** One look-up of a server's name serves all connections of a route. While it is under way no second
 * connection to that server is begun. Its addresses are used as long as the name servers said (at least one second, at
 * most one hour; ten seconds for /etc/hosts). The address that worked last is tried first. If one gives no good
 * greeting the next is tried, as in envoi_session_connect(). If none can be connected to, the addresses are forgotten.
 * A failed look-up is not cached; the back-off decides when it is repeated. If the prototype has a dial function
 * (envoi_session_set_dial()), it is asked for each connection instead, and no name is looked up.
 *
 * **TLS.** Connections resume each other's TLS sessions as all sessions of a library object do, if server, name,
 * verification, pins, trust and client certificate are the same. Two routes to one server never share a connection.
 *
 * **Extensions** count for one connection. If a connection is greeted without PIPELINING, CHUNKING or LIMITS (or by
 * HELO, because EHLO was refused), it is used without them, whatever the connection before had.
 *
 * **Errors.** Every function takes NULL for the pool and then returns ENVOI_E_USAGE (or 0, or -1). This is not repeated
 * below, nor is ENVOI_OK where it only means success.
 *
 * **Threads.** One thread at a time; envoi_pool_interrupt() may be called from any other meanwhile.
 *
 * **Callbacks.** From a `done` callback envoi_pool_submit(), envoi_pool_add_route(), envoi_pool_drain(), the limits and
 * the functions that read may be called. In any callback of the pool envoi_pool_run(), envoi_pool_process() and
 * envoi_pool_stop() return ENVOI_E_USAGE, and envoi_pool_free() is forbidden.
 *
 * **Fork.** A pool stays with the process that made it. In a child of fork(2) only the limits, envoi_pool_pending(),
 * envoi_pool_connections() and envoi_pool_deadline() work as before; envoi_pool_free() gives the child's copy of memory
 * and descriptors back, calls no callback and leaves the parent's connections alone; all others return ENVOI_E_USAGE.
 * The child frees its copies of the messages.
 *
 * @since 0.1
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

/** The limits of a pool, with their defaults. */
enum envoi_pool_limit {
    ENVOI_POOL_CONNECTIONS = 0,    /**< connections of one route at once; 4 */
    ENVOI_POOL_QUEUE = 1,          /**< messages of all routes that are not done; 10000 */
    ENVOI_POOL_IN_FLIGHT = 2,      /**< messages on one connection at once; 64 */
    ENVOI_POOL_MESSAGES = 3,       /**< messages over one connection in its life; 1000 */
    ENVOI_POOL_AGE_MS = 4,         /**< age after which a connection takes no more messages; 300000 */
    ENVOI_POOL_IDLE_MS = 5,        /**< time without work after which a connection is closed; 5000 */
    ENVOI_POOL_TRIES = 6,          /**< tries of a message, as long as it is not attempted; 5 */
    ENVOI_POOL_BACKOFF_MS = 7,     /**< first pause after a failed connection, doubled each time; 1000 */
    ENVOI_POOL_BACKOFF_MAX_MS = 8, /**< longest pause; 60000 */
    ENVOI_POOL_LIMITS = 9,         /**< number of limits */
};

/** @name Life
 * @{ */
/** Makes a pool without routes.
 * @param library  must outlive the pool
 * @param out      set to the pool, which the caller frees with envoi_pool_free(); set to NULL on failure
 * @retval ENVOI_E_USAGE   library or out is NULL
 * @retval ENVOI_E_MEMORY
 * @since 0.1 */
int envoi_pool_new(struct envoi_library *library, struct envoi_pool **out);
/** Frees a pool; NULL is a no-op. Never blocks: connections are closed, messages that are not done are settled as
 * envoi_pool_stop() says, and their callbacks are called. Not from a callback of the pool. @since 0.1 */
void envoi_pool_free(struct envoi_pool *pool);
/** @} */

/** @name Limits and routes
 * @{ */
/** Sets a limit. A lower one takes effect as connections and messages come to their end.
 * @param pool   the pool
 * @param limit  one of ENVOI_POOL_*
 * @param value  at least 1
 * @retval ENVOI_E_USAGE  no such limit, or a value below 1
 * @since 0.1 */
int envoi_pool_set_limit(struct envoi_pool *pool, int limit, int64_t value);
/** Returns a limit; -1: no such limit. @since 0.1 */
int64_t envoi_pool_limit(const struct envoi_pool *pool, int limit);

/** Adds a route.
 * @param pool       the pool
 * @param prototype  a session of the same library object that is not connected. Its settings are copied, except the
 *                   watch function; the caller may free it at once. The `ctx` of its dial, credential and trace
 *                   functions must live as long as the pool
 * @param servers    as for envoi_session_connect(), separated by blanks, in the order in which they are tried; copied
 * @param route      set to the route's number, for envoi_pool_submit()
 * @retval ENVOI_E_USAGE   an argument is NULL; the prototype is connected, has a verb in progress or is of another
 *                         library object; `servers` is empty or has a word of another form; or in a forked child
 * @retval ENVOI_E_MEMORY
 * @returns also the sticky error of a setter of the prototype or of the library object
 * @since 0.1 */
int envoi_pool_add_route(struct envoi_pool *pool, const struct envoi_session *prototype, const char *servers,
                         size_t *route);
/** @} */

/** @name Messages
 * @{ */
/** Reports that a message is done: its verdicts are final. From this call on the message is the application's again,
 * which may free it or submit it anew: "Another try" in message.h.
 * @param ctx      as given to envoi_pool_submit()
 * @param message  the message
 * @param result   as envoi_session_send() returns it
 * @param error    text for a person, "" if result is ENVOI_OK; borrowed for the call
 * @since 0.1 */
typedef void envoi_pool_done_fn(void *ctx, struct envoi_message *message, int result, const char *error);
/** Submits a message. It belongs to the pool until `done` is called; its setters return ENVOI_E_BUSY until then.
 * Content that cannot be rewound is sent in one transaction only: after some of it was read, the message is not tried
 * again, and recipients that exceed the server's RCPTMAX or RCPTDOMAINMAX are not attempted. A message that requires
 * all recipients and exceeds them is not attempted at all (ENVOI_E_NOT_SUPPORTED).
 * @param pool     the pool
 * @param route    the route's number
 * @param message  with recipients and content
 * @param done     called once, from envoi_pool_run(), _process(), _stop() or _free(), never from this call; NULL: not
 *                 reported, the message has the verdicts
 * @param ctx      passed to it
 * @retval ENVOI_OK        accepted into the queue
 * @retval ENVOI_E_AGAIN   the queue is full (ENVOI_POOL_QUEUE): submit again after a `done`
 * @retval ENVOI_E_USAGE   message is NULL or has no recipient or no content, or all recipients have it from an earlier
 *                         send; no such route; the pool is drained or stopped; or in a forked child
 * @retval ENVOI_E_BUSY    the message belongs to a session or a pool
 * @retval ENVOI_E_MEMORY
 * @returns also the message's sticky error
 * @since 0.1 */
int envoi_pool_submit(struct envoi_pool *pool, size_t route, struct envoi_message *message, envoi_pool_done_fn *done,
                      void *ctx);

/** Returns the number of messages that are not done. @since 0.1 */
size_t envoi_pool_pending(const struct envoi_pool *pool);
/** Returns the number of connections: being made, busy, idle or closing. @since 0.1 */
size_t envoi_pool_connections(const struct envoi_pool *pool);
/** @} */

/** @name The blocking face
 * @{ */
/** Works until every submitted message is done. Callbacks may submit more. Idle connections stay open for the next
 * call; after envoi_pool_drain() it works until they are closed, too. If a content, credential or dial callback
 * returns ENVOI_E_AGAIN here, its message (or all that waits on its route) fails with ENVOI_E_USAGE.
 * @retval ENVOI_E_USAGE      there is a watch function; called from a callback; or in a forked child
 * @retval ENVOI_E_SYSTEM     epoll or poll failed; messages remain in the pool, and a later call goes on
 * @retval ENVOI_E_CANCELLED  envoi_pool_interrupt(); likewise, and connections stay open
 * @since 0.1 */
int envoi_pool_run(struct envoi_pool *pool);
/** Makes envoi_pool_run() return ENVOI_E_CANCELLED as soon as it waits; if it is not running, the next one at once. May
 * be called from a signal handler, from another thread and from a callback; the pool must not be freed meanwhile. NULL
 * is a no-op. It has no effect on the non-blocking face, which never waits.
 * @since 0.1 */
void envoi_pool_interrupt(struct envoi_pool *pool);
/** Sets the function that is called when a signal has interrupted the wait of envoi_pool_run(): see
 * envoi_session_set_interrupt_callback(), which a pool does not take from its prototype.
 * @param pool      the pool
 * @param callback  NULL, the default: the wait goes on
 * @param ctx       passed to it
 * @retval ENVOI_E_USAGE  called from a callback; or in a forked child
 * @since 0.1 */
int envoi_pool_set_interrupt_callback(struct envoi_pool *pool, envoi_interrupt_fn *callback, void *ctx);
/** @} */

/** @name The non-blocking face, like that of a session
 * @{ */
/** Makes the pool non-blocking.
 * @param pool   the pool, before the first submit
 * @param watch  NULL: blocking again
 * @param ctx    passed to it
 * @retval ENVOI_E_BUSY   a message was submitted before
 * @retval ENVOI_E_USAGE  in a forked child
 * @since 0.1 */
int envoi_pool_set_watch(struct envoi_pool *pool, envoi_watch_fn *watch, void *ctx);
/** Carries the pool on. Call it after a submit, when a watched descriptor is ready, when the deadline has passed, and,
 * with `fd` -1, when a callback that returned ENVOI_E_AGAIN has an answer.
 * @param pool    the pool
 * @param fd      the descriptor that is ready; -1: none
 * @param events  ENVOI_EVENT_*
 * @retval ENVOI_E_AGAIN  messages are not done, or connections are open
 * @retval ENVOI_OK       neither is the case
 * @retval ENVOI_E_USAGE  there is no watch function; called from a callback; or in a forked child
 * @since 0.1 */
int envoi_pool_process(struct envoi_pool *pool, int fd, unsigned events);
/** Returns the time at which envoi_pool_process() must be called at the latest, in milliseconds of CLOCK_MONOTONIC; -1:
 * no deadline. @since 0.1 */
int64_t envoi_pool_deadline(struct envoi_pool *pool);
/** @} */

/** @name The end
 * @{ */
/** Takes no more messages. Those in the pool are finished, then connections are closed with QUIT; envoi_pool_run() or
 * envoi_pool_process() does the work.
 * @retval ENVOI_E_USAGE  in a forked child
 * @since 0.1 */
int envoi_pool_drain(struct envoi_pool *pool);
/** Stops at once, without QUIT. Waiting messages are not attempted (ENVOI_E_CANCELLED). Messages under way are settled
 * as by a lost connection: unknown if their content had left. The `done` callbacks are called before this returns.
 * @retval ENVOI_E_USAGE  called from a callback; or in a forked child
 * @since 0.1 */
int envoi_pool_stop(struct envoi_pool *pool);
/** @} */

#ifdef __cplusplus
}
#endif

#endif

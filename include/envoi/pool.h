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
 * **Too fast.** Servers say so with 421, 450, 451 or 454 and the enhanced code 4.7.x, with 432 or 421 and 4.3.2, or
 * with 454 "Throttling" and no enhanced code. A message that was told only that, to MAIL, to all of its RCPT or to its
 * content, is tried again, behind the others of its priority. One of its tries is counted, but none of the messages
 * that were lost with its connection. The route slows down: half as many connections, one message at a time on each,
 * and a pause between two messages, which begins with ENVOI_POOL_BACKOFF_MS and is doubled each time, up to
 * ENVOI_POOL_BACKOFF_MAX_MS. Each accepted message makes the pause shorter by an eighth, and each sixteenth one allows
 * another connection, until the limits of the pool are reached again. A greeting of 421, while other connections of the
 * route work, allows no more connections than these, and doubles the pause before another one; messages and their tries
 * are left alone. Rates that are known beforehand are better set: envoi_pool_set_rate().
 *
 * **Accounts.** A route may have several accounts, each with settings and servers of its own and a weight. Connections
 * are shared out in proportion to the weights, as far as servers can be reached. An account whose login is refused is
 * left out while another one is there; when all are, the messages that wait fail, and all are tried again later.
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
 * **Callbacks.** From a `done` callback envoi_pool_submit(), envoi_pool_submit_with(), envoi_pool_cancel(),
 * envoi_pool_add_route(), envoi_pool_add_account(), envoi_pool_drain(), limits, rates and the functions that read may
 * be called. In any callback of the pool envoi_pool_run(), envoi_pool_process() and
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
    ENVOI_POOL_RECIPIENTS = 9, /**< recipients after which a connection takes no more messages; 0, the default: any */
    ENVOI_POOL_PAUSE_MS = 10, /**< on one connection, from the end of a message to the next one; 0, the default: none */
    ENVOI_POOL_LIFETIME_MS =
        11,                 /**< age, from its submit, after which a message is not tried again; 0, the default: any */
    ENVOI_POOL_LIMITS = 12, /**< number of limits */
};

/** The rates of a route: see envoi_pool_set_rate(). */
enum envoi_pool_rate {
    ENVOI_POOL_RATE_MESSAGES = 0,    /**< transactions; a message that is split or tried again is several */
    ENVOI_POOL_RATE_RECIPIENTS = 1,  /**< recipients in them */
    ENVOI_POOL_RATE_CONNECTIONS = 2, /**< connections that are begun */
    ENVOI_POOL_RATES = 3,            /**< number of rates */
};

/** How urgent a message is: see envoi_pool_submit_with(). */
enum envoi_pool_priority {
    ENVOI_POOL_BULK = 0,       /**< newsletters */
    ENVOI_POOL_NORMAL = 1,     /**< the priority of envoi_pool_submit() */
    ENVOI_POOL_URGENT = 2,     /**< a code for a login */
    ENVOI_POOL_PRIORITIES = 3, /**< number of priorities */
};

/** The weight of the account that envoi_pool_add_route() makes. */
#define ENVOI_POOL_WEIGHT 100

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
 * @param value  at least 1; 0 for those of ::envoi_pool_limit that may be none
 * @retval ENVOI_E_USAGE  no such limit, or a lower value
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
/** Adds another account to a route: its messages go over connections of all its accounts. The first one, of
 * envoi_pool_add_route(), has the weight ENVOI_POOL_WEIGHT. The same settings with other servers are an account, too.
 * @param pool       the pool
 * @param route      the route's number, before anything is submitted to it
 * @param prototype  as for envoi_pool_add_route()
 * @param servers    likewise
 * @param weight     its share of the connections, in proportion to the others'; 1 to 1000000
 * @retval ENVOI_E_USAGE   as for envoi_pool_add_route(); or there is no such route, or the weight is out of range
 * @retval ENVOI_E_BUSY    something was submitted to the route
 * @retval ENVOI_E_MEMORY
 * @returns also the sticky error of a setter of the prototype or of the library object
 * @since 0.1 */
int envoi_pool_add_account(struct envoi_pool *pool, size_t route, const struct envoi_session *prototype,
                           const char *servers, int64_t weight);
/** Sets a rate of a route: a token bucket that all its connections share. After a time without work `burst` go out at
 * once, then one each period_ms / count: in any time t at most burst + t * count / period_ms. So "14 a second, no more
 * in any second" is 13, 1000, 1, and "30 a minute" is 29, 60000, 1. A message with more recipients than `burst` goes
 * out when as many as that can be had, and the next ones wait for the rest of it, too.
 * @param pool       the pool
 * @param route      the route's number
 * @param rate       one of ENVOI_POOL_RATE_*
 * @param count      how many in period_ms; 0, the default: any number
 * @param period_ms  milliseconds
 * @param burst      at once
 * @retval ENVOI_E_USAGE  no such route or rate; count is below 0, period_ms or burst below 1, or one of them above
 *                        1000000000; or in a forked child
 * @since 0.1 */
int envoi_pool_set_rate(struct envoi_pool *pool, size_t route, int rate, int64_t count, int64_t period_ms,
                        int64_t burst);
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

/** Submits a message with a priority. On its route, messages of a lower one go out only if none of a higher one waits.
 * Those that are on a connection already are not overtaken; ENVOI_POOL_IN_FLIGHT bounds their number.
 * @param pool      the pool
 * @param route     the route's number
 * @param message   as for envoi_pool_submit()
 * @param priority  one of ENVOI_POOL_BULK, _NORMAL and _URGENT
 * @param done      as for envoi_pool_submit()
 * @param ctx       passed to it
 * @retval ENVOI_E_USAGE  no such priority
 * @returns also as envoi_pool_submit()
 * @since 0.1 */
int envoi_pool_submit_with(struct envoi_pool *pool, size_t route, struct envoi_message *message, int priority,
                           envoi_pool_done_fn *done, void *ctx);
/** Takes back a message that is on no connection: it waits for its first try, for another one, or for the transaction
 * with the rest of its recipients. When this returns ENVOI_OK, the message is the application's, and `done` is not
 * called for it. Recipients that have a verdict of an earlier transaction keep it; the others are not attempted,
 * because "the message was taken back". envoi_message_result() sums that up.
 * @param pool     the pool
 * @param message  as submitted
 * @retval ENVOI_E_BUSY   it is on a connection, or has its verdicts already: `done` is called for it, as usual
 * @retval ENVOI_E_USAGE  message is NULL or not in this pool; or in a forked child
 * @since 0.1 */
int envoi_pool_cancel(struct envoi_pool *pool, struct envoi_message *message);

/** The work of a pool since it was made. */
struct envoi_pool_telemetry {
    size_t struct_size;          /**< set by the caller, as sizeof of its own: members behind it are not written */
    uint64_t waiting;            /**< now: messages that are not done and on no connection */
    uint64_t in_flight;          /**< now: messages on connections */
    uint64_t submitted;          /**< messages */
    uint64_t cancelled;          /**< by envoi_pool_cancel() */
    uint64_t results[5];         /**< messages that are done, by ENVOI_RESULT_* of their verdicts */
    uint64_t transactions;       /**< that were given to connections */
    uint64_t again;              /**< times that a message was tried again */
    uint64_t throttled;          /**< times that a route slowed down, because a server said "too fast" */
    uint64_t connections;        /**< that were begun */
    uint64_t connections_failed; /**< of these, before a message could be sent on them */
    uint64_t queue_ms;           /**< milliseconds from the submits to the first transactions, summed up */
};
/** Tells how much work was done so far. Also from its callbacks.
 * @param pool         the pool
 * @param telemetry    with struct_size; filled in; NULL: not wanted
 * @param connections  the same of its connections, of those that are closed too, summed up; NULL: not wanted
 * @retval ENVOI_E_USAGE  a struct_size has no room for a member
 * @since 0.1 */
int envoi_pool_telemetry(const struct envoi_pool *pool, struct envoi_pool_telemetry *telemetry,
                         struct envoi_telemetry *connections);

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

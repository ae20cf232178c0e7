/* SPDX-License-Identifier: MIT */
/* A server says "too fast": fewer connections and longer pauses, and back again in small steps (additive increase,
 * multiplicative decrease).
 *
 * If it is said of a message: half as many connections with one message on each, and twice the pause between messages.
 * If it is said as a greeting, while other connections work: no more of them than those, and twice the pause before
 * another one. */
#ifndef POOL_THROTTLE_H
#define POOL_THROTTLE_H

#include "pool/parts.h"

/* Is this how servers say "too fast"? */
bool throttle_is_told(int code, const char *enhanced, const char *text);
/* Was the last transaction of the message only told that, and nothing else? */
bool throttle_was_told(const struct envoi_message *m);

/* Was said of a message that was begun at that time. */
void throttle_slow(struct pool_route *r, int64_t begun);
/* Was said as the greeting of a connection, beside so many others that work. */
void throttle_close_door(struct pool_route *r, size_t others);
/* A connection that was begun at that time became ready. */
void throttle_open_door(struct pool_route *r, int64_t born);
/* A message was accepted that was begun at that time. */
void throttle_recover(struct pool_route *r, int64_t begun);
/* May a message be begun now, by the pause and the rates? If not, the pool wakes when it may. To be asked only if one
 * waits. */
bool throttle_may_send(struct pool_route *r);
/* A message to so many recipients is begun. */
void throttle_begin(struct pool_route *r, size_t recipients);
/* The same for a connection. */
bool throttle_may_connect(struct pool_route *r);
void throttle_connect(struct pool_route *r);
/* Does each connection get one message at a time? */
static inline bool throttle_is_on(const struct pool_route *r)
{
    return r->throttle.most || r->pool->limits[ENVOI_POOL_PAUSE_MS];
}
/* How many connections there may be at once: less than the limit if the route is slowed down. */
int64_t throttle_most(const struct pool_route *r);

#endif

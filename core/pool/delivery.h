/* SPDX-License-Identifier: MIT */
/* A message on its way through a pool, from submit to done: one transaction or several, each on some connection. */
#ifndef POOL_DELIVERY_H
#define POOL_DELIVERY_H

#include "pool/parts.h"

/* Keeps the first failure of the transaction that has just ended. Its text is made from a recipient's verdict, or is
 * `otherwise` if no verdict has a reason. */
void delivery_fail_of(struct pool_delivery *d, int code, const char *otherwise);
/* A transaction of it was queued on a connection. */
void delivery_begin(struct pool_delivery *d);
/* Ends a delivery, which must be in no list, without another transaction. Recipients without a verdict are not
 * attempted, for this reason, and `done` gets this failure when the pool settles. */
void delivery_end(struct envoi_pool *p, struct pool_delivery *d, int code, const char *text);

/* A connection that was begun at that time failed. One try is counted for every message that waits on the route, if all
 * servers have failed in this turn, no connection is idle or busy, and all that are being made were begun later.
 * Another turn begins then, and a message that has used up its tries ends with this failure. */
void delivery_charge_all(struct pool_route *r, int64_t begun, int code, const char *text);
/* Ends all messages that wait on the route. */
void delivery_end_all(struct pool_route *r, int code, const char *text);

/* Decides for each message in `settled`: another transaction, or done. Calls the callbacks of those that are done. */
void delivery_settle_all(struct envoi_pool *p);

#endif

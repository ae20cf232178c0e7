/* SPDX-License-Identifier: MIT */
/* A message on its way through a pool. */
#ifndef POOL_DELIVERY_H
#define POOL_DELIVERY_H

#include "pool/pool.h"

/* Keeps the first failure and its text. For the message of a transaction that is over; the text is that of its verdicts, if they have one. */
void delivery_fail_of(struct pool_delivery *d, int code, const char *otherwise);
/* Not to be tried: goes to those that are done, with this failure. */
void delivery_end(struct envoi_pool *p, struct pool_delivery *d, int code, const char *text);
/* Chooses the recipients of the next transaction. */
void delivery_pick(struct pool_delivery *d, uint64_t recipients_max, uint64_t domains_max);
/* Decides for all that left their connections; calls the callbacks of those that are done. */
void delivery_settle_all(struct envoi_pool *p);

/* A connection that was begun at some time failed. If all servers failed in this turn and no connection is left, but for those
 * that are being made and were begun later, that was one try for all that wait. */
void delivery_charge_all(struct pool_route *r, int64_t begun, int code, const char *text);
/* All that wait fail. */
void delivery_end_all(struct pool_route *r, int code, const char *text);

#endif

/* SPDX-License-Identifier: MIT */
/* A message on its way through a pool. */
#ifndef POOL_DELIVERY_H
#define POOL_DELIVERY_H

#include "pool/pool.h"

/* Keeps the first failure and its text. For the message of a transaction that is over; the text is that of its verdicts, if they have one. */
void entry_fail_of(struct pool_entry *e, int code, const char *otherwise);
/* Not to be tried: goes to those that are done, with this failure. */
void entry_end(struct envoi_pool *p, struct pool_entry *e, int code, const char *text);
/* Chooses the recipients of the next transaction. */
void entry_pick(struct pool_entry *e, uint64_t recipients_max, uint64_t domains_max);
/* Decides for all that left their connections; calls the callbacks of those that are done. */
void pool_settle(struct envoi_pool *p);

/* A connection that was begun at some time failed. If all servers failed in this turn and no connection is left, but for those
 * that are being made and were begun later, that was one try for all that wait. */
void route_charge(struct pool_route *r, int64_t begun, int code, const char *text);
/* All that wait fail. */
void route_fail(struct pool_route *r, int code, const char *text);

#endif

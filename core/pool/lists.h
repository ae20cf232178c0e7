/* SPDX-License-Identifier: MIT */
/* Lists of deliveries (first in, first out) and of connections. They own nothing: an element is linked through its own
 * members, and is in one list at a time. */
#ifndef POOL_LISTS_H
#define POOL_LISTS_H

#include "pool/parts.h"

void fifo_push(struct pool_fifo *f, struct pool_delivery *d);
void fifo_push_front(struct pool_fifo *f, struct pool_delivery *d);
struct pool_delivery *fifo_pop(struct pool_fifo *f); /* NULL: empty */
/* Takes out the delivery of that message, which must be in the list. */
struct pool_delivery *fifo_take(struct pool_fifo *f, const struct envoi_message *message);

/* The message that is next in turn; NULL: none waits. */
struct pool_delivery *route_pop(struct pool_route *r);

void list_push_front(struct pool_list *l, struct pool_connection *c);
void list_push_back(struct pool_list *l, struct pool_connection *c);
void list_remove(struct pool_list *l, struct pool_connection *c);

#endif

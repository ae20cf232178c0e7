/* SPDX-License-Identifier: MIT */
/* Lists of messages and of connections. */
#ifndef POOL_LISTS_H
#define POOL_LISTS_H

#include "pool/pool.h"

void fifo_push(struct pool_fifo *f, struct pool_delivery *d);
void fifo_push_front(struct pool_fifo *f, struct pool_delivery *d);
struct pool_delivery *fifo_pop(struct pool_fifo *f); /* NULL: empty */
/* Takes out the one with that message, which is there. */
struct pool_delivery *fifo_take(struct pool_fifo *f, const struct envoi_message *message);

void list_push_front(struct pool_list *l, struct pool_connection *c);
void list_push_back(struct pool_list *l, struct pool_connection *c);
void list_remove(struct pool_list *l, struct pool_connection *c);

#endif

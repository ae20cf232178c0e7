/* SPDX-License-Identifier: MIT */
/* One connection of a pool. */
#ifndef POOL_CONNECTION_H
#define POOL_CONNECTION_H

#include "pool/pool.h"

/* Begins one to a server that is not left alone. False: there is none, its name is being looked up, or no memory. */
bool connection_open(struct pool_route *r);
/* fd is ready, or -1: a deadline passed. */
void connection_process(struct pool_connection *c, int fd, unsigned events);
/* Ends it without a word. */
void connection_discard(struct pool_connection *c);
void connection_bury(struct envoi_pool *p);
/* How many more messages it may take now. */
size_t connection_room(struct pool_connection *c, size_t share);
/* Gives it as many of its route's messages; it may be gone then. */
void connection_fill(struct pool_connection *c, size_t room);
/* Was the idle one closed meanwhile? Then it is gone. */
bool connection_is_alive(struct pool_connection *c);

#endif

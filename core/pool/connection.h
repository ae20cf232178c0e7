/* SPDX-License-Identifier: MIT */
/* One connection of a pool: dialing, hello, TLS and login; messages; idleness; QUIT.
 *
 * A call may end the connection. It is discarded then: its session is NULL, and connection_bury() frees it later. */
#ifndef POOL_CONNECTION_H
#define POOL_CONNECTION_H

#include "pool/parts.h"

/* Begins a connection to the route's next server. False: all servers are in their back-off pause, the server's name is
 * being looked up for another connection, or there is no memory. */
bool connection_open(struct pool_route *r);
/* Carries on because fd is ready, or (-1) a deadline passed or a callback is to be asked again. */
void connection_process(struct pool_connection *c, int fd, unsigned events);
/* For an idle connection: reads what has come. False: the server has closed it, or it is being closed. */
bool connection_is_alive(struct pool_connection *c);
/* How many more messages it may take now; share: how many may be on it at once. Bars it if it is spent. */
size_t connection_room(struct pool_connection *c, size_t share);
/* Gives it at most that many of its route's messages, and sets them in motion. */
void connection_fill(struct pool_connection *c, size_t room);
/* Ends it without QUIT. Messages on it are settled as a lost connection settles them. */
void connection_discard(struct pool_connection *c);
/* Frees the discarded connections of a pool. */
void connection_bury(struct envoi_pool *p);

#endif

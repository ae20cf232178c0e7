/* SPDX-License-Identifier: MIT */
/* The servers of a route. */
#ifndef POOL_SERVER_H
#define POOL_SERVER_H

#include "pool/pool.h"

/* The server that is next; NULL: all of them are left alone. */
struct pool_server *server_next(struct pool_route *r);
/* A connection to the server failed that was begun at some time. */
void server_failed(struct pool_route *r, struct pool_server *s, int64_t begun);
/* Another turn begins: each server is as good as the others, but for its pause. */
void server_new_turn(struct pool_route *r);

#endif

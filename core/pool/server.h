/* SPDX-License-Identifier: MIT */
/* The servers of a route: their turns, and back-off after a failure. */
#ifndef POOL_SERVER_H
#define POOL_SERVER_H

#include "pool/parts.h"

/* The server for the next connection. NULL: all are in their back-off pause (the pool wakes when the first pause is
 * over), or their accounts are waiting for a first login.
 *
 * Of several accounts, the one that has the fewest connections for its weight comes first.
 *
 * Within a turn, servers of an account that have not failed come first, in list order. A failed server is picked again
 * only if all that have not failed are still in their back-off pause; otherwise the first servers, whose pauses keep
 * expiring, would starve the rest. A turn ends when every server has failed and no connection is being made. */
struct pool_server *server_next(struct pool_route *r);
/* No connection of the account is begun any more: each would fail. If that holds for all accounts now, they are open
 * again, and the result is true. */
bool server_refuse_account(struct pool_route *r, size_t account);
/* A connection to s that was begun at that time failed. */
void server_failed(struct pool_route *r, struct pool_server *s, int64_t begun);
/* Begins another turn: no server counts as failed, but back-off pauses stay. */
void server_new_turn(struct pool_route *r);

#endif

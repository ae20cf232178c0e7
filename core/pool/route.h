/* SPDX-License-Identifier: MIT */
/* A route. */
#ifndef POOL_ROUTE_H
#define POOL_ROUTE_H

#include "pool/pool.h"

int route_new(struct envoi_pool *p, const struct envoi_session *prototype, const char *servers,
              struct pool_route **out);
void route_free(struct pool_route *r);
/* Messages that are not done. */
size_t route_pending(const struct pool_route *r);
/* Gives messages to connections, makes connections. */
void route_dispatch(struct pool_route *r);

#endif

/* SPDX-License-Identifier: MIT */
/* A route: the messages for a list of servers, and the connections that they share. */
#ifndef POOL_ROUTE_H
#define POOL_ROUTE_H

#include "pool/parts.h"

/* servers: names separated by blanks; copied, as are the settings of the prototype. ENVOI_OK; ENVOI_E_USAGE: there is
 * no server, or one cannot be parsed; ENVOI_E_MEMORY; the sticky error of the prototype. */
int route_new(struct envoi_pool *p, const struct envoi_session *prototype, const char *servers,
              struct pool_route **out);
void route_free(struct pool_route *r);
/* Adds another account. Errors as above; the route is then as before. */
int route_add_account(struct pool_route *r, const struct envoi_session *prototype, const char *servers, int64_t weight);
/* Gives waiting messages to connections with room, and begins connections as they are worth it. */
void route_dispatch(struct pool_route *r);

#endif

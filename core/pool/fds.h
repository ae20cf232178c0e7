/* SPDX-License-Identifier: MIT */
/* The descriptors of a pool: which connection each belongs to. They are watched by the application or by the pool's
 * poller. */
#ifndef POOL_FDS_H
#define POOL_FDS_H

#include "pool/parts.h"

/* The watch function of the sessions, with the struct pool_connection as ctx. A failure is noted in its `broken`. */
void fds_tell(void *connection, int fd, unsigned events);
/* NULL: no connection watches it, or fd is -1. */
struct pool_connection *fds_owner(const struct envoi_pool *p, int fd);

#endif

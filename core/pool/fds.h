/* SPDX-License-Identifier: MIT */
/* Whose descriptor is whose, and who waits for it. */
#ifndef POOL_FDS_H
#define POOL_FDS_H

#include "pool/pool.h"

/* What a session tells of its descriptors. */
void fds_tell(void *connection, int fd, unsigned events);
/* NULL: nobody's. */
struct pool_connection *fds_owner(const struct envoi_pool *p, int fd);

#endif

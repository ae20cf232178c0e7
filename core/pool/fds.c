/* SPDX-License-Identifier: MIT */
#include "pool/fds.h"

#include "base/mem.h"

#include <string.h>

#define FDS_MIN 64u /* the table has room for as many at first */

/* Makes the table reach to that descriptor. */
static int fds_make_room(struct envoi_pool *p, size_t fd)
{
    size_t room = p->fd_room ? p->fd_room : FDS_MIN;
    struct pool_connection **more;

    if (fd < p->fd_room)
        return ENVOI_OK;
    while (room <= fd)
        room *= 2;
    if (!(more = mem_realloc(p->fds, room * sizeof(struct pool_connection *))))
        return ENVOI_E_MEMORY;
    memset(more + p->fd_room, 0, (room - p->fd_room) * sizeof(struct pool_connection *));
    p->fds = more;
    p->fd_room = room;
    return ENVOI_OK;
}

/* known: the poller has the descriptor already. */
static int fds_tell_poller(struct envoi_pool *p, int fd, unsigned events, bool known)
{
    int wanted = (events & ENVOI_EVENT_READ ? POLLIN : 0) | (events & ENVOI_EVENT_WRITE ? POLLOUT : 0);

    return poller_set(&p->poller, fd, (short)wanted, known) < 0 && events ? ENVOI_E_SYSTEM : ENVOI_OK;
}

void fds_tell(void *connection, int fd, unsigned events)
{
    struct pool_connection *c = connection;
    struct envoi_pool *p = c->pool;
    size_t index = (size_t)fd;
    bool known;
    int rc = ENVOI_OK;

    if (index >= p->fd_room && !events)
        return;
    if ((rc = fds_make_room(p, index))) {
        c->broken = rc;
        return;
    }
    known = p->fds[index] != NULL;
    p->fds[index] = events ? c : NULL;
    if (!pool_is_ours(p))
        return;
    if (p->watch)
        p->watch(p->watch_ctx, fd, events);
    else if (known || events)
        rc = fds_tell_poller(p, fd, events, known);
    if (rc)
        c->broken = rc;
}

struct pool_connection *fds_owner(const struct envoi_pool *p, int fd)
{
    return fd >= 0 && (size_t)fd < p->fd_room ? p->fds[fd] : NULL;
}

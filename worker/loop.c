/* SPDX-License-Identifier: MIT */
#include "worker/loop.h"

#include "portable/memory.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

void loop_free(struct loop *loop)
{
    free(loop->watches);
    free(loop->fds);
    *loop = (struct loop){0};
}

/* NULL: it is not watched. */
static struct loop_watch *loop_find(const struct loop *loop, int fd)
{
    for (size_t i = 0; i < loop->count; i++)
        if (loop->watches[i].fd == fd)
            return &loop->watches[i];
    return NULL;
}

static struct loop_watch *loop_add(struct loop *loop)
{
    if (loop->count == loop->room) {
        size_t room = loop->room ? 2 * loop->room : 16;
        struct loop_watch *more = memory_resize(loop->watches, room, sizeof *more);

        if (!more)
            return NULL;
        loop->watches = more;
        loop->room = room;
    }
    return &loop->watches[loop->count++];
}

void loop_watch(struct loop *loop, int fd, short events, loop_fn *fn, void *ctx)
{
    struct loop_watch *watch = loop_find(loop, fd);

    if (!events) {
        if (watch)
            *watch = loop->watches[--loop->count];
        return;
    }
    if (!watch && !(watch = loop_add(loop))) {
        loop->failed = 1;
        return;
    }
    *watch = (struct loop_watch){fd, events, fn, ctx};
}

static int loop_reserve(struct loop *loop, size_t count)
{
    struct pollfd *more;

    if (count <= loop->fd_room)
        return 0;
    if (!(more = memory_resize(loop->fds, 2 * count, sizeof *more)))
        return -1;
    loop->fds = more;
    loop->fd_room = 2 * count;
    return 0;
}

int loop_wait(struct loop *loop, struct pollfd *own, size_t own_count, int ms)
{
    size_t count = own_count + loop->count;
    int ready;

    if (loop_reserve(loop, count))
        return -1;
    memcpy(loop->fds, own, own_count * sizeof *own);
    for (size_t i = 0; i < loop->count; i++)
        loop->fds[own_count + i] = (struct pollfd){.fd = loop->watches[i].fd, .events = loop->watches[i].events};
    ready = poll(loop->fds, (nfds_t)count, ms);
    if (ready < 0 && errno != EINTR)
        return -1;
    for (size_t i = 0; i < own_count; i++)
        own[i].revents = ready > 0 ? loop->fds[i].revents : 0;
    /* A function may change the watches: each one is looked for anew. */
    for (size_t i = own_count; ready > 0 && i < count; i++) {
        struct loop_watch *watch = loop->fds[i].revents ? loop_find(loop, loop->fds[i].fd) : NULL;

        if (watch)
            watch->fn(watch->ctx, watch->fd, loop->fds[i].revents);
    }
    return 0;
}

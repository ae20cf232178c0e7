/* SPDX-License-Identifier: MIT */
/* The one wait of the worker: poll(2) over descriptors that come and go, and those that the caller has at hand. */
#ifndef WORKER_LOOP_H
#define WORKER_LOOP_H

#include <poll.h>
#include <stddef.h>

typedef void loop_fn(void *ctx, int fd, short ready);

struct loop_watch {
    int fd;
    short events;
    loop_fn *fn;
    void *ctx;
};

/* All zero: nothing is watched. */
struct loop {
    struct loop_watch *watches;
    size_t count, room;
    struct pollfd *fds; /* room for the caller's and for all watches */
    size_t fd_room;
    int failed; /* memory ran out: a descriptor is not watched */
};

void loop_free(struct loop *loop);
/* Calls fn when one of the events is there. events 0: no longer. */
void loop_watch(struct loop *loop, int fd, short events, loop_fn *fn, void *ctx);
/* Waits ms milliseconds at most (-1: without a limit), also for `own`, whose revents are filled in, and calls the
 * functions. Returns 0, or -1 with errno; a signal is no failure. */
int loop_wait(struct loop *loop, struct pollfd *own, size_t own_count, int ms);

#endif

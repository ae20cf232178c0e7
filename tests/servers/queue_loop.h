/* SPDX-License-Identifier: MIT */
/* The event loop of queue.c, as a program of yours would have one. */
#ifndef QUEUE_LOOP_H
#define QUEUE_LOOP_H

#include <envoi/envoi.h>
#include <poll.h>

#define LOOP_FDS 64

struct loop {
    struct pollfd fds[LOOP_FDS];
    nfds_t count;
    long slowest; /* milliseconds that one call of the library took */
};

/* For envoi_session_set_watch(). */
void loop_watch(void *ctx, int fd, unsigned events);
/* Carries the verb that has just answered `rc` to its end. `loop` NULL: it was a blocking one. */
int loop_finish(struct loop *loop, struct envoi_session *session, int rc);
/* Waits until this process has one thread. 0: it has not come to that. */
int loop_alone(void);

#endif

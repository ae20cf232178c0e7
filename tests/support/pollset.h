/* SPDX-License-Identifier: MIT */
/* What the loop of an application around poll() waits for: it knows only what its watch function was told. */
#ifndef SUPPORT_POLLSET_H
#define SUPPORT_POLLSET_H

#include <envoi/envoi.h>
#include <poll.h>

#define POLLSET_MAX 64

struct pollset {
    struct pollfd fds[POLLSET_MAX];
    nfds_t count;
};

/* The watch function of a session or a pool; ctx: the pollset. Only what is watched can be forgotten. */
void pollset_watch(void *ctx, int fd, unsigned events);
/* Waits until `deadline`, a time of net_now(), or for `otherwise` milliseconds if it is -1. Returns a descriptor that
 * is ready, and for what; -1: none is. */
int pollset_wait(struct pollset *p, int64_t deadline, int otherwise, unsigned *events);
/* Waits until something happens or a deadline is over, one of which has to come, and tells the session. */
int pollset_turn(struct pollset *p, struct envoi_session *s);
/* Makes turns until the verb that returned rc is over. */
int pollset_complete(struct pollset *p, struct envoi_session *s, int rc);

#endif

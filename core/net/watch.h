/* SPDX-License-Identifier: MIT */
/* Which descriptors of a session matter now. Each round says anew what it wants; only what changed is told to the
 * application's loop. The blocking loop polls the same list.
 *
 * This room sees <envoi/session.h> for three things only: the type of the watch function, ENVOI_EVENT_* and, in faults,
 * ENVOI_PHASE_*. */
#ifndef NET_WATCH_H
#define NET_WATCH_H

#include <envoi/session.h>
#include <stddef.h>

/* More than c-ares' sockets and the connection attempts that may be open at once (dialer.c holds them together). */
#define WATCH_MAX 40

struct watch_entry {
    int fd;
    unsigned wanted; /* ENVOI_EVENT_* */
    unsigned told;   /* what the application's loop knows */
};

struct watch {
    envoi_watch_fn *tell; /* NULL: blocking */
    void *ctx;
    size_t count;
    struct watch_entry list[WATCH_MAX];
};

/* Begins a new list: nothing is wanted. */
void watch_begin(struct watch *w);
void watch_want(struct watch *w, int fd, unsigned events);
/* Ends it: changes are told. */
void watch_commit(struct watch *w);
/* To be called before a descriptor is closed: its number may come back at once, and the loop must not take the new one
 * for the old. */
void watch_forget(struct watch *w, int fd);
/* Is anything wanted of fd? */
unsigned watch_wanted(const struct watch *w, int fd);

#endif

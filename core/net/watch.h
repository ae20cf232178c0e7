/* SPDX-License-Identifier: MIT */
/* The descriptors that matter now. Each round builds the list anew, and only changes are reported to the application's
 * event loop. The blocking loop polls the same list.
 *
 * This room sees <envoi/session.h> for three things only: the type of the watch function, ENVOI_EVENT_* and, in faults,
 * ENVOI_PHASE_*. */
#ifndef NET_WATCH_H
#define NET_WATCH_H

#include <envoi/session.h>
#include <stddef.h>

/* Enough for the sockets of c-ares and all connection attempts together: see the assertion in dialer.c. */
#define WATCH_MAX 40

struct watch_entry {
    int fd;
    unsigned wanted; /* ENVOI_EVENT_* */
    unsigned told;   /* the events that were reported to the application's loop */
};

struct watch {
    envoi_watch_fn *tell; /* NULL: blocking */
    void *ctx;
    size_t count;
    struct watch_entry list[WATCH_MAX];
};

/* Begins a new list: no event is wanted. */
void watch_begin(struct watch *w);
void watch_want(struct watch *w, int fd, unsigned events);
/* Ends the list and reports the changes. */
void watch_commit(struct watch *w);
/* Call this before a descriptor is closed. Its number may be used again at once, and the event loop would take the new
 * descriptor for the old one. */
void watch_forget(struct watch *w, int fd);
/* The events that are wanted of fd; 0: none. */
unsigned watch_wanted(const struct watch *w, int fd);

#endif

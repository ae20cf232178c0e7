/* SPDX-License-Identifier: MIT */
/* Waits for events on many descriptors: epoll or poll(2). */
#ifndef PORTABLE_POLLER_H
#define PORTABLE_POLLER_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

struct poller {
    int fd;              /* of epoll; 0: there is none, and it is open; -1: not open */
    struct pollfd *list; /* of poll(2): the place of a descriptor is its number, and fd -1 if it is not watched */
    size_t room,
        count;   /* places that there are, and that were used: poll(2) refuses more than descriptors may be open */
    size_t next; /* where the last wait stopped to report */
    void *(*resize)(void *memory, size_t size);
    void (*release)(void *memory);
};

/* What is put into a poller that is not open. */
#define POLLER_CLOSED ((struct poller){.fd = -1})

/* With the memory of the owner. 0, or -1 with errno. */
int poller_open(struct poller *p, void *(*resize)(void *memory, size_t size), void (*release)(void *memory));
/* It may be closed already. */
void poller_close(struct poller *p);
static inline bool poller_is_open(const struct poller *p)
{
    return p->fd >= 0;
}
/* events: POLLIN, POLLOUT; 0: not watched any more. known: it is watched now. 0, or -1 with errno. */
int poller_set(struct poller *p, int fd, short events, bool known);
/* Waits for ms milliseconds at most (-1: without a limit) and fills in up to `most` descriptors that are ready. Returns
 * how many, or -1 with errno. */
int poller_wait(struct poller *p, struct pollfd *ready, int most, int ms);

#endif

/* SPDX-License-Identifier: MIT */
#include "pollset.h"

#include "../peers/net.h"

#include <criterion/criterion.h>

void pollset_watch(void *ctx, int fd, unsigned events)
{
    struct pollset *p = ctx;
    nfds_t i = 0;

    while (i < p->count && p->fds[i].fd != fd)
        i++;
    if (!events) {
        cr_assert_lt(i, p->count, "an unknown descriptor is to be forgotten");
        p->fds[i] = p->fds[--p->count];
        return;
    }
    cr_assert_lt(i, POLLSET_MAX);
    p->count += i == p->count;
    p->fds[i] = (struct pollfd){.fd = fd};
    p->fds[i].events = (short)((events & ENVOI_EVENT_READ ? POLLIN : 0) | (events & ENVOI_EVENT_WRITE ? POLLOUT : 0));
}

int pollset_wait(struct pollset *p, int64_t deadline, int otherwise, unsigned *events)
{
    int64_t left = deadline < 0 ? otherwise : deadline - net_now();
    struct pollfd ready = {.fd = -1};

    cr_assert_geq(poll(p->fds, p->count, left > 0 ? (int)left : 0), 0);
    for (nfds_t i = 0; i < p->count; i++)
        if (p->fds[i].revents)
            ready = p->fds[i];
    *events = (ready.revents & ~POLLOUT ? ENVOI_EVENT_READ : 0u) | (ready.revents & ~POLLIN ? ENVOI_EVENT_WRITE : 0u);
    return ready.fd;
}

int pollset_turn(struct pollset *p, struct envoi_session *s)
{
    int64_t at = envoi_session_deadline(s);
    unsigned events;
    int fd = pollset_wait(p, at, 5000, &events);

    cr_assert(fd >= 0 || at >= 0, "nothing happens, and there is no deadline");
    return envoi_session_process(s, fd, events);
}

int pollset_complete(struct pollset *p, struct envoi_session *s, int rc)
{
    for (int i = 0; rc == ENVOI_E_AGAIN; i++) {
        cr_assert_lt(i, 100000, "the session spins");
        rc = pollset_turn(p, s);
    }
    return rc;
}

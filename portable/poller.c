/* SPDX-License-Identifier: MIT */
#include "portable/poller.h"

#include <errno.h>
#include <unistd.h>
#ifdef HAVE_EPOLL
#include <sys/epoll.h>
#endif

#ifdef HAVE_EPOLL

#define BATCH 128 /* events of one epoll_wait() */

int poller_open(struct poller *p, void *(*resize)(void *memory, size_t size), void (*release)(void *memory))
{
    *p = (struct poller){.fd = epoll_create1(EPOLL_CLOEXEC), .resize = resize, .release = release};
    return p->fd < 0 ? -1 : 0;
}

void poller_close(struct poller *p)
{
    if (p->fd >= 0)
        (void)close(p->fd);
    p->fd = -1;
}

int poller_set(struct poller *p, int fd, short events, bool known)
{
    struct epoll_event e = {.data.fd = fd};
    int op = known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

    if (!events)
        op = EPOLL_CTL_DEL;
    e.events = (events & POLLIN ? EPOLLIN : 0u) | (events & POLLOUT ? EPOLLOUT : 0u);
    return epoll_ctl(p->fd, op, fd, &e);
}

int poller_wait(struct poller *p, struct pollfd *ready, int most, int ms)
{
    static const struct {
        unsigned epoll;
        short poll;
    } names[] = {{EPOLLIN, POLLIN}, {EPOLLOUT, POLLOUT}, {EPOLLERR, POLLERR}, {EPOLLHUP, POLLHUP}};
    struct epoll_event events[BATCH];
    int n = epoll_wait(p->fd, events, most < BATCH ? most : BATCH, ms);

    for (int i = 0; i < n; i++) {
        ready[i] = (struct pollfd){.fd = events[i].data.fd};
        for (size_t k = 0; k < sizeof names / sizeof names[0]; k++)
            if (events[i].events & names[k].epoll)
                ready[i].revents = (short)(ready[i].revents | names[k].poll);
    }
    return n;
}

#else

int poller_open(struct poller *p, void *(*resize)(void *memory, size_t size), void (*release)(void *memory))
{
    *p = (struct poller){.resize = resize, .release = release};
    return 0;
}

void poller_close(struct poller *p)
{
    if (p->list)
        p->release(p->list);
    *p = POLLER_CLOSED;
}

int poller_set(struct poller *p, int fd, short events, bool known)
{
    size_t at = (size_t)fd, room = p->room ? p->room : 64;
    struct pollfd *more;

    (void)known;
    while (room <= at)
        room *= 2;
    if (at >= p->room && events) {
        if (!(more = p->resize(p->list, room * sizeof *more))) {
            errno = ENOMEM;
            return -1;
        }
        for (size_t i = p->room; i < room; i++)
            more[i] = (struct pollfd){.fd = -1};
        p->list = more;
        p->room = room;
    }
    if (events && at >= p->count)
        p->count = at + 1;
    if (at < p->room)
        p->list[at] = (struct pollfd){.fd = events ? fd : -1, .events = events};
    return 0;
}

int poller_wait(struct poller *p, struct pollfd *ready, int most, int ms)
{
    int left = poll(p->list, (nfds_t)p->count, ms), n = 0;

    if (left <= 0)
        return left;
    for (size_t i = 0; i < p->count && n < most && n < left; i++) {
        const struct pollfd *item = &p->list[p->next = (p->next + 1) % p->count];

        if (item->fd >= 0 && item->revents)
            ready[n++] = *item;
    }
    return n;
}

#endif

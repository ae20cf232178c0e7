/* SPDX-License-Identifier: MIT */
/* Sends the message on standard input in a loop of libevent.
 *
 *   libevent SERVER FROM TO <message */
#include "mail.h"

#include <event2/event.h>
#include <stdlib.h>

/* A watched descriptor. */
struct watched {
    struct watched *next;
    struct event *event;
    int fd;
};

struct loop {
    struct event_base *base;
    struct event *timer;
    struct watched *first;
    struct mail mail;
};

/* After every call: asks the library anew how long it can wait. */
static void after(struct loop *loop, int rc)
{
    int timeout = mail_timeout(&loop->mail);
    struct timeval in = {timeout / 1000, timeout % 1000 * 1000};

    evtimer_del(loop->timer);
    if (rc != ENVOI_E_AGAIN)
        event_base_loopbreak(loop->base);
    else if (timeout >= 0)
        evtimer_add(loop->timer, &in);
}

static void on_timer(evutil_socket_t fd, short what, void *ctx)
{
    struct loop *loop = ctx;

    (void)fd;
    (void)what;
    after(loop, mail_ready(&loop->mail, -1, 0));
}

static void on_event(evutil_socket_t fd, short what, void *ctx)
{
    struct loop *loop = ctx;

    after(loop, mail_ready(&loop->mail, fd,
                           (what & EV_READ ? ENVOI_EVENT_READ : 0) | (what & EV_WRITE ? ENVOI_EVENT_WRITE : 0)));
}

static struct watched *watched_new(struct loop *loop, int fd)
{
    struct watched *w = calloc(1, sizeof *w);

    if (!w)
        abort();
    *w = (struct watched){.next = loop->first, .fd = fd};
    return loop->first = w;
}

static void watch(void *ctx, int fd, unsigned events)
{
    int wanted = (events & ENVOI_EVENT_READ ? EV_READ : 0) | (events & ENVOI_EVENT_WRITE ? EV_WRITE : 0);
    struct loop *loop = ctx;
    struct watched **at = &loop->first, *w;

    while (*at && (*at)->fd != fd)
        at = &(*at)->next;
    w = *at;
    if (w)
        event_free(w->event);
    if (events) {
        if (!w)
            w = watched_new(loop, fd);
        w->event = event_new(loop->base, fd, (short)(wanted | EV_PERSIST), on_event, loop);
        event_add(w->event, NULL);
    } else if (w) {
        *at = w->next;
        free(w);
    }
}

int main(int argc, char **argv)
{
    struct loop loop = {.base = event_base_new()};
    int status;

    loop.timer = evtimer_new(loop.base, on_timer, &loop);
    if (mail_open(&loop.mail, argc, argv, watch, &loop) == ENVOI_OK && mail_begin(&loop.mail) == ENVOI_E_AGAIN) {
        after(&loop, ENVOI_E_AGAIN);
        event_base_dispatch(loop.base);
    }
    status = mail_close(&loop.mail);
    event_free(loop.timer);
    event_base_free(loop.base);
    return status;
}

/* SPDX-License-Identifier: MIT */
/* Sends the message on standard input in a loop of libuv.
 *
 *   libuv SERVER FROM TO <message */
#include "mail.h"

#include <stdlib.h>
#include <uv.h>

struct loop {
    uv_loop_t uv;
    uv_timer_t timer;
    struct watched *first;
    struct mail mail;
};

/* A watched descriptor. */
struct watched {
    uv_poll_t poll;
    struct watched *next;
    struct loop *loop;
    int fd;
};

static void on_timer(uv_timer_t *timer);

/* After every call: asks the library anew how long it can wait. */
static void after(struct loop *loop, int rc)
{
    int timeout = mail_timeout(&loop->mail);

    uv_timer_stop(&loop->timer);
    if (rc != ENVOI_E_AGAIN)
        uv_stop(&loop->uv);
    else if (timeout >= 0)
        uv_timer_start(&loop->timer, on_timer, (uint64_t)timeout, 0);
}

static void on_timer(uv_timer_t *timer)
{
    struct loop *loop = timer->data;

    uv_update_time(&loop->uv);
    after(loop, mail_ready(&loop->mail, -1, 0));
}

static void on_event(uv_poll_t *poll, int status, int events)
{
    struct watched *w = poll->data;
    struct loop *loop = w->loop;
    unsigned ready = (events & UV_READABLE ? ENVOI_EVENT_READ : 0) | (events & UV_WRITABLE ? ENVOI_EVENT_WRITE : 0);

    if (status < 0) /* an error: reading or writing finds the reason */
        ready = ENVOI_EVENT_READ | ENVOI_EVENT_WRITE;
    uv_update_time(&loop->uv);
    after(loop, mail_ready(&loop->mail, w->fd, ready)); /* w may be gone */
}

static void on_close(uv_handle_t *handle)
{
    free(handle->data);
}

static struct watched *watched_new(struct loop *loop, int fd)
{
    struct watched *w = calloc(1, sizeof *w);

    if (!w)
        abort();
    *w = (struct watched){.next = loop->first, .loop = loop, .fd = fd};
    w->poll.data = w;
    uv_poll_init(&loop->uv, &w->poll, fd);
    loop->first = w;
    return w;
}

static void watch(void *ctx, int fd, unsigned events)
{
    int wanted = (events & ENVOI_EVENT_READ ? UV_READABLE : 0) | (events & ENVOI_EVENT_WRITE ? UV_WRITABLE : 0);
    struct loop *loop = ctx;
    struct watched **at = &loop->first, *w;

    while (*at && (*at)->fd != fd)
        at = &(*at)->next;
    w = *at;
    if (events) {
        uv_poll_start(w ? &w->poll : &watched_new(loop, fd)->poll, wanted, on_event);
    } else if (w) {
        *at = w->next;
        uv_poll_stop(&w->poll);
        uv_close((uv_handle_t *)&w->poll, on_close);
    }
}

int main(int argc, char **argv)
{
    struct loop loop = {.first = NULL};
    int status;

    uv_loop_init(&loop.uv);
    uv_timer_init(&loop.uv, &loop.timer);
    loop.timer.data = &loop;
    if (mail_open(&loop.mail, argc, argv, watch, &loop) == ENVOI_OK && mail_begin(&loop.mail) == ENVOI_E_AGAIN) {
        after(&loop, ENVOI_E_AGAIN);
        uv_run(&loop.uv, UV_RUN_DEFAULT);
    }
    status = mail_close(&loop.mail);
    uv_close((uv_handle_t *)&loop.timer, NULL);
    uv_run(&loop.uv, UV_RUN_DEFAULT); /* frees the closed handles */
    uv_loop_close(&loop.uv);
    return status;
}

/* SPDX-License-Identifier: MIT */
#include "call.h"

#include "../../peers/net.h"

#include <criterion/criterion.h>
#include <envoi/library.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void note(void *ctx, int kind, const char *text, size_t len)
{
    struct call *c = ctx;
    size_t have = strlen(c->events);

    (void)kind;
    snprintf(c->events + have, sizeof c->events - have, "%.*s|", (int)len, text);
}

/* Every descriptor that is shown to a loop is of the right kind. */
static void look(void *ctx, int fd, unsigned events)
{
    (void)ctx;
    if (events) {
        cr_expect(net_is_nonblocking(fd), "descriptor %d can block", fd);
        cr_expect(net_is_cloexec(fd), "descriptor %d is inherited", fd);
    }
}

void call_prepare(struct call *c, const char *server)
{
    *c = (struct call){.fd = -1, .trace = {1, note, c}, .watch = {.tell = look}};
    c->dns_timeout = c->connect_timeout = 10000;
    cr_assert_eq(target_parse(server, 25, &c->fault, &c->target), ENVOI_OK, "%s", c->fault.text);
}

void call_prepare_name(struct call *c, const struct dns_row *rows, const char *name, uint16_t port, int64_t timeout)
{
    char server[128];

    snprintf(server, sizeof server, "%s:%u", name, port);
    call_prepare(c, server);
    c->policy.servers = dns_start(rows);
    cr_assert_not_null(c->policy.servers);
    c->dns_timeout = c->connect_timeout = timeout;
}

void call_begin(struct call *c)
{
    struct dialer_env env = {
        .target = &c->target,
        .policy = &c->policy,
        .dns_timeout = c->dns_timeout,
        .connect_timeout = c->connect_timeout,
        .watch = &c->watch,
        .trace = &c->trace,
        .fault = &c->fault,
    };

    c->began = net_now();
    c->rounds = 0;
    c->rc = dialer_new(&env, c->began, &c->dialer);
}

size_t call_watches(struct call *c)
{
    watch_begin(&c->watch);
    dialer_watch(c->dialer);
    watch_commit(&c->watch);
    return c->watch.count;
}

void call_wait_once(struct call *c)
{
    struct pollfd fds[WATCH_MAX];
    size_t count = call_watches(c);
    int64_t now = net_now(), at = dialer_deadline(c->dialer, now);

    cr_assert_geq(at, 0, "a dialer always has a deadline");
    for (size_t i = 0; i < count; i++)
        fds[i] = (struct pollfd){.fd = c->watch.list[i].fd,
                                 .events = (short)(((c->watch.list[i].wanted & 1) ? POLLIN : 0) |
                                                   ((c->watch.list[i].wanted & 2) ? POLLOUT : 0))};
    if (poll(fds, count, at > now ? (int)(at - now) : 0) <= 0)
        return;
    for (size_t i = 0; i < count; i++)
        if (fds[i].revents)
            dialer_ready(c->dialer, fds[i].fd,
                         c->ready ? c->ready
                                  : (fds[i].revents & ~POLLOUT ? 1u : 0u) | (fds[i].revents & ~POLLIN ? 2u : 0u));
}

static int step(struct call *c)
{
    cr_assert_lt(++c->rounds, 500, "the dialer spins: %s", c->events);
    return c->rc = dialer_step(c->dialer, net_now(), &c->fd, &c->peer);
}

void call_until(struct call *c, const char *event)
{
    cr_assert_eq(c->rc, ENVOI_OK, "%s", c->fault.text);
    while (!strstr(c->events, event)) {
        cr_assert_eq(step(c), ENVOI_E_AGAIN, "%s; %s", c->fault.text, c->events);
        if (!strstr(c->events, event))
            call_wait_once(c);
    }
}

void call_go_on(struct call *c)
{
    while (step(c) == ENVOI_E_AGAIN)
        call_wait_once(c);
    c->took = net_now() - c->began;
}

void call_dial(struct call *c)
{
    call_begin(c);
    if (c->rc == ENVOI_OK)
        call_go_on(c);
    dialer_free(c->dialer);
    c->dialer = NULL;
}

void call_name(struct call *c, const struct dns_row *rows, const char *name, uint16_t port, int64_t timeout)
{
    call_prepare_name(c, rows, name, port, timeout);
    call_dial(c);
    dns_stop();
}

void call_finish(struct call *c)
{
    dialer_free(c->dialer);
    if (c->fd >= 0)
        close(c->fd);
    target_free(&c->target);
}

void call_expect_peer(struct call *c, const char *host)
{
    char text[ENDPOINT_TEXT_MAX];
    int on = 0;
    socklen_t len = sizeof on;

    cr_assert_eq(c->rc, ENVOI_OK, "%s; %s", c->fault.text, c->events);
    endpoint_host(&c->peer, text, sizeof text);
    cr_expect_str_eq(text, host);
    cr_expect(net_is_nonblocking(c->fd));
    cr_expect(net_is_cloexec(c->fd));
    cr_expect_eq(getsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, &len), 0);
    cr_expect_neq(on, 0);
}

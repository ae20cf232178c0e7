/* SPDX-License-Identifier: MIT */
/* Which server comes next, and when a failure of all servers counts as a try. Whatever the servers do, each message is
 * done in the end, and each server has its turn. */
#include "../../peers/net.h"
#include "pool/parts.h"
#include "post.h"

#include <criterion/criterion.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

TestSuite(pool_turns, .timeout = 60);

static struct post p;

static void open_post(size_t count, int64_t greeting)
{
    post_open(&p, count, 1, 1);
    envoi_session_set_timeout(p.prototype, ENVOI_PHASE_GREETING, greeting);
    envoi_pool_set_limit(p.pool, ENVOI_POOL_BACKOFF_MS, 1);
    envoi_pool_set_limit(p.pool, ENVOI_POOL_BACKOFF_MAX_MS, 20);
    envoi_pool_set_limit(p.pool, ENVOI_POOL_TRIES, 3);
}

/* ---- servers that accept and say nothing: the system does it for a socket that listens ---- */

struct mute {
    int fd;
    uint16_t port;
};

static struct mute mute_start(void)
{
    struct mute s = {.port = 0};

    cr_assert_geq(s.fd = net_listen("127.0.0.1", &s.port, 128), 0);
    return s;
}

/* Returns how many connections there were. */
static size_t mute_stop(struct mute s)
{
    size_t count = 0;
    int fd;

    while (poll(&(struct pollfd){.fd = s.fd, .events = POLLIN}, 1, 0) == 1 && (fd = accept(s.fd, NULL, NULL)) >= 0) {
        close(fd);
        count++;
    }
    close(s.fd);
    return count;
}

/* A time-out takes longer than any pause, so there is always a server whose pause is over. */
Test(pool_turns, servers_that_never_greet)
{
    struct mute a = mute_start(), b = mute_start();
    char servers[80];

    open_post(1, 100);
    snprintf(servers, sizeof servers, "127.0.0.1:%u 127.0.0.1:%u", a.port, b.port);
    post_submit_all(&p, post_route(&p, servers));
    cr_assert_eq(envoi_pool_run(p.pool), ENVOI_OK);
    post_check(&p);
    cr_assert_eq(p.letters[0].result, ENVOI_E_TIMEOUT, "%s", p.letters[0].error);
    cr_assert_eq(p.not_attempted, 1);
    cr_assert_eq(mute_stop(a), 3, "three tries");
    cr_assert_eq(mute_stop(b), 3);
    post_close(&p);
}

Test(pool_turns, the_third_server_has_its_turn)
{
    struct mute a = mute_start(), b = mute_start();
    struct mta_config config = {0};
    char servers[120];
    struct mta *m;

    open_post(20, 200);
    config.ledger = p.ledger;
    m = mta_start(&config);
    envoi_pool_set_limit(p.pool, ENVOI_POOL_CONNECTIONS, 1);
    snprintf(servers, sizeof servers, "127.0.0.1:%u 127.0.0.1:%u %s", a.port, b.port, mta_where(m));
    post_submit_all(&p, post_route(&p, servers));
    cr_assert_eq(envoi_pool_run(p.pool), ENVOI_OK);
    post_check(&p);
    cr_assert_eq(p.accepted, 20);
    cr_assert_eq(mute_stop(a), 1);
    cr_assert_eq(mute_stop(b), 1);
    cr_assert_eq(mta_stop(m).connections, 1);
    post_close(&p);
}

/* Has `count` messages sent to one server over so many connections at the most. The post is open then. */
static struct mta_report send_by(struct mta_config config, size_t count, int64_t greeting, size_t connections)
{
    struct mta *m;

    open_post(count, greeting);
    config.ledger = p.ledger;
    m = mta_start(&config);
    envoi_pool_set_limit(p.pool, ENVOI_POOL_CONNECTIONS, (int64_t)connections);
    post_submit_all(&p, post_route(&p, mta_where(m)));
    cr_assert_eq(envoi_pool_run(p.pool), ENVOI_OK);
    post_check(&p);
    return mta_stop(m);
}

/* A connection that hangs does not stop others from being made: the pool does not wait for its time-out. */
Test(pool_turns, one_connection_hangs_and_another_is_refused)
{
    int64_t began = net_now();
    struct mta_report r = send_by((struct mta_config){.hangs = 1, .full = 1}, 20, 40000, 2);

    cr_assert_eq(p.accepted, 20);
    cr_assert_lt(net_now() - began, 20000);
    cr_assert_geq(r.connections, 3);
    cr_assert_leq(r.connections, 4);
    post_close(&p);
}

/* While some hang, the failures of the others still end in a bounded number of tries. */
Test(pool_turns, some_hang_and_all_others_are_refused)
{
    struct mta_report r = send_by((struct mta_config){.hangs = 2, .full = 100000}, 20, 300, 4);

    cr_assert_eq(p.not_attempted, 20);
    cr_assert_leq(r.connections, 60, "%zu connections", r.connections);
    post_close(&p);
}

/* ---- in the test's own loop ---- */

static short watched[128]; /* by descriptor */

static void watch(void *ctx, int fd, unsigned events)
{
    (void)ctx;
    cr_assert_lt(fd, 128);
    watched[fd] = (short)((events & ENVOI_EVENT_READ ? POLLIN : 0) | (events & ENVOI_EVENT_WRITE ? POLLOUT : 0));
}

/* Waits until one of the descriptors (`only`, -1: any) is ready or a deadline passes, `longest` ms at the most. */
static void go_round(int only, int longest)
{
    int64_t at = envoi_pool_deadline(p.pool), left = at < 0 ? longest : at - net_now();
    struct pollfd fds[128];
    nfds_t count = 0;

    for (int fd = 0; fd < 128; fd++)
        if (watched[fd] && (only < 0 || fd == only))
            fds[count++] = (struct pollfd){.fd = fd, .events = watched[fd]};
    poll(fds, count, left < 0 ? 0 : left < longest ? (int)left : longest);
    for (nfds_t i = 0; i < count; i++)
        if (fds[i].revents)
            envoi_pool_process(p.pool, fds[i].fd,
                               (fds[i].revents & ~POLLOUT ? ENVOI_EVENT_READ : 0u) |
                                   (fds[i].revents & ~POLLIN ? ENVOI_EVENT_WRITE : 0u));
    if (only < 0)
        envoi_pool_process(p.pool, -1, 0);
}

/* Connections that overlap: there is never a moment without one, unless the pool waits for it. */
Test(pool_turns, connections_that_are_begun_one_after_the_other)
{
    struct mute a = mute_start(), b = mute_start();
    char servers[80];
    size_t connections;

    open_post(12, 150);
    envoi_pool_set_watch(p.pool, watch, NULL);
    envoi_pool_set_limit(p.pool, ENVOI_POOL_IN_FLIGHT, 1);
    snprintf(servers, sizeof servers, "127.0.0.1:%u 127.0.0.1:%u", a.port, b.port);
    post_route(&p, servers);
    for (size_t i = 0; i < p.count; i++) {
        cr_assert_eq(post_submit(&p, i, 0), ENVOI_OK);
        envoi_pool_process(p.pool, -1, 0);
        go_round(-1, 40);
    }
    while (envoi_pool_pending(p.pool))
        go_round(-1, 1000);
    post_check(&p);
    cr_assert_eq(p.not_attempted, 12);
    connections = mute_stop(a) + mute_stop(b);
    cr_assert_leq(connections, 60, "%zu connections", connections);
    post_close(&p);
}

/* ---- the end comes with the reply to EHLO ---- */

static size_t end_with_the_hello(const char *hello, const char *why)
{
    struct mta_report r = send_by((struct mta_config){.hello = hello, .hello_ends = true}, 1, 10000, 4);

    cr_assert_eq(p.not_attempted, 1);
    cr_assert_eq(p.letters[0].result, ENVOI_E_DISCONNECTED, "%d: %s", p.letters[0].result, p.letters[0].error);
    cr_assert_not_null(strstr(p.letters[0].error, why), "%s", p.letters[0].error);
    post_close(&p);
    return r.connections;
}

Test(pool_turns, a_421_behind_the_reply_to_ehlo)
{
    cr_assert_eq(end_with_the_hello("250 here\r\n421 4.3.2 too busy", "too busy"), 3);
}

Test(pool_turns, closed_behind_the_reply_to_ehlo)
{
    for (int i = 0; i < 20; i++)
        cr_assert_eq(end_with_the_hello("250 here", ""), 3);
}

/* One connection does all the work, the other one is idle from its first moment on. Both are closed by the server, and
 * that is not its fault. */
Test(pool_turns, an_idle_connection_that_was_never_used)
{
    struct mta_config config = {.idle_ms = 1000};
    struct pool_list *idle;
    int fds[2], count = 0;
    struct mta *m;

    open_post(3, 10000);
    config.ledger = p.ledger;
    m = mta_start(&config);
    envoi_pool_set_watch(p.pool, watch, NULL);
    envoi_pool_set_limit(p.pool, ENVOI_POOL_IN_FLIGHT, 1);
    envoi_pool_set_limit(p.pool, ENVOI_POOL_TRIES, 1);
    envoi_pool_set_limit(p.pool, ENVOI_POOL_BACKOFF_MAX_MS, 60000);
    envoi_pool_set_limit(p.pool, ENVOI_POOL_BACKOFF_MS, 60000);
    post_route(&p, mta_where(m));
    idle = &p.pool->routes[0]->lists[POOL_IDLE];
    for (size_t i = 0; i < 2; i++)
        cr_assert_eq(post_submit(&p, i, 0), ENVOI_OK);
    envoi_pool_process(p.pool, -1, 0);
    for (int fd = 0; fd < 128 && count < 2; fd++)
        if (watched[fd])
            fds[count++] = fd;
    cr_assert_eq(count, 2);
    while (p.done < 2)
        go_round(fds[0], 1000);
    while (idle->count < 2 && watched[fds[1]])
        go_round(fds[1], 1000);
    cr_assert_eq(idle->count, 2);
    for (int i = 0; i < 2; i++)
        cr_assert_eq(poll(&(struct pollfd){.fd = fds[i], .events = POLLIN}, 1, 10000), 1);
    cr_assert_eq(post_submit(&p, 2, 0), ENVOI_OK);
    envoi_pool_process(p.pool, -1, 0);
    while (envoi_pool_pending(p.pool))
        go_round(-1, 1000);
    post_check(&p);
    cr_assert_eq(p.accepted, 3);
    cr_assert_eq(mta_stop(m).connections, 3);
    post_close(&p);
}

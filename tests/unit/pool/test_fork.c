/* SPDX-License-Identifier: MIT */
/* A pool stays with its process: a child cannot use it, and what the child does with its copy does not disturb the
 * parent. */
#include "post.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(pool_fork, .timeout = 60);

static struct post p;

/* The number of the first check that fails in the child; 0: none. */
static int use_in_child(void)
{
    size_t route, done = p.done;
    struct envoi_session *prototype = p.prototype;

    if (envoi_pool_run(p.pool) != ENVOI_E_USAGE)
        return 1;
    if (post_submit(&p, 1, 0) != ENVOI_E_USAGE)
        return 2;
    if (envoi_pool_process(p.pool, -1, 0) != ENVOI_E_USAGE)
        return 3;
    if (envoi_pool_stop(p.pool) != ENVOI_E_USAGE || envoi_pool_drain(p.pool) != ENVOI_E_USAGE)
        return 4;
    if (envoi_pool_add_route(p.pool, prototype, "127.0.0.1", &route) != ENVOI_E_USAGE)
        return 5;
    post_close(&p);
    return p.done == done ? 0 : 6; /* no callback was called */
}

static void let_a_child_try(void)
{
    int status = 0;
    pid_t child = fork();

    cr_assert_geq(child, 0);
    if (!child)
        _exit(use_in_child());
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFEXITED(status));
    cr_assert_eq(WEXITSTATUS(status), 0, "step %d of the child", WEXITSTATUS(status));
}

/* With an idle connection and a message that waits. */
Test(pool_fork, the_parent_goes_on)
{
    struct mta_config config = {0};
    struct mta_report r;
    struct mta *m;

    post_open(&p, 6, 1, 1);
    config.ledger = p.ledger;
    m = mta_start(&config);
    envoi_pool_set_limit(p.pool, ENVOI_POOL_CONNECTIONS, 1);
    post_route(&p, mta_where(m));
    cr_assert_eq(post_submit(&p, 0, 0), ENVOI_OK);
    cr_assert_eq(envoi_pool_run(p.pool), ENVOI_OK);
    cr_assert_eq(envoi_pool_connections(p.pool), 1);
    cr_assert_eq(post_submit(&p, 2, 0), ENVOI_OK);
    let_a_child_try();
    for (size_t i = 1; i < p.count; i++)
        if (i != 2)
            cr_assert_eq(post_submit(&p, i, 0), ENVOI_OK);
    cr_assert_eq(envoi_pool_run(p.pool), ENVOI_OK);
    post_check(&p);
    cr_assert_eq(p.accepted, 6);
    r = mta_stop(m);
    cr_assert_str_empty(r.wrong, "%s", r.wrong);
    cr_assert_eq(r.connections, 1, "the parent's connection was not disturbed");
    post_close(&p);
}

static int told;

static void tell(void *ctx, int fd, unsigned events)
{
    (void)ctx;
    (void)fd;
    (void)events;
    told++;
}

Test(pool_fork, while_messages_are_under_way)
{
    struct mta_config config = {.gate = 99};
    struct mta_report r;
    struct mta *m;

    post_open(&p, 50, 1, 1);
    config.ledger = p.ledger;
    m = mta_start(&config);
    cr_assert_eq(envoi_pool_set_watch(p.pool, tell, NULL), ENVOI_OK);
    envoi_pool_set_limit(p.pool, ENVOI_POOL_IN_FLIGHT, 2);
    post_route(&p, mta_where(m));
    post_submit_all(&p, 0);
    while (mta_report(m).messages < 4)
        for (int fd = -1; fd < 64; fd++)
            cr_assert_eq(envoi_pool_process(p.pool, fd, ENVOI_EVENT_READ | ENVOI_EVENT_WRITE), ENVOI_E_AGAIN);
    cr_assert_gt(told, 0);
    let_a_child_try();
    cr_assert_eq(envoi_pool_connections(p.pool), 4);
    cr_assert_eq(envoi_pool_stop(p.pool), ENVOI_OK);
    post_check(&p);
    cr_assert_geq(p.unknown, 4);
    r = mta_stop(m);
    cr_assert_str_empty(r.wrong, "%s", r.wrong);
    cr_assert_eq(r.connections, 4);
    post_close(&p);
}

/* ---- the application's epoll, which parent and child share ---- */

static int epoll;
static size_t heard; /* of watch and trace */

static void watch(void *ctx, int fd, unsigned events)
{
    struct epoll_event e = {.data.fd = fd};

    (void)ctx;
    heard++;
    e.events = (events & ENVOI_EVENT_READ ? EPOLLIN : 0u) | (events & ENVOI_EVENT_WRITE ? EPOLLOUT : 0u);
    if (!events)
        epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL);
    else if (epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &e))
        cr_assert_eq(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e), 0);
}

static void hear(void *ctx, int kind, const char *text, size_t len)
{
    (void)ctx;
    (void)kind;
    (void)text;
    (void)len;
    heard++;
}

static void wait_for(size_t done)
{
    struct epoll_event ready[8];

    while (p.done < done) {
        int n = epoll_wait(epoll, ready, 8, 10000);

        cr_assert_gt(n, 0, "the descriptors of the parent are not watched any more");
        for (int i = 0; i < n; i++)
            envoi_pool_process(p.pool, ready[i].data.fd,
                               (ready[i].events != EPOLLOUT ? ENVOI_EVENT_READ : 0u) |
                                   (ready[i].events != EPOLLIN ? ENVOI_EVENT_WRITE : 0u));
    }
}

/* The number of calls in a child that frees its copy of the pool. */
static int calls_in_child(void)
{
    size_t before = heard, done = p.done;
    int status = 0;
    pid_t child = fork();

    cr_assert_geq(child, 0);
    if (!child) {
        envoi_pool_free(p.pool);
        _exit((int)(heard - before + (p.done - done)));
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* While it connects, while a message is on the way, and while it is idle. */
Test(pool_fork, a_child_that_frees_calls_nobody)
{
    struct mta_config config = {.gate = 2};
    struct mta_report r;
    struct mta *m;

    post_open(&p, 3, 1, 1);
    config.ledger = p.ledger;
    m = mta_start(&config);
    cr_assert_geq(epoll = epoll_create1(EPOLL_CLOEXEC), 0);
    cr_assert_eq(envoi_session_set_trace(p.prototype, 1, hear, NULL), ENVOI_OK);
    cr_assert_eq(envoi_pool_set_watch(p.pool, watch, NULL), ENVOI_OK);
    envoi_pool_set_limit(p.pool, ENVOI_POOL_IN_FLIGHT, 1);
    post_route(&p, mta_where(m));
    cr_assert_eq(post_submit(&p, 0, 0), ENVOI_OK);
    cr_assert_eq(envoi_pool_process(p.pool, -1, 0), ENVOI_E_AGAIN);
    cr_assert_gt(heard, 0);
    cr_assert_eq(calls_in_child(), 0);
    while (mta_report(m).messages < 1) {
        struct epoll_event ready;

        if (epoll_wait(epoll, &ready, 1, 10) == 1)
            envoi_pool_process(p.pool, ready.data.fd, ENVOI_EVENT_READ | ENVOI_EVENT_WRITE);
    }
    cr_assert_eq(calls_in_child(), 0);
    cr_assert_eq(post_submit(&p, 1, 0), ENVOI_OK);
    envoi_pool_process(p.pool, -1, 0);
    wait_for(2);
    cr_assert_eq(calls_in_child(), 0);
    cr_assert_eq(post_submit(&p, 2, 0), ENVOI_OK);
    envoi_pool_process(p.pool, -1, 0);
    wait_for(3);
    post_check(&p);
    cr_assert_eq(p.accepted, 3);
    r = mta_stop(m);
    cr_assert_str_empty(r.wrong, "%s", r.wrong);
    cr_assert_eq(r.connections, 2);
    post_close(&p);
    close(epoll);
}

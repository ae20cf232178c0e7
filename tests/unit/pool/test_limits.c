/* SPDX-License-Identifier: MIT */
/* The pool's numbers, and the server's (RFC 9422). */
#include "post.h"

#include <criterion/criterion.h>
#include <stdio.h>

TestSuite(pool_limits, .timeout = 60);

struct limit {
    int number;
    int64_t value;
};

/* Sends `count` messages, each to `recipients` recipients of `domains` domains. The server reports a client that
 * exceeds the limits it announced. */
static struct mta_report run(struct mta_config config, size_t count, size_t recipients, size_t domains,
                             struct limit limit)
{
    struct post p;
    struct mta *m;
    struct mta_report r;

    post_open(&p, count, recipients, domains);
    config.ledger = p.ledger;
    m = mta_start(&config);
    cr_assert_eq(envoi_pool_set_limit(p.pool, limit.number, limit.value), ENVOI_OK);
    post_submit_all(&p, post_route(&p, mta_where(m)));
    cr_assert_eq(envoi_pool_run(p.pool), ENVOI_OK);
    post_check(&p);
    cr_assert_eq(p.accepted, count * recipients);
    r = mta_stop(m);
    cr_assert_str_empty(r.wrong, "%s", r.wrong);
    post_close(&p);
    return r;
}

static const struct limit one_connection = {ENVOI_POOL_CONNECTIONS, 1};

Test(pool_limits, mailmax)
{
    struct mta_report r = run((struct mta_config){.limits = "RCPTMAX=100 MAILMAX=5"}, 53, 1, 1, one_connection);

    cr_assert_eq(r.connections, 11);
    cr_assert_eq(r.most_messages, 5);
}

Test(pool_limits, rcptmax)
{
    struct mta_report r = run((struct mta_config){.limits = "RCPTMAX=7"}, 20, 30, 1, one_connection);

    cr_assert_eq(r.connections, 1);
    cr_assert_eq(r.messages, 20 * 5);
}

Test(pool_limits, rcptdomainmax)
{
    struct mta_report r = run((struct mta_config){.limits = "RCPTDOMAINMAX=1"}, 10, 12, 4, one_connection);

    cr_assert_eq(r.messages, 10 * 4);
}

/* The server does not announce how many it takes, and says so to the first one that is too many. */
Test(pool_limits, too_many_recipients)
{
    struct mta_report r = run((struct mta_config){.takes = 7}, 20, 30, 1, one_connection);

    cr_assert_eq(r.connections, 1);
    cr_assert_eq(r.messages, 20 * 5);
}

Test(pool_limits, all_of_them)
{
    struct mta_report r = run((struct mta_config){.limits = "MAILMAX=3 RCPTMAX=2 RCPTDOMAINMAX=2"}, 10, 9, 5,
                              (struct limit){ENVOI_POOL_CONNECTIONS, 3});

    cr_assert_geq(r.messages, 50);
    cr_assert_leq(r.most_messages, 3);
    cr_assert_leq(r.most_at_once, 3);
}

Test(pool_limits, nonsense_is_no_limit)
{
    struct mta_report r =
        run((struct mta_config){.limits = "MAILMAX=0 RCPTMAX=-1 RCPTDOMAINMAX= X"}, 20, 3, 3, one_connection);

    cr_assert_eq(r.connections, 1);
    cr_assert_eq(r.messages, 20);
}

Test(pool_limits, messages)
{
    struct mta_report r = run((struct mta_config){0}, 100, 1, 1, (struct limit){ENVOI_POOL_MESSAGES, 7});

    cr_assert_leq(r.most_messages, 7);
    cr_assert_geq(r.connections, 15);
}

Test(pool_limits, in_flight)
{
    run((struct mta_config){0}, 100, 1, 1, (struct limit){ENVOI_POOL_IN_FLIGHT, 1});
}

/* ---- time ---- */

static void submit_second(struct letter *l)
{
    if (l == &l->post->letters[0])
        cr_assert_eq(post_submit(l->post, 1, 0), ENVOI_OK);
}

/* One connection at a time, which may become so old; all messages are accepted. */
static struct mta_report run_aged(struct mta_config config, size_t count, int64_t age)
{
    struct mta_report r;
    struct post p;
    struct mta *m;

    post_open(&p, count, 1, 1);
    config.ledger = p.ledger;
    m = mta_start(&config);
    envoi_pool_set_limit(p.pool, ENVOI_POOL_CONNECTIONS, 1);
    envoi_pool_set_limit(p.pool, ENVOI_POOL_AGE_MS, age);
    envoi_pool_set_limit(p.pool, ENVOI_POOL_IN_FLIGHT, 1);
    post_submit_all(&p, post_route(&p, mta_where(m)));
    cr_assert_eq(envoi_pool_run(p.pool), ENVOI_OK);
    post_check(&p);
    cr_assert_eq(p.accepted, count);
    r = mta_stop(m);
    post_close(&p);
    return r;
}

/* So many messages take longer than 1 ms, on any machine. */
Test(pool_limits, age)
{
    cr_assert_gt(run_aged((struct mta_config){0}, 400, 1).connections, 1);
}

/* A connection that reached its age before it was ready still takes one message. */
Test(pool_limits, older_than_the_age_before_it_is_greeted)
{
    struct mta_report r = run_aged((struct mta_config){.late_ms = 150}, 5, 20);

    cr_assert_eq(r.connections, 5, "%zu connections", r.connections);
}

static void nothing(void *ctx, int fd, unsigned events)
{
    (void)ctx;
    (void)fd;
    (void)events;
}

/* The deadline alone leads to the QUIT of an idle connection. */
Test(pool_limits, idle)
{
    struct post p;
    struct mta_config config = {0};
    struct mta *m;
    int rc;

    post_open(&p, 1, 1, 1);
    config.ledger = p.ledger;
    m = mta_start(&config);
    envoi_pool_set_limit(p.pool, ENVOI_POOL_IDLE_MS, 20);
    envoi_pool_set_watch(p.pool, nothing, NULL);
    post_submit_all(&p, post_route(&p, mta_where(m)));
    /* busy waiting: every possible descriptor is said to be ready */
    do
        for (int fd = -1; fd < 64 && (rc = envoi_pool_process(p.pool, fd, ENVOI_EVENT_READ | ENVOI_EVENT_WRITE)); fd++)
            ;
    while (rc == ENVOI_E_AGAIN);
    cr_assert_eq(rc, ENVOI_OK);
    post_check(&p);
    cr_assert_eq(p.accepted, 1);
    cr_assert_eq(envoi_pool_connections(p.pool), 0);
    mta_stop(m);
    post_close(&p);
}

Test(pool_limits, an_idle_connection_is_used_again)
{
    struct post p;
    struct mta_config config = {0};
    struct mta *m;

    post_open(&p, 2, 1, 1);
    config.ledger = p.ledger;
    m = mta_start(&config);
    p.on_done = submit_second;
    cr_assert_eq(post_submit(&p, 0, post_route(&p, mta_where(m))), ENVOI_OK);
    cr_assert_eq(envoi_pool_run(p.pool), ENVOI_OK);
    post_check(&p);
    cr_assert_eq(mta_stop(m).connections, 1);
    post_close(&p);
}

/* SPDX-License-Identifier: MIT */
/* 1,000 connections in one thread, and what one of them costs. */
#include "post.h"

#include <criterion/criterion.h>
#include <malloc.h>
#include <stdio.h>
#include <sys/resource.h>

#define OCTETS_OF_ONE 16384u

TestSuite(pool_scale, .timeout = 250);

/* How many descriptors there may be. */
static size_t allow_descriptors(size_t least)
{
    struct rlimit limit;

    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    if (limit.rlim_max < least)
        cr_skip_test("the limit of descriptors is too low");
    limit.rlim_cur = limit.rlim_max;
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    return (size_t)limit.rlim_max;
}

/* What is alive on the heap of libenvoi; the server in its thread has another allocator. */
static size_t alive;

static void *count_octets(void *ctx, void *ptr, size_t size)
{
    void *more;

    (void)ctx;
    alive -= ptr ? malloc_usable_size(ptr) : 0;
    if (!size) {
        free(ptr);
        return NULL;
    }
    more = realloc(ptr, size);
    alive += malloc_usable_size(more ? more : ptr);
    return more;
}

/* `connections` at once, each with its messages; then they are all idle. */
static void hold(size_t connections, size_t messages, int64_t in_flight)
{
    struct post p;
    struct mta_config config = {.gate = (unsigned)connections};
    struct mta *m;
    struct mta_report r;
    size_t before, each;

    envoi_set_allocator(count_octets, NULL);
    post_open(&p, messages, 1, 1);
    config.ledger = p.ledger;
    m = mta_start(&config);
    envoi_pool_set_limit(p.pool, ENVOI_POOL_CONNECTIONS, (int64_t)connections);
    envoi_pool_set_limit(p.pool, ENVOI_POOL_IN_FLIGHT, in_flight);
    envoi_pool_set_limit(p.pool, ENVOI_POOL_QUEUE, (int64_t)messages);
    envoi_pool_set_limit(p.pool, ENVOI_POOL_IDLE_MS, 600000);
    envoi_session_set_timeout(p.prototype, ENVOI_PHASE_NONE, 110000); /* the gate may be shut for long */
    post_route(&p, mta_where(m));
    post_submit_all(&p, 0);
    cr_assert_eq(envoi_pool_run(p.pool), ENVOI_OK);
    post_check(&p);
    for (size_t i = 0; i < messages; i++)
        cr_assert_eq(p.letters[i].result, ENVOI_OK, "message %zu: %s", i, p.letters[i].error);
    cr_assert_eq(envoi_pool_connections(p.pool), connections);
    before = alive;
    envoi_pool_drain(p.pool);
    cr_assert_eq(envoi_pool_run(p.pool), ENVOI_OK);
    cr_assert_eq(envoi_pool_connections(p.pool), 0);
    each = (before - alive) / connections;
    printf("%zu idle connections after %zu messages: %zu octets each\n", connections, messages, each);
    cr_assert_leq(each, OCTETS_OF_ONE);
    r = mta_stop(m);
    cr_assert_eq(r.most_at_once, connections);
    cr_assert_str_empty(r.wrong);
    post_close(&p);
    cr_assert_eq(alive, 0);
}

Test(pool_scale, a_thousand_connections)
{
    allow_descriptors(3 * 1000);
    hold(1000, 2000, 1);
}

Test(pool_scale, as_many_as_there_may_be)
{
    size_t most = allow_descriptors(3 * 1000) / 2 - 100; /* both ends are here */

    if (most > 10000)
        most = 10000;
    hold(most, most, 1);
}

Test(pool_scale, a_burst_leaves_nothing_behind)
{
    hold(50, 50 * 100, 64);
}

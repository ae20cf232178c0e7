/* SPDX-License-Identifier: MIT */
/* The n-th allocation fails, for every n, once and for ever: no crash, no leak, no message that is lost or doubled. */
#include "../../support/blocks.h"
#include "post.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define ALLOCATIONS_MAX 5000

TestSuite(pool_memory, .timeout = 200);

static void submit(struct post *p, size_t route)
{
    for (size_t i = 0; i < p->count; i++)
        if (post_submit(p, i, route)) /* not accepted: `done` will not be called for it */
            p->letters[i].called = 1;
}

/* False: the run had fewer than n allocations, so none failed. */
static bool run(size_t n, bool for_ever)
{
    struct post p;
    struct mta_config config = {.limits = "RCPTMAX=2 MAILMAX=4"};
    struct mta *m;
    size_t route;
    bool hit;

    post_open(&p, 6, 3, 2);
    config.ledger = p.ledger;
    m = mta_start(&config);
    envoi_pool_set_limit(p.pool, ENVOI_POOL_CONNECTIONS, 2);
    envoi_pool_set_limit(p.pool, ENVOI_POOL_BACKOFF_MS, 1);
    blocks_fail(n, for_ever);
    if (envoi_pool_add_route(p.pool, p.prototype, mta_where(m), &route) == ENVOI_OK) {
        submit(&p, route);
        (void)envoi_pool_run(p.pool);
        (void)envoi_pool_stop(p.pool);
        hit = blocks_asked() >= n;
        blocks_fail(0, false);
        post_check(&p);
    } else {
        hit = true;
    }
    blocks_fail(0, false);
    cr_assert_str_empty(mta_stop(m).wrong);
    post_close(&p);
    cr_assert_eq(blocks_alive(), 0, "%zu blocks were not given back when allocation %zu failed", blocks_alive(), n);
    return hit;
}

Test(pool_memory, once)
{
    size_t n = 1;

    blocks_install();
    while (n < ALLOCATIONS_MAX && run(n, false))
        n++;
    printf("%zu allocations\n", n - 1);
    cr_assert(n > 50 && n < ALLOCATIONS_MAX, "%zu", n);
}

Test(pool_memory, for_ever)
{
    size_t n = 1;

    blocks_install();
    while (n < ALLOCATIONS_MAX && run(n, true))
        n++;
    cr_assert(n > 50 && n < ALLOCATIONS_MAX, "%zu", n);
}

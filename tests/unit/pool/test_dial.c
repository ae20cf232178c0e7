/* SPDX-License-Identifier: MIT */
/* A pool that asks the application for its connections. */
#include "../../peers/net.h"
#include "../../peers/relay.h"
#include "../../support/pollset.h"
#include "post.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

TestSuite(pool_dial, .timeout = 60);

#define RELAYS_MAX 64

static struct post p;
static struct mta *m;
static struct relay relays[RELAYS_MAX];
static size_t relay_count;
static unsigned asked, later, failing; /* of `failing` calls, each fails; each other one says AGAIN `later` times */
static unsigned said_later;
static int failure;

/* No such name can be looked up, so the connection is ours. */
static int dial(void *ctx, const char *host, unsigned port, int *in, int *out)
{
    cr_assert_eq(ctx, &p);
    cr_assert(strstr(host, ".invalid") && port == 2525);
    asked++;
    if (asked <= failing)
        return failure;
    if (said_later < later) {
        said_later++;
        return ENVOI_E_AGAIN;
    }
    said_later = 0;
    cr_assert_lt(relay_count, RELAYS_MAX);
    relays[relay_count] = relay_start(relay_count % 2 ? RELAY_PIPES : RELAY_SOCKETPAIR, mta_where(m));
    *in = relays[relay_count].in;
    *out = relays[relay_count++].out;
    return ENVOI_OK;
}

static void open_post(size_t count, struct mta_config config)
{
    post_open(&p, count, 1, 1);
    config.ledger = p.ledger;
    m = mta_start(&config);
    envoi_pool_set_limit(p.pool, ENVOI_POOL_BACKOFF_MS, 1);
    envoi_pool_set_limit(p.pool, ENVOI_POOL_BACKOFF_MAX_MS, 20);
    cr_assert_eq(envoi_session_set_dial(p.prototype, dial, &p), ENVOI_OK);
}

static struct mta_report close_post(void)
{
    struct mta_report r;

    post_check(&p);
    post_close(&p);
    r = mta_stop(m);
    cr_assert_str_empty(r.wrong, "%s", r.wrong);
    for (size_t i = 0; i < relay_count; i++)
        relay_stop(&relays[i]);
    return r;
}

Test(pool_dial, each_connection_is_asked_for)
{
    int before = net_count_fds();
    struct mta_report r;

    open_post(40, (struct mta_config){.gate = 4});
    envoi_pool_set_limit(p.pool, ENVOI_POOL_CONNECTIONS, 4);
    post_submit_all(&p, post_route(&p, "mail.invalid:2525"));
    cr_assert_eq(envoi_pool_run(p.pool), ENVOI_OK);
    cr_assert_eq(p.done, 40);
    r = close_post();
    cr_assert_eq(p.accepted, 40);
    cr_assert_eq(r.connections, 4);
    cr_assert_eq(asked, 4);
    cr_assert_eq(net_count_fds(), before);
}

/* As a failed connect: back-off, the next server, tries. */
Test(pool_dial, it_fails_for_a_while)
{
    open_post(10, (struct mta_config){0});
    failing = 3;
    failure = ENVOI_E_CONNECT;
    post_submit_all(&p, post_route(&p, "mail.invalid:2525 second.invalid:2525"));
    cr_assert_eq(envoi_pool_run(p.pool), ENVOI_OK);
    close_post();
    cr_assert_eq(p.accepted, 10);
    cr_assert_geq(asked, 4);
}

Test(pool_dial, it_always_fails)
{
    open_post(3, (struct mta_config){0});
    failing = 1000;
    failure = ENVOI_E_CONNECT;
    envoi_pool_set_limit(p.pool, ENVOI_POOL_TRIES, 3);
    post_submit_all(&p, post_route(&p, "mail.invalid:2525"));
    cr_assert_eq(envoi_pool_run(p.pool), ENVOI_OK);
    cr_assert_eq(p.letters[2].result, ENVOI_E_CONNECT);
    cr_assert_not_null(strstr(p.letters[2].error, "dial callback"), "%s", p.letters[2].error);
    close_post();
    cr_assert_eq(p.not_attempted, 3);
    cr_assert_geq(asked, 3);
}

Test(pool_dial, it_gives_the_route_up)
{
    open_post(3, (struct mta_config){0});
    failing = 1000;
    failure = ENVOI_E_CANCELLED;
    post_submit_all(&p, post_route(&p, "mail.invalid:2525"));
    cr_assert_eq(envoi_pool_run(p.pool), ENVOI_OK);
    cr_assert_eq(p.letters[0].result, ENVOI_E_CANCELLED, "%s", p.letters[0].error);
    close_post();
    cr_assert_eq(asked, 1);
}

Test(pool_dial, again_in_a_blocking_call)
{
    open_post(3, (struct mta_config){0});
    later = 5;
    post_submit_all(&p, post_route(&p, "mail.invalid:2525"));
    cr_assert_eq(envoi_pool_run(p.pool), ENVOI_OK);
    cr_assert_eq(p.letters[0].result, ENVOI_E_USAGE, "%s", p.letters[0].error);
    close_post();
}

/* ---- in the application's loop ---- */

static struct pollset watched;

static int turn(void)
{
    unsigned events;
    int fd = pollset_wait(&watched, said_later ? -1 : envoi_pool_deadline(p.pool), 10, &events);

    return envoi_pool_process(p.pool, fd, events);
}

Test(pool_dial, it_answers_later)
{
    open_post(20, (struct mta_config){0});
    later = 3;
    cr_assert_eq(envoi_pool_set_watch(p.pool, pollset_watch, &watched), ENVOI_OK);
    envoi_pool_set_limit(p.pool, ENVOI_POOL_CONNECTIONS, 2);
    post_submit_all(&p, post_route(&p, "mail.invalid:2525"));
    for (int i = 0; envoi_pool_pending(p.pool); i++) {
        cr_assert_lt(i, 10000);
        (void)turn();
    }
    close_post();
    cr_assert_eq(p.accepted, 20);
    cr_assert_geq(asked, 4);
    cr_assert_eq(watched.count, 0);
}

Test(pool_dial, it_never_answers)
{
    open_post(2, (struct mta_config){0});
    later = 1000000;
    envoi_session_set_timeout(p.prototype, ENVOI_PHASE_CONNECT, 50);
    envoi_pool_set_limit(p.pool, ENVOI_POOL_TRIES, 2);
    cr_assert_eq(envoi_pool_set_watch(p.pool, pollset_watch, &watched), ENVOI_OK);
    post_submit_all(&p, post_route(&p, "mail.invalid:2525"));
    for (int i = 0; envoi_pool_pending(p.pool); i++) {
        cr_assert_lt(i, 10000);
        (void)turn();
    }
    cr_assert_eq(p.letters[0].result, ENVOI_E_TIMEOUT, "%s", p.letters[0].error);
    close_post();
}

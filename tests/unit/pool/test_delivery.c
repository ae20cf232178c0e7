/* SPDX-License-Identifier: MIT */
/* Everything arrives once, whatever the server can do. */
#include "../../support/pollset.h"
#include "post.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

TestSuite(pool_delivery, .timeout = 120);

static void deliver(size_t count, size_t connections, struct mta_config config)
{
    struct post p;
    struct mta *m;
    struct mta_report r;

    post_open(&p, count, 2, 2);
    config.ledger = p.ledger;
    m = mta_start(&config);
    envoi_pool_set_limit(p.pool, ENVOI_POOL_CONNECTIONS, (int64_t)connections);
    post_submit_all(&p, post_route(&p, mta_where(m)));
    cr_assert_eq(envoi_pool_run(p.pool), ENVOI_OK);
    post_check(&p);
    cr_assert_eq(p.accepted, 2 * count);
    cr_assert_leq(envoi_pool_connections(p.pool), connections);
    cr_assert_eq(envoi_pool_drain(p.pool), ENVOI_OK);
    cr_assert_eq(envoi_pool_run(p.pool), ENVOI_OK);
    cr_assert_eq(envoi_pool_connections(p.pool), 0);
    r = mta_stop(m);
    cr_assert_str_empty(r.wrong);
    cr_assert_eq(r.messages, count);
    cr_assert_leq(r.most_at_once, connections);
    post_close(&p);
}

Test(pool_delivery, many_over_few)
{
    deliver(2000, 4, (struct mta_config){0});
}

Test(pool_delivery, without_chunking)
{
    deliver(300, 3, (struct mta_config){.no_chunking = true});
}

Test(pool_delivery, without_pipelining)
{
    deliver(300, 3, (struct mta_config){.no_pipelining = true});
}

Test(pool_delivery, without_anything)
{
    deliver(100, 1, (struct mta_config){.no_pipelining = true, .no_chunking = true});
}

Test(pool_delivery, all_connections_are_used)
{
    deliver(400, 4, (struct mta_config){.gate = 4});
}

Test(pool_delivery, refused_and_deferred)
{
    static const char *const more[] = {"r1.refuse@d0.example", "r2.defer@d0.example"};
    struct post p;
    struct mta_config config = {0};
    struct mta *m;

    post_open(&p, 60, 1, 1);
    config.ledger = p.ledger;
    for (size_t i = 0; i < p.count; i++) {
        if (i % 3 != 2)
            envoi_message_add_recipient(p.letters[i].message, more[i % 3]);
        else if (i % 2) {
            envoi_message_reset(p.letters[i].message, "me@example.org");
            envoi_message_set_data(p.letters[i].message, p.letters[i].content, strlen(p.letters[i].content));
            envoi_message_add_recipient(p.letters[i].message, more[0]);
        }
    }
    m = mta_start(&config);
    post_submit_all(&p, post_route(&p, mta_where(m)));
    cr_assert_eq(envoi_pool_run(p.pool), ENVOI_OK);
    post_check(&p);
    for (size_t i = 0; i < p.count; i++) {
        const struct envoi_message *msg = p.letters[i].message;
        bool none = i % 3 == 2 && i % 2;

        cr_assert_eq(p.letters[i].result, none ? ENVOI_E_RECIPIENTS_REFUSED : ENVOI_OK);
        cr_assert_eq(envoi_message_verdict(msg, 0), none ? ENVOI_VERDICT_REFUSED : ENVOI_VERDICT_ACCEPTED);
        if (none)
            cr_assert_not_null(strstr(p.letters[i].error, "<r1.refuse@d0.example>: 550 5.1.1 no such user"), "%s",
                               p.letters[i].error);
        if (i % 3 != 2)
            cr_assert_eq(envoi_message_verdict(msg, 1), i % 3 ? ENVOI_VERDICT_DEFERRED : ENVOI_VERDICT_REFUSED);
    }
    cr_assert_str_empty(mta_stop(m).wrong);
    post_close(&p);
}

/* ---- callbacks ---- */

/* Keeps the queue full from within the callback. */
static void submit_next(struct letter *l)
{
    struct post *p = l->post;

    if (p->next < p->count)
        cr_assert_eq(post_submit(p, p->next++, 0), ENVOI_OK);
}

Test(pool_delivery, back_pressure)
{
    struct post p;
    struct mta_config config = {0};
    struct mta *m;

    post_open(&p, 1000, 1, 1);
    config.ledger = p.ledger;
    m = mta_start(&config);
    envoi_pool_set_limit(p.pool, ENVOI_POOL_QUEUE, 50);
    p.on_done = submit_next;
    post_route(&p, mta_where(m));
    while (post_submit(&p, p.next, 0) == ENVOI_OK)
        p.next++;
    cr_assert_eq(p.next, 50);
    cr_assert_eq(envoi_pool_run(p.pool), ENVOI_OK);
    cr_assert_eq(p.done, 1000);
    post_check(&p);
    cr_assert_str_empty(mta_stop(m).wrong);
    post_close(&p);
}

static void call_everything(struct letter *l)
{
    struct envoi_pool *pool = l->post->pool;

    cr_assert_eq(envoi_pool_run(pool), ENVOI_E_USAGE);
    cr_assert_eq(envoi_pool_stop(pool), ENVOI_E_USAGE);
    if (l == &l->post->letters[5])
        cr_assert_eq(envoi_pool_drain(pool), ENVOI_OK);
}

/* faults: 78 */
Test(pool_delivery, callbacks_do_not_re_enter)
{
    struct post p;
    struct mta_config config = {0};
    struct mta *m;

    post_open(&p, 20, 1, 1);
    config.ledger = p.ledger;
    m = mta_start(&config);
    p.on_done = call_everything;
    post_submit_all(&p, post_route(&p, mta_where(m)));
    cr_assert_eq(envoi_pool_run(p.pool), ENVOI_OK);
    post_check(&p);
    cr_assert_eq(p.accepted, 20);
    cr_assert_eq(envoi_pool_connections(p.pool), 0, "it was drained");
    mta_stop(m);
    post_close(&p);
}

static void free_it(void *ctx, struct envoi_message *message, int result, const char *error)
{
    (void)error;
    *(size_t *)ctx += result == ENVOI_OK;
    envoi_message_free(message);
}

/* faults: 78 */
Test(pool_delivery, a_callback_may_free)
{
    struct post p;
    struct mta_config config = {0};
    struct mta *m;
    size_t route, good = 0;

    post_open(&p, 1, 1, 1);
    config.ledger = p.ledger;
    m = mta_start(&config);
    route = post_route(&p, mta_where(m));
    for (int i = 0; i < 100; i++) {
        struct envoi_message *message;

        cr_assert_eq(envoi_message_new("me@example.org", &message), ENVOI_OK);
        envoi_message_add_recipient(message, "r0@d0.example");
        envoi_message_set_data(message, "Message-ID: <0>\r\n\r\n", 19);
        cr_assert_eq(envoi_pool_submit(p.pool, route, message, free_it, &good), ENVOI_OK);
    }
    cr_assert_eq(envoi_pool_run(p.pool), ENVOI_OK);
    cr_assert_eq(good, 100);
    cr_assert_eq(ledger_count(p.ledger, 0, 0), 100);
    mta_stop(m);
    post_close(&p);
}

/* ---- the application's loop ---- */

Test(pool_delivery, in_the_loop_of_the_application)
{
    struct pollset watched = {.count = 0};
    struct post p;
    struct mta_config config = {.limits = "MAILMAX=30"};
    struct mta *m;
    size_t route;
    int rc;

    post_open(&p, 500, 1, 1);
    config.ledger = p.ledger;
    m = mta_start(&config);
    cr_assert_eq(envoi_pool_set_watch(p.pool, pollset_watch, &watched), ENVOI_OK);
    envoi_pool_set_limit(p.pool, ENVOI_POOL_IDLE_MS, 50);
    route = post_route(&p, mta_where(m));
    post_submit_all(&p, route);
    cr_assert_eq(envoi_pool_run(p.pool), ENVOI_E_USAGE);
    rc = envoi_pool_process(p.pool, -1, 0);
    while (rc == ENVOI_E_AGAIN) {
        unsigned events;
        int fd = pollset_wait(&watched, envoi_pool_deadline(p.pool), 5000, &events);

        rc = envoi_pool_process(p.pool, fd, events);
    }
    cr_assert_eq(rc, ENVOI_OK);
    cr_assert_eq(watched.count, 0, "nothing is watched any more");
    cr_assert_eq(envoi_pool_deadline(p.pool), -1);
    post_check(&p);
    cr_assert_eq(p.accepted, 500);
    cr_assert_str_empty(mta_stop(m).wrong);
    post_close(&p);
}

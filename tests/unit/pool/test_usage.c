/* SPDX-License-Identifier: MIT */
/* Arguments, limits, and the order of calls. */
#include "post.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(pool_usage, .timeout = 60);

Test(pool_usage, null_is_refused)
{
    struct post p;
    size_t route;
    struct envoi_pool *none;

    post_open(&p, 1, 1, 1);
    cr_assert_eq(envoi_pool_new(NULL, &none), ENVOI_E_USAGE);
    cr_assert_eq(envoi_pool_new(p.library, NULL), ENVOI_E_USAGE);
    cr_assert_eq(envoi_pool_set_limit(NULL, 0, 1), ENVOI_E_USAGE);
    cr_assert_eq(envoi_pool_limit(NULL, 0), -1);
    cr_assert_eq(envoi_pool_add_route(NULL, p.prototype, "x", &route), ENVOI_E_USAGE);
    cr_assert_eq(envoi_pool_add_route(p.pool, NULL, "x", &route), ENVOI_E_USAGE);
    cr_assert_eq(envoi_pool_add_route(p.pool, p.prototype, NULL, &route), ENVOI_E_USAGE);
    cr_assert_eq(envoi_pool_add_route(p.pool, p.prototype, "x", NULL), ENVOI_E_USAGE);
    cr_assert_eq(envoi_pool_submit(NULL, 0, p.letters[0].message, NULL, NULL), ENVOI_E_USAGE);
    cr_assert_eq(envoi_pool_submit(p.pool, 0, NULL, NULL, NULL), ENVOI_E_USAGE);
    cr_assert_eq(envoi_pool_run(NULL), ENVOI_E_USAGE);
    cr_assert_eq(envoi_pool_process(NULL, -1, 0), ENVOI_E_USAGE);
    cr_assert_eq(envoi_pool_set_watch(NULL, NULL, NULL), ENVOI_E_USAGE);
    cr_assert_eq(envoi_pool_deadline(NULL), -1);
    cr_assert_eq(envoi_pool_drain(NULL), ENVOI_E_USAGE);
    cr_assert_eq(envoi_pool_stop(NULL), ENVOI_E_USAGE);
    cr_assert_eq(envoi_pool_pending(NULL), 0);
    cr_assert_eq(envoi_pool_connections(NULL), 0);
    envoi_pool_free(NULL);
    post_close(&p);
}

Test(pool_usage, limits)
{
    struct post p;

    post_open(&p, 1, 1, 1);
    cr_assert_eq(envoi_pool_limit(p.pool, ENVOI_POOL_CONNECTIONS), 4);
    cr_assert_eq(envoi_pool_limit(p.pool, ENVOI_POOL_BACKOFF_MAX_MS), 60000);
    cr_assert_eq(envoi_pool_limit(p.pool, ENVOI_POOL_LIMITS), -1);
    cr_assert_eq(envoi_pool_limit(p.pool, -1), -1);
    cr_assert_eq(envoi_pool_set_limit(p.pool, ENVOI_POOL_TRIES, 0), ENVOI_E_USAGE);
    cr_assert_eq(envoi_pool_set_limit(p.pool, ENVOI_POOL_LIMITS, 1), ENVOI_E_USAGE);
    cr_assert_eq(envoi_pool_set_limit(p.pool, ENVOI_POOL_TRIES, 7), ENVOI_OK);
    cr_assert_eq(envoi_pool_limit(p.pool, ENVOI_POOL_TRIES), 7);
    post_close(&p);
}

Test(pool_usage, routes)
{
    struct post p;
    struct envoi_library *other;
    struct envoi_session *stranger;
    size_t route = 9;

    post_open(&p, 1, 1, 1);
    cr_assert_eq(envoi_pool_add_route(p.pool, p.prototype, "", &route), ENVOI_E_USAGE);
    cr_assert_eq(envoi_pool_add_route(p.pool, p.prototype, "good.example bad:port:x", &route), ENVOI_E_USAGE);
    cr_assert_eq(envoi_pool_add_route(p.pool, p.prototype, "one.example [::1]:2525 /a/path", &route), ENVOI_OK);
    cr_assert_eq(route, 0);
    cr_assert_eq(envoi_pool_add_route(p.pool, p.prototype, "two.example", &route), ENVOI_OK);
    cr_assert_eq(route, 1);
    cr_assert_eq(envoi_library_new(&other), ENVOI_OK);
    cr_assert_eq(envoi_session_new(other, &stranger), ENVOI_OK);
    cr_assert_eq(envoi_pool_add_route(p.pool, stranger, "x", &route), ENVOI_E_USAGE, "another library's");
    envoi_session_free(stranger);
    envoi_library_free(other);
    cr_assert_eq(envoi_session_set_helo_name(p.prototype, "a\nb"), ENVOI_E_USAGE);
    cr_assert_eq(envoi_pool_add_route(p.pool, p.prototype, "x", &route), ENVOI_E_USAGE, "the sticky error");
    post_close(&p);
}

Test(pool_usage, submit)
{
    struct post p;
    struct envoi_message *bare;
    size_t route;

    post_open(&p, 3, 1, 1);
    route = post_route(&p, "127.0.0.1:1");
    envoi_pool_set_limit(p.pool, ENVOI_POOL_QUEUE, 2);
    cr_assert_eq(envoi_message_new("me@example.org", &bare), ENVOI_OK);
    cr_assert_eq(envoi_pool_submit(p.pool, route, bare, NULL, NULL), ENVOI_E_USAGE, "no recipient");
    cr_assert_eq(envoi_message_add_recipient(bare, "you@example.net"), ENVOI_OK);
    cr_assert_eq(envoi_pool_submit(p.pool, route, bare, NULL, NULL), ENVOI_E_USAGE, "no content");
    cr_assert_eq(envoi_message_add_recipient(bare, "you@@example.net"), ENVOI_E_ADDRESS);
    cr_assert_eq(envoi_pool_submit(p.pool, route, bare, NULL, NULL), ENVOI_E_ADDRESS, "the sticky error");
    envoi_message_free(bare);
    cr_assert_eq(post_submit(&p, 0, route + 1), ENVOI_E_USAGE);
    cr_assert_eq(post_submit(&p, 0, route), ENVOI_OK);
    cr_assert_eq(post_submit(&p, 0, route), ENVOI_E_BUSY);
    cr_assert_eq(envoi_message_add_recipient(p.letters[0].message, "x@example.net"), ENVOI_E_BUSY);
    cr_assert_eq(envoi_session_send(p.prototype, p.letters[0].message), ENVOI_E_DISCONNECTED);
    cr_assert_eq(post_submit(&p, 1, route), ENVOI_OK);
    cr_assert_eq(post_submit(&p, 2, route), ENVOI_E_AGAIN);
    cr_assert_eq(envoi_pool_pending(p.pool), 2);
    cr_assert_eq(envoi_pool_set_watch(p.pool, NULL, NULL), ENVOI_E_BUSY);
    cr_assert_eq(envoi_pool_process(p.pool, -1, 0), ENVOI_E_USAGE, "it has no watch function");
    cr_assert_eq(p.done, 0);
    cr_assert_eq(envoi_pool_stop(p.pool), ENVOI_OK);
    cr_assert_eq(p.done, 2);
    cr_assert_eq(p.letters[0].result, ENVOI_E_CANCELLED);
    cr_assert_str_eq(envoi_message_verdict_reason(p.letters[0].message, 0), "the pool was stopped");
    cr_assert_eq(post_submit(&p, 2, route), ENVOI_E_USAGE);
    cr_assert_eq(envoi_pool_run(p.pool), ENVOI_OK);
    post_close(&p);
}

/* A setter of the library object that was refused: no route, and no message goes out, over an open connection neither,
 * until it succeeds. */
Test(pool_usage, refused_setter)
{
    struct post p;
    struct mta *m;
    struct mta_report r;
    size_t route = 9;

    post_open(&p, 4, 1, 1);
    m = mta_start(&(struct mta_config){.ledger = p.ledger});
    cr_assert_eq(envoi_library_set_min_tls(p.library, 7), ENVOI_E_USAGE);
    cr_assert_eq(envoi_pool_add_route(p.pool, p.prototype, mta_where(m), &route), ENVOI_E_USAGE);
    cr_assert_eq(envoi_library_set_min_tls(p.library, 0x0303), ENVOI_OK);
    route = post_route(&p, mta_where(m));
    cr_assert_eq(envoi_library_set_min_tls(p.library, 7), ENVOI_E_USAGE);
    cr_assert_eq(post_submit(&p, 0, route), ENVOI_OK);
    cr_assert_eq(envoi_pool_run(p.pool), ENVOI_OK);
    cr_assert_eq(p.letters[0].result, ENVOI_E_USAGE);
    cr_assert_not_null(strstr(p.letters[0].error, "envoi_library_set_min_tls()"), "%s", p.letters[0].error);
    cr_assert_eq(envoi_message_verdict(p.letters[0].message, 0), ENVOI_VERDICT_NOT_ATTEMPTED);
    cr_assert_eq(envoi_library_set_min_tls(p.library, 0x0303), ENVOI_OK);
    cr_assert_eq(post_submit(&p, 1, route), ENVOI_OK);
    cr_assert_eq(envoi_pool_run(p.pool), ENVOI_OK);
    cr_assert_eq(p.letters[1].result, ENVOI_OK);
    cr_assert_eq(envoi_pool_connections(p.pool), 1);
    cr_assert_eq(envoi_library_set_min_tls(p.library, 7), ENVOI_E_USAGE);
    cr_assert_eq(post_submit(&p, 2, route), ENVOI_OK);
    cr_assert_eq(envoi_pool_run(p.pool), ENVOI_OK);
    cr_assert_eq(p.letters[2].result, ENVOI_E_USAGE);
    cr_assert_eq(envoi_library_set_min_tls(p.library, 0x0303), ENVOI_OK);
    cr_assert_eq(post_submit(&p, 3, route), ENVOI_OK);
    cr_assert_eq(envoi_pool_run(p.pool), ENVOI_OK);
    post_check(&p);
    cr_assert_eq(p.accepted, 2);
    r = mta_stop(m);
    cr_assert_eq(r.messages, 2);
    cr_assert_str_empty(r.wrong, "%s", r.wrong);
    post_close(&p);
}

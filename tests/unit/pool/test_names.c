/* SPDX-License-Identifier: MIT */
/* Servers that have names: one look-up serves all connections of a route, a failure is forgotten, and what does not
 * answer is passed over: an address for the next one, a server for the next one. */
#include "../../peers/dns.h"
#include "../../peers/net.h"
#include "library/library.h"
#include "net/host_cache.h"
#include "post.h"

#include <criterion/criterion.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

TestSuite(pool_names, .timeout = 60);

static struct post p;
static struct mta *m;

static void ask(const struct dns_row *rows)
{
    const char *where = dns_start(rows);

    cr_assert_not_null(where);
    cr_assert_eq(library_set_dns_servers(p.library, where), ENVOI_OK);
}

static void open_post(size_t count, struct mta_config config, const struct dns_row *rows)
{
    post_open(&p, count, 1, 1);
    config.ledger = p.ledger;
    m = mta_start(&config);
    envoi_pool_set_limit(p.pool, ENVOI_POOL_BACKOFF_MS, 1);
    envoi_pool_set_limit(p.pool, ENVOI_POOL_BACKOFF_MAX_MS, 20);
    ask(rows);
}

/* "NAME:PORT NAME:PORT", all of them with the server's port. */
static size_t route_to(const char *first, const char *second)
{
    char servers[128];

    snprintf(servers, sizeof servers, "%s:%u", first, mta_port(m));
    if (second)
        snprintf(servers, sizeof servers, "%s:%u %s:%u", first, mta_port(m), second, mta_port(m));
    return post_route(&p, servers);
}

static struct mta_report run_and_close(void)
{
    struct mta_report r;

    cr_assert_eq(envoi_pool_run(p.pool), ENVOI_OK);
    post_check(&p);
    r = mta_stop(m);
    cr_assert_str_empty(r.wrong, "%s", r.wrong);
    dns_stop();
    return r;
}

/* ---- one look-up ---- */

Test(pool_names, connections_that_begin_together_share_one_look_up)
{
    static const struct dns_row rows[] = {{.name = "mail.example.test", .a = {"127.0.0.1"}}, {.name = NULL}};

    open_post(48, (struct mta_config){.gate = 12}, rows);
    envoi_pool_set_limit(p.pool, ENVOI_POOL_CONNECTIONS, 12);
    post_submit_all(&p, route_to("mail.example.test", NULL));
    cr_assert_eq(run_and_close().connections, 12);
    cr_assert_eq(p.accepted, 48);
    cr_assert_eq(dns_questions(), 2, "for A and for AAAA, once: %d", dns_questions());
    post_close(&p);
}

Test(pool_names, connections_that_follow_use_what_is_known)
{
    static const struct dns_row rows[] = {{.name = "mail.example.test", .a = {"127.0.0.1"}}, {.name = NULL}};

    open_post(30, (struct mta_config){0}, rows);
    envoi_pool_set_limit(p.pool, ENVOI_POOL_MESSAGES, 1);
    post_submit_all(&p, route_to("mail.example.test", NULL));
    cr_assert_eq(run_and_close().connections, 30);
    cr_assert_eq(p.accepted, 30);
    cr_assert_eq(dns_questions(), 2, "%d", dns_questions());
    post_close(&p);
}

/* Two routes, two look-ups: they may be of different minds about servers that they ask. */
Test(pool_names, each_route_for_itself)
{
    static const struct dns_row rows[] = {{.name = "mail.example.test", .a = {"127.0.0.1"}}, {.name = NULL}};

    open_post(20, (struct mta_config){0}, rows);
    route_to("mail.example.test", NULL);
    route_to("mail.example.test", NULL);
    for (size_t i = 0; i < p.count; i++)
        cr_assert_eq(post_submit(&p, i, i % 2), ENVOI_OK);
    run_and_close();
    cr_assert_eq(p.accepted, 20);
    cr_assert_eq(dns_questions(), 4, "%d", dns_questions());
    post_close(&p);
}

/* The first connection stands while one family is still asked for; the others do not wait for that. */
Test(pool_names, an_answer_that_does_not_come)
{
    static const struct dns_row rows[] = {{.name = "mail.example.test", .a = {"127.0.0.1"}, .silent_aaaa = 1},
                                          {.name = NULL}};

    open_post(32, (struct mta_config){.gate = 8}, rows);
    envoi_pool_set_limit(p.pool, ENVOI_POOL_CONNECTIONS, 8);
    post_submit_all(&p, route_to("mail.example.test", NULL));
    cr_assert_eq(run_and_close().connections, 8);
    cr_assert_eq(p.accepted, 32);
    cr_assert_eq(dns_questions(), 2, "%d", dns_questions());
    post_close(&p);
}

/* ---- fail-over ---- */

/* Nobody listens at the first address. */
Test(pool_names, from_one_address_to_the_next)
{
    static const struct dns_row rows[] = {
        {.name = "mail.example.test", .a = {"127.0.0.2", "127.0.0.1"}, .aaaa = {"::1"}}, {.name = NULL}};

    open_post(30, (struct mta_config){0}, rows);
    envoi_pool_set_limit(p.pool, ENVOI_POOL_MESSAGES, 5);
    post_submit_all(&p, route_to("mail.example.test", NULL));
    cr_assert_geq(run_and_close().connections, 6);
    cr_assert_eq(p.accepted, 30);
    cr_assert_eq(dns_questions(), 2);
    post_close(&p);
}

static void from_a_server_to_the_next(const struct dns_row *rows, const char *first, int patience)
{
    struct mta_report r;

    open_post(40, (struct mta_config){0}, rows);
    envoi_session_set_timeout(p.prototype, ENVOI_PHASE_DNS, patience);
    post_submit_all(&p, route_to(first, "good.example.test"));
    r = run_and_close();
    cr_assert_eq(r.messages, 40);
    cr_assert_eq(p.accepted, 40);
    cr_assert_eq(dns_asked("good.example.test"), 2);
    post_close(&p);
}

static const struct dns_row some[] = {{.name = "good.example.test", .a = {"127.0.0.1"}},
                                      {.name = "closed.example.test", .a = {"127.0.0.2"}},
                                      {.name = "empty.example.test"},
                                      {.name = "silent.example.test", .silent_a = 1, .silent_aaaa = 1},
                                      {.name = NULL}};

Test(pool_names, from_a_name_that_does_not_exist)
{
    from_a_server_to_the_next(some, "nowhere.example.test", 20000);
}

Test(pool_names, from_a_name_without_addresses)
{
    from_a_server_to_the_next(some, "empty.example.test", 20000);
}

Test(pool_names, from_a_name_that_is_not_answered)
{
    from_a_server_to_the_next(some, "silent.example.test", 1000);
}

Test(pool_names, from_an_address_where_nobody_is)
{
    from_a_server_to_the_next(some, "closed.example.test", 20000);
}

/* The address to connect from is a setting of the prototype. */
Test(pool_names, from_an_address_that_this_machine_has_not)
{
    open_post(2, (struct mta_config){0}, some);
    cr_assert_eq(envoi_session_set_source_address(p.prototype, "192.0.2.7"), ENVOI_OK);
    envoi_pool_set_limit(p.pool, ENVOI_POOL_TRIES, 2);
    post_submit_all(&p, route_to("good.example.test", NULL));
    run_and_close();
    cr_assert_eq(p.letters[0].result, ENVOI_E_CONNECT);
    cr_assert_not_null(strstr(p.letters[0].error, "cannot connect from 192.0.2.7"), "%s", p.letters[0].error);
    post_close(&p);
}

/* ---- failures are not kept ---- */

static const struct dns_row none[] = {{.name = NULL}};

/* The name comes to be, or it moves. */
static void then_it_is_good(const struct dns_row *before, int result)
{
    size_t route;

    open_post(2, (struct mta_config){0}, before);
    envoi_pool_set_limit(p.pool, ENVOI_POOL_TRIES, 2);
    route = route_to("mail.example.test", NULL);
    cr_assert_eq(post_submit(&p, 0, route), ENVOI_OK);
    cr_assert_eq(envoi_pool_run(p.pool), ENVOI_OK);
    cr_assert_eq(p.letters[0].result, result, "%s", p.letters[0].error);
    cr_assert_geq(dns_asked("mail.example.test"), 3, "each try is a look-up of its own");
    dns_stop();
    ask((const struct dns_row[]){{.name = "mail.example.test", .a = {"127.0.0.1"}}, {.name = NULL}});
    cr_assert_eq(post_submit(&p, 1, route), ENVOI_OK);
    run_and_close();
    cr_assert_eq(p.letters[1].result, ENVOI_OK, "%s", p.letters[1].error);
    post_close(&p);
}

Test(pool_names, a_name_that_comes_to_be)
{
    then_it_is_good(none, ENVOI_E_RESOLVE);
}

Test(pool_names, a_server_that_moves)
{
    static const struct dns_row before[] = {{.name = "mail.example.test", .a = {"127.0.0.2"}}, {.name = NULL}};

    then_it_is_good(before, ENVOI_E_CONNECT);
}

/* ---- stopped ---- */

Test(pool_names, stopped_while_it_looks_up)
{
    open_post(20, (struct mta_config){0}, some);
    post_submit_all(&p, route_to("silent.example.test", NULL));
    envoi_pool_free(p.pool); /* not even begun */
    p.pool = NULL;
    cr_assert_eq(p.done, 20);
    mta_stop(m);
    dns_stop();
    post_close(&p);
}

/* The call that begins the look-up ends before the answer: the rest is for the next one. */
static int told;

static void tell(void *ctx, int fd, unsigned events)
{
    (void)ctx;
    (void)fd;
    told += events != 0;
}

Test(pool_names, stopped_in_the_midst_of_it)
{
    open_post(20, (struct mta_config){0}, some);
    cr_assert_eq(envoi_pool_set_watch(p.pool, tell, NULL), ENVOI_OK);
    envoi_pool_set_limit(p.pool, ENVOI_POOL_IN_FLIGHT, 1);
    post_submit_all(&p, route_to("silent.example.test", NULL));
    cr_assert_eq(envoi_pool_process(p.pool, -1, 0), ENVOI_E_AGAIN);
    cr_assert_gt(told, 0, "c-ares waits for an answer");
    cr_assert_eq(envoi_pool_connections(p.pool), 1, "the others wait for the look-up");
    cr_assert_eq(envoi_pool_stop(p.pool), ENVOI_OK);
    cr_assert_eq(p.done, 20);
    post_check(&p);
    mta_stop(m);
    dns_stop();
    post_close(&p);
}

/* ---- for how long ---- */

static struct addresses two_of(const char *a, const char *b)
{
    struct addresses found = {.first = FAMILY_V4};
    struct target t;

    cr_assert_eq(target_parse(a, 25, NULL, &t), ENVOI_OK);
    found.found[FAMILY_V4][0] = t.address;
    target_free(&t);
    cr_assert_eq(target_parse(b, 25, NULL, &t), ENVOI_OK);
    found.found[FAMILY_V4][1] = t.address;
    target_free(&t);
    found.count[FAMILY_V4] = 2;
    return found;
}

static int64_t good_for(int64_t ttl)
{
    struct addresses found = two_of("192.0.2.1", "192.0.2.2");
    struct host_cache k = {0};
    int64_t at = 0;

    cr_assert_null(host_cache_use(&k, 5000));
    host_cache_keep(&k, &found, ttl, 5000);
    while (host_cache_use(&k, 5000 + at))
        at += 500;
    return at;
}

Test(pool_names, for_the_time_that_was_said)
{
    cr_assert_eq(good_for(60000), 60000);
    cr_assert_eq(good_for(0), 1000, "so long all the same: for those that begin together");
    cr_assert_eq(good_for(-1), 10000, "nobody has said so");
    cr_assert_eq(good_for((int64_t)86400 * 1000), 3600 * 1000, "no longer than that");
}

Test(pool_names, what_works_comes_first)
{
    struct addresses found = two_of("192.0.2.1", "192.0.2.2");
    struct endpoint second = found.found[FAMILY_V4][1];
    struct host_cache k = {0};

    host_cache_keep(&k, &found, 60000, 0);
    host_cache_prefer(&k, &second);
    cr_assert(endpoint_equal(&host_cache_use(&k, 1)->found[FAMILY_V4][0], &second));
    cr_assert(endpoint_equal(&host_cache_use(&k, 1)->found[FAMILY_V4][1], &found.found[FAMILY_V4][0]));
    host_cache_forget(&k);
    cr_assert_null(host_cache_use(&k, 1));
    found.count[FAMILY_V4] = 0;
    host_cache_keep(&k, &found, 60000, 0);
    cr_assert_null(host_cache_use(&k, 1), "an answer without addresses is none");
}

/* The first address takes connections and never greets: its time-out is paid once, and then the other one comes
 * first. */
Test(pool_names, an_address_that_does_not_greet)
{
    static const struct dns_row rows[] = {{.name = "two.example", .a = {"127.0.0.1"}, .aaaa = {"::1"}}, {.name = NULL}};
    struct mta_report r;
    uint16_t port;
    int mute, one;

    open_post(20, (struct mta_config){0}, rows);
    port = mta_port(m);
    cr_assert_geq(mute = net_listen("::1", &port, 8), 0);
    envoi_session_set_timeout(p.prototype, ENVOI_PHASE_GREETING, 200);
    envoi_pool_set_limit(p.pool, ENVOI_POOL_CONNECTIONS, 1);
    envoi_pool_set_limit(p.pool, ENVOI_POOL_MESSAGES, 5);
    envoi_pool_set_limit(p.pool, ENVOI_POOL_TRIES, 1);
    post_submit_all(&p, route_to("two.example", NULL));
    r = run_and_close();
    cr_assert_eq(p.accepted, 20);
    cr_assert_eq(r.connections, 4);
    cr_assert_geq(one = accept(mute, NULL, NULL), 0);
    cr_assert_eq(poll(&(struct pollfd){.fd = mute, .events = POLLIN}, 1, 0), 0, "it was asked twice");
    close(one);
    close(mute);
    post_close(&p);
}

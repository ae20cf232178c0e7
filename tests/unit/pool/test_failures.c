/* SPDX-License-Identifier: MIT */
/* Servers that close, refuse, are silent or gone: nothing is lost and nothing doubled. */
#include "post.h"

#include <criterion/criterion.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

const struct envoi_plugin *envoi_plugin_plain(void);
const struct envoi_plugin *envoi_plugin_login(void);

TestSuite(pool_failures, .timeout = 60);

static struct post p;
static struct mta *m;

static void open_post_to(size_t count, size_t recipients, struct mta_config config)
{
    post_open(&p, count, recipients, 2);
    config.ledger = p.ledger;
    m = mta_start(&config);
    envoi_pool_set_limit(p.pool, ENVOI_POOL_BACKOFF_MS, 1);
    envoi_pool_set_limit(p.pool, ENVOI_POOL_BACKOFF_MAX_MS, 20);
}

static void open_post(size_t count, struct mta_config config)
{
    open_post_to(count, 1, config);
}

static struct mta_report run_and_close(void)
{
    struct mta_report r;

    cr_assert_eq(envoi_pool_run(p.pool), ENVOI_OK);
    post_check(&p);
    r = mta_stop(m);
    cr_assert_str_empty(r.wrong, "%s", r.wrong);
    return r;
}

Test(pool_failures, a_421_after_some_messages)
{
    struct mta_report r;

    open_post(200, (struct mta_config){.goodbye_after = 7});
    post_submit_all(&p, post_route(&p, mta_where(m)));
    envoi_pool_set_limit(p.pool, ENVOI_POOL_TRIES, 1000);
    r = run_and_close();
    cr_assert_eq(p.accepted, 200);
    cr_assert_geq(r.connections, 200 / 7);
    cr_assert_eq(r.most_messages, 7);
    post_close(&p);
}

/* Without PIPELINING no content is on its way when the server closes: nothing becomes unknown. */
Test(pool_failures, closed_after_some_messages)
{
    open_post(100, (struct mta_config){.close_after = 3, .no_pipelining = true});
    post_submit_all(&p, post_route(&p, mta_where(m)));
    run_and_close();
    cr_assert_eq(p.accepted + p.unknown, 100);
    cr_assert_leq(p.unknown, 0);
    post_close(&p);
}

/* With PIPELINING, contents sent after the last reply may or may not have arrived: unknown, and never sent again. */
Test(pool_failures, closed_in_the_middle_of_a_window)
{
    struct mta_report r;

    open_post(300, (struct mta_config){.close_after = 20});
    post_submit_all(&p, post_route(&p, mta_where(m)));
    r = run_and_close();
    cr_assert_eq(p.accepted + p.unknown + p.not_attempted, 300);
    cr_assert_eq(p.accepted, r.messages);
    post_close(&p);
}

/* The server took pipelined transactions before, and then stops doing so. */
Test(pool_failures, refused_unseen)
{
    struct mta_report r;

    open_post(300, (struct mta_config){.strict_after = 50});
    post_submit_all(&p, post_route(&p, mta_where(m)));
    envoi_pool_set_limit(p.pool, ENVOI_POOL_CONNECTIONS, 2);
    r = run_and_close();
    cr_assert_eq(p.accepted, 300);
    cr_assert_eq(r.messages, 300, "not one was sent twice");
    post_close(&p);
}

/* The proof of BDAT costs a connection for each that tries it; that is no fault of a message, and the last try of none.
 * faults: F2 */
Test(pool_failures, a_server_that_does_not_know_bdat)
{
    struct mta_report r;

    open_post(200, (struct mta_config){.no_bdat = true});
    envoi_pool_set_limit(p.pool, ENVOI_POOL_TRIES, 1);
    envoi_pool_set_limit(p.pool, ENVOI_POOL_CONNECTIONS, 4);
    post_submit_all(&p, post_route(&p, mta_where(m)));
    r = run_and_close();
    cr_assert_eq(p.accepted, 200);
    cr_assert_eq(r.messages, 200);
    cr_assert_leq(r.connections, 8, "%zu connections", r.connections);
    post_close(&p);
}

/* faults: 40 */
Test(pool_failures, content_taken_and_not_answered)
{
    struct mta_report r;

    open_post(50, (struct mta_config){.cut_content = true});
    envoi_pool_set_limit(p.pool, ENVOI_POOL_TRIES, 1000); /* every connection fails: that must not end the test */
    envoi_pool_set_limit(p.pool, ENVOI_POOL_IN_FLIGHT, 1);
    post_submit_all(&p, post_route(&p, mta_where(m)));
    r = run_and_close();
    cr_assert_eq(p.unknown, 50);
    cr_assert_eq(r.messages, 50, "not one was sent twice");
    cr_assert_not_null(strstr(p.letters[0].error, "may have been delivered"), "%s", p.letters[0].error);
    post_close(&p);
}

Test(pool_failures, idle_connections_that_the_server_closed)
{
    open_post(2, (struct mta_config){.idle_ms = 200});
    cr_assert_eq(post_submit(&p, 0, post_route(&p, mta_where(m))), ENVOI_OK);
    cr_assert_eq(envoi_pool_run(p.pool), ENVOI_OK);
    cr_assert_eq(envoi_pool_connections(p.pool), 1);
    poll(NULL, 0, 500); /* the pool is not called while the server closes */
    cr_assert_eq(post_submit(&p, 1, 0), ENVOI_OK);
    cr_assert_eq(run_and_close().connections, 2);
    cr_assert_eq(p.accepted, 2);
    post_close(&p);
}

Test(pool_failures, silence)
{
    open_post(10, (struct mta_config){.silent_after = 2, .no_chunking = true});
    envoi_session_set_timeout(p.prototype, ENVOI_PHASE_NONE, 200);
    envoi_pool_set_limit(p.pool, ENVOI_POOL_CONNECTIONS, 1);
    envoi_pool_set_limit(p.pool, ENVOI_POOL_IN_FLIGHT, 1);
    post_submit_all(&p, post_route(&p, mta_where(m)));
    run_and_close();
    cr_assert_eq(p.accepted, 10, "MAIL was not answered, so it was tried again");
    post_close(&p);
}

/* ---- servers ---- */

static uint16_t free_port(void)
{
    struct ledger *l = ledger_new(1, 1);
    struct mta *other = mta_start(&(struct mta_config){.ledger = l});
    uint16_t port = mta_port(other);

    mta_stop(other);
    ledger_free(l);
    return port;
}

static void fail_over(struct mta_config first)
{
    char servers[80];
    struct mta *bad;

    open_post(50, (struct mta_config){0});
    first.ledger = p.ledger;
    bad = mta_start(&first);
    snprintf(servers, sizeof servers, "%s %s", mta_where(bad), mta_where(m));
    post_submit_all(&p, post_route(&p, servers));
    cr_assert_eq(run_and_close().messages, 50);
    cr_assert_eq(mta_stop(bad).messages, 0);
    post_close(&p);
}

Test(pool_failures, fail_over_from_a_421_greeting)
{
    fail_over((struct mta_config){.greeting = "421 4.3.2 not now"});
}

Test(pool_failures, fail_over_from_a_554_greeting)
{
    fail_over((struct mta_config){.greeting = "554 5.3.2 no mail here"});
}

Test(pool_failures, fail_over_from_a_refused_ehlo)
{
    fail_over((struct mta_config){.hello = "451 4.3.0 not now"});
}

Test(pool_failures, fail_over_from_nobody)
{
    char servers[80];

    open_post(50, (struct mta_config){0});
    snprintf(servers, sizeof servers, "127.0.0.1:%u %s", free_port(), mta_where(m));
    post_submit_all(&p, post_route(&p, servers));
    cr_assert_eq(run_and_close().messages, 50);
    post_close(&p);
}

Test(pool_failures, fail_over_for_want_of_tls)
{
    char servers[80];
    size_t route;

    open_post(3, (struct mta_config){0});
    snprintf(servers, sizeof servers, "%s 127.0.0.1:%u", mta_where(m), free_port());
    envoi_session_set_tls(p.prototype, ENVOI_TLS_REQUIRED);
    route = post_route(&p, servers);
    post_submit_all(&p, route);
    cr_assert_eq(run_and_close().messages, 0);
    cr_assert_eq(p.not_attempted, 3);
    post_close(&p);
}

Test(pool_failures, nobody_at_all)
{
    char servers[80];

    open_post(20, (struct mta_config){0});
    snprintf(servers, sizeof servers, "127.0.0.1:%u 127.0.0.1:%u", free_port(), free_port());
    post_submit_all(&p, post_route(&p, servers));
    run_and_close();
    cr_assert_eq(p.not_attempted, 20);
    cr_assert_eq(p.letters[0].result, ENVOI_E_CONNECT);
    cr_assert_not_null(strstr(p.letters[0].error, "refused"), "%s", p.letters[0].error);
    post_close(&p);
}

static struct mta_config again;

/* The server goes down after the first ten, and comes back in the pool's pauses. */
static void restart(struct letter *l)
{
    if (l->post->done != 10)
        return;
    again.port = mta_port(m);
    cr_assert_str_empty(mta_stop(m).wrong);
    m = mta_start(&again);
}

Test(pool_failures, the_server_is_restarted)
{
    open_post(500, (struct mta_config){0});
    again = (struct mta_config){.ledger = p.ledger};
    p.on_done = restart;
    envoi_pool_set_limit(p.pool, ENVOI_POOL_IN_FLIGHT, 4);
    post_submit_all(&p, post_route(&p, mta_where(m)));
    run_and_close();
    cr_assert_eq(p.accepted + p.unknown, 500);
    cr_assert_leq(p.unknown, 16, "no more than what was on the way: %zu", p.unknown);
    post_close(&p);
}

/* ---- logins ---- */

static size_t route_of(const char *user, const char *password)
{
    cr_assert_eq(envoi_session_set_password(p.prototype, user, password), ENVOI_OK);
    cr_assert_eq(envoi_session_allow_cleartext_auth(p.prototype, 1), ENVOI_OK);
    return post_route(&p, mta_where(m));
}

static void add_plain(void)
{
    cr_assert_eq(envoi_library_add_plugin(p.library, envoi_plugin_plain(), "kind: auth\nprovides: PLAIN\n"), ENVOI_OK);
}

/* faults: 10 */
Test(pool_failures, identities_never_share_a_connection)
{
    struct mta_report r;
    size_t even, odd;

    open_post(400, (struct mta_config){.auth = true});
    add_plain();
    odd = route_of("u1", "pw");
    even = route_of("u2", "pw");
    for (size_t i = 0; i < p.count; i++)
        cr_assert_eq(post_submit(&p, i, i % 2 ? odd : even), ENVOI_OK);
    r = run_and_close();
    cr_assert_eq(p.accepted, 400);
    cr_assert_geq(r.logins, 2);
    post_close(&p);
}

/* faults: 64 */
Test(pool_failures, a_wrong_password_is_told_once)
{
    size_t good, bad;
    struct mta_report r;

    open_post(100, (struct mta_config){.auth = true});
    add_plain();
    bad = route_of("u1", "wrong");
    good = route_of("u2", "pw");
    for (size_t i = 0; i < p.count; i++)
        cr_assert_eq(post_submit(&p, i, i % 2 ? bad : good), ENVOI_OK);
    cr_assert_eq(envoi_pool_run(p.pool), ENVOI_OK);
    post_check(&p);
    r = mta_stop(m);
    cr_assert_str_empty(r.wrong, "%s", r.wrong);
    cr_assert_eq(p.accepted, 50);
    cr_assert_eq(p.not_attempted, 50);
    cr_assert_eq(p.letters[1].result, ENVOI_E_AUTH);
    cr_assert_not_null(strstr(p.letters[1].error, "535"), "%s", p.letters[1].error);
    cr_assert_leq(r.logins, 1 + 4);
    post_close(&p);
}

/* Nor is it presented for messages that come later, to no server of the route. */
/* faults: 64, F3, U1 */
Test(pool_failures, a_wrong_password_is_not_presented_again)
{
    char servers[80];
    struct mta *other;
    size_t logins;

    open_post(10, (struct mta_config){.auth = true, .auth_ends = true});
    add_plain();
    other = mta_start(&(struct mta_config){.auth = true, .ledger = p.ledger});
    snprintf(servers, sizeof servers, "%s %s", mta_where(m), mta_where(other));
    envoi_session_set_password(p.prototype, "u1", "wrong");
    envoi_session_allow_cleartext_auth(p.prototype, 1);
    post_route(&p, servers);
    for (size_t i = 0; i < p.count; i++) {
        cr_assert_eq(post_submit(&p, i, 0), ENVOI_OK);
        cr_assert_eq(envoi_pool_run(p.pool), ENVOI_OK);
        cr_assert_eq(p.letters[i].result, ENVOI_E_AUTH, "%s", p.letters[i].error);
        cr_assert_not_null(strstr(p.letters[i].error, "535 5.7.8"), "%s", p.letters[i].error);
    }
    logins = mta_stop(m).logins + mta_stop(other).logins;
    cr_assert_eq(logins, 1, "%zu", logins);
    post_close(&p);
}

/* The server closes behind the refusal, when the next mechanism is on its way: it is a refusal all the same. */
/* faults: 64, F3 */
Test(pool_failures, a_wrong_password_and_the_end_of_the_connection)
{
    static const char *const replies[] = {"535 5.7.3 no", "504 5.5.4 not this one", "535-5.7.3 no\r\n535 5.7.3 never"};
    struct mta_report r;

    for (size_t i = 0; i < sizeof replies / sizeof replies[0]; i++) {
        open_post(20, (struct mta_config){
                          .auth = true, .mechanisms = "PLAIN LOGIN", .auth_ends = true, .auth_reply = replies[i]});
        add_plain();
        cr_assert_eq(envoi_library_add_plugin(p.library, envoi_plugin_login(), "kind: auth\nprovides: LOGIN\n"), 0);
        cr_assert_eq(envoi_session_set_mechanisms(p.prototype, "LOGIN PLAIN"), ENVOI_OK);
        post_submit_all(&p, route_of("u1", "wrong"));
        r = run_and_close();
        cr_assert_eq(p.not_attempted, 20);
        cr_assert_eq(r.logins, 1, "%zu", r.logins);
        for (size_t k = 0; k < p.count; k++) {
            cr_assert_eq(p.letters[k].result, ENVOI_E_AUTH, "%s", p.letters[k].error);
            cr_assert_not_null(strstr(p.letters[k].error, i == 1 ? "504 5.5.4" : "535 5.7.3"), "%s",
                               p.letters[k].error);
        }
        post_close(&p);
    }
}

/* faults: 64 */
Test(pool_failures, a_login_that_is_deferred)
{
    char servers[80];
    struct mta_config busy = {.auth = true, .auth_reply = "454 4.7.0 not now"};
    struct mta *other;

    open_post(20, (struct mta_config){.auth = false});
    mta_stop(m);
    m = mta_start(&(struct mta_config){.auth = true, .ledger = p.ledger});
    add_plain();
    busy.ledger = p.ledger;
    other = mta_start(&busy);
    snprintf(servers, sizeof servers, "%s %s", mta_where(other), mta_where(m));
    envoi_session_set_password(p.prototype, "u2", "pw");
    envoi_session_allow_cleartext_auth(p.prototype, 1);
    post_route(&p, servers);
    for (size_t i = 0; i < p.count; i += 2)
        cr_assert_eq(post_submit(&p, i, 0), ENVOI_OK);
    cr_assert_eq(envoi_pool_run(p.pool), ENVOI_OK);
    cr_assert_eq(p.done, 10);
    cr_assert_eq(p.letters[8].result, ENVOI_OK, "%s", p.letters[8].error);
    mta_stop(other);
    cr_assert_eq(mta_stop(m).messages, 10);
    post_close(&p);
}

/* ---- contents ---- */

struct source {
    unsigned taken, rewound, broken_at; /* from that call on; 0: never */
    int failure;
    char text[64];
    size_t at;
};

static int pull(void *ctx, void *buf, size_t cap, size_t *len)
{
    struct source *s = ctx;

    if (++s->taken >= s->broken_at && s->broken_at)
        return s->failure;
    *len = strlen(s->text + s->at);
    cr_assert_leq(*len, cap);
    memcpy(buf, s->text + s->at, *len);
    s->at += *len;
    return ENVOI_OK;
}

static int go_back(void *ctx)
{
    struct source *s = ctx;

    s->rewound++;
    s->at = 0;
    return ENVOI_OK;
}

static void set_source(size_t i, struct source *s, bool twice)
{
    snprintf(s->text, sizeof s->text, "Message-ID: <%zu>\r\n\r\nHello.\r\n", i);
    envoi_message_set_callback(p.letters[i].message, pull, twice ? go_back : NULL, s, -1);
}

Test(pool_failures, a_content_that_can_be_had_once)
{
    struct source once = {0}, twice = {0};

    open_post(3, (struct mta_config){.goodbye_after = 1, .no_chunking = true});
    envoi_pool_set_limit(p.pool, ENVOI_POOL_CONNECTIONS, 1);
    set_source(1, &once, false);
    set_source(2, &twice, true);
    post_submit_all(&p, post_route(&p, mta_where(m)));
    run_and_close();
    cr_assert_eq(p.accepted, 3, "the 421 came before it was taken");
    post_close(&p);
}

Test(pool_failures, a_broken_content_harms_nobody_else)
{
    struct source s = {.broken_at = 1, .failure = ENVOI_E_SYSTEM};
    struct mta_report r;

    open_post(30, (struct mta_config){0});
    envoi_pool_set_limit(p.pool, ENVOI_POOL_CONNECTIONS, 1);
    set_source(0, &s, false);
    post_submit_all(&p, post_route(&p, mta_where(m)));
    r = run_and_close();
    cr_assert_eq(p.letters[0].result, ENVOI_E_CONTENT, "%s", p.letters[0].error);
    cr_assert_eq(p.accepted, 29, "%zu unknown, %zu not attempted", p.unknown, p.not_attempted);
    cr_assert_eq(r.messages, 29);
    post_close(&p);
}

Test(pool_failures, a_callback_that_has_nothing_in_blocking_calls)
{
    struct source s = {.broken_at = 1, .failure = ENVOI_E_AGAIN};

    open_post(5, (struct mta_config){0});
    envoi_pool_set_limit(p.pool, ENVOI_POOL_CONNECTIONS, 1);
    set_source(0, &s, false);
    post_submit_all(&p, post_route(&p, mta_where(m)));
    run_and_close();
    cr_assert_eq(p.letters[0].result, ENVOI_E_USAGE, "%d %s", p.letters[0].result, p.letters[0].error);
    cr_assert_eq(p.accepted, 4);
    post_close(&p);
}

/* ---- the end ---- */

static void nothing(void *ctx, int fd, unsigned events)
{
    (void)ctx;
    (void)fd;
    (void)events;
}

/* The server holds its replies back until there are 99 connections, which never happens. */
Test(pool_failures, stop_with_messages_under_way)
{
    open_post(200, (struct mta_config){.gate = 99});
    envoi_pool_set_watch(p.pool, nothing, NULL);
    envoi_pool_set_limit(p.pool, ENVOI_POOL_IN_FLIGHT, 2);
    post_submit_all(&p, post_route(&p, mta_where(m)));
    while (mta_report(m).messages < 4)
        for (int fd = -1; fd < 64; fd++)
            cr_assert_eq(envoi_pool_process(p.pool, fd, ENVOI_EVENT_READ | ENVOI_EVENT_WRITE), ENVOI_E_AGAIN);
    cr_assert_eq(p.done, 0);
    cr_assert_eq(envoi_pool_stop(p.pool), ENVOI_OK);
    cr_assert_eq(p.done, 200);
    cr_assert_eq(envoi_pool_connections(p.pool), 0);
    cr_assert_eq(envoi_pool_process(p.pool, -1, 0), ENVOI_OK);
    post_check(&p);
    cr_assert_geq(p.unknown, 4);
    cr_assert_leq(p.unknown, 8);
    cr_assert_eq(p.not_attempted, 200 - p.unknown);
    mta_stop(m);
    post_close(&p);
}

Test(pool_failures, free_settles_what_is_there)
{
    open_post(5, (struct mta_config){0});
    post_submit_all(&p, post_route(&p, mta_where(m)));
    envoi_pool_free(p.pool);
    p.pool = NULL;
    cr_assert_eq(p.done, 5);
    cr_assert_eq(p.letters[4].result, ENVOI_E_CANCELLED);
    mta_stop(m);
    post_close(&p);
}

/* ---- all of it at once ---- */

/* The counts of one load. */
struct sums {
    size_t messages, recipients, connections, accepted, unknown, not_attempted;
};

static void load(uint64_t seed, size_t count, struct sums *sums)
{
    static const char *const limits[] = {NULL, "MAILMAX=40", "RCPTMAX=2", "RCPTDOMAINMAX=1 MAILMAX=7"};
    struct mta_config config = {
        .faults = 5 + (unsigned)seed % 10,
        .seed = seed * 7919,
        .limits = limits[seed % 4],
        .no_pipelining = seed % 5 == 4,
        .no_chunking = seed % 3 == 2,
    };
    size_t recipients = 1 + seed % 4;
    struct mta_report r;

    open_post_to(count, recipients, config);
    envoi_pool_set_limit(p.pool, ENVOI_POOL_CONNECTIONS, 8);
    envoi_pool_set_limit(p.pool, ENVOI_POOL_IN_FLIGHT, 1 + (int64_t)seed % 16);
    post_submit_all(&p, post_route(&p, mta_where(m)));
    r = run_and_close();
    cr_assert_geq(p.accepted, count * recipients / 2);
    sums->messages += count;
    sums->recipients += count * recipients;
    sums->connections += r.connections;
    sums->accepted += p.accepted;
    sums->unknown += p.unknown;
    sums->not_attempted += p.not_attempted;
    post_close(&p);
}

Test(pool_failures, load, .timeout = 200)
{
    struct sums s = {0};

    for (uint64_t seed = 1; seed <= 20; seed++)
        load(seed, 250, &s);
    printf("%zu messages, %zu recipients, %zu connections: %zu accepted, %zu unknown, %zu not attempted\n", s.messages,
           s.recipients, s.connections, s.accepted, s.unknown, s.not_attempted);
    cr_assert_gt(s.unknown, 0, "the seeds make connections break in the middle of contents");
}

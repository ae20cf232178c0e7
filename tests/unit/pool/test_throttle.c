/* SPDX-License-Identifier: MIT */
/* Rates that are set, and providers that throttle. No test waits: the clock is the test's own. */
#include "pool/rate.h"
#include "pool/throttle.h"
#include "provider.h"

#include <criterion/criterion.h>
#include <envoi/plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(pool_throttle, .timeout = 60);

#define MESSAGES_MAX 1024
#define SECOND       INT64_C(1000)
#define MINUTE       (60 * SECOND)
#define FOREVER      (INT64_MAX / 2)

const struct envoi_plugin *envoi_plugin_plain(void);

static struct provider provider;
static struct provider_account accounts[3] = {{&provider, 0}, {&provider, 1}, {&provider, 2}};
static struct envoi_library *library;
static struct envoi_session *prototype;
static struct envoi_pool *pool;
static struct envoi_message *messages[MESSAGES_MAX];
static size_t message_count, done, sent;
static size_t route;
static int64_t begun;

static void take_done(void *ctx, struct envoi_message *message, int result, const char *error)
{
    (void)ctx;
    (void)message;
    cr_assert(result == ENVOI_OK || *error);
    done++;
    sent += result == ENVOI_OK;
}

static void use_account(struct provider_account *account)
{
    cr_assert_eq(envoi_session_set_dial(prototype, provider_dial, account), ENVOI_OK);
}

static void begin(struct provider_rules rules)
{
    provider_reset();
    provider = (struct provider){.rules = rules};
    message_count = done = sent = 0;
    begun = provider_now();
    cr_assert_eq(envoi_library_new(&library), ENVOI_OK);
    cr_assert_eq(envoi_session_new(library, &prototype), ENVOI_OK);
    cr_assert_eq(envoi_session_set_tls(prototype, ENVOI_TLS_OFF), ENVOI_OK);
    cr_assert_eq(envoi_pool_new(library, &pool), ENVOI_OK);
    cr_assert_eq(envoi_pool_set_watch(pool, provider_watch, NULL), ENVOI_OK);
    use_account(&accounts[0]);
    cr_assert_eq(envoi_pool_add_route(pool, prototype, "smtp.example:587", &route), ENVOI_OK);
}

static struct envoi_message *submit_with(const char *subject, size_t recipients, int priority)
{
    struct envoi_message *m = NULL;
    static char contents[MESSAGES_MAX][64];
    char *content = contents[message_count], to[64];

    cr_assert_lt(message_count, MESSAGES_MAX);
    cr_assert_eq(envoi_message_new("me@example.org", &m), ENVOI_OK);
    (void)snprintf(content, sizeof contents[0], "Subject: %s\r\n\r\nHello.\r\n", subject);
    for (size_t i = 0; i < recipients; i++) {
        (void)snprintf(to, sizeof to, "r%zu@example.net", i);
        cr_assert_eq(envoi_message_add_recipient(m, to), ENVOI_OK);
    }
    cr_assert_eq(envoi_message_set_data(m, content, strlen(content)), ENVOI_OK);
    cr_assert_eq(envoi_pool_submit_with(pool, route, m, priority, take_done, NULL), ENVOI_OK);
    messages[message_count++] = m;
    return m;
}

static void submit(size_t count)
{
    while (count--)
        (void)submit_with("x", 1, ENVOI_POOL_NORMAL);
}

static struct envoi_pool_telemetry telemetry(void)
{
    struct envoi_pool_telemetry t = {.struct_size = sizeof t};

    cr_assert_eq(envoi_pool_telemetry(pool, &t, NULL), ENVOI_OK);
    return t;
}

/* Works until all is done. Returns how long that took by the test's clock, up to the last accepted message. */
static int64_t run(void)
{
    int64_t from = provider_now();

    cr_assert_eq(envoi_pool_drain(pool), ENVOI_OK);
    cr_assert(provider_run(pool, FOREVER));
    cr_assert_eq(done + telemetry().cancelled, message_count);
    return provider.accepted ? provider.log[provider.accepted - 1].at - from : 0;
}

static void end(void)
{
    envoi_pool_free(pool);
    envoi_session_free(prototype);
    envoi_library_free(library);
    for (size_t i = 0; i < message_count; i++)
        envoi_message_free(messages[i]);
    provider_reset();
}

/* ---- token buckets ---- */

Test(pool_throttle, bucket)
{
    struct pool_bucket b;

    rate_set(&b, 0, 3, 1000, 2);
    cr_expect_eq(rate_wait(&b, 0, 1), 0);
    rate_take(&b, 0, 1);
    cr_expect_eq(rate_wait(&b, 0, 1), 0);
    rate_take(&b, 0, 1);
    cr_expect_eq(rate_wait(&b, 0, 1), 334);
    cr_expect_eq(rate_wait(&b, 333, 1), 1);
    cr_expect_eq(rate_wait(&b, 334, 1), 0);
    rate_take(&b, 334, 1);
    cr_expect_eq(rate_wait(&b, 334, 1), 333, "nothing is lost by rounding");
    cr_expect_eq(rate_wait(&b, 1000000, 2), 0);
    cr_expect_eq(rate_wait(&b, 1000000, 100), 0, "a full bucket is enough");
    rate_take(&b, 1000000, 100);
    cr_expect_eq(rate_wait(&b, 1000000, 1), 33000, "and the rest is owed");
    rate_set(&b, 0, 1000000000, 1, 1000000000);
    rate_take(&b, 0, 1000000000);
    cr_expect_eq(rate_wait(&b, INT64_MAX / 2, 1000000000), 0, "no overflow");
    rate_set(&b, 5, 0, 1000, 1);
    cr_expect_eq(rate_wait(&b, 5, 1000), 0, "no limit");
}

Test(pool_throttle, words)
{
    static const struct {
        int code;
        bool told;
        const char *enhanced, *text;
    } cases[] = {
        {421, true, "4.7.0", "try again later, closing connection"},
        {421, true, "4.3.2", "the maximum number of concurrent connections has exceeded a limit"},
        {432, true, "4.3.2", "STOREDRV.ClientSubmit; sender thread limit exceeded"},
        {450, true, "4.7.1", "slow"},
        {451, true, "4.7.650", "rate limited"},
        {454, true, "4.7.0", "too many"},
        {454, true, "", "Throttling failure: Maximum sending rate exceeded."},
        {454, false, "", "TLS not available"},
        {451, false, "4.3.0", "local error"},
        {450, false, "4.2.1", "the user is receiving mail too quickly"},
        {452, false, "4.5.3", "too many recipients"},
        {550, false, "5.7.1", "spam"},
        {421, false, "", "closing"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        cr_expect_eq(throttle_is_told(cases[i].code, cases[i].enhanced, cases[i].text), cases[i].told, "%d %s %s",
                     cases[i].code, cases[i].enhanced, cases[i].text);
}

/* ---- rates that are set ---- */

/* As Amazon SES gives them: 14 a second. The server never has to say it. */
Test(pool_throttle, messages_a_second)
{
    int64_t took;

    begin((struct provider_rules){.messages = 14, .window = SECOND, .too_fast = "454 Throttling failure"});
    cr_assert_eq(envoi_pool_set_rate(pool, route, ENVOI_POOL_RATE_MESSAGES, 13, SECOND, 1), ENVOI_OK);
    submit(200);
    took = run();
    cr_expect_eq(sent, 200u);
    cr_expect_eq(provider.refused, 0u);
    cr_expect_leq(provider_burst(&provider, SECOND), 14u);
    cr_expect(took >= 199 * SECOND / 13 && took < 17 * SECOND, "%lld ms", (long long)took);
    cr_expect_eq(telemetry().throttled, 0u);
    end();
}

Test(pool_throttle, burst)
{
    begin((struct provider_rules){0});
    cr_assert_eq(envoi_pool_set_rate(pool, route, ENVOI_POOL_RATE_MESSAGES, 1, SECOND, 10), ENVOI_OK);
    submit(15);
    cr_expect_eq(run(), 5 * SECOND);
    cr_expect_eq(provider.log[9].at, begun, "ten at once");
    cr_expect_eq(provider.log[10].at, begun + SECOND);
    end();
}

Test(pool_throttle, recipients)
{
    begin((struct provider_rules){0});
    cr_assert_eq(envoi_pool_set_rate(pool, route, ENVOI_POOL_RATE_RECIPIENTS, 10, SECOND, 10), ENVOI_OK);
    for (int i = 0; i < 5; i++)
        (void)submit_with("x", 20, ENVOI_POOL_NORMAL);
    cr_expect_eq(run(), 8 * SECOND, "the debt of one is paid before the next");
    cr_expect_eq(sent, 5u);
    end();
}

Test(pool_throttle, connections)
{
    begin((struct provider_rules){.takes = 10 * SECOND});
    cr_assert_eq(envoi_pool_set_rate(pool, route, ENVOI_POOL_RATE_CONNECTIONS, 1, 3 * SECOND, 1), ENVOI_OK);
    cr_assert_eq(envoi_pool_set_limit(pool, ENVOI_POOL_IN_FLIGHT, 1), ENVOI_OK);
    submit(4);
    cr_expect_eq(run(), 19 * SECOND, "the fourth connection is begun at the ninth second");
    cr_expect_eq(provider.connections, 4u);
    end();
}

Test(pool_throttle, pause)
{
    begin((struct provider_rules){0});
    cr_assert_eq(envoi_pool_set_limit(pool, ENVOI_POOL_CONNECTIONS, 1), ENVOI_OK);
    cr_assert_eq(envoi_pool_set_limit(pool, ENVOI_POOL_PAUSE_MS, 2 * SECOND), ENVOI_OK);
    submit(5);
    cr_expect_eq(run(), 8 * SECOND);
    cr_expect_eq(provider.connections, 1u);
    end();
}

Test(pool_throttle, recipients_of_a_connection)
{
    begin((struct provider_rules){0});
    cr_assert_eq(envoi_pool_set_limit(pool, ENVOI_POOL_CONNECTIONS, 1), ENVOI_OK);
    cr_assert_eq(envoi_pool_set_limit(pool, ENVOI_POOL_RECIPIENTS, 6), ENVOI_OK);
    for (int i = 0; i < 6; i++)
        (void)submit_with("x", 3, ENVOI_POOL_NORMAL);
    (void)run();
    cr_expect_eq(provider.connections, 3u);
    end();
}

Test(pool_throttle, usage)
{
    static const struct {
        size_t route;
        int rate;
        int64_t count, period, burst;
    } bad[] = {{1, 0, 1, 1, 1}, {0, -1, 1, 1, 1}, {0, ENVOI_POOL_RATES, 1, 1, 1},   {0, 0, -1, 1, 1},
               {0, 0, 1, 0, 1}, {0, 0, 1, 1, 0},  {0, 0, INT64_C(1000000001), 1, 1}};
    struct envoi_pool_telemetry none = {0};

    begin((struct provider_rules){0});
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_expect_eq(envoi_pool_set_rate(pool, bad[i].route, bad[i].rate, bad[i].count, bad[i].period, bad[i].burst),
                     ENVOI_E_USAGE, "%zu", i);
    cr_expect_eq(envoi_pool_set_rate(NULL, 0, 0, 1, 1, 1), ENVOI_E_USAGE);
    cr_expect_eq(envoi_pool_set_limit(pool, ENVOI_POOL_PAUSE_MS, -1), ENVOI_E_USAGE);
    cr_expect_eq(envoi_pool_set_limit(pool, ENVOI_POOL_PAUSE_MS, 0), ENVOI_OK);
    cr_expect_eq(envoi_pool_set_limit(pool, ENVOI_POOL_TRIES, 0), ENVOI_E_USAGE);
    cr_expect_eq(envoi_pool_add_account(pool, 1, prototype, "a", 1), ENVOI_E_USAGE);
    cr_expect_eq(envoi_pool_add_account(pool, 0, prototype, "", 1), ENVOI_E_USAGE);
    cr_expect_eq(envoi_pool_add_account(pool, 0, prototype, "a", 0), ENVOI_E_USAGE);
    cr_expect_eq(envoi_pool_add_account(pool, 0, NULL, "a", 1), ENVOI_E_USAGE);
    cr_expect_eq(envoi_pool_telemetry(NULL, NULL, NULL), ENVOI_E_USAGE);
    cr_expect_eq(envoi_pool_telemetry(pool, &none, NULL), ENVOI_E_USAGE, "no struct_size");
    cr_expect_eq(envoi_pool_cancel(pool, NULL), ENVOI_E_USAGE);
    submit(1);
    cr_expect_eq(envoi_pool_submit_with(pool, 0, messages[0], 3, NULL, NULL), ENVOI_E_BUSY);
    cr_expect_eq(envoi_pool_add_account(pool, 0, prototype, "a", 1), ENVOI_E_BUSY);
    (void)run();
    end();
}

/* ---- providers that say it ---- */

/* Amazon SES: 14 a second, said behind the content. No message is lost to it. */
Test(pool_throttle, like_ses)
{
    int64_t took;

    begin((struct provider_rules){.messages = 14,
                                  .window = SECOND,
                                  .behind_content = true,
                                  .too_fast = "454 Throttling failure: Maximum sending rate exceeded."});
    cr_assert_eq(envoi_pool_set_limit(pool, ENVOI_POOL_IN_FLIGHT, 2), ENVOI_OK);
    submit(300);
    took = run();
    cr_expect_eq(sent, 300u);
    cr_expect_eq(telemetry().again, provider.refused);
    cr_expect_gt(telemetry().throttled, 0u);
    cr_expect_lt(provider.refused, 60u, "%zu were refused", provider.refused);
    cr_expect_lt(took, 2 * MINUTE, "%lld ms", (long long)took);
    end();
}

/* Office 365: 30 a minute, said to MAIL. */
Test(pool_throttle, like_office_365)
{
    int64_t took;

    begin((struct provider_rules){
        .messages = 30, .window = MINUTE, .too_fast = "432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded"});
    cr_assert_eq(envoi_pool_set_limit(pool, ENVOI_POOL_IN_FLIGHT, 1), ENVOI_OK);
    submit(150);
    took = run();
    cr_expect_eq(sent, 150u);
    cr_expect_lt(provider.refused, 80u, "%zu were refused", provider.refused);
    cr_expect(took >= 4 * MINUTE && took < 10 * MINUTE, "%lld ms", (long long)took);
    end();
}

/* Gmail: closes the connection with 421 4.7.0. Of all messages that were under way, one was told. */
Test(pool_throttle, like_gmail)
{
    begin((struct provider_rules){.messages = 20,
                                  .window = 10 * SECOND,
                                  .hangs_up = true,
                                  .too_fast = "421 4.7.0 Try again later, closing connection."});
    submit(100);
    (void)run();
    cr_expect_eq(sent, 100u);
    cr_expect_lt(provider.refused, 40u, "%zu were refused", provider.refused);
    end();
}

/* A greeting of 421 beyond two connections: two are used, and a third is tried less and less often. */
Test(pool_throttle, two_connections)
{
    begin((struct provider_rules){.connections = 2, .takes = SECOND});
    cr_assert_eq(envoi_pool_set_limit(pool, ENVOI_POOL_IN_FLIGHT, 1), ENVOI_OK);
    submit(200);
    (void)run();
    cr_expect_eq(sent, 200u);
    cr_expect_eq(provider.most_at_once, 2u);
    cr_expect_geq(provider.turned_away, 1u);
    cr_expect_leq(provider.turned_away, 12u, "%zu were turned away", provider.turned_away);
    cr_expect_eq(telemetry().again, 0u, "no try is counted");
    end();
}

/* It never ends: each message has its tries, and then its verdict. */
Test(pool_throttle, never_slow_enough)
{
    begin((struct provider_rules){.always = true, .too_fast = "451 4.7.1 too fast"});
    cr_assert_eq(envoi_pool_set_limit(pool, ENVOI_POOL_TRIES, 3), ENVOI_OK);
    submit(4);
    (void)run();
    cr_expect_eq(sent, 0u);
    cr_expect_eq(provider.refused, 12u);
    cr_expect_eq(envoi_message_verdict(messages[3], 0), ENVOI_VERDICT_DEFERRED);
    cr_expect_eq(envoi_message_verdict_code(messages[3], 0), 451);
    cr_expect_eq(telemetry().results[ENVOI_RESULT_REFUSED], 4u);
    cr_expect_geq(provider_now() - begun, 12 * SECOND, "the pauses grow");
    end();
}

/* ... or its age, if that is less. */
Test(pool_throttle, too_old)
{
    begin((struct provider_rules){.always = true, .too_fast = "451 4.7.1 too fast"});
    cr_assert_eq(envoi_pool_set_limit(pool, ENVOI_POOL_TRIES, 1000), ENVOI_OK);
    cr_assert_eq(envoi_pool_set_limit(pool, ENVOI_POOL_LIFETIME_MS, 10 * SECOND), ENVOI_OK);
    submit(1);
    (void)run();
    cr_expect_eq(provider.refused, 5u, "at 0, 1, 3, 7 and 15 seconds");
    cr_expect_eq(envoi_message_verdict(messages[0], 0), ENVOI_VERDICT_DEFERRED);
    end();
}

/* After the storm the route is as fast as before. */
Test(pool_throttle, recovers)
{
    struct provider_rules *rules = &provider.rules;

    begin((struct provider_rules){.always = true, .too_fast = "450 4.7.1 too fast"});
    cr_assert_eq(envoi_pool_set_limit(pool, ENVOI_POOL_CONNECTIONS, 8), ENVOI_OK);
    cr_assert_eq(envoi_pool_set_limit(pool, ENVOI_POOL_TRIES, 1000), ENVOI_OK);
    cr_assert_eq(envoi_pool_set_limit(pool, ENVOI_POOL_IN_FLIGHT, 1), ENVOI_OK);
    submit(600);
    cr_assert_not(provider_run(pool, begun + 20 * SECOND));
    cr_expect_gt(provider.refused, 0u);
    rules->always = false;
    rules->takes = 50;
    (void)run();
    cr_expect_eq(sent, 600u);
    cr_expect_eq(provider.log[599].at / SECOND, provider.log[520].at / SECOND, "no pause is left");
    cr_expect_geq(provider.most_at_once, 8u);
    end();
}

/* ---- accounts ---- */

static size_t accepted_of(unsigned account)
{
    size_t count = 0;

    for (size_t i = 0; i < provider.accepted; i++)
        count += provider.log[i].account == account;
    return count;
}

Test(pool_throttle, weights)
{
    begin((struct provider_rules){.takes = SECOND});
    use_account(&accounts[1]);
    cr_assert_eq(envoi_pool_add_account(pool, route, prototype, "other.example", 3 * ENVOI_POOL_WEIGHT), ENVOI_OK);
    cr_assert_eq(envoi_pool_set_limit(pool, ENVOI_POOL_IN_FLIGHT, 1), ENVOI_OK);
    submit(80);
    (void)run();
    cr_expect_eq(sent, 80u);
    cr_expect_eq(accepted_of(0), 20u, "%zu", accepted_of(0));
    cr_expect_eq(accepted_of(1), 60u);
    end();
}

/* An account that cannot log in is left out; the messages go over the other one. */
Test(pool_throttle, an_account_is_refused)
{
    static struct provider other;
    static struct provider_account bad = {&other, 1};

    begin((struct provider_rules){0});
    other = (struct provider){.rules = {.refuses_login = true}};
    cr_assert_eq(envoi_library_add_plugin(library, envoi_plugin_plain(), "kind: auth\nprovides: PLAIN\n"), ENVOI_OK);
    use_account(&bad);
    envoi_session_set_password(prototype, "me", "wrong");
    envoi_session_allow_cleartext_auth(prototype, 1);
    cr_assert_eq(envoi_pool_add_account(pool, route, prototype, "other.example", 1000), ENVOI_OK);
    submit(30);
    (void)run();
    cr_expect_eq(sent, 30u);
    cr_expect_eq(accepted_of(0), 30u);
    cr_expect_eq(other.connections, 1u, "its login was tried once");
    end();
}

/* ---- priorities, and taking back ---- */

Test(pool_throttle, priorities)
{
    static const char *const order[] = {"urgent", "urgent", "normal", "bulk", "bulk"};

    begin((struct provider_rules){0});
    cr_assert_eq(envoi_pool_set_rate(pool, route, ENVOI_POOL_RATE_MESSAGES, 1, SECOND, 1), ENVOI_OK);
    (void)submit_with("bulk", 1, ENVOI_POOL_BULK);
    (void)submit_with("urgent", 1, ENVOI_POOL_URGENT);
    (void)submit_with("normal", 1, ENVOI_POOL_NORMAL);
    (void)submit_with("bulk", 1, ENVOI_POOL_BULK);
    (void)submit_with("urgent", 1, ENVOI_POOL_URGENT);
    (void)run();
    for (size_t i = 0; i < 5; i++)
        cr_expect_str_eq(provider.log[i].subject, order[i], "%zu", i);
    end();
}

/* A message that was told "too fast" keeps its place behind a more urgent one. */
Test(pool_throttle, cancel)
{
    struct envoi_pool_telemetry t;

    begin((struct provider_rules){.takes = SECOND});
    cr_assert_eq(envoi_pool_set_limit(pool, ENVOI_POOL_CONNECTIONS, 1), ENVOI_OK);
    cr_assert_eq(envoi_pool_set_limit(pool, ENVOI_POOL_IN_FLIGHT, 1), ENVOI_OK);
    submit(3);
    cr_assert_not(provider_run(pool, begun + 500));
    cr_expect_eq(envoi_pool_cancel(pool, messages[0]), ENVOI_E_BUSY, "it is on a connection");
    cr_expect_eq(envoi_pool_cancel(pool, messages[1]), ENVOI_OK);
    cr_expect_eq(envoi_pool_cancel(pool, messages[1]), ENVOI_E_USAGE, "it is not in the pool any more");
    cr_expect_eq(envoi_message_result(messages[1]), ENVOI_RESULT_NOT_SENT);
    cr_expect_str_eq(envoi_message_verdict_reason(messages[1], 0), "the message was taken back");
    cr_expect_eq(envoi_message_set_require_all(messages[1], 1), ENVOI_OK, "it is the application's");
    cr_expect_eq(envoi_pool_pending(pool), 2u);
    (void)run();
    cr_expect_eq(done, 2u);
    t = telemetry();
    cr_expect_eq(t.submitted, 3u);
    cr_expect_eq(t.cancelled, 1u);
    cr_expect_eq(t.results[ENVOI_RESULT_SENT], 2u);
    end();
}

/* Between two tries, too: the verdict that it has stays. */
Test(pool_throttle, cancel_between_tries)
{
    begin((struct provider_rules){.always = true, .too_fast = "451 4.7.1 too fast"});
    submit(1);
    cr_assert_not(provider_run(pool, begun + 500));
    cr_expect_eq(envoi_pool_cancel(pool, messages[0]), ENVOI_OK);
    cr_expect_eq(envoi_message_verdict(messages[0], 0), ENVOI_VERDICT_DEFERRED);
    cr_expect_eq(envoi_message_result(messages[0]), ENVOI_RESULT_REFUSED);
    (void)run();
    cr_expect_eq(done, 0u);
    end();
}

/* ---- telemetry ---- */

Test(pool_throttle, numbers)
{
    struct envoi_telemetry wire = {.struct_size = sizeof wire};
    struct envoi_pool_telemetry t;

    begin((struct provider_rules){.takes = SECOND});
    cr_assert_eq(envoi_pool_set_limit(pool, ENVOI_POOL_CONNECTIONS, 1), ENVOI_OK);
    cr_assert_eq(envoi_pool_set_limit(pool, ENVOI_POOL_IN_FLIGHT, 1), ENVOI_OK);
    submit(3);
    cr_assert_not(provider_run(pool, begun + 1500));
    t = telemetry();
    cr_expect_eq(t.waiting, 1u);
    cr_expect_eq(t.in_flight, 1u);
    (void)run();
    t = telemetry();
    cr_expect_eq(t.waiting + t.in_flight, 0u);
    cr_expect_eq(t.transactions, 3u);
    cr_expect_eq(t.connections, 1u);
    cr_expect_eq(t.queue_ms, 3000u, "0, 1 and 2 seconds");
    cr_assert_eq(envoi_pool_telemetry(pool, NULL, &wire), ENVOI_OK);
    cr_expect_eq(wire.connections, 1u);
    cr_expect_eq(wire.transactions, 3u);
    cr_expect_eq(wire.phase_ms[ENVOI_PHASE_FINAL], 3000u);
    cr_expect_eq(wire.phase_ms[ENVOI_PHASE_NONE], 0u);
    cr_expect_gt(wire.octets_sent, 200u);
    cr_expect_gt(wire.octets_received, 100u);
    cr_expect_geq(wire.replies, 3u * 4 + 2);
    end();
}

/* A caller that was built with a shorter struct gets no more than that. */
Test(pool_throttle, older_callers)
{
    union {
        struct envoi_pool_telemetry t;
        uint64_t words[sizeof(struct envoi_pool_telemetry) / 8];
    } old = {.t = {.struct_size = sizeof(size_t) + 3 * sizeof(uint64_t), .cancelled = 99}};

    begin((struct provider_rules){0});
    submit(2);
    cr_assert_eq(envoi_pool_telemetry(pool, &old.t, NULL), ENVOI_OK);
    cr_expect_eq(old.t.submitted, 2u);
    cr_expect_eq(old.t.cancelled, 99u);
    (void)run();
    end();
}

/* SPDX-License-Identifier: MIT */
/* A server that takes the content octet by octet does not hold us for ever: the deadline of the content is put off by
 * 10 ms for each octet. */
#include "engine/engine.h"

#include <criterion/criterion.h>
#include <envoi/error.h>
#include <envoi/message.h>
#include <string.h>

#define SIZE ((size_t)1 << 20)

static struct settings settings;
static struct envoi_errctx fault;
static struct engine *engine;
static struct envoi_message *message;
static int64_t now;

/* The first len octets of the output leave. False: there is no output. */
static bool take(size_t len)
{
    struct iovec pieces[64];
    size_t count = engine_drain(engine, pieces, 64), total = 0;

    for (size_t i = 0; i < count; i++)
        total += pieces[i].iov_len;
    if (count)
        engine_drained(engine, total < len ? total : len);
    return count > 0;
}

static void say(const char *text)
{
    while (take(SIZE))
        ;
    engine_feed(engine, text, strlen(text));
}

/* Until the content begins to leave. */
static void begin(int64_t limit)
{
    static char content[SIZE];
    const struct engine_env env = {.settings = &settings, .fault = &fault};
    const struct engine_peer peer = {.host = "mx.example", .tls = ENVOI_TLS_OFF, .helo_name = "client.example"};

    memset(content, 'x', sizeof content);
    for (size_t i = 70; i < sizeof content; i += 72)
        memcpy(content + i, "\r\n", 2);
    now = 1000;
    settings_init(&settings);
    cr_assert_eq(settings_set_timeout(&settings, ENVOI_PHASE_CONTENT, limit), ENVOI_OK);
    cr_assert_eq(engine_new(&env, &engine), ENVOI_OK);
    engine_tick(engine, now);
    cr_assert_eq(engine_connect(engine, &peer), ENVOI_E_AGAIN);
    say("220 hi\r\n");
    cr_assert_eq(envoi_message_new("me@example.org", &message), ENVOI_OK);
    cr_assert_eq(envoi_message_add_recipient(message, "you@example.net"), ENVOI_OK);
    cr_assert_eq(envoi_message_set_data(message, content, sizeof content), ENVOI_OK);
    cr_assert_eq(engine_send(engine, message), ENVOI_E_AGAIN);
    engine_go(engine);
    say("250 hi\r\n");
    say("250 sender ok\r\n");
    say("250 recipient ok\r\n");
    say("354 go\r\n");
}

static void end(void)
{
    engine_free(engine);
    envoi_message_free(message);
    settings_free(&settings);
}

/* Every `pause` milliseconds so many octets leave. How long it lasts until a failure, or until all is sent. */
static int64_t last(size_t octets, int64_t pause)
{
    int64_t began = now;

    for (int i = 0; engine_alive(engine) && take(octets); i++) {
        cr_assert_lt(i, 2000000);
        now += pause;
        engine_tick(engine, now);
    }
    return now - began;
}

TestSuite(rate, .timeout = 20);

/* faults: S13 */
Test(rate, octet_by_octet)
{
    static const struct {
        size_t octets;
        int64_t pause;
    } rows[] = {{1, 1000}, {1, 179000}, {1, 20}, {10, 5000}, {50, 1000}, {70, 1000}};

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t took;

        begin(0);
        took = last(rows[i].octets, rows[i].pause);
        cr_expect_eq(engine_result(engine), ENVOI_E_TIMEOUT, "%zu: %s", i, fault.text);
        cr_expect_eq(fault.phase, ENVOI_PHASE_CONTENT);
        cr_expect_not_null(strstr(fault.text, "too slowly"), "%s", fault.text);
        cr_expect_leq(took, 180000 * 100, "%zu: %lld ms", i, (long long)took);
        cr_expect_eq(envoi_message_verdict(message, 0), ENVOI_VERDICT_NOT_ATTEMPTED);
        end();
    }
}

/* Slow, but not so slow: a line of 1200 octets a second, and one that stands still for two minutes now and then. */
Test(rate, a_slow_line)
{
    static const struct {
        size_t octets;
        int64_t pause;
    } rows[] = {{1200, 1000}, {150, 1000}, {64000, 120000}, {1, 5}};

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        begin(0);
        (void)last(rows[i].octets, rows[i].pause);
        cr_expect(engine_alive(engine), "%zu: %s", i, fault.text);
        end();
    }
}

Test(rate, no_deadline_no_rate)
{
    begin(ENVOI_TIMEOUT_NEVER);
    (void)last(1, 1000);
    cr_expect(engine_alive(engine), "%s", fault.text);
    end();
}

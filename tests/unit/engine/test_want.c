/* SPDX-License-Identifier: MIT */
/* One allocation fails, and memory is there again: the engine goes on, or the next connection works as ever. */
#include "../../support/blocks.h"
#include "engine/engine.h"
#include "engine/state.h"
#include "message/message.h"

#include <criterion/criterion.h>
#include <envoi/error.h>
#include <envoi/message.h>
#include <string.h>

#define SENDER_LEN 245 /* so that MAIL does not fit into the smallest buffer */

static struct settings settings;
static struct envoi_errctx fault;
static struct engine *engine;

static void want_begin(void)
{
    const struct engine_env env = {.settings = &settings, .fault = &fault};

    blocks_install();
    settings_init(&settings);
    cr_assert_eq(engine_new(&env, &engine), ENVOI_OK);
}

static void want_end(void)
{
    engine_free(engine);
    settings_free(&settings);
    cr_expect_eq(blocks_alive(), 0u);
}

TestSuite(want, .init = want_begin, .fini = want_end, .timeout = 10);

static void drain(void)
{
    struct iovec pieces[8];
    size_t n;

    while ((n = engine_drain(engine, pieces, 8))) {
        size_t len = 0;

        for (size_t i = 0; i < n; i++)
            len += pieces[i].iov_len;
        engine_drained(engine, len);
    }
}

static void feed(const char *text)
{
    engine_feed(engine, text, strlen(text));
    drain();
}

static void connect_engine(void)
{
    const struct engine_peer peer = {.host = "mx.example", .tls = ENVOI_TLS_OFF, .helo_name = "client.example"};

    engine_close(engine);
    cr_assert_eq(engine_connect(engine, &peer), ENVOI_E_AGAIN);
    drain();
}

static void greet(void)
{
    connect_engine();
    feed("220 h");
    feed("i\r\n");
    cr_expect_eq(engine_result(engine), ENVOI_OK, "%s", fault.text);
    cr_expect(engine_alive(engine));
}

Test(want, half_a_reply_without_memory_ends_one_connection)
{
    connect_engine();
    blocks_fail(1, false);
    feed("220 h");
    blocks_fail(0, false);
    cr_expect_eq(engine_result(engine), ENVOI_E_MEMORY);
    cr_expect_not(engine_alive(engine));
    greet();
}

Test(want, a_whole_reply_is_tried_twice)
{
    connect_engine();
    blocks_fail(1, false);
    feed("220 hi\r\n");
    blocks_fail(0, false);
    cr_expect_eq(engine_result(engine), ENVOI_OK, "%s", fault.text);
    cr_expect(engine_alive(engine));
}

/* MAIL is the first command that may need a larger buffer, and the message is refused for its size as well. */
static bool send_too_much(size_t nth)
{
    static const char body[1000];
    char sender[SENDER_LEN + 1];
    struct envoi_message *m;
    bool failed;
    int rc;

    memset(sender, 'a', SENDER_LEN);
    for (size_t i = 64; i < SENDER_LEN - 1; i += 60)
        sender[i] = i == 64 ? '@' : '.';
    sender[SENDER_LEN] = '\0';
    cr_assert_eq(envoi_message_new(sender, &m), ENVOI_OK);
    cr_assert_eq(envoi_message_add_recipient(m, "you@example.net"), ENVOI_OK);
    cr_assert_eq(envoi_message_set_data(m, body, sizeof body), ENVOI_OK);
    greet();
    engine_hello_if_needed(engine);
    drain();
    feed("250-mx\r\n250 SIZE 100\r\n");
    blocks_fail(nth, false);
    rc = engine_send(engine, m);
    failed = blocks_asked() >= nth;
    blocks_fail(0, false);
    if (engine_alive(engine))
        cr_expect_eq(buf_failed(&engine->output.text), ENVOI_OK, "request %zu", nth);
    else
        cr_expect_eq(rc, ENVOI_E_MEMORY, "request %zu: %s", nth, fault.text);
    envoi_message_free(m);
    return failed;
}

Test(want, no_command_goes_out_in_part)
{
    size_t nth = 1;

    while (nth < 100 && send_too_much(nth)) {
        engine_shrink(engine, true);
        nth++;
    }
    cr_expect(nth > 1 && nth < 100, "%zu requests", nth);
}

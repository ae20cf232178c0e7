/* SPDX-License-Identifier: MIT */
/* The engine over TLS (fake_tls): how many records a transaction takes, and from which octet on its content has
 * left. */
#include "../../support/fake_tls.h"
#include "engine/engine.h"
#include "engine/state.h"
#include "message/message.h"
#include "plugin/host.h"

#include <criterion/criterion.h>
#include <envoi/error.h>
#include <envoi/message.h>
#include <stdio.h>
#include <string.h>

#define RECORD_MAX 4096 /* of fake_tls */
#define HEAD       3

static struct settings settings;
static struct envoi_errctx fault;
static struct engine *engine;
static struct host host;
static struct host_log quiet;
static void *state, *context;
static const struct envoi_transport *transport;
static struct bytes wire;       /* what the server got */
static char content[64 * 4700]; /* lines of 64 octets */

static void records_begin(void)
{
    const struct engine_env env = {.settings = &settings, .fault = &fault};
    const struct envoi_tls_config config = {.struct_size = sizeof config};

    settings_init(&settings);
    settings.chunk_size = sizeof content;
    host_init(&host, &quiet, "fake");
    transport = envoi_plugin_fake()->transports[0];
    cr_assert_eq(envoi_plugin_fake()->init(&host.api, &state), ENVOI_OK);
    cr_assert_eq(transport->ctx_new(state, &config, &fault, &context), ENVOI_OK);
    cr_assert_eq(engine_new(&env, &engine), ENVOI_OK);
    for (size_t i = 0; i < sizeof content; i++)
        content[i] = i % 64 == 62 ? '\r' : i % 64 == 63 ? '\n' : (char)('a' + i % 23);
}

static void records_end(void)
{
    engine_free(engine);
    transport->ctx_free(context);
    envoi_plugin_fake()->fini(state);
    settings_free(&settings);
    bytes_free(&wire);
}

TestSuite(records, .init = records_begin, .fini = records_end, .timeout = 60);

/* The wire takes up to `most` octets, a step at a time. */
static void drain(size_t most, size_t step)
{
    struct iovec piece;

    while (most && engine_drain(engine, &piece, 1)) {
        size_t len = piece.iov_len;

        len = len < step ? len : step;
        len = len < most ? len : most;
        bytes_add(&wire, piece.iov_base, len);
        most -= len;
        engine_drained(engine, len);
    }
}

static void feed_record(char type, const char *text)
{
    struct bytes record = {0};

    fake_tls_put(&record, type, text, strlen(text));
    engine_feed(engine, record.data, record.len);
    bytes_free(&record);
}

/* A connection on which BDAT and the window are proved, so that a transaction needs no wait. */
static void greet(void)
{
    const struct engine_peer peer = {.host = "mx.example", .tls = ENVOI_TLS_OFF, .helo_name = "client.example"};
    struct envoi_conn_params params = {.struct_size = sizeof params, .server_name = "mx.example", .errctx = &fault};
    struct bytes hello = {0};

    engine_close(engine);
    cr_assert_eq(engine_connect(engine, &peer), ENVOI_E_AGAIN);
    engine_feed(engine, "220 hi\r\n", 8);
    cr_assert_eq(stack_add_tls(&engine->stack, transport, context, &params), ENVOI_OK);
    cr_assert_eq(stack_handshake(&engine->stack), ENVOI_E_AGAIN);
    drain(SIZE_MAX, SIZE_MAX);
    fake_tls_put(&hello, FAKE_TLS_HELLO, "trusted", 7);
    cr_assert_eq(stack_feed(&engine->stack, hello.data, hello.len), ENVOI_OK);
    bytes_free(&hello);
    cr_assert_eq(stack_handshake(&engine->stack), ENVOI_OK);
    engine_hello_if_needed(engine);
    drain(SIZE_MAX, SIZE_MAX);
    feed_record(FAKE_TLS_DATA, "250-mx\r\n250-PIPELINING\r\n250 CHUNKING\r\n");
    cr_assert_eq(engine_result(engine), ENVOI_OK, "%s", fault.text);
    engine->window = ENGINE_WINDOW_OPEN;
    engine->proof = ENGINE_PROOF_PASSED;
    bytes_clear(&wire);
}

static struct envoi_message *message_of(size_t len)
{
    struct envoi_message *m;

    cr_assert_eq(envoi_message_new("me@example.org", &m), ENVOI_OK);
    cr_assert_eq(envoi_message_add_recipient(m, "you@example.net"), ENVOI_OK);
    cr_assert_eq(envoi_message_set_data(m, content, len), ENVOI_OK);
    return m;
}

/* Takes the records off the wire; returns how many they were. */
static size_t open_records(struct bytes *plain)
{
    size_t count = 0;
    char type;

    while (fake_tls_take(&wire, &type, plain) == 1) {
        cr_assert_eq(type, FAKE_TLS_DATA);
        count++;
    }
    cr_assert_eq(wire.len, 0);
    return count;
}

static void expect_transactions(struct bytes *plain, size_t count, size_t len)
{
    static char want[700000];
    size_t at = 0;

    for (size_t i = 0; i < count; i++) {
        at += (size_t)snprintf(want + at, sizeof want - at,
                               "%sMAIL FROM:<me@example.org>\r\nRCPT TO:<you@example.net>\r\nBDAT %zu LAST\r\n",
                               i ? "RSET\r\n" : "", len);
        memcpy(want + at, content, len);
        at += len;
    }
    cr_assert_eq(plain->len, at, "%zu octets, not %zu: %.80s", plain->len, at, (char *)plain->data);
    cr_assert_eq(memcmp(plain->data, want, at), 0);
    bytes_free(plain);
}

Test(records, a_message_is_one)
{
    struct bytes plain = {0};
    struct envoi_message *m;

    greet();
    m = message_of(2048);
    cr_assert_eq(engine_send(engine, m), ENVOI_E_AGAIN);
    drain(SIZE_MAX, SIZE_MAX);
    cr_expect_eq(open_records(&plain), 1);
    expect_transactions(&plain, 1, 2048);
    feed_record(FAKE_TLS_DATA, "250 ok\r\n250 ok\r\n250 ok\r\n");
    cr_expect_eq(engine_result(engine), ENVOI_OK, "%s", fault.text);
    engine_close(engine);
    envoi_message_free(m);
}

Test(records, a_queue_fills_them)
{
    struct envoi_message *list[20];
    struct bytes plain = {0};
    size_t octets, count;

    greet();
    for (size_t i = 0; i < 20; i++)
        list[i] = message_of(512);
    cr_assert_eq(engine_send_all(engine, list, 20), ENVOI_E_AGAIN);
    drain(SIZE_MAX, SIZE_MAX);
    count = open_records(&plain);
    octets = plain.len;
    expect_transactions(&plain, 20, 512);
    cr_expect_eq(count, (octets + RECORD_MAX - 1) / RECORD_MAX, "%zu records of %zu octets", count, octets);
    engine_close(engine);
    for (size_t i = 0; i < 20; i++)
        envoi_message_free(list[i]);
}

/* The wire is full in the middle of a record, again and again: fake_tls checks that the same octets come again. */
Test(records, a_slow_wire)
{
    struct bytes plain = {0};
    struct envoi_message *m;

    greet();
    m = message_of(sizeof content);
    cr_assert_eq(engine_send(engine, m), ENVOI_E_AGAIN);
    drain(SIZE_MAX, 1009);
    cr_assert(engine_alive(engine), "%s", fault.text);
    (void)open_records(&plain);
    expect_transactions(&plain, 1, sizeof content);
    engine_close(engine);
    envoi_message_free(m);
}

/* Two messages, the end of the first in the middle of a record. Wherever the connection is cut, the outcome of a
 * message is unknown exactly if the record with the end of its content has left whole. */
Test(records, content_has_left_with_its_record)
{
    size_t ends[2] = {0}, total = HEAD;

    for (size_t cut = 0; cut <= total; cut++) {
        struct envoi_message *list[2];

        greet();
        list[0] = message_of(RECORD_MAX - 256);
        list[1] = message_of(704);
        cr_assert_eq(engine_send_all(engine, list, 2), ENVOI_E_AGAIN);
        if (!ends[1]) { /* two records, both of which hold the end of a message */
            total = stack_held(&engine->stack);
            ends[0] = HEAD + RECORD_MAX;
            ends[1] = total;
            cr_assert(total > ends[0] + HEAD && total < 2 * RECORD_MAX);
        }
        drain(cut, SIZE_MAX);
        engine_lost(engine, 0);
        for (size_t i = 0; i < 2; i++) {
            int got = envoi_message_result(list[i]);

            cr_assert_eq(got == ENVOI_RESULT_UNKNOWN, cut >= ends[i], "message %zu, cut at %zu: %d", i, cut, got);
            envoi_message_free(list[i]);
        }
        bytes_clear(&wire);
    }
}

/* What a busy connection needed is not kept by an idle one. */
Test(records, memory_goes_back)
{
    struct envoi_message *m;

    greet();
    m = message_of(sizeof content);
    cr_assert_eq(engine_send(engine, m), ENVOI_E_AGAIN);
    engine_shrink(engine, false);
    cr_assert_gt(engine->stack.out.len, RECORD_MAX, "octets that wait stay");
    drain(SIZE_MAX, SIZE_MAX);
    feed_record(FAKE_TLS_DATA, "250 ok\r\n250 ok\r\n250 ok\r\n");
    cr_assert_eq(engine_result(engine), ENVOI_OK, "%s", fault.text);
    engine_shrink(engine, false);
    cr_expect_eq(engine->stack.in.cap + engine->stack.out.cap, 0);
    cr_expect_leq(engine->output.text.cap, 2048);
    cr_expect_eq(engine->output.room, OUTPUT_PIECES_MIN);
    engine_close(engine);
    envoi_message_free(m);
}

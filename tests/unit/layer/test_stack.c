/* SPDX-License-Identifier: MIT */
/* The stack with a transport that has no cryptography (fake_tls) and a security layer of a few lines. */
#include "../../support/blocks.h"
#include "../../support/fake_tls.h"
#include "layer/stack.h"
#include "plugin/host.h"

#include <criterion/criterion.h>
#include <string.h>

static struct stack s;
static struct host host;
static struct host_log quiet;
static struct envoi_errctx fault;
static void *state, *context;
static const struct envoi_transport *transport;
static struct bytes wire; /* what the peer got */

static void setup(void)
{
    const struct envoi_plugin *plugin = envoi_plugin_fake();
    const struct envoi_tls_config config = {.struct_size = sizeof config};

    blocks_install();
    host_init(&host, &quiet, "fake");
    transport = plugin->transports[0];
    cr_assert_eq(plugin->init(&host.api, &state), ENVOI_OK);
    cr_assert_eq(transport->ctx_new(state, &config, &fault, &context), ENVOI_OK);
    stack_init(&s, &fault);
}

static void teardown(void)
{
    blocks_fail(0, false);
    stack_clear(&s);
    cr_assert(stack_is_empty(&s));
    transport->ctx_free(context);
    envoi_plugin_fake()->fini(state);
    cr_assert_eq(blocks_alive(), 0, "%zu blocks are left", blocks_alive());
    bytes_free(&wire);
}

TestSuite(stack, .init = setup, .fini = teardown, .timeout = 30);

/* ---- both ends of it ---- */

static void feed(const char *text)
{
    cr_assert_eq(stack_feed(&s, text, strlen(text)), ENVOI_OK);
}

/* A record of the peer's TLS, whole. */
static void feed_record(char type, const void *data, size_t len)
{
    struct bytes record = {0};

    fake_tls_put(&record, type, data, len);
    cr_assert_eq(stack_feed(&s, record.data, record.len), ENVOI_OK);
    bytes_free(&record);
}

/* The wire takes all that waits for it. */
static void drain(void)
{
    bytes_add(&wire, buf_head(&s.out), s.out.len);
    buf_consume(&s.out, s.out.len);
}

static void recv_is(int want, const char *text)
{
    char got[256];
    size_t n = 99;

    cr_assert_eq(stack_recv(&s, got, sizeof got, &n), want);
    cr_assert_eq(n, strlen(text));
    cr_assert_eq(memcmp(got, text, n), 0, "%.*s", (int)n, got);
}

static void send_is(int want, const char *text, size_t taken)
{
    size_t n = 99;

    cr_assert_eq(stack_send(&s, text, strlen(text), &n), want);
    cr_assert_eq(n, taken, "%zu", n);
}

/* What the wire took is one record of the client's, and no more. */
static void wire_has_record(char type, const char *text)
{
    struct bytes payload = {0};
    char is;

    drain();
    cr_assert_eq(fake_tls_take(&wire, &is, &payload), 1, "no record");
    cr_assert_eq(is, type);
    cr_assert_eq(payload.len, strlen(text));
    cr_assert_eq(memcmp(payload.data, text, payload.len), 0);
    cr_assert_eq(wire.len, 0, "and something behind it");
    bytes_free(&payload);
}

static int add_tls(void)
{
    struct envoi_conn_params params = {
        .struct_size = sizeof params, .verify = 1, .server_name = "mx.example", .errctx = &fault};
    int rc = stack_add_tls(&s, transport, context, &params);

    cr_assert(rc == ENVOI_E_PROTOCOL || params.lower == &s.lower);
    return rc;
}

static void shake_hands(void)
{
    cr_assert_eq(add_tls(), ENVOI_OK);
    cr_assert_eq(stack_handshake(&s), ENVOI_E_AGAIN);
    wire_has_record(FAKE_TLS_HELLO, "mx.example");
    feed_record(FAKE_TLS_HELLO, "trusted", 7);
    cr_assert_eq(stack_handshake(&s), ENVOI_OK);
}

/* ---- the wire alone ---- */

Test(stack, without_layers)
{
    cr_assert(stack_is_empty(&s));
    recv_is(ENVOI_E_AGAIN, "");
    feed("one");
    feed("two");
    recv_is(ENVOI_OK, "onetwo");
    recv_is(ENVOI_E_AGAIN, "");
    feed("last");
    stack_end(&s);
    recv_is(ENVOI_OK, "last");
    recv_is(ENVOI_E_EOF, "");
    send_is(ENVOI_OK, "hello", 5);
    cr_assert_eq(stack_held(&s), 5);
    drain();
    cr_assert_str_eq(bytes_text(&wire), "hello");
    cr_assert_eq(stack_held(&s), 0);
}

Test(stack, small_reads)
{
    char got[2];
    size_t n;

    feed("abcde");
    for (const char *want = "abcde"; *want; want += n) {
        cr_assert_eq(stack_recv(&s, got, sizeof got, &n), ENVOI_OK);
        cr_assert(n > 0 && memcmp(got, want, n) == 0);
    }
    recv_is(ENVOI_E_AGAIN, "");
}

/* Memory does not grow when the peer does not read. */
Test(stack, room_for_the_wire)
{
    static const char block[50000];
    size_t n, all = 0;

    while (stack_send(&s, block, sizeof block, &n) == ENVOI_OK) {
        cr_assert_gt(n, 0);
        all += n;
    }
    cr_assert_eq(n, 0);
    cr_assert_eq(all, STACK_OUT_MAX);
    cr_assert_eq(stack_held(&s), STACK_OUT_MAX);
    buf_consume(&s.out, 10);
    cr_assert_eq(stack_send(&s, block, sizeof block, &n), ENVOI_OK);
    cr_assert_eq(n, 10);
}

/* ---- TLS ---- */

Test(stack, handshake_octet_by_octet)
{
    struct bytes record = {0};

    cr_assert_eq(add_tls(), ENVOI_OK);
    cr_assert_not(stack_is_empty(&s));
    fake_tls_put(&record, FAKE_TLS_HELLO, "trusted", 7);
    for (size_t i = 0; i < record.len; i++) {
        cr_assert_eq(stack_handshake(&s), ENVOI_E_AGAIN);
        cr_assert_not(s.secure);
        cr_assert_eq(stack_feed(&s, record.data + i, 1), ENVOI_OK);
    }
    cr_assert_eq(stack_handshake(&s), ENVOI_OK);
    cr_assert(s.secure);
    wire_has_record(FAKE_TLS_HELLO, "mx.example");
    bytes_free(&record);
}

Test(stack, handshake_that_fails)
{
    cr_assert_eq(add_tls(), ENVOI_OK);
    feed_record(FAKE_TLS_HELLO, "untrusted", 9);
    cr_assert_eq(stack_handshake(&s), ENVOI_E_CERTIFICATE);
    cr_assert_not(s.secure);
    cr_assert_str_eq(fault.text, "fake: issuer unknown");
}

Test(stack, handshake_that_ends_early)
{
    cr_assert_eq(add_tls(), ENVOI_OK);
    feed("H");
    stack_end(&s);
    cr_assert_eq(stack_handshake(&s), ENVOI_E_TRUNCATED);
    cr_assert_not(s.secure);
}

Test(stack, octets_under_tls)
{
    shake_hands();
    send_is(ENVOI_OK, "EHLO x\r\n", 8);
    wire_has_record(FAKE_TLS_DATA, "EHLO x\r\n");
    recv_is(ENVOI_E_AGAIN, "");
    feed_record(FAKE_TLS_DATA, "250 ", 4);
    feed_record(FAKE_TLS_DATA, "ok\r\n", 4);
    recv_is(ENVOI_OK, "250 ");
    recv_is(ENVOI_OK, "ok\r\n");
    recv_is(ENVOI_E_AGAIN, "");
    feed_record(FAKE_TLS_CLOSE, "", 0);
    recv_is(ENVOI_E_EOF, "");
}

Test(stack, end_without_the_closing_alert)
{
    shake_hands();
    feed_record(FAKE_TLS_DATA, "250 ok", 6);
    stack_end(&s);
    recv_is(ENVOI_OK, "250 ok");
    recv_is(ENVOI_E_TRUNCATED, "");
}

/* What came in clear is not to be read as if it had come under TLS, and it is still there. */
Test(stack, no_tls_over_unread_octets)
{
    feed("220 later\r\n");
    cr_assert_eq(add_tls(), ENVOI_E_PROTOCOL);
    cr_assert(stack_is_empty(&s));
    recv_is(ENVOI_OK, "220 later\r\n");
    cr_assert_eq(add_tls(), ENVOI_OK);
}

Test(stack, no_tls_over_tls)
{
    shake_hands();
    cr_assert_eq(add_tls(), ENVOI_E_PROTOCOL);
    send_is(ENVOI_OK, "NOOP\r\n", 6);
    wire_has_record(FAKE_TLS_DATA, "NOOP\r\n");
}

/* A connection that cannot be made leaves the stack as it was. */
Test(stack, tls_that_cannot_be_begun)
{
    struct envoi_conn_params params = {.struct_size = sizeof params, .errctx = &fault};
    char name[300];

    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    params.server_name = name;
    cr_assert_eq(stack_add_tls(&s, transport, context, &params), ENVOI_E_USAGE);
    cr_assert(stack_is_empty(&s));
    blocks_fail(1, false);
    cr_assert_eq(add_tls(), ENVOI_E_MEMORY);
    cr_assert(stack_is_empty(&s));
    feed("still in clear");
    recv_is(ENVOI_OK, "still in clear");
}

/* ---- the closing alert ---- */

Test(stack, shutdown_tells_the_peer)
{
    shake_hands();
    stack_shutdown(&s);
    wire_has_record(FAKE_TLS_CLOSE, "");
}

Test(stack, shutdown_before_the_handshake_is_over)
{
    stack_shutdown(&s);
    cr_assert_eq(add_tls(), ENVOI_OK);
    stack_shutdown(&s);
    cr_assert_eq(s.out.len, 0);
}

/* After octets that were thrown away the peer could decrypt nothing. */
Test(stack, nothing_follows_what_was_torn)
{
    shake_hands();
    send_is(ENVOI_OK, "secret", 6);
    cr_assert_gt(stack_held(&s), 0);
    stack_tear(&s);
    cr_assert_eq(stack_held(&s), 0);
    stack_shutdown(&s);
    cr_assert_eq(stack_held(&s), 0);
}

/* ---- the security layer ---- */

#define SEAL_MASK  0x33
#define SEAL_CHUNK 100

/* A packet: one octet of length, the octets XORed. */
static struct seal {
    uint8_t in[256];
    size_t have;
    int fails; /* what encode and decode return, ENVOI_OK: they work */
} seal;

static int32_t seal_encode(void *ctx, const void *in, size_t len, const struct envoi_sink *out)
{
    struct seal *self = ctx;
    uint8_t packet[1 + SEAL_CHUNK] = {(uint8_t)len};

    if (self->fails)
        return self->fails;
    if (len > SEAL_CHUNK)
        return ENVOI_E_USAGE;
    for (size_t i = 0; i < len; i++)
        packet[1 + i] = ((const uint8_t *)in)[i] ^ SEAL_MASK;
    return out->write(out->ctx, packet, 1 + len);
}

static int32_t seal_decode(void *ctx, const void *in, size_t len, const struct envoi_sink *out)
{
    struct seal *self = ctx;
    int32_t rc;

    if (self->fails)
        return self->fails;
    for (const uint8_t *at = in; len; at++, len--) {
        self->in[self->have] = self->have ? *at ^ SEAL_MASK : *at;
        if (self->have++ < self->in[0])
            continue;
        if ((rc = out->write(out->ctx, self->in + 1, self->have - 1)))
            return rc;
        self->have = 0;
    }
    return ENVOI_OK;
}

static int add_seal(void)
{
    const struct envoi_sasl_layer layer = {
        .struct_size = sizeof layer, .ssf = 1, .max_chunk = SEAL_CHUNK, .encode = seal_encode, .decode = seal_decode};

    return stack_add_sasl(&s, &layer, &seal, "seal");
}

static void seal_text(struct bytes *out, const char *text)
{
    uint8_t c = (uint8_t)strlen(text);

    for (bytes_add(out, &c, 1); *text; text++) {
        c = (uint8_t)*text ^ SEAL_MASK;
        bytes_add(out, &c, 1);
    }
}

/* Opens all packets that the wire took. */
static void wire_has_sealed(const void *data, size_t len)
{
    struct bytes plain = {0};

    for (size_t at = 0; at < wire.len; at += 1u + wire.data[at])
        for (size_t i = 1; i <= wire.data[at]; i++)
            bytes_add(&plain, (const uint8_t[]){wire.data[at + i] ^ SEAL_MASK}, 1);
    cr_assert_eq(plain.len, len, "%zu octets", plain.len);
    cr_assert_eq(memcmp(plain.data, data, len), 0);
    bytes_free(&plain);
}

Test(stack, octets_under_the_layer)
{
    struct bytes in = {0};

    cr_assert_eq(add_seal(), ENVOI_OK);
    cr_assert_not(stack_is_empty(&s));
    send_is(ENVOI_OK, "NOOP\r\n", 6);
    cr_assert_eq(s.encoded.len, 0, "it went on at once");
    drain();
    wire_has_sealed("NOOP\r\n", 6);
    seal_text(&in, "250 ok\r\n");
    seal_text(&in, "250 again\r\n");
    for (size_t i = 0; i < in.len; i++) {
        if (i == 9) /* the first packet is whole */
            recv_is(ENVOI_OK, "250 ok\r\n");
        recv_is(ENVOI_E_AGAIN, "");
        cr_assert_eq(stack_feed(&s, in.data + i, 1), ENVOI_OK);
    }
    recv_is(ENVOI_OK, "250 again\r\n");
    stack_end(&s);
    recv_is(ENVOI_E_EOF, "");
    bytes_free(&in);
}

/* More was decoded than there is room for. */
Test(stack, decoded_octets_are_kept)
{
    struct bytes in = {0};
    char got[3];
    size_t n;

    cr_assert_eq(add_seal(), ENVOI_OK);
    seal_text(&in, "abcd");
    seal_text(&in, "efgh");
    cr_assert_eq(stack_feed(&s, in.data, in.len), ENVOI_OK);
    for (const char *want = "abcdefgh"; *want; want += n) {
        cr_assert_eq(stack_recv(&s, got, sizeof got, &n), ENVOI_OK);
        cr_assert(n > 0 && n <= sizeof got && memcmp(got, want, n) == 0);
    }
    recv_is(ENVOI_E_AGAIN, "");
    bytes_free(&in);
}

/* An encode gets no more than it takes, and a send that took nothing has encoded nothing: all octets arrive once, in
 * their order, though the wire is full again and again. */
Test(stack, layer_over_a_slow_wire)
{
    static uint8_t data[400000];
    size_t sent = 0, n;
    int rc;

    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 7 + i / 1000);
    cr_assert_eq(add_seal(), ENVOI_OK);
    while (sent < sizeof data) {
        rc = stack_send(&s, data + sent, sizeof data - sent, &n);
        cr_assert_leq(s.out.len, STACK_OUT_MAX);
        cr_assert_leq(n, SEAL_CHUNK);
        cr_assert_eq(rc, n ? ENVOI_OK : ENVOI_E_AGAIN);
        sent += n;
        if (rc == ENVOI_E_AGAIN) {
            cr_assert_eq(stack_flush(&s), ENVOI_E_AGAIN, "it is held back");
            cr_assert_gt(stack_held(&s), s.out.len);
            drain();
        }
    }
    drain();
    cr_assert_eq(stack_flush(&s), ENVOI_OK);
    drain();
    cr_assert_eq(stack_held(&s), 0);
    wire_has_sealed(data, sizeof data);
}

Test(stack, layer_over_tls)
{
    struct bytes sealed = {0};

    shake_hands();
    cr_assert_eq(add_seal(), ENVOI_OK);
    send_is(ENVOI_OK, "NOOP\r\n", 6);
    seal_text(&sealed, "NOOP\r\n");
    bytes_add(&sealed, "", 1);
    wire_has_record(FAKE_TLS_DATA, bytes_text(&sealed));
    bytes_clear(&sealed);
    seal_text(&sealed, "250 ok\r\n");
    feed_record(FAKE_TLS_DATA, sealed.data, sealed.len);
    recv_is(ENVOI_OK, "250 ok\r\n");
    recv_is(ENVOI_E_AGAIN, "");
    bytes_free(&sealed);
}

Test(stack, layer_that_fails)
{
    cr_assert_eq(add_seal(), ENVOI_OK);
    seal.fails = ENVOI_E_AUTH;
    send_is(ENVOI_E_AUTH, "NOOP\r\n", 0);
    cr_assert_eq(stack_held(&s), 0);
    seal.fails = ENVOI_E_PROTOCOL;
    feed("forged");
    recv_is(ENVOI_E_PROTOCOL, "");
}

Test(stack, no_layer_over_unread_octets)
{
    feed("250 early\r\n");
    cr_assert_eq(add_seal(), ENVOI_E_PROTOCOL);
    cr_assert(stack_is_empty(&s));
    recv_is(ENVOI_OK, "250 early\r\n");
    cr_assert_eq(add_seal(), ENVOI_OK);
}

/* Under TLS what the wire has is encrypted, and may well be the beginning of the layer's octets. */
Test(stack, layer_over_unread_octets_of_tls)
{
    struct bytes sealed = {0};

    shake_hands();
    seal_text(&sealed, "250 ok\r\n");
    feed_record(FAKE_TLS_DATA, sealed.data, sealed.len);
    cr_assert_eq(add_seal(), ENVOI_OK);
    recv_is(ENVOI_OK, "250 ok\r\n");
    bytes_free(&sealed);
}

Test(stack, nothing_over_octets_of_a_layer)
{
    struct bytes in = {0};
    char got[2];
    size_t n;

    cr_assert_eq(add_seal(), ENVOI_OK);
    seal_text(&in, "abcd");
    cr_assert_eq(stack_feed(&s, in.data, in.len), ENVOI_OK);
    cr_assert_eq(stack_recv(&s, got, sizeof got, &n), ENVOI_OK);
    cr_assert_eq(add_tls(), ENVOI_E_PROTOCOL);
    cr_assert_eq(add_seal(), ENVOI_E_PROTOCOL);
    recv_is(ENVOI_OK, "cd");
    cr_assert_eq(add_seal(), ENVOI_OK);
    bytes_free(&in);
}

Test(stack, no_layer_over_unsent_octets)
{
    static const char block[STACK_OUT_MAX];
    size_t n;

    cr_assert_eq(add_seal(), ENVOI_OK);
    while (stack_send(&s, block, sizeof block, &n) == ENVOI_OK)
        cr_assert_gt(n, 0);
    cr_assert_eq(add_seal(), ENVOI_E_PROTOCOL);
    drain();
    cr_assert_eq(stack_flush(&s), ENVOI_OK);
    cr_assert_eq(add_seal(), ENVOI_OK);
}

Test(stack, tear_drops_what_the_layer_holds)
{
    static const char block[STACK_OUT_MAX];
    size_t n;

    cr_assert_eq(add_seal(), ENVOI_OK);
    while (stack_send(&s, block, sizeof block, &n) == ENVOI_OK)
        cr_assert_gt(n, 0);
    cr_assert_gt(s.encoded.len, 0);
    stack_tear(&s);
    cr_assert_eq(stack_held(&s), 0);
    cr_assert_eq(stack_flush(&s), ENVOI_OK);
    cr_assert_eq(stack_held(&s), 0);
}

/* ---- memory and secrets ---- */

Test(stack, feed_without_memory)
{
    blocks_fail(1, false);
    cr_assert_eq(stack_feed(&s, "x", 1), ENVOI_E_MEMORY);
    recv_is(ENVOI_E_AGAIN, "");
}

Test(stack, send_without_memory)
{
    blocks_fail(1, false);
    send_is(ENVOI_E_MEMORY, "x", 0);
    cr_assert_eq(stack_held(&s), 0);
}

/* All that a connection does with its stack; the first failure. */
static int whole_life(struct bytes *answer)
{
    size_t n;
    char got[64];
    int rc;

    if ((rc = add_tls()) || (rc = stack_feed(&s, answer->data, answer->len)) || (rc = stack_handshake(&s)) ||
        (rc = add_seal()) || (rc = stack_send(&s, "NOOP\r\n", 6, &n)) || (rc = stack_recv(&s, got, sizeof got, &n)))
        return rc;
    cr_assert_eq(n, 6);
    cr_assert_eq(memcmp(got, "250 ok", 6), 0);
    stack_shutdown(&s);
    return ENVOI_OK;
}

Test(stack, every_allocation_fails)
{
    struct bytes answer = {0}, sealed = {0};
    size_t before = blocks_alive(), nth;
    int rc = ENVOI_E_MEMORY;

    fake_tls_put(&answer, FAKE_TLS_HELLO, "trusted", 7);
    seal_text(&sealed, "250 ok");
    fake_tls_put(&answer, FAKE_TLS_DATA, sealed.data, sealed.len);
    for (nth = 1; rc; nth++) {
        cr_assert_lt(nth, 100);
        seal.have = 0;
        blocks_fail(nth, nth % 2);
        rc = whole_life(&answer);
        cr_assert(!rc || rc == ENVOI_E_MEMORY, "allocation %zu: %d", nth, rc);
        blocks_fail(0, false);
        stack_clear(&s);
        cr_assert_eq(blocks_alive(), before, "allocation %zu", nth);
    }
    cr_assert_gt(nth, 5, "the connection, and four buffers");
    bytes_free(&answer);
    bytes_free(&sealed);
}

/* What TLS has encrypted is no secret: to wipe it would cost for nothing. */
Test(stack, records_are_not_wiped)
{
    shake_hands();
    cr_assert_not(s.in.secret || s.out.secret);
    stack_clear(&s);
    cr_assert(s.in.secret && s.out.secret, "the next connection may have no TLS");
}

/* Memory goes back when nothing is under way; octets that are stay. */
Test(stack, shrinks_when_idle)
{
    static const char block[100000];
    size_t n, alive;

    shake_hands();
    drain();
    stack_shrink(&s);
    alive = blocks_alive();
    while (stack_send(&s, block, sizeof block, &n) == ENVOI_OK)
        cr_assert_gt(n, 0);
    feed("D");
    stack_shrink(&s);
    cr_assert_eq(stack_held(&s), STACK_OUT_MAX);
    cr_assert_eq(s.in.len, 1);
    drain();
    buf_consume(&s.in, 1);
    stack_shrink(&s);
    cr_assert_eq(blocks_alive(), alive);
    cr_assert_eq(s.in.cap + s.out.cap + s.encoded.cap + s.decoded.cap, 0);
}

/* Neither in the buffers nor in memory that is given back does anything stay of what went by. */
Test(stack, octets_are_wiped)
{
    struct bytes in = {0};

    blocks_add_secret("open sesame", 11);
    cr_assert_eq(add_seal(), ENVOI_OK);
    seal_text(&in, "open sesame");
    blocks_add_secret(in.data, in.len);
    cr_assert_eq(stack_feed(&s, in.data, in.len), ENVOI_OK);
    recv_is(ENVOI_OK, "open sesame");
    send_is(ENVOI_OK, "open sesame", 11);
    drain();
    cr_assert_not(blocks_hold("open sesame", 11, NULL, 0));
    cr_assert_not(blocks_hold(in.data, in.len, NULL, 0));
    cr_assert_eq(stack_feed(&s, in.data, in.len), ENVOI_OK);
    send_is(ENVOI_OK, "open sesame", 11);
    stack_clear(&s);
    cr_assert_null(blocks_leaked());
    bytes_free(&in);
}

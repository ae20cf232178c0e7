/* SPDX-License-Identifier: MIT */
/* The security layer of DIGEST-MD5. */
#include "combos.h"
#include "server.h"

#include <stdlib.h>
#include <string.h>

static struct client client;
static struct server server;
static struct envoi_sasl_layer layer;

/* The cipher of DIGEST-MD5 in Cyrus loses a library context of OpenSSL with each login. Where LeakSanitizer is there,
 * it is told not to look; what the plugin itself loses, host.c counts. */
void __lsan_disable(void) __attribute__((weak));
void __lsan_enable(void) __attribute__((weak));

static struct outcome login_with_layer(void)
{
    if (__lsan_disable)
        __lsan_disable();
    struct outcome outcome = dialogue(&client, &server, "DIGEST-MD5");
    if (__lsan_enable)
        __lsan_enable();
    return outcome;
}

/* Logs in with up to `max_ssf` on both sides and asks for the layer. */
static void open_layer(uint32_t max_ssf)
{
    client_open(&client);
    client.params.max_ssf = max_ssf;
    server_open(&server, NULL, NULL, max_ssf);
    client_begin(&client, "DIGEST-MD5");
    struct outcome outcome = login_with_layer();
    check_eq(outcome.client, ENVOI_OK, "%s", host_record.text);
    check_eq(outcome.server, SERVER_YES);
    check_eq(outcome.result, ENVOI_STEP_DONE);
    layer = (struct envoi_sasl_layer){.struct_size = sizeof layer};
    check_eq(client.mechanism->layer(client.ctx, &layer), ENVOI_OK, "%s", host_record.text);
}

static void close_layer(void)
{
    server_close(&server);
    client_close(&client);
}

static void clear_out(void)
{
    client.out_len = 0;
    client.wrote = 0;
}

EACH_MECHANISM(mech_layer, there_is_none_unless_asked_for,
               "no layer is offered unless max_ssf allows it, and none before DONE")
{
    client_open(&client);
    server_open(&server, NULL, NULL, 0);
    if (client.mechanism->layer && server_offers(&server, combo->mech)) {
        client_begin(&client, combo->mech);
        layer = (struct envoi_sasl_layer){.struct_size = sizeof layer};
        /* Too early. */
        check_eq(client.mechanism->layer(client.ctx, &layer), ENVOI_E_USAGE);
        struct outcome outcome = dialogue(&client, &server, combo->mech);
        check_eq(outcome.result, ENVOI_STEP_DONE);
        check_eq(client.mechanism->layer(client.ctx, &layer), ENVOI_OK);
        check_eq(layer.ssf, 0);
    }
    server_close(&server);
    client_close(&client);
}

/* Several sizes, both ways, and what comes in is cut into pieces of every small size. */
static void exchange_octets(void)
{
    static char text[20000];
    static const size_t sizes[] = {1, 2, 100, 4000, 20000};

    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)(i * 31 + i / 256);
    check_gt(layer.max_chunk, 0);
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        const char *clear = NULL, *sealed = NULL;
        unsigned clear_len = 0, sealed_len = 0;
        char back[20000];
        size_t got = 0;

        for (size_t at = 0; at < sizes[s]; at += layer.max_chunk) {
            size_t take = sizes[s] - at < layer.max_chunk ? sizes[s] - at : layer.max_chunk;
            clear_out();
            check_eq(layer.encode(client.ctx, text + at, take, &client.sink), ENVOI_OK, "%s", host_record.text);
            check_gt(client.out_len, take);
            check_eq(sasl_decode(server.conn, client.out, (unsigned)client.out_len, &clear, &clear_len), SASL_OK);
            check_leq(got + clear_len, sizeof back);
            memcpy(back + got, clear, clear_len);
            got += clear_len;
        }
        check_eq(got, sizes[s]);
        check_eq(memcmp(back, text, got), 0);

        check_eq(sasl_encode(server.conn, text, (unsigned)sizes[s], &sealed, &sealed_len), SASL_OK);
        clear_out();
        const size_t piece = sizes[s] > 1000 ? 1 + s * 777 : 1 + s;
        for (size_t at = 0; at < sealed_len; at += piece) {
            size_t take = sealed_len - at < piece ? sealed_len - at : piece;
            check_eq(layer.decode(client.ctx, sealed + at, take, &client.sink), ENVOI_OK);
        }
        check_eq(client.out_len, sizes[s]);
        check_eq(memcmp(client.out, text, sizes[s]), 0);
    }
}

OF_PLUGIN("sasl", mech_layer, confidentiality_works_both_ways, "a layer of 128 bits works both ways")
{
    open_layer(128);
    check_eq(layer.ssf, 128);
    exchange_octets();
    close_layer();
}

OF_PLUGIN("sasl", mech_layer, integrity_works_both_ways, "a layer of 1 bit works both ways")
{
    open_layer(1);
    check_eq(layer.ssf, 1);
    exchange_octets();
    close_layer();
}

OF_PLUGIN("sasl", mech_layer, nothing_in_nothing_out, "no octets become no octets")
{
    open_layer(128);
    clear_out();
    check_eq(layer.encode(client.ctx, "", 0, &client.sink), ENVOI_OK);
    check_eq(layer.decode(client.ctx, "", 0, &client.sink), ENVOI_OK);
    check_eq(client.out_len, 0);
    close_layer();
}

OF_PLUGIN("sasl", mech_layer, damaged_packets_are_refused, "a packet with one octet changed is ENVOI_E_PROTOCOL")
{
    for (size_t at = 0;; at++) {
        const char *sealed = NULL;
        unsigned len = 0;
        char copy[256];

        open_layer(128);
        check_eq(sasl_encode(server.conn, "250 OK\r\n", 8, &sealed, &len), SASL_OK);
        check_lt(len, sizeof copy);
        if (at == len) {
            close_layer();
            break;
        }
        memcpy(copy, sealed, len);
        copy[at] = (char)(copy[at] ^ 0x41);
        clear_out();
        int32_t rc = layer.decode(client.ctx, copy, len, &client.sink);
        /* A changed length may only mean that more has to come. */
        check(rc == ENVOI_E_PROTOCOL || (at < 4 && rc == ENVOI_OK), "octet %zu: %d", at, rc);
        check_eq(client.out_len, 0, "forged octets came through");
        close_layer();
    }
}

OF_PLUGIN("sasl", mech_layer, replayed_packets_are_refused, "a packet that comes twice is ENVOI_E_PROTOCOL")
{
    const char *sealed = NULL;
    unsigned len = 0;
    char copy[256];

    open_layer(1);
    check_eq(sasl_encode(server.conn, "250 OK\r\n", 8, &sealed, &len), SASL_OK);
    memcpy(copy, sealed, len);
    check_eq(layer.decode(client.ctx, copy, len, &client.sink), ENVOI_OK);
    client_expect(&client, layer.decode(client.ctx, copy, len, &client.sink), ENVOI_E_PROTOCOL, "forged");
    close_layer();
}

OF_PLUGIN("sasl", mech_layer, random_octets_are_refused, "random octets are refused")
{
    srand(3);
    for (int round = 0; round < 50; round++) {
        unsigned char noise[512];
        int32_t rc = ENVOI_OK;

        for (size_t i = 0; i < sizeof noise; i++)
            noise[i] = (unsigned char)(rand() >> 4);
        noise[0] = noise[1] = noise[2] = 0; /* a length that may be */
        open_layer(128);
        clear_out();
        rc = layer.decode(client.ctx, noise, sizeof noise, &client.sink);
        check(rc == ENVOI_E_PROTOCOL || (rc == ENVOI_OK && client.out_len == 0));
        close_layer();
    }
}

OF_PLUGIN("sasl", mech_layer, a_full_sink_is_reported, "encode and decode return the sink's error")
{
    const char *sealed = NULL;
    unsigned len = 0;

    open_layer(128);
    check_eq(sasl_encode(server.conn, "250 OK\r\n", 8, &sealed, &len), SASL_OK);
    client.sink_rc = ENVOI_E_MEMORY;
    check_eq(layer.encode(client.ctx, "NOOP\r\n", 6, &client.sink), ENVOI_E_MEMORY);
    check_eq(layer.decode(client.ctx, sealed, len, &client.sink), ENVOI_E_MEMORY);
    close_layer();
}

/* A server with a buffer smaller than a packet's own overhead. */
static void tiny_buffer(int number, char *challenge, size_t *len, size_t cap)
{
    if (number != 1)
        return;
    challenge[*len] = '\0';
    char *maxbuf = strstr(challenge, "maxbuf=4096");
    check(maxbuf && *len < cap);
    memcpy(maxbuf, "maxbuf=0017", 11);
}

OF_PLUGIN("sasl", mech_layer, a_server_without_room_gives_no_layer,
          "a server whose buffer is smaller than a packet gets no layer")
{
    client_open(&client);
    client.params.max_ssf = 128;
    server_open(&server, NULL, NULL, 128);
    server.tamper = tiny_buffer;
    client_begin(&client, "DIGEST-MD5");
    struct outcome outcome = login_with_layer();
    check_eq(outcome.result, ENVOI_STEP_DONE, "%s", host_record.text);
    layer = (struct envoi_sasl_layer){.struct_size = sizeof layer};
    client_expect(&client, client.mechanism->layer(client.ctx, &layer), ENVOI_E_AUTH, "too small");
    close_layer();
}

/* The least strength is kept: by the mechanism, and against a server that offers less. */
OF_PLUGIN("sasl", mech_layer, the_least_strength_is_kept, "a layer is not weaker than min_ssf")
{
    client_open(&client);
    client.params.min_ssf = 56;
    client_expect(&client, client.mechanism->usable(client.state, "DIGEST-MD5", &client.params), ENVOI_E_NOT_SUPPORTED,
                  "strength");
    client.params.max_ssf = 128;
    check_eq(client.mechanism->usable(client.state, "DIGEST-MD5", &client.params), ENVOI_OK);
    client_expect(&client, client.mechanism->usable(client.state, "SCRAM-SHA-256", &client.params),
                  ENVOI_E_NOT_SUPPORTED, "strength");

    server_open(&server, NULL, NULL, 0);
    client_begin(&client, "DIGEST-MD5");
    struct outcome outcome = login_with_layer();
    check_eq(outcome.client, ENVOI_E_AUTH, "%d", outcome.client);
    close_layer();
}

/* SPDX-License-Identifier: MIT */
#include "../support/fake_tls.h"
#include "tls.h"

#include <string.h>

static void fake_hear_record(struct player *p, char type, const struct bytes *payload)
{
    struct server *s = &p->server;

    if (type == FAKE_TLS_CLOSE) {
        s->notified = true;
    } else if (type == FAKE_TLS_HELLO) {
        s->hello_seen = true;
        bytes_clear(&s->hello);
        bytes_add(&s->hello, payload->data, payload->len);
    } else {
        bytes_add(&s->sasl, payload->data, payload->len);
    }
}

static void fake_hear(struct player *p)
{
    struct bytes payload = {0};
    char type = 0;
    int got;

    while ((got = fake_tls_take(&p->server.wire, &type, &payload)) > 0) {
        fake_hear_record(p, type, &payload);
        bytes_clear(&payload);
    }
    bytes_free(&payload);
    if (got < 0)
        player_break(p, "the client talks in clear after TLS");
}

static void fake_put(struct player *p, struct bytes *wire, const void *data, size_t len)
{
    (void)p;
    fake_tls_put(wire, FAKE_TLS_DATA, data, len);
}

static void fake_alert(struct player *p, struct bytes *wire)
{
    (void)p;
    fake_tls_put(wire, FAKE_TLS_CLOSE, "", 0);
}

static bool fake_is_hello_for(struct player *p, const char *name)
{
    return strcmp(name, bytes_text(&p->server.hello)) == 0;
}

static void fake_shake(struct player *p, const char *how)
{
    struct bytes wire = {0};

    fake_tls_put(&wire, FAKE_TLS_HELLO, how, strlen(how));
    server_feed(p, &wire, true);
    bytes_free(&wire);
}

static void fake_expect_hello(struct player *p)
{
    fake_tls_put(&p->expected, FAKE_TLS_HELLO, p->host.data, p->host.len);
}

static void fake_pin(uint8_t pin[32])
{
    memset(pin, FAKE_TLS_PIN, 32);
}

static void fake_free(struct player *p)
{
    bytes_free(&p->server.hello);
}

const struct play_tls play_tls_fake = {
    .id = "fake",
    .plugin = envoi_plugin_fake,
    .pin = fake_pin,
    .hear = fake_hear,
    .put = fake_put,
    .alert = fake_alert,
    .is_hello_for = fake_is_hello_for,
    .shake = fake_shake,
    .expect_hello = fake_expect_hello,
    .free = fake_free,
};

/* SPDX-License-Identifier: MIT */
/* The steps of the server, and the octets that the client must send to it. */
#include "../support/toy_mech.h"
#include "tls.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- hearing, speaking ---- */

void server_hear(struct player *p)
{
    struct server *s = &p->server;
    int got = 1;

    if (s->tls) {
        p->tls->hear(p);
    } else {
        bytes_add(&s->sasl, s->wire.data, s->wire.len);
        bytes_clear(&s->wire);
    }
    if (!s->layer) {
        bytes_add(&s->in, s->sasl.data, s->sasl.len);
        bytes_clear(&s->sasl);
    }
    while (s->layer && (got = toy_layer_take(&s->sasl, &s->in)) > 0)
        ;
    if (got < 0)
        player_break(p, "the client talks without the security layer");
}

static void server_wrap(struct player *p, struct bytes *wire)
{
    struct server *s = &p->server;
    struct bytes layered = {0};

    if (s->layer)
        toy_layer_put(&layered, s->out.data, s->out.len);
    else
        bytes_add(&layered, s->out.data, s->out.len);
    if (s->tls)
        p->tls->put(p, wire, layered.data, layered.len);
    else
        bytes_add(wire, layered.data, layered.len);
    bytes_free(&layered);
    bytes_clear(&s->out);
}

/* Octets go to the engine. Between the pieces the client could send something, and must not: the reply is not whole. */
void server_feed(struct player *p, const struct bytes *wire, bool burst)
{
    for (size_t at = 0; at < wire->len && !p->stopped;) {
        size_t part = player_passes(p, PLAY_SERVER, p->server.spoken, player_cut(p, wire->len - at));
        engine_tick(p->engine, p->now);
        engine_feed(p->engine, wire->data + at, part);
        p->server.spoken += part;
        player_claim_accepted(p);
        player_lose(p, PLAY_SERVER, p->server.spoken);
        at += part;
        if (burst || p->holding || at == wire->len)
            continue;
        player_settle(p);
        if (p->server.in.len)
            player_fail(p, "the client said \"%.60s\" before the server had finished", bytes_text(&p->server.in));
    }
}

void server_speak(struct player *p, bool burst)
{
    struct bytes wire = {0};

    if (p->server.out.len && player_ready(p)) {
        server_wrap(p, &wire);
        server_feed(p, &wire, burst);
    }
    bytes_free(&wire);
}

/* ---- the steps of the server ---- */

static void step_say(struct player *p, const char *rest)
{
    p->server.last_code = atoi(rest);
    bytes_add_text(&p->server.out, rest);
    bytes_add_text(&p->server.out, "\r\n");
}

static bool octets_read(struct player *p, const char *rest, struct bytes *out)
{
    const char *error = NULL;

    while ((rest = script_argument(rest, out, &error)))
        ;
    return error ? player_break(p, "the script: %s", error) : true;
}

static void step_say_raw(struct player *p, const char *rest)
{
    server_speak(p, false);
    if (octets_read(p, rest, &p->server.out))
        server_speak(p, true);
}

/* In clear, although there are layers. */
static void step_say_clear(struct player *p, const char *rest)
{
    struct bytes wire = {0};

    server_speak(p, false);
    if (octets_read(p, rest, &wire))
        server_feed(p, &wire, true);
    bytes_free(&wire);
}

/* "1s 250 ok": one octet a second. */
static void step_say_slowly(struct player *p, const char *rest)
{
    struct bytes word = {0}, text = {0};
    const char *error, *after = script_argument(rest, &word, &error);
    int64_t pause = after ? script_duration(bytes_text(&word)) : -1;

    if (pause < 0 || *after != ' ')
        player_break(p, "the script: S-slow: needs a duration and a text");
    else
        bytes_add_text(&text, after + 1);
    bytes_add_text(&text, "\r\n");
    for (size_t i = 0; i < text.len && !p->stopped && engine_alive(p->engine); i++) {
        p->now += pause;
        engine_tick(p->engine, p->now);
        bytes_add(&p->server.out, text.data + i, 1);
        server_speak(p, true);
    }
    bytes_free(&word);
    bytes_free(&text);
}

static void server_end(struct player *p, int error_number)
{
    server_speak(p, true);
    engine_tick(p->engine, p->now);
    engine_lost(p->engine, error_number);
}

static void step_close(struct player *p, const char *rest)
{
    (void)rest;
    server_end(p, 0);
}

static void step_reset(struct player *p, const char *rest)
{
    (void)rest;
    server_end(p, ECONNRESET);
}

static void step_alert(struct player *p, const char *rest)
{
    struct bytes wire = {0};

    (void)rest;
    server_speak(p, true);
    p->tls->alert(p, &wire);
    server_feed(p, &wire, true);
    bytes_free(&wire);
}

/* "tls [trusted|untrusted|hello] [NAME]": the client's part of the handshake, then (but for "hello") the server's. */
static void step_tls(struct player *p, const char *rest)
{
    struct arguments a;

    if (!player_arguments(p, rest, 0, 2, &a))
        return;
    const char *how = a.count ? argument(&a, 0) : "trusted";
    const char *name = argument(&a, 1);
    if (!p->server.hello_seen)
        player_fail(p, "the client did not begin TLS%s%s", p->fault.text[0] ? "; its error: " : "", p->fault.text);
    else if (name && !p->tls->is_hello_for(p, name))
        player_fail(p, "TLS was begun for another name than \"%s\"", name);
    else if (strcmp(how, "hello") != 0) {
        server_speak(p, true);
        p->tls->shake(p, how);
    }
    p->server.hello_seen = false;
    arguments_free(&a);
}

/* "only fake": the records or the binding of the TLS without cryptography are written down in the script. */
static void step_only(struct player *p, const char *rest)
{
    if (strcmp(rest, "fake") != 0)
        player_break(p, "the script: only fake");
}

static void step_layer(struct player *p, const char *rest)
{
    (void)rest;
    p->server.layer = true;
}

/* ---- the octets that the client must send ---- */

static void step_expect(struct player *p, const char *rest)
{
    bytes_add_text(&p->expected, rest);
    bytes_add_text(&p->expected, "\r\n");
}

static void step_expect_raw(struct player *p, const char *rest)
{
    octets_read(p, rest, &p->expected);
}

/* The client's part of a TLS handshake that perhaps is never begun. */
static void step_expect_hello(struct player *p, const char *rest)
{
    (void)rest;
    p->tls->expect_hello(p);
}

static void step_perhaps(struct player *p, const char *rest)
{
    (void)rest;
    p->perhaps = true;
}

/* The last octets do not leave the engine yet. */
static void step_hold(struct player *p, const char *rest)
{
    struct bytes word = {0};
    const char *error;
    int64_t number = script_argument(rest, &word, &error) ? script_number(bytes_text(&word)) : -1;

    bytes_free(&word);
    if (number < 1 || (size_t)number > p->expected.len) {
        player_break(p, "the script: hold needs a number, at most of what the client has to say");
        return;
    }
    p->holding = true;
    p->hold = (size_t)number;
}

static void step_release(struct player *p, const char *rest)
{
    (void)rest;
    p->holding = false;
}

static void step_wait(struct player *p, const char *rest)
{
    int64_t pause = script_duration(rest);

    if (pause < 0) {
        player_break(p, "the script: wait needs a duration");
        return;
    }
    p->now += pause;
    engine_tick(p->engine, p->now);
}

const struct step_kind steps_server[] = {
    {"S:", step_say, STEP_SERVER},
    {"S-raw:", step_say_raw, STEP_SERVER},
    {"S-clear:", step_say_clear, STEP_SERVER},
    {"S-slow:", step_say_slowly, 0},
    {"S-alert", step_alert, STEP_SERVER},
    {"S-close", step_close, STEP_SERVER},
    {"S-reset", step_reset, STEP_SERVER},
    {"tls", step_tls, STEP_TLS},
    {"only", step_only, STEP_EARLY},
    {"layer", step_layer, STEP_EARLY},
    {"C:", step_expect, STEP_CLIENT},
    {"C-raw:", step_expect_raw, STEP_CLIENT},
    {"C-hello", step_expect_hello, STEP_CLIENT},
    {"perhaps", step_perhaps, STEP_CLIENT},
    {"hold", step_hold, STEP_CLIENT},
    {"release", step_release, STEP_EARLY},
    {"wait", step_wait, 0},
    {NULL, NULL, 0},
};

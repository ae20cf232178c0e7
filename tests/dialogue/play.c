/* SPDX-License-Identifier: MIT */
#include "play.h"

#include "settings/refusals.h"
#include "tls.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A client that sends more octets than this beyond the expected ones does not stop. */
#define TOO_MUCH 262144

__attribute__((format(printf, 2, 0))) static void player_tell(struct player *p, const char *format, va_list args)
{
    char text[2048], place[512];

    if (p->report->failure.len)
        return;
    (void)vsnprintf(text, sizeof text, format, args);
    (void)snprintf(place, sizeof place, "%s:%d: [%s] ", p->script->path, p->step ? p->step->line.number : 0,
                   p->mode->name);
    bytes_add_text(&p->report->failure, place);
    bytes_add_text(&p->report->failure, text);
}

bool player_fail(struct player *p, const char *format, ...)
{
    va_list args;

    p->stopped = true;
    if (p->mode->lenient)
        return false;
    va_start(args, format);
    player_tell(p, format, args);
    va_end(args);
    return false;
}

bool player_break(struct player *p, const char *format, ...)
{
    va_list args;

    p->stopped = true;
    va_start(args, format);
    player_tell(p, format, args);
    va_end(args);
    return false;
}

bool player_arguments(struct player *p, const char *rest, size_t least, size_t most, struct arguments *out)
{
    const char *error = NULL;

    *out = (struct arguments){0};
    while (out->count < ARGUMENTS_MAX && (rest = script_argument(rest, &out->item[out->count], &error)))
        out->count++;
    if (!error && out->count >= least && out->count <= most && !(rest && *(rest + strspn(rest, " "))))
        return true;
    arguments_free(out);
    return player_break(p, "the script: %s", error ? error : "too few or too many arguments");
}

const char *argument(const struct arguments *a, size_t index)
{
    return index < a->count ? bytes_text(&a->item[index]) : NULL;
}

void arguments_free(struct arguments *a)
{
    for (size_t i = 0; i < ARGUMENTS_MAX; i++)
        bytes_free(&a->item[i]);
    a->count = 0;
}

void player_claim(struct player *p, size_t item)
{
    p->report->claims = bytes_grow(p->report->claims, p->report->claim_count, sizeof *p->report->claims);
    p->report->claims[p->report->claim_count++] =
        (struct play_claim){.line = p->step->line.number, .item = item, .spoken = p->server.spoken};
}

static bool player_claimed(const struct player *p, size_t item)
{
    for (size_t i = 0; i < p->report->claim_count; i++)
        if (p->report->claims[i].item == item)
            return true;
    return false;
}

void player_claim_accepted(struct player *p)
{
    for (size_t k = 0; k < p->letter_count; k++)
        for (size_t i = 0; i < envoi_message_recipients(p->letters[k].message); i++) {
            size_t item = p->rounds * 100000 + k * 1000 + i + 1;
            if (envoi_message_verdict(p->letters[k].message, i) == ENVOI_VERDICT_ACCEPTED && !player_claimed(p, item))
                player_claim(p, item);
        }
}

/* ---- octets out ---- */

static size_t player_random(struct player *p, size_t below)
{
    p->random ^= p->random << 13;
    p->random ^= p->random >> 7;
    p->random ^= p->random << 17;
    return (size_t)(p->random % below);
}

size_t player_cut(struct player *p, size_t all)
{
    static const size_t scales[] = {2, 8, 64, 4096};
    size_t part = all;

    if (p->mode->cut == PLAY_OCTETS)
        part = 1;
    else if (p->mode->cut == PLAY_RANDOM)
        part = 1 + player_random(p, scales[player_random(p, 4)]);
    return part < all ? part : all;
}

static bool player_has_layers(const struct player *p)
{
    return p->server.tls || p->server.layer;
}

/* How many of the waiting octets may leave before those that are held. */
static size_t player_allowance(const struct player *p, size_t waiting)
{
    size_t gone = p->server.in.len, may = p->expected.len;

    if (!p->holding)
        return SIZE_MAX;
    if (player_has_layers(p))
        return waiting > p->hold && engine_alive(p->engine) ? waiting - p->hold : 0;
    return may > p->hold + gone ? may - p->hold - gone : 0;
}

static size_t player_pieces_total(struct player *p, const struct iovec *pieces, size_t count)
{
    size_t total = 0;

    for (size_t i = 0; i < count; i++) {
        if (!pieces[i].iov_len)
            player_break(p, "the engine lends a piece of no octets");
        total += pieces[i].iov_len;
    }
    if (count && !total)
        player_break(p, "the engine lends nothing");
    return total;
}

/* How many octets of this side may still pass. */
size_t player_passes(const struct player *p, enum play_side side, uint64_t passed, size_t len)
{
    uint64_t left = p->mode->lose_at - passed;

    return p->mode->loses == side && left < len ? (size_t)left : len;
}

void player_lose(struct player *p, enum play_side side, uint64_t passed)
{
    if (p->mode->loses != side || passed < p->mode->lose_at)
        return;
    p->stopped = true;
    engine_lost(p->engine, 0);
}

static void player_carry(struct player *p, const struct iovec *pieces, size_t len)
{
    size_t left = len;

    for (size_t i = 0; left; i++) {
        size_t part = pieces[i].iov_len < left ? pieces[i].iov_len : left;
        bytes_add(&p->server.wire, pieces[i].iov_base, part);
        left -= part;
    }
    engine_drained(p->engine, len);
    server_hear(p);
    p->server.carried += len;
    player_lose(p, PLAY_CLIENT, p->server.carried);
}

void player_settle(struct player *p)
{
    struct iovec pieces[4];

    for (unsigned idle = 0; idle < 4 && !p->stopped;) {
        engine_tick(p->engine, p->now);
        size_t total = player_pieces_total(p, pieces, engine_drain(p->engine, pieces, 4));
        if (!total) {
            /* The next tick asks the source, callback or step that said AGAIN once more. */
            unsigned waits = engine_want(p->engine) & (ENGINE_WANT_CONTENT | ENGINE_WANT_CREDENTIAL | ENGINE_WANT_STEP);
            if (!waits)
                return;
            if (waits & ENGINE_WANT_STEP && !p->tasks_wait)
                player_run_task(p);
            idle++;
            continue;
        }
        idle = 0;
        size_t part = player_cut(p, total), allowance = player_allowance(p, total);
        if (!allowance)
            return;
        part = part < allowance ? part : allowance;
        player_carry(p, pieces, player_passes(p, PLAY_CLIENT, p->server.carried, part));
        if (p->server.in.len > p->expected.len + TOO_MUCH)
            player_break(p, "the client sends without end");
    }
}

/* ---- comparing ---- */

static bool player_differ(struct player *p, const struct bytes *should, const struct bytes *is)
{
    struct bytes a = {0}, b = {0};
    size_t from = 0, i;

    for (i = 0; i < should->len && i < is->len && should->data[i] == is->data[i]; i++)
        if (should->data[i] == '\n')
            from = i + 1;
    bytes_add_quoted(&a, bytes_text(should) + from, should->len - from, 160);
    bytes_add_quoted(&b, bytes_text(is) + from, is->len - from, 160);
    player_fail(p, "the client should have sent %s and sent %s%s%s", bytes_text(&a), bytes_text(&b),
                p->fault.text[0] ? "; its error: " : "", p->fault.text);
    bytes_free(&a);
    bytes_free(&b);
    return false;
}

/* While a verb is in progress, the session must know the events to wait for and the deadline. */
static bool player_awake(struct player *p)
{
    unsigned want = engine_want(p->engine);

    if (engine_result(p->engine) != ENVOI_E_AGAIN)
        return want & ENGINE_WANT_DONE ? true : player_break(p, "the verb is over and want() does not say DONE");
    if (engine_wants_connection(p->engine))
        return want & (ENGINE_WANT_DONE | ENGINE_WANT_READ)
                   ? player_break(p, "without a connection, want() is %#x", want)
                   : true;
    if (!engine_alive(p->engine))
        return player_break(p, "a verb is in progress without a connection");
    if (want & ENGINE_WANT_DONE || !(want & ENGINE_WANT_READ))
        return player_break(p, "a verb is in progress and want() is %#x", want);
    if (engine_deadline(p->engine) < 0)
        return player_break(p, "a verb is in progress without a deadline");
    return true;
}

/* Did a content end with these octets? */
static void player_note_content(struct player *p, const struct bytes *said)
{
    bool dot = said->len >= 3 && memcmp(said->data + said->len - 3, ".\r\n", 3) == 0 &&
               (said->len == 3 || said->data[said->len - 4] == '\n');

    if (p->server.last_code != 354 || !dot)
        return;
    if (!p->report->contents++)
        p->report->content_end = p->server.carried;
}

/* With layers the octets that are held back keep at least a whole record back. They never leave a connection that is
 * lost. */
static bool player_compare_held(struct player *p)
{
    if (engine_alive(p->engine))
        return p->server.in.len < p->expected.len && memcmp(p->expected.data, p->server.in.data, p->server.in.len) == 0
                   ? true
                   : player_differ(p, &p->expected, &p->server.in);
    bytes_clear(&p->expected);
    bytes_clear(&p->server.in);
    bytes_clear(&p->server.wire);
    return true;
}

/* The client sends all that it can send before the next step. That must be the script's octets. */
static bool player_compare(struct player *p)
{
    if (!player_ready(p))
        return false;
    player_settle(p);
    if (p->stopped || !player_awake(p))
        return false;

    if (p->holding && player_has_layers(p))
        return player_compare_held(p);
    struct bytes should = p->expected;
    if (p->holding && p->hold <= should.len)
        should.len -= p->hold;
    if (p->server.wire.len || p->server.sasl.len)
        return player_fail(p, "the client sent half a record");
    if (p->hello_may_come && p->server.in.len && p->server.in.data[0] == 0x16) /* a handshake's record */
        bytes_clear(&p->server.in);
    if (p->perhaps && p->server.in.len < should.len)
        should.len = p->server.in.len;
    if (should.len != p->server.in.len || (should.len && memcmp(should.data, p->server.in.data, should.len) != 0))
        return player_differ(p, &should, &p->server.in);
    if (p->holding && engine_alive(p->engine))
        return true;
    player_note_content(p, &should);
    p->holding = p->perhaps = p->hello_may_come = false;
    bytes_clear(&p->expected);
    bytes_clear(&p->server.in);
    return true;
}

/* ---- the steps ---- */

const struct step_kind *player_kind(const char *word)
{
    static const struct step_kind *const tables[] = {steps_setup, steps_verbs, steps_server, steps_checks};

    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
        for (const struct step_kind *kind = tables[i]; kind->word; kind++)
            if (strcmp(kind->word, word) == 0)
                return kind;
    return NULL;
}

/* Does the server go on sending in the next step? */
static bool player_more_speech(const struct player *p)
{
    const struct script_step *next = p->step + 1;

    return next < p->script->steps + p->script->count && player_kind(next->line.word)->flags & STEP_SERVER;
}

static void player_step(struct player *p)
{
    const struct step_kind *kind = player_kind(p->step->line.word);
    bool same = p->step > p->script->steps && player_kind(p->step[-1].line.word)->flags & STEP_SERVER &&
                kind->flags & STEP_SERVER;

    if (kind->flags & STEP_TLS)
        p->server.tls = true;
    /* Octets that the server sends in one go are not interrupted by the client's answer to their first half. */
    if (!(kind->flags & (STEP_CLIENT | STEP_EARLY)) && !same && !player_compare(p))
        return;
    kind->run(p, p->step->line.rest);
    if (!p->stopped && kind->flags & STEP_SERVER && !player_more_speech(p))
        server_speak(p, false);
}

static void player_sum_up(struct player *p)
{
    struct play_report *r = p->report;

    r->spoken = p->server.spoken;
    r->carried = p->server.carried;
    r->messages = p->letter_count;
    r->sends = p->sends;
    for (size_t i = 0; i < envoi_message_recipients(p->letter->message); i++) {
        r->verdicts = bytes_grow(r->verdicts, i, sizeof *r->verdicts);
        r->verdicts[r->verdict_count++] = envoi_message_verdict(p->letter->message, i);
    }
}

static void player_end(struct player *p)
{
    if (p->stopped || !player_compare(p))
        return;
    if (engine_result(p->engine) == ENVOI_E_AGAIN)
        player_fail(p, "the script ends and the verb is still in progress");
}

/* A lenient play left the script: any call must be harmless now, and nothing more may be claimed. */
static void player_leave(struct player *p)
{
    if (!p->engine)
        return;
    (void)engine_command(p->engine, "NOOP", NULL);
    if (p->letter->message)
        (void)engine_send(p->engine, p->letter->message);
    (void)engine_quit(p->engine);
    engine_lost(p->engine, 0);
    engine_close(p->engine);
    player_claim_accepted(p);
}

static void player_free(struct player *p)
{
    if (p->engine)
        engine_free(p->engine);
    player_run_task(p);
    for (size_t i = 0; i < LETTERS_MAX; i++) {
        envoi_message_free(p->letters[i].message);
        bytes_free(&p->letters[i].feed.data);
    }
    if (p->tls_ctx)
        p->transport->ctx_free(p->tls_ctx);
    p->tls->free(p);
    if (p->registry)
        registry_free(p->registry);
    refusals_free(p->settings.refusals);
    settings_free(&p->settings);
    struct bytes *const all[] = {&p->host,        &p->plugins,  &p->trace,       &p->log,
                                 &p->server.wire, &p->said,     &p->server.sasl, &p->server.in,
                                 &p->server.out,  &p->expected, &p->data};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        bytes_free(all[i]);
    for (size_t i = 0; i < p->answer_count; i++)
        bytes_free(&p->answers[i].value);
    for (size_t i = 0; i < ARGUMENTS_MAX; i++)
        bytes_free(&p->auth[i].response);
}

bool play(const struct script *script, const struct play_mode *mode, struct play_report *report)
{
    struct player p = {.script = script, .mode = mode, .report = report};

    *report = (struct play_report){0};
    p.tls = mode->tls ? mode->tls : &play_tls_fake;
    p.random = mode->seed * 0x9e3779b97f4a7c15u + 1;
    p.now = 1000;
    p.trace_level = 1;
    p.letter = p.letters;
    p.callback_step = 3;
    settings_init(&p.settings);
    (void)refusals_new(&p.settings.refusals); /* without memory nothing is remembered */
    p.settings.tls = ENVOI_TLS_OFF;
    bytes_add_text(&p.host, "mx.example");
    p.peer = (struct engine_peer){.tls = ENVOI_TLS_OFF, .helo_name = "client.example", .repeatable = true};
    for (size_t i = 0; i < script->count; i++) {
        p.step = &script->steps[i];
        if (!player_kind(p.step->line.word))
            player_break(&p, "the script: there is no step \"%s\"", p.step->line.word);
    }
    for (size_t i = 0; i < script->count && !p.stopped; i++) {
        p.step = &script->steps[i];
        player_step(&p);
        if (!mode->lenient && strcmp(p.step->line.word, "=>") == 0)
            player_hide(&p);
    }
    player_end(&p);
    player_sum_up(&p);
    player_hide(&p);
    if (mode->lenient) {
        player_leave(&p);
        player_hide(&p);
    }
    player_free(&p);
    return !report->failure.len;
}

void play_report_free(struct play_report *report)
{
    bytes_free(&report->failure);
    free(report->claims);
    free(report->verdicts);
    *report = (struct play_report){0};
}

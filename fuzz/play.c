/* SPDX-License-Identifier: MIT */
#include "play.h"

#include "base/base64.h"
#include "base/mem.h"
#include "message/verdict.h"
#include "settings/refusals.h"
#include "support/blocks.h"
#include "support/fake_tls.h"
#include "support/toy_mech.h"

#include <string.h>

#define PIECES 4

envoi_plugin_entry envoi_plugin_plain, envoi_plugin_login, envoi_plugin_cram_md5, envoi_plugin_oauth;

/* ---- secrets ---- */

/* The longest text that base64 of anything with the secret at this place has in it, whatever is around. */
static void add_encoded(struct bytes *out, const char *secret, size_t place)
{
    struct bytes octets = {0};
    struct buf text;
    size_t from = place ? place + 1 : 0, to = (place + strlen(secret)) * 8 / 6;

    bytes_add(&octets, "\0\0", place);
    bytes_add_text(&octets, secret);
    buf_init(&text, 0, false);
    FUZZ_CHECK(base64_encode(&text, octets.data, octets.len) == ENVOI_OK, "out of memory");
    bytes_add(out, buf_head(&text) + from, to - from);
    buf_free(&text);
    bytes_free(&octets);
}

const char *const *play_secrets(void)
{
    static const char *const clear[] = {PLAY_PASSWORD, PLAY_TOKEN};
    static const char *all[2 * 4 + 1];
    size_t n = 0;

    if (all[0])
        return all;
    for (size_t i = 0; i < 2; i++) {
        all[n++] = clear[i];
        for (size_t place = 0; place < 3; place++) {
            struct bytes encoded = {0};
            add_encoded(&encoded, clear[i], place);
            all[n++] = bytes_text(&encoded); /* for the life of the process */
        }
    }
    return all;
}

static void check_hidden(const char *where, const char *text, size_t len)
{
    for (const char *const *secret = play_secrets(); *secret; secret++)
        FUZZ_CHECK(!bytes_contain(text, len, *secret, strlen(*secret)), "%s shows \"%s\"", where, *secret);
}

/* ---- what the engine asks for ---- */

static int play_tls_context(void *driver, const struct registry_transport *transport, void **ctx)
{
    const struct envoi_tls_config config = {.struct_size = sizeof config, .min_version = ENVOI_TLS_1_2};
    struct play *p = driver;

    p->transport = transport->transport;
    if (!p->tls_ctx)
        FUZZ_CHECK(transport->transport->ctx_new(transport->state, &config, &p->fault, &p->tls_ctx) == ENVOI_OK,
                   "no TLS context");
    *ctx = p->tls_ctx;
    return ENVOI_OK;
}

static void play_trace(void *driver, int kind, const char *text, size_t len)
{
    struct play *p = driver;

    FUZZ_CHECK(kind >= ENVOI_TRACE_INFO && kind <= ENVOI_TRACE_RECEIVED, "a trace of kind %d", kind);
    check_hidden("the trace", text, len);
    for (size_t i = 0; i < len && p->env.trace && kind != ENVOI_TRACE_SENT; i++)
        FUZZ_CHECK((unsigned char)text[i] >= 0x20 || text[i] == '\t', "a trace line has a control character");
}

static int play_window(void *driver)
{
    return ((struct play *)driver)->window;
}

static void play_set_window(void *driver, int window)
{
    ((struct play *)driver)->window = window;
}

/* The table of enum envoi_result. */
static bool play_results_agree(const struct envoi_message *m, int rc)
{
    switch (envoi_message_result(m)) {
    case ENVOI_RESULT_SENT:
    case ENVOI_RESULT_PARTIAL:
        return !rc;
    case ENVOI_RESULT_UNKNOWN:
        return rc == ENVOI_E_UNKNOWN;
    case ENVOI_RESULT_REFUSED:
        return rc && rc != ENVOI_E_UNKNOWN && rc != ENVOI_E_NOT_SUPPORTED;
    default:
        return rc && rc != ENVOI_E_UNKNOWN && !verdict_is_refusal(rc);
    }
}

static void play_done(void *driver, struct envoi_message *message, int rc)
{
    struct play *p = driver;

    FUZZ_CHECK(play_results_agree(message, rc), "the message is \"%s\", and the send returns %s",
               envoi_result_name(envoi_message_result(message)), envoi_error_name(rc));
    FUZZ_CHECK(rc != ENVOI_E_AGAIN, "it is done, and AGAIN");
    for (size_t i = 0; i < p->letter_count; i++)
        p->letters[i].dones += p->letters[i].message == message;
}

/* ---- what the server asks for ---- */

static bool play_may_say(void *ctx, const char *line)
{
    struct play *p = ctx;

    return p->line && strcmp(p->line, line) == 0;
}

static bool play_by_verb(void *ctx)
{
    return ((struct play *)ctx)->by_verb;
}

static bool play_layers(void *ctx)
{
    struct play *p = ctx;

    return !p->own_step && p->settings.max_ssf > 0;
}

static void play_response(void *ctx, const char *text, bool tls)
{
    struct play *p = ctx;
    bool safe = p->peer.unix_socket || (tls && p->settings.tls_verify);
    struct buf octets;

    if (strcmp(text, "*") == 0 || strcmp(text, "=") == 0)
        return;
    buf_init(&octets, 0, true);
    FUZZ_CHECK(base64_decode(&octets, text, strlen(text)) == ENVOI_OK, "a response that is not base64: %s", text);
    if (!safe && !p->settings.cleartext_auth)
        check_hidden("a login that others can read", (const char *)buf_head(&octets), octets.len);
    buf_free(&octets);
}

static void play_verb_content(void *ctx, const struct fuzz_bytes *content)
{
    letter_check_verb_content(ctx, content);
}

static void play_delivered(void *ctx, const struct delivery *d)
{
    letter_delivered(ctx, d);
}

/* ---- begin, end ---- */

static void add_plugins(struct play *p)
{
    static const struct {
        const struct envoi_plugin *(*entry)(void);
        const char *descriptor;
    } plugins[] = {
        {envoi_plugin_fake, FAKE_TLS_DESCRIPTOR},
        {envoi_plugin_plain, "kind: auth\nprovides: PLAIN\n"},
        {envoi_plugin_login, "kind: auth\nprovides: LOGIN\n"},
        {envoi_plugin_cram_md5, "kind: auth\nprovides: CRAM-MD5\n"},
        {envoi_plugin_oauth, "kind: auth\nprovides: OAUTHBEARER XOAUTH2\n"},
        {envoi_plugin_toy, TOY_MECH_DESCRIPTOR},
    };
    const struct registry_dirs nowhere = {0};

    FUZZ_CHECK(registry_new(&p->registry) == ENVOI_OK && registry_set_dirs(p->registry, &nowhere) == ENVOI_OK,
               "no registry");
    for (size_t i = 0; i < sizeof plugins / sizeof plugins[0]; i++)
        FUZZ_CHECK(registry_add_plugin(p->registry, plugins[i].entry(), plugins[i].descriptor) == ENVOI_OK,
                   "no plugin %zu", i);
}

void play_begin(struct play *p)
{
    settings_init(&p->settings);
    FUZZ_CHECK(refusals_new(&p->settings.refusals) == ENVOI_OK, "out of memory");
    p->settings.tls = ENVOI_TLS_OFF;
    p->now = 1000;
    p->down_step = p->up_step = p->up_most = SIZE_MAX;
    p->peer = (struct engine_peer){.host = "mx.example", .helo_name = "client.example", .tls = ENVOI_TLS_OFF};
    p->server.app = (struct server_app){.may_say = play_may_say,
                                        .by_verb = play_by_verb,
                                        .layers = play_layers,
                                        .response = play_response,
                                        .verb_content = play_verb_content,
                                        .delivered = play_delivered,
                                        .ctx = p};
    add_plugins(p);
    p->env = (struct engine_env){.registry = p->registry,
                                 .settings = &p->settings,
                                 .fault = &p->fault,
                                 .tls_context = play_tls_context,
                                 .window = play_window,
                                 .set_window = play_set_window,
                                 .done = play_done,
                                 .trace = play_trace,
                                 .driver = p};
    FUZZ_CHECK(engine_new(&p->env, &p->engine) == ENVOI_OK, "no engine");
}

void play_free(struct play *p)
{
    engine_free(p->engine);
    for (size_t i = 0; i < p->letter_count; i++)
        letter_free(&p->letters[i]);
    if (p->tls_ctx)
        p->transport->ctx_free(p->tls_ctx);
    registry_free(p->registry);
    refusals_free(p->settings.refusals);
    settings_free(&p->settings);
    server_free(&p->server);
    fuzz_bytes_free(&p->data);
    bytes_free(&p->held);
    fuzz_free(p->line);
}

/* ---- checks ---- */

bool play_is_busy(const struct play *p)
{
    return engine_result(p->engine) == ENVOI_E_AGAIN;
}

static void check_fault(const struct play *p, int rc)
{
    check_hidden("the error", p->fault.text, strlen(p->fault.text));
    if (rc == ENVOI_OK || rc == ENVOI_E_AGAIN || rc == ENVOI_E_BUSY)
        return;
    /* Of many messages the result is the first failure, and the error the last one. So it is of one that was refused
     * before a layer ended the connection: the plugin has told its own then. */
    FUZZ_CHECK(p->fault.code == rc || (p->fault.code && (p->many || !engine_alive(p->engine))),
               "the result is %s and the error says %s (%s)", envoi_error_name(rc), envoi_error_name(p->fault.code),
               p->fault.text);
    FUZZ_CHECK(p->fault.text[0], "%s has no text", envoi_error_name(rc));
}

void play_check(struct play *p)
{
    unsigned want = engine_want(p->engine);
    bool busy = play_is_busy(p), alive = engine_alive(p->engine);

    FUZZ_CHECK(busy == !(want & ENGINE_WANT_DONE), "busy or not, want is %#x", want);
    FUZZ_CHECK(!busy || (alive && want & ENGINE_WANT_READ && engine_deadline(p->engine) >= 0),
               "a verb is in progress, want is %#x, the deadline %lld", want, (long long)engine_deadline(p->engine));
    if (p->busy && !busy)
        check_fault(p, engine_result(p->engine));
    p->busy = busy;
    FUZZ_CHECK(!p->server.broken || !alive, "the server talks nonsense, and the connection lives");
    letter_check_claims(p);
    for (size_t i = 0; i < p->letter_count; i++)
        letter_check_verdicts(&p->letters[i]);
}

void play_verb(struct play *p, const char *line, bool by_verb, bool own_step)
{
    if (play_is_busy(p)) /* it will be refused, and the one at work goes on */
        return;
    fuzz_free(p->line);
    p->line = line ? fuzz_string(line, strlen(line)) : NULL;
    p->by_verb = by_verb;
    p->own_step = own_step;
    p->many = false;
}

void play_verb_began(struct play *p, int rc)
{
    FUZZ_CHECK(!p->busy || rc == ENVOI_E_BUSY, "a second verb is not refused but %s", envoi_error_name(rc));
    FUZZ_CHECK(rc != ENVOI_E_AGAIN || play_is_busy(p), "AGAIN, and nothing is in progress");
    check_fault(p, rc);
    p->busy = play_is_busy(p);
    play_settle(p);
    play_check(p);
}

/* ---- the wire ---- */

/* At most max octets leave; under a layer all of them, since the engine counts what went into the layer. */
static size_t drain(struct play *p, size_t max)
{
    struct iovec pieces[PIECES];
    size_t count = engine_drain(p->engine, pieces, PIECES), total = 0, left;

    for (size_t i = 0; i < count; i++) {
        FUZZ_CHECK(pieces[i].iov_len, "a piece of no octets");
        total += pieces[i].iov_len;
    }
    FUZZ_CHECK(!count == !total, "nothing in %zu pieces", count);
    left = total = total < max ? total : max;
    for (size_t i = 0; left; i++) {
        size_t part = pieces[i].iov_len < left ? pieces[i].iov_len : left;

        server_hear(&p->server, pieces[i].iov_base, part);
        left -= part;
    }
    if (total)
        engine_drained(p->engine, total);
    return total;
}

static bool is_layered(const struct play *p)
{
    return p->server.tls || p->server.layer;
}

void play_settle(struct play *p)
{
    size_t may = p->up_most;

    for (unsigned idle = 0; idle < 4;) {
        size_t step = is_layered(p) ? SIZE_MAX : p->up_step < may ? p->up_step : may, n;

        engine_tick(p->engine, p->now);
        n = step ? drain(p, step) : 0;
        may -= may == SIZE_MAX ? 0 : n < may ? n : may;
        if (!n && !(engine_want(p->engine) & (ENGINE_WANT_CONTENT | ENGINE_WANT_CREDENTIAL)))
            return;
        idle = n ? 0 : idle + 1;
    }
}

void play_say(struct play *p, const void *data, size_t len)
{
    const uint8_t *at = data;

    while (len && engine_alive(p->engine)) {
        size_t part = server_piece(&p->server, at, len);
        uint8_t *copy;

        if (part > p->down_step)
            part = p->down_step;
        copy = fuzz_copy(at, part);
        engine_tick(p->engine, p->now);
        if (engine_alive(p->engine)) {
            server_say(&p->server, copy, part);
            engine_feed(p->engine, copy, part);
        }
        fuzz_free(copy);
        at += part;
        len -= part;
        play_settle(p);
        play_check(p);
    }
}

void play_speak(struct play *p, const void *data, size_t len)
{
    struct bytes layered = {0};

    if (p->server.layer)
        toy_layer_put(&layered, data, len);
    else
        bytes_add(&layered, data, len);
    if (p->server.tls)
        play_record(p, FAKE_TLS_DATA, layered.data, layered.len);
    else
        play_say(p, layered.data, layered.len);
    bytes_free(&layered);
}

void play_record(struct play *p, char type, const void *data, size_t len)
{
    struct bytes wire = {0};

    fake_tls_put(&wire, type, data, len);
    play_say(p, wire.data, wire.len);
    bytes_free(&wire);
}

void play_lose(struct play *p, int error_number)
{
    engine_tick(p->engine, p->now);
    engine_lost(p->engine, error_number);
    FUZZ_CHECK(!engine_alive(p->engine) && !play_is_busy(p), "lost, and it goes on");
    play_check(p);
}

/* SPDX-License-Identifier: MIT */
/* Octets, time and the end of the connection come in here. */
#include "engine/engine.h"

#include "base/mem.h"
#include "base/text.h"
#include "engine/cursor.h"
#include "engine/proof.h"
#include "engine/settle.h"
#include "engine/state.h"
#include "engine/tls.h"
#include "portable/errno_text.h"
#include "reply/stranger.h"

#include <envoi/library.h>
#include <stdio.h>
#include <string.h>

#define READ_BLOCK       16384u
/* More than any chain has. A list that never ends must not make a loop without end. */
#define CERTIFICATES_MAX 256

static void engine_refresh_owner(void *owner)
{
    engine_refresh_clock(owner);
}

static void engine_trace_login(void *owner, const char *text)
{
    engine_trace(owner, ENVOI_TRACE_INFO, "%s", text);
}

static int engine_run_detached(void *owner, const struct task *task)
{
    const struct engine *e = owner;

    return e->env.run_detached(e->env.driver, task);
}

static void engine_init_login(struct engine *e)
{
    const struct login_env env = {
        .registry = e->env.registry,
        .settings = e->settings,
        .fault = e->fault,
        .echo = &e->echo,
        .stack = &e->stack,
        .extensions = &e->extensions,
        .now = &e->now,
        .refresh_clock = engine_refresh_owner,
        .trace = engine_trace_login,
        .run_detached = e->env.run_detached ? engine_run_detached : NULL,
        .owner = e,
    };

    login_init(&e->login, &env);
}

int engine_new(const struct engine_env *env, struct engine **out)
{
    struct engine *e = mem_zalloc(sizeof *e);

    if (!(*out = e))
        return ENVOI_E_MEMORY;
    e->env = *env;
    e->settings = env->settings;
    e->fault = env->fault;
    stack_init(&e->stack, e->fault);
    if (output_init(&e->output)) {
        mem_free(e);
        *out = NULL;
        return ENVOI_E_MEMORY;
    }
    e->reply = &e->replies[0];
    reply_init(e->reply);
    reply_parser_init(&e->parser, &e->replies[1]);
    reply_init(&e->greeting);
    reply_init(&e->hello_reply);
    buf_init(&e->line, 0, false);
    buf_init(&e->said, 0, false);
    content_init(&e->line_data);
    engine_init_login(e);
    extensions_clear(&e->extensions);
    return ENVOI_OK;
}

void engine_free(struct engine *e)
{
    if (!e)
        return;
    engine_close(e);
    queue_shrink(e);
    stack_clear(&e->stack);
    output_free(&e->output);
    reply_parser_free(&e->parser);
    reply_free(e->reply);
    reply_free(&e->greeting);
    reply_free(&e->hello_reply);
    buf_free(&e->line);
    buf_free(&e->said);
    content_free(&e->line_data);
    mem_free(e->hello_name);
    mem_free(e->hello_said);
    mem_free(e);
}

void engine_set_trace_level(struct engine *e, int level)
{
    e->trace_level = level;
}

/* A server that expects TLS says nothing before the handshake, so after a few seconds the trace says that this may be
 * the reason. Milliseconds. */
#define GREETING_LATE 3000

/* When that is due; -1: not, or not any more. */
static int64_t greeting_is_late_at(const struct engine *e)
{
    bool due = e->trace_level && e->phase == ENVOI_PHASE_GREETING && !e->stack.transport && !e->greeting_late;

    return due ? e->armed_at + GREETING_LATE : -1;
}

int64_t engine_deadline(const struct engine *e)
{
    int64_t limit = e->settings->timeouts[e->phase];
    int64_t at = e->phase == ENVOI_PHASE_NONE || limit < 0 ? -1 : e->armed_at + limit;

    if (greeting_is_late_at(e) >= 0 && (at < 0 || greeting_is_late_at(e) < at))
        return greeting_is_late_at(e);
    return at;
}

/* ---- the end of the connection ---- */

void engine_close(struct engine *e)
{
    if (e->open || e->orphaned) {
        if (e->head == &e->proof_job) /* the server has not failed */
            e->head = e->head->next;
        if (e->head)
            fault_set(e->fault, ENVOI_E_DISCONNECTED, e->phase, "the connection was closed by the application");
        engine_die(e, ENVOI_E_DISCONNECTED);
    }
    login_free(&e->login);
    echo_free(&e->echo);
    tls_keep_ticket(e);
    stack_clear(&e->stack);
    reply_clear(&e->greeting);
    mem_free(e->host);
    mem_free(e->helo_default);
    e->host = e->helo_default = NULL;
    e->transport = (struct registry_transport){0};
}

/* The present phase, for the text of a failure. */
static const char *doing(const struct engine *e)
{
    if (e->waiting == ENGINE_WANT_STEP)
        return "a step of the login, in the mechanism's library";
    return e->phase == ENVOI_PHASE_NONE ? "idle" : envoi_phase_name(e->phase);
}

static void engine_lose(struct engine *e, const char *how)
{
    engine_die_of(e, ENVOI_E_DISCONNECTED, "the connection was lost (%s): %s", doing(e), how);
}

/* ---- octets out ---- */

/* The deadline of the content is put off by so much for each octet that leaves, so that a server cannot stretch it by
 * taking octet by octet: 100 octets a second will do. Milliseconds. */
#define OCTET_BUYS 10

/* The whole time-out is there again if nothing waits to leave: then the content's source is the slow one. */
static void note_content_gone(struct engine *e, size_t len)
{
    int64_t at = e->armed_at + (int64_t)len * OCTET_BUYS;

    if (e->phase != ENVOI_PHASE_CONTENT || !e->output.lent || at > e->now)
        engine_arm(e, ENVOI_PHASE_CONTENT);
    else
        e->armed_at = at;
}

/* Notes that octets have left: commands that left whole may be answered from now on. */
static void note_gone(struct engine *e, size_t len, uint64_t position)
{
    bool content = e->output.lent > 0;

    e->answerable += output_drained(&e->output, len, position);
    if (content && e->unanswered && e->answerable == e->unanswered)
        engine_arm(e, e->answered.row->phase);
    else if (content)
        note_content_gone(e, len);
}

/* A plugin reports its failure to the fault. An earlier failure must not be replaced by it, so it is copied first. */
static bool keep_failure(const struct engine *e, struct envoi_errctx *kept)
{
    bool failed = engine_has_failed(e);

    if (failed)
        *kept = *e->fault;
    return failed;
}

static void die_of_layer(struct engine *e, int rc, const struct envoi_errctx *kept, const char *otherwise)
{
    struct envoi_errctx why;

    login_report(&e->login);
    why = *e->fault;
    if (why.code != rc)
        fault_set(&why, rc, e->phase, "%s", otherwise);
    engine_explain_end(e, &why);
    *e->fault = kept ? *kept : why;
    e->loss = &why;
    engine_die(e, why.code);
    e->loss = NULL;
}

/* Gives the layers as many octets as fill a record, or all that there are. Not inlined, because the block would be on
 * the stack for all that push_down() calls. */
static __attribute__((noinline)) int push_record(struct engine *e)
{
    uint8_t block[STACK_RECORD_MAX];
    struct iovec piece = output_gather(&e->output, block, stack_record(&e->stack));
    int rc = ENVOI_OK;
    size_t n = 0;

    for (size_t at = 0; !rc && at < piece.iov_len; at += n)
        if (!(rc = stack_send(&e->stack, (const uint8_t *)piece.iov_base + at, piece.iov_len - at, &n)))
            note_gone(e, n, e->wire + stack_held(&e->stack));
    return rc;
}

/* Moves the output through the layers, as far as the wire has room. */
static void push_down(struct engine *e)
{
    struct envoi_errctx kept;

    if (stack_is_empty(&e->stack) || (e->stack.transport && !e->stack.secure))
        return;
    while (e->open && (e->output.octets || e->stack.encoded.len)) {
        bool failed = keep_failure(e, &kept);
        int rc = stack_flush(&e->stack);

        if (!rc && e->output.octets)
            rc = push_record(e);
        if (rc == ENVOI_E_AGAIN)
            return;
        if (rc) {
            die_of_layer(e, rc, failed ? &kept : NULL, "the TLS or SASL layer cannot send");
            return;
        }
        if (!e->output.count)
            cursor_pump(e);
    }
}

void engine_go(struct engine *e)
{
    cursor_pump(e);
    push_down(e);
}

size_t engine_drain(struct engine *e, struct iovec *pieces, size_t max)
{
    if (stack_is_empty(&e->stack))
        return output_drain(&e->output, pieces, max);
    push_down(e); /* a verb may have begun since the last time */
    if (!e->stack.out.len || !max)
        return 0;
    pieces[0] = (struct iovec){(void *)(uintptr_t)buf_head(&e->stack.out), e->stack.out.len};
    return 1;
}

void engine_drained(struct engine *e, size_t len)
{
    e->wire += len;
    e->telemetry.octets_sent += len;
    if (stack_is_empty(&e->stack))
        note_gone(e, len, e->wire);
    else
        buf_consume(&e->stack.out, len);
    if (e->open)
        engine_go(e);
}

unsigned engine_want(const struct engine *e)
{
    bool out = stack_is_empty(&e->stack) ? e->output.octets > 0 : e->stack.out.len > 0;

    return (e->open ? ENGINE_WANT_READ : 0u) | (out ? ENGINE_WANT_WRITE : 0u) | e->waiting |
           (e->head ? 0u : ENGINE_WANT_DONE);
}

/* ---- octets in ---- */

/* Is the next reply one to AUTH? */
static bool answers_login(const struct engine *e)
{
    return e->unanswered && e->answered.row && e->answered.row->phase == ENVOI_PHASE_AUTH;
}

static void trace_reply_line(void *ctx, const char *line, size_t len)
{
    engine_trace_line(ctx, ENVOI_TRACE_RECEIVED, line, len);
}

/* Once there is a secret on the connection a reply is traced when it is whole and covered, since the server may spread
 * the secret over its lines. A challenge may hold one, so only its length is shown. */
static __attribute__((noinline)) void trace_covered(struct engine *e, const struct envoi_reply *reply)
{
    bool masked = answers_login(e) && reply->code == 334;
    char shown[REPLY_LINE_MAX];
    size_t len;
    const char *line;

    for (size_t i = 0; (line = envoi_reply_line(reply, i, &len)); i++) {
        memcpy(shown, line, len + 1);
        echo_redact(&e->echo, shown, len); /* that to EHLO is not covered yet */
        if (masked)
            engine_trace(e, ENVOI_TRACE_RECEIVED, "334 [%zu octets]", len);
        else if (reply->code < 0)
            engine_trace_line(e, ENVOI_TRACE_RECEIVED, shown, len);
        else
            engine_trace(e, ENVOI_TRACE_RECEIVED, "%d%c%s", reply->code, i + 1 < reply->lines ? '-' : ' ', shown);
    }
}

/* The reply to EHLO is covered later: see hello_answer(). */
static __attribute__((noinline)) void cover_reply(struct engine *e, struct envoi_reply *reply)
{
    bool hello = e->unanswered && e->answered.row == &command_hello && reply->code == 250;

    if (!hello && !(answers_login(e) && reply->code == 334))
        engine_cover_reply(e, reply);
    if (e->trace_level)
        trace_covered(e, reply);
}

/* The reply that was read becomes the one that the caller sees. But that is the refusal, not the replies that followed
 * from it. */
static void show_reply(struct engine *e, struct envoi_reply *reply)
{
    bool afterthought =
        e->answerable && (e->answered.row == &command_rset ||
                          (e->parser.secret && answers_login(e) && login_is_decided(&e->login, reply_class(reply))) ||
                          (e->answering && e->answering->result));

    if (e->parser.secret)
        cover_reply(e, reply);
    if (afterthought)
        return;
    e->parser.reply = e->reply;
    e->reply = reply;
}

/* Is content on its way, the end of which has not left? */
static bool is_in_content(const struct engine *e)
{
    if (e->unanswered)
        return e->answered.row == &command_bdat || e->answered.row == &command_content;
    return e->head && e->head->content_open;
}

/* A reply that nothing was asked for. Before it closes an idle connection a server may say why, and not by a 421 alone.
 * Right behind a 220 such a reply takes the greeting back. */
static __attribute__((noinline)) void take_unasked(struct engine *e, const struct envoi_reply *reply)
{
    char quoted[REPLY_QUOTED_MAX];

    if (!e->closing)
        proof_strike(e, ENVOI_LOG_WARNING, reply_quote(reply, quoted));
    if (reply_class(reply) < 4 || is_in_content(e))
        (void)engine_die_of_reply(e, reply, "a reply that nothing was asked for");
    else if (e->head == &e->connect_job)
        (void)command_greeting.answer(e, e->head, &e->answered, reply);
    else
        (void)engine_die_of(e, ENVOI_E_DISCONNECTED, "the server closes the connection: %s",
                            reply_quote(reply, quoted));
}

/* A line that is no reply can be read, too. */
static __attribute__((noinline)) void take_broken(struct engine *e, struct envoi_reply *reply)
{
    char quoted[REPLY_QUOTED_MAX];
    const char *line, *remark;
    size_t len;

    show_reply(e, reply);
    line = envoi_reply_line(reply, 0, &len);
    remark = line ? stranger_of_line(line, len) : NULL;
    engine_die_of(e, ENVOI_E_PROTOCOL, "reply (%s): %s: %s%s%s", doing(e), e->parser.problem,
                  len ? reply_quote(reply, quoted) : "an empty line", remark ? "; " : "", remark ? remark : "");
}

/* Everything is answered, and the job at the head ends when the octets at hand are read: behind its last reply nothing
 * may follow. After a 354 the replies were in step. */
static bool awaits_nothing(const struct engine *e)
{
    const struct job *job = e->head;

    return job && !e->unanswered && (job == &e->proof_job || (job->message && job->chunked && job->content_done));
}

/* Octets behind a reply after which nothing is unanswered. The server may take its leave; if not, one of the replies
 * before was a stray one, and the verdict is none. */
static void take_left_over(struct engine *e, const char *data, size_t len)
{
    struct envoi_message *m = e->head->message;

    if (memcmp(data, "421", len < 3 ? len : 3) == 0) {
        cursor_pump(e);
        return;
    }
    if (m)
        settle_unknown(m, ENVOI_PHASE_FINAL);
    engine_die_of(e, ENVOI_E_PROTOCOL, "a reply too many came behind the one to %s", m ? "the content" : "RSET");
}

/* Octets of the server. */
struct incoming {
    const char *data;
    size_t len;
    size_t before; /* octets of the reply to RCPT that ends where data begins, if it is e->reply as it came; else 0 */
};

static void incoming_skip(struct incoming *in, size_t len)
{
    in->data += len;
    in->len -= len;
}

/* A reply of the same octets as the one before says the same, and need not be read once more: most servers answer all
 * recipients alike. */
static bool incoming_repeats(const struct engine *e, const struct incoming *in)
{
    size_t n = in->before;

    return n && n <= in->len && e->answerable && e->answered.row == &command_rcpt &&
           memcmp(in->data - n, in->data, n) == 0;
}

/* Reads a reply and shows it. NULL: it is not there whole, or cannot be read. */
static const struct envoi_reply *read_reply(struct engine *e, struct incoming *in)
{
    reply_line_fn *trace = e->trace_level && e->env.trace ? trace_reply_line : NULL;
    struct envoi_reply *reply = e->parser.reply;
    bool complete, begun = reply_parser_busy(&e->parser);
    size_t used;
    int rc;

    e->parser.secret = e->echo.count || answers_login(e);
    rc = reply_parse(&e->parser, in->data, in->len, &used, &complete, e->parser.secret ? NULL : trace, e);
    if (rc == ENVOI_E_PROTOCOL)
        take_broken(e, e->parser.reply);
    else if (rc)
        engine_die_of(e, rc, "reply (%s): %s", doing(e), envoi_error_text(rc));
    if (rc)
        return NULL;
    incoming_skip(in, used);
    if (!complete)
        return NULL;
    e->telemetry.replies++;
    show_reply(e, reply);
    e->closing = reply->code == 421;
    in->before = 0;
    if (e->answered.row == &command_rcpt && e->answerable && e->reply == reply && !begun && !e->trace_level)
        in->before = used;
    return reply;
}

/* Takes plain octets of the server, after all layers. */
static void take_octets(struct engine *e, const char *data, size_t len)
{
    struct incoming in = {.data = data, .len = len};

    if (len && awaits_nothing(e))
        take_left_over(e, data, len);
    while (in.len && e->open) {
        const struct envoi_reply *reply = e->reply;

        if (incoming_repeats(e, &in))
            incoming_skip(&in, in.before);
        else if (!(reply = read_reply(e, &in)))
            return;
        if (e->answerable)
            cursor_answer(e, reply);
        else
            take_unasked(e, reply);
        if (e->open && e->switching && in.len) {
            engine_die_of(e, ENVOI_E_PROTOCOL,
                          "the server sent %zu octets behind its last reply in clear: they could be anybody's", in.len);
            return;
        }
        e->switching = false;
        if (!e->open || !in.len || e->unanswered)
            continue;
        /* Finish the job first: the octets that follow may end the connection. Not so the greeting: whatever comes with
         * it belongs to it. */
        if (awaits_nothing(e))
            take_left_over(e, in.data, in.len);
        else if (e->head != &e->connect_job)
            cursor_pump(e);
    }
}

/* Reads plain octets from the layers. */
static void pull_up(struct engine *e)
{
    struct envoi_errctx kept;
    char block[READ_BLOCK];

    while (e->open && (!e->stack.transport || e->stack.secure)) {
        size_t n = 0;
        bool failed = keep_failure(e, &kept);
        int rc = stack_recv(&e->stack, block, sizeof block, &n);

        if (rc && awaits_nothing(e)) /* nothing has followed */
            cursor_pump(e);
        if (rc == ENVOI_E_AGAIN)
            return;
        if (rc == ENVOI_E_EOF || rc == ENVOI_E_TRUNCATED) {
            if (failed)
                *e->fault = kept;
            engine_lose(e, rc == ENVOI_E_EOF ? "the server closed it" : "it ended without the closing alert of TLS");
            return;
        }
        if (rc) {
            die_of_layer(e, rc, failed ? &kept : NULL, "the TLS or SASL layer cannot read");
            return;
        }
        if (!e->ticket_tried)
            tls_keep_ticket(e);
        take_octets(e, block, n);
        mem_wipe(block, n);
        if (e->open && !awaits_nothing(e))
            engine_go(e);
    }
}

void engine_feed(struct engine *e, const void *data, size_t len)
{
    if (!e->open)
        return;
    e->telemetry.octets_received += len;
    if (stack_is_empty(&e->stack)) {
        take_octets(e, data, len);
    } else {
        if (stack_feed(&e->stack, data, len)) {
            engine_die_of(e, ENVOI_E_MEMORY, "out of memory while reading");
            return;
        }
        if (e->stack.transport && !e->stack.secure)
            cursor_pump(e);
        pull_up(e);
    }
    if (e->open)
        engine_go(e);
}

void engine_lost(struct engine *e, int error_number)
{
    char text[128] = "the server closed it";

    if (!e->open)
        return;
    stack_end(&e->stack);
    if (!stack_is_empty(&e->stack)) {
        if (e->stack.transport && !e->stack.secure)
            cursor_pump(e);
        pull_up(e);
    }
    if (error_number)
        (void)snprintf(text, sizeof text, "%s", errno_text(error_number));
    if (e->open)
        engine_lose(e, text);
    if (error_number && e->fault->code == ENVOI_E_DISCONNECTED)
        e->fault->library_code = error_number;
}

static const char expects_tls[] = "the port may expect TLS from the first octet (implicit)";

static void engine_too_late(struct engine *e)
{
    long long limit = e->settings->timeouts[e->phase];
    bool silent = e->phase == ENVOI_PHASE_GREETING && !e->stack.transport;

    if (e->phase == ENVOI_PHASE_CONTENT && e->output.lent)
        engine_die_of(e, ENVOI_E_TIMEOUT, "the server takes the content too slowly: nearly nothing for %lld ms (%s)",
                      limit, doing(e));
    else
        engine_die_of(e, ENVOI_E_TIMEOUT, "nothing came for %lld ms (%s)%s%s", limit, doing(e), silent ? "; " : "",
                      silent ? expects_tls : "");
}

void engine_tick(struct engine *e, int64_t now)
{
    int64_t deadline, late;

    e->now = now;
    if (!e->open)
        return;
    if ((late = greeting_is_late_at(e)) >= 0 && now >= late) {
        e->greeting_late = true;
        engine_trace(e, ENVOI_TRACE_INFO, "no greeting yet: %s", expects_tls);
    }
    deadline = engine_deadline(e);
    if (deadline >= 0 && now >= deadline) {
        engine_too_late(e);
        return;
    }
    if (e->waiting)
        engine_go(e);
}

/* ---- facts about the connection ---- */

int engine_result(const struct engine *e)
{
    return e->head ? ENVOI_E_AGAIN : e->result;
}

bool engine_alive(const struct engine *e)
{
    return e->open;
}

bool engine_wants_connection(const struct engine *e)
{
    return e->orphaned;
}

const struct envoi_reply *engine_reply(const struct engine *e)
{
    return e->reply;
}

const struct envoi_reply *engine_greeting(const struct engine *e)
{
    return &e->greeting;
}

int engine_hello(const struct engine *e)
{
    return e->hello;
}

const struct envoi_reply *engine_hello_reply(const struct engine *e)
{
    return &e->hello_reply;
}

const char *engine_helo_name(const struct engine *e)
{
    return e->hello_said ? e->hello_said : "";
}

const struct extensions *engine_extensions(const struct engine *e)
{
    return &e->extensions;
}

bool engine_authenticated(const struct engine *e)
{
    return e->authenticated;
}

const char *engine_mechanism(const struct engine *e)
{
    return e->login.name;
}

const char *engine_mechanisms_left(const struct engine *e)
{
    return e->login.left;
}

const char *engine_mechanism_plugin(const struct engine *e)
{
    return e->login.plugin ? e->login.plugin : "";
}

const char *engine_tls_backend(const struct engine *e)
{
    return e->stack.transport ? e->transport.id : "";
}

bool engine_tls_verified(const struct engine *e)
{
    return e->stack.secure && e->tls_verified;
}

const char *engine_tls_verified_by(const struct engine *e)
{
    return tls_verified_by(e);
}

int engine_certificate(const struct engine *e, size_t index, struct envoi_certificate *out)
{
    *out = (struct envoi_certificate){.struct_size = sizeof *out};
    if (!e->stack.secure || index >= CERTIFICATES_MAX)
        return ENVOI_E_END;
    if (e->stack.transport->certificate(e->stack.conn, index, out))
        return ENVOI_E_END;
    return out->der && out->subject && out->issuer && out->names ? ENVOI_OK : ENVOI_E_END;
}

/* SPDX-License-Identifier: MIT */
/* AUTH (RFC 4954): the command with its initial response, and the answers to challenges. */
#include "base/base64.h"
#include "base/echo.h"
#include "engine/auth.h"
#include "engine/auth_pick.h"
#include "engine/detached.h"
#include "engine/refusal.h"
#include "engine/state.h"

#include <envoi/library.h>
#include <stdio.h>
#include <string.h>

/* The login is refused, and no other mechanism follows. */
static int end_refused(struct engine *e)
{
    struct auth *a = &e->auth;
    char text[256] = "";
    unsigned refused = 0;
    size_t used = 0;

    auth_find_left(e);
    for (unsigned i = 0; i < a->tried_count; i++)
        refused += a->tried[i].code != 0;
    for (unsigned i = 0; refused > 1 && used < sizeof text - 1 && i < a->tried_count; i++)
        if (a->tried[i].code)
            used += (size_t)snprintf(text + used, sizeof text - used, "%s%s (%d)",
                                     used ? ", " : "; tried: ", a->tried[i].name, a->tried[i].code);
    fault_append(e->fault, "%s%s%s%s", text, a->left[0] ? "; not tried: " : "", a->left,
                 a->left[0] ? ", to be named if wanted" : "");
    return e->fault->code;
}

/* The failure of a login for which no mechanism is left: none suits, or all were refused. */
static int no_mechanism(struct engine *e)
{
    const struct auth *a = &e->auth;

    if (a->refusal.code) { /* the last refusal, by the server or by the application */
        *e->fault = a->refusal;
        return a->refusal.code == ENVOI_E_AUTH ? end_refused(e) : e->fault->code;
    }
    if (a->refused.before)
        return refusal_tell(e);
    return fault_set(e->fault, ENVOI_E_NO_MECHANISM, ENVOI_PHASE_AUTH,
                     "no login mechanism is announced, available and allowed: the server announces \"%.100s\"%s%s%s%s",
                     auth_announced(e), a->asked[0] ? "; asked for: " : "", a->asked,
                     a->passed_over[0] ? "; passed over: " : "", a->passed_over);
}

/* The failure of a step. Its text is the plugin's, if that reported one. */
static int step_failed(struct engine *e, int rc)
{
    if (rc == ENVOI_E_CANCELLED && e->auth.refused.before)
        return refusal_tell(e);
    if (rc == ENVOI_E_CANCELLED)
        return fault_set(e->fault, rc, ENVOI_PHASE_AUTH, "login by %s: %s", e->auth.name,
                         e->auth.step ? "the application has given it up" : "a credential was asked for and not given");
    if (e->fault->code != rc)
        return fault_set(e->fault, rc, ENVOI_PHASE_AUTH, "login by %s failed: %s", e->auth.name, envoi_error_text(rc));
    fault_prefix(e->fault, "login by %s", e->auth.name);
    e->fault->phase = ENVOI_PHASE_AUTH;
    return rc;
}

/* A step returned AGAIN: it runs on another thread, or waits for a credential. */
static int wait_for_step(struct engine *e)
{
    if (detached_runs(e->auth.detached)) {
        if (e->phase != ENVOI_PHASE_AUTH)
            engine_arm(e, ENVOI_PHASE_AUTH);
        e->waiting = ENGINE_WANT_STEP;
        return ENVOI_E_AGAIN;
    }
    if (!e->waiting && e->phase != ENVOI_PHASE_ANSWER)
        engine_arm(e, ENVOI_PHASE_ANSWER);
    e->waiting = ENGINE_WANT_CREDENTIAL;
    return ENVOI_E_AGAIN;
}

/* ---- the command ---- */

/* Puts "AUTH NAME[ initial]". The initial response is withheld if the line would be longer than AUTH_COMMAND_MAX. */
static int put_auth(struct engine *e)
{
    struct auth *a = &e->auth;
    struct buf *text = &e->output.text;
    size_t from = text->len, encoded = a->out.len ? (a->out.len + 2) / 3 * 4 : 1, response;
    bool fits = strlen("AUTH ") + strlen(a->name) + 1 + encoded + 2 <= AUTH_COMMAND_MAX;
    char mask[80];

    text->secret = true;
    a->withheld = a->responded && !fits;
    (void)snprintf(mask, sizeof mask, "AUTH %s", a->name);
    buf_append_text(text, mask);
    if (a->responded && fits) {
        buf_append(text, " ", 1);
        response = text->len;
        if (a->out.len)
            (void)base64_encode(text, buf_head(&a->out), a->out.len);
        else
            buf_append(text, "=", 1);
        if (buf_failed(text) || echo_remember(&e->echo, buf_head(text) + response, text->len - response))
            return ENVOI_E_MEMORY;
        buf_reset(&a->out);
        (void)snprintf(mask, sizeof mask, "AUTH %s [%zu octets]", a->name, encoded);
    }
    return engine_end_line(e, from, mask);
}

/* An application without a token may have a password. So another mechanism may be tried, unless this very one was asked
 * for. If no other one suits, the login fails with this failure. */
static bool does_without_token(struct engine *e)
{
    struct auth *a = &e->auth;

    if (a->asked[0] || !(a->m.info.needs & ENVOI_CRED_TOKEN))
        return false;
    (void)step_failed(e, ENVOI_E_CANCELLED);
    if (!a->refusal.code)
        a->refusal = *e->fault;
    auth_note_tried(a, 0);
    return true;
}

static int pick_failed(struct engine *e, int rc)
{
    if (rc == ENVOI_E_END)
        return no_mechanism(e);
    return rc == ENVOI_E_MEMORY ? step_failed(e, rc) : rc;
}

static int auth_write(struct engine *e, struct job *job, const struct position *at)
{
    struct auth *a = &e->auth;
    int rc;

    if (!*auth_announced(e) && !auth_needs_no_announcement(e))
        return fault_set(e->fault, ENVOI_E_NOT_SUPPORTED, ENVOI_PHASE_AUTH,
                         "a login is wanted, but the server does not announce AUTH; nothing was sent");
    for (;;) {
        if (!a->active && (rc = auth_pick(e)))
            return pick_failed(e, rc);
        a->remark[0] = '\0';
        rc = auth_step(e, true);
        if (rc == ENVOI_E_AGAIN)
            return wait_for_step(e);
        if (!rc)
            break;
        auth_end(a);
        if (rc == ENVOI_E_CANCELLED && does_without_token(e))
            continue;
        if (rc != ENVOI_E_NOT_SUPPORTED)
            return step_failed(e, rc);
        /* It is not usable after all, and nothing went out: try the next provider. */
        auth_pass_over(a, *e->fault->text ? e->fault->text : "not usable here");
        a->nth++;
    }
    engine_arm(e, ENVOI_PHASE_AUTH);
    return put_auth(e);
}

/* ---- the responses ---- */

static int put_response(struct engine *e)
{
    struct auth *a = &e->auth;
    struct buf *text = &e->output.text;
    size_t from = text->len, encoded = (a->out.len + 2) / 3 * 4;
    char mask[40];

    text->secret = true;
    (void)snprintf(mask, sizeof mask, "[%zu octets]", encoded);
    if (base64_encode(text, buf_head(&a->out), a->out.len) ||
        echo_remember(&e->echo, buf_head(text) + from, text->len - from))
        return ENVOI_E_MEMORY;
    buf_reset(&a->out);
    a->withheld = false;
    return engine_end_line(e, from, mask);
}

static int put_cancel(struct engine *e, int why)
{
    e->auth.cancel = step_failed(e, why);
    if (why == ENVOI_E_SERVER_PROOF)
        e->auth.refusal = *e->fault;
    return engine_put_command(e, "*");
}

static int response_write(struct engine *e, struct job *job, const struct position *at)
{
    struct auth *a = &e->auth;
    int rc;

    if (a->cancel)
        return put_cancel(e, a->cancel);
    if (a->withheld)
        return put_response(e);
    rc = auth_step(e, false);
    if (rc == ENVOI_E_AGAIN)
        return wait_for_step(e);
    engine_arm(e, ENVOI_PHASE_AUTH);
    return rc ? put_cancel(e, rc) : put_response(e);
}

/* ---- replies ---- */

/* Decodes a challenge, without blanks around it. The prompts of LOGIN mean nothing: they may be plain text. ENVOI_OK,
 * ENVOI_E_MEMORY, or ENVOI_E_PROTOCOL: it is not base64. */
static int decode_challenge(struct auth *a, const char *text)
{
    static const char blanks[] = " \t";
    size_t len;
    int rc;

    text += strspn(text, blanks);
    len = strlen(text);
    while (len && strchr(blanks, text[len - 1]))
        len--;
    rc = base64_decode(&a->in, text, len);
    return rc == ENVOI_E_PROTOCOL && strcmp(a->name, "LOGIN") == 0 ? buf_append(&a->in, text, len) : rc;
}

/* A challenge: it is decoded for the next step. If it cannot be answered, the exchange is cancelled. */
static int take_challenge(struct engine *e, struct job *job, const struct envoi_reply *reply)
{
    struct auth *a = &e->auth;
    const char *why = NULL;
    int rc;

    if (a->cancel)
        return engine_die_of(e, ENVOI_E_PROTOCOL, "a challenge although the exchange was cancelled");
    buf_reset(&a->in);
    rc = decode_challenge(a, envoi_reply_text(reply));
    if (rc == ENVOI_E_MEMORY)
        return engine_die_of(e, rc, "out of memory while reading a challenge");
    if (rc)
        why = "the challenge is not base64";
    else if (++a->rounds > AUTH_ROUNDS_MAX)
        why = "the server asks without end";
    else if (a->withheld && a->in.len)
        why = "a challenge before the initial response";
    if (why) {
        a->cancel = fault_set(e->fault, ENVOI_E_AUTH, ENVOI_PHASE_AUTH, "%s", why);
        fault_detail(e->fault, a->rounds > AUTH_ROUNDS_MAX ? ENVOI_DETAIL_CHALLENGES : ENVOI_DETAIL_CHALLENGE);
    }
    job->written.row = &command_auth_response;
    return ENVOI_OK;
}

/* A 235 that comes too soon: the sender does not know the secret, or takes anybody. */
static int refuse_welcome(struct engine *e)
{
    const struct auth *a = &e->auth;
    bool proves = a->step || (a->m.info.flags & ENVOI_MECH_MUTUAL);

    if (a->cancel) { /* the fault says why `*` was sent */
        struct envoi_errctx why = *e->fault;

        (void)engine_die_of(e, a->cancel, "%s; the server says 235 all the same", why.text);
        return fault_detail(e->fault, why.detail);
    }
    if (!a->withheld && proves)
        return engine_die_of(e, ENVOI_E_SERVER_PROOF, "login by %s: the server says 235 before it has proved itself",
                             a->name);
    (void)engine_die_of(e, ENVOI_E_AUTH, "login by %s: the server says 235 before it was answered", a->name);
    return fault_detail(e->fault, ENVOI_DETAIL_TOO_SOON);
}

static int auth_succeed(struct engine *e)
{
    struct auth *a = &e->auth;
    int rc;

    if (a->cancel || !a->done || a->withheld)
        return refuse_welcome(e);
    rc = auth_layer(e);
    if (rc == ENVOI_E_PLUGIN) { /* the fault says how it is broken */
        engine_die(e, step_failed(e, rc));
        return rc;
    }
    if (rc) {
        (void)engine_die_of(e, rc, "login by %s: no security layer of the strength that was asked for", a->name);
        return fault_detail(e->fault, ENVOI_DETAIL_NO_LAYER);
    }
    e->authenticated = true;
    refusal_forget(e);
    auth_end(a);
    return ENVOI_OK;
}

/* After these codes (RFC 4954 sections 4 and 6) another mechanism may succeed. */
static bool tries_next(const struct engine *e, int code)
{
    return !e->auth.asked[0] && (code == 504 || code == 534 || code == 535);
}

static int auth_answer(struct engine *e, struct job *job, struct position *at, const struct envoi_reply *reply)
{
    struct auth *a = &e->auth;
    bool decided = auth_is_decided(e, reply);
    int cancel = a->cancel;

    if (reply->code == 334) {
        int rc = take_challenge(e, job, reply);

        /* It may repeat a secret in base64, and is of no use to readers of replies. */
        reply_clear_text(reply == e->reply ? e->reply : e->parser.reply);
        return rc;
    }
    if (reply->code == 235)
        return auth_succeed(e);
    if (reply_class(reply) < 4)
        return engine_die_of_reply(e, reply, "the reply to AUTH");
    auth_end(a);
    a->cancel = 0;
    if (cancel) /* the fault says why `*` was sent; the refusal is the expected answer to it */
        return cancel;
    if (reply->code == 503 && e->authenticated) /* there was a login already (RFC 4954 section 4) */
        return ENVOI_OK;
    engine_refused(e, ENVOI_E_AUTH, ENVOI_PHASE_AUTH, reply, "login by %s is refused%s%s%s", a->name,
                   *a->remark ? " (" : "", a->remark, *a->remark ? ")" : "");
    if (decided) /* "not now", to the mechanism after the one that was refused: the same would happen later */
        auth_explain_end(e, e->fault);
    refusal_note(e, reply->code);
    auth_note_tried(a, reply->code);
    if (!tries_next(e, reply->code))
        return decided ? ENVOI_E_AUTH : end_refused(e);
    a->refusal = *e->fault;
    job->written.row = &command_auth;
    return ENVOI_OK;
}

const struct command command_auth = {
    .name = "AUTH",
    .phase = ENVOI_PHASE_AUTH,
    .ends_group = true,
    .write = auth_write,
    .answer = auth_answer,
};

const struct command command_auth_response = {
    .name = "AUTH response",
    .phase = ENVOI_PHASE_AUTH,
    .ends_group = true,
    .write = response_write,
    .answer = auth_answer,
};

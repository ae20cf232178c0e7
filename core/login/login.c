/* SPDX-License-Identifier: MIT */
#include "login/login.h"

#include "base/base64.h"
#include "base/mem.h"
#include "base/text.h"
#include "login/detached.h"
#include "login/exchange.h"
#include "login/explain.h"
#include "login/pick.h"
#include "login/refusal.h"

#include <envoi/library.h>
#include <stdio.h>
#include <string.h>

#define ROUNDS_MAX  16  /* challenges of one exchange */
#define COMMAND_MAX 512 /* octets of the AUTH command with its initial response (RFC 4954 section 4) */

/* ---- its life ---- */

static void login_reset(struct login *l)
{
    *l = (struct login){.env = l->env};
    buf_init(&l->in, 0, true);
    buf_init(&l->out, EXCHANGE_RESPONSE_MAX, true);
}

void login_init(struct login *l, const struct login_env *env)
{
    *l = (struct login){.env = *env};
    login_reset(l);
}

void login_end(struct login *l)
{
    if (l->active && !l->step && !l->layered)
        exchange_drop(l);
    detached_wipe(l->detached);
    l->active = l->by_hand = l->done = l->responded = l->withheld = false;
    l->rounds = 0;
    if (!l->layered) {
        mem_free(l->server_list);
        mem_free(l->host);
        l->server_list = l->host = NULL;
    }
    buf_free(&l->in);
    buf_free(&l->out);
}

void login_free(struct login *l)
{
    login_end(l);
    if (l->layered)
        exchange_drop(l);
    mem_free(l->server_list);
    mem_free(l->host);
    login_reset(l);
}

int login_ask(struct login *l, const char *mechanism, envoi_auth_fn *step, void *ctx, bool safe)
{
    if (mechanism && !sasl_name_is_valid(mechanism, strlen(mechanism)))
        return ENVOI_E_USAGE;
    if (!l->layered)
        login_free(l);
    l->tried_count = 0;
    l->passed_over[0] = l->left[0] = l->name[0] = l->asked[0] = '\0';
    l->refused = (struct login_refused){0};
    l->plugin = NULL;
    fault_clear(&l->refusal);
    l->cancel = 0;
    if (mechanism) {
        memcpy(l->asked, mechanism, strlen(mechanism) + 1);
        text_to_upper(l->asked);
    }
    l->step = step;
    l->step_ctx = ctx;
    l->step_safe = safe;
    return ENVOI_OK;
}

bool login_needs_no_announcement(const struct login *l)
{
    return l->env.settings->unannounced_auth && l->asked[0];
}

/* ---- the command ---- */

/* An application without a token may have a password. So another mechanism may be tried, unless this very one was asked
 * for. If no other one suits, the login fails with this failure. */
static bool does_without_token(struct login *l)
{
    if (l->asked[0] || !(l->m.info.needs & ENVOI_CRED_TOKEN))
        return false;
    (void)explain_step(l, ENVOI_E_CANCELLED);
    if (!l->refusal.code)
        l->refusal = *l->env.fault;
    pick_note_tried(l, 0);
    return true;
}

static int pick_failed(struct login *l, int rc)
{
    if (rc == ENVOI_E_END)
        return explain_no_mechanism(l);
    return rc == ENVOI_E_MEMORY ? explain_step(l, rc) : rc;
}

int login_open(struct login *l, const struct login_peer *peer)
{
    l->peer = *peer;
    if (!*pick_announced(l) && !login_needs_no_announcement(l))
        return fault_set(l->env.fault, ENVOI_E_NOT_SUPPORTED, ENVOI_PHASE_AUTH,
                         "a login is wanted, but the server does not announce AUTH; nothing was sent");
    for (;;) {
        int rc;

        if (!l->active && (rc = pick_next(l)))
            return pick_failed(l, rc);
        l->remark[0] = '\0';
        rc = exchange_step(l, true);
        if (!rc || rc == ENVOI_E_AGAIN)
            return rc;
        login_end(l);
        if (rc == ENVOI_E_CANCELLED && does_without_token(l))
            continue;
        if (rc != ENVOI_E_NOT_SUPPORTED)
            return explain_step(l, rc);
        /* It is not usable after all, and nothing went out: try the next provider. */
        pick_pass_over(l, *l->env.fault->text ? l->env.fault->text : "not usable here");
        l->nth++;
    }
}

bool login_runs(const struct login *l)
{
    return detached_runs(l->detached);
}

int login_put_command(struct login *l, struct buf *line, char mask[LOGIN_MASK_MAX])
{
    size_t encoded = l->out.len ? (l->out.len + 2) / 3 * 4 : 1, from;
    bool fits = strlen("AUTH ") + strlen(l->name) + 1 + encoded + 2 <= COMMAND_MAX;

    line->secret = true;
    l->withheld = l->responded && !fits;
    (void)snprintf(mask, LOGIN_MASK_MAX, "AUTH %s", l->name);
    buf_append_text(line, mask);
    if (!l->responded || !fits)
        return ENVOI_OK;
    buf_append(line, " ", 1);
    from = line->len;
    if (l->out.len)
        (void)base64_encode(line, buf_head(&l->out), l->out.len);
    else
        buf_append(line, "=", 1);
    if (buf_failed(line) || echo_remember(l->env.echo, buf_head(line) + from, line->len - from))
        return ENVOI_E_MEMORY;
    buf_reset(&l->out);
    (void)snprintf(mask, LOGIN_MASK_MAX, "AUTH %s [%zu octets]", l->name, encoded);
    return ENVOI_OK;
}

/* ---- the responses ---- */

/* `*` is next. */
static int login_cancel(struct login *l, int why)
{
    l->cancel = explain_step(l, why);
    if (why == ENVOI_E_SERVER_PROOF)
        l->refusal = *l->env.fault;
    return l->cancel;
}

int login_respond(struct login *l)
{
    int rc;

    if (l->cancel)
        return login_cancel(l, l->cancel);
    if (l->withheld)
        return ENVOI_OK;
    rc = exchange_step(l, false);
    return !rc || rc == ENVOI_E_AGAIN ? rc : login_cancel(l, rc);
}

int login_put_response(struct login *l, struct buf *line, char mask[LOGIN_MASK_MAX])
{
    size_t from = line->len, encoded = (l->out.len + 2) / 3 * 4;

    line->secret = true;
    (void)snprintf(mask, LOGIN_MASK_MAX, "[%zu octets]", encoded);
    if (base64_encode(line, buf_head(&l->out), l->out.len) ||
        echo_remember(l->env.echo, buf_head(line) + from, line->len - from))
        return ENVOI_E_MEMORY;
    buf_reset(&l->out);
    l->withheld = false;
    return ENVOI_OK;
}

/* ---- replies ---- */

/* Decodes a challenge, without blanks around it. The prompts of LOGIN mean nothing: they may be plain text. ENVOI_OK,
 * ENVOI_E_MEMORY, or ENVOI_E_PROTOCOL: it is not base64. */
static int decode_challenge(struct login *l, const char *text)
{
    static const char blanks[] = " \t";
    size_t len;
    int rc;

    text += strspn(text, blanks);
    len = strlen(text);
    while (len && strchr(blanks, text[len - 1]))
        len--;
    rc = base64_decode(&l->in, text, len);
    return rc == ENVOI_E_PROTOCOL && strcmp(l->name, "LOGIN") == 0 ? buf_append(&l->in, text, len) : rc;
}

int login_take_challenge(struct login *l, const char *text)
{
    const char *why = NULL;
    int rc;

    buf_reset(&l->in);
    rc = decode_challenge(l, text);
    if (rc == ENVOI_E_MEMORY)
        return rc;
    if (rc)
        why = "the challenge is not base64";
    else if (++l->rounds > ROUNDS_MAX)
        why = "the server asks without end";
    else if (l->withheld && l->in.len)
        why = "a challenge before the initial response";
    if (why) {
        l->cancel = fault_set(l->env.fault, ENVOI_E_AUTH, ENVOI_PHASE_AUTH, "%s", why);
        fault_detail(l->env.fault, l->rounds > ROUNDS_MAX ? ENVOI_DETAIL_CHALLENGES : ENVOI_DETAIL_CHALLENGE);
    }
    return ENVOI_OK;
}

/* A 235 that comes too soon: the sender does not know the secret, or takes anybody. */
static int refuse_welcome(const struct login *l, struct envoi_errctx *why)
{
    bool proves = l->step || (l->m.info.flags & ENVOI_MECH_MUTUAL);

    if (l->cancel) { /* the fault says why `*` was sent */
        (void)fault_set(why, l->cancel, ENVOI_PHASE_AUTH, "%s; the server says 235 all the same", l->env.fault->text);
        fault_detail(why, l->env.fault->detail);
        return l->cancel;
    }
    if (!l->withheld && proves)
        return fault_set(why, ENVOI_E_SERVER_PROOF, ENVOI_PHASE_AUTH,
                         "login by %s: the server says 235 before it has proved itself", l->name);
    (void)fault_set(why, ENVOI_E_AUTH, ENVOI_PHASE_AUTH, "login by %s: the server says 235 before it was answered",
                    l->name);
    return fault_detail(why, ENVOI_DETAIL_TOO_SOON);
}

int login_accept(struct login *l, uint32_t *ssf, struct envoi_errctx *why)
{
    int rc;

    *ssf = 0;
    if (l->cancel || !l->done || l->withheld)
        return refuse_welcome(l, why);
    rc = exchange_layer(l, ssf);
    if (rc == ENVOI_E_PLUGIN)
        return explain_step(l, rc);
    if (rc) {
        (void)fault_set(why, rc, ENVOI_PHASE_AUTH, "login by %s: no security layer of the strength that was asked for",
                        l->name);
        return fault_detail(why, ENVOI_DETAIL_NO_LAYER);
    }
    refusal_forget(l);
    login_end(l);
    return ENVOI_OK;
}

/* After these codes (RFC 4954 sections 4 and 6) another mechanism may succeed. */
static bool tries_next(const struct login *l, int code)
{
    return !l->asked[0] && (code == 504 || code == 534 || code == 535);
}

int login_refuse(struct login *l, int code, bool decided)
{
    refusal_note(l, code);
    pick_note_tried(l, code);
    if (!tries_next(l, code))
        return decided ? ENVOI_E_AUTH : explain_refusal(l);
    l->refusal = *l->env.fault;
    return ENVOI_OK;
}

/* ---- the end ---- */

bool login_is_decided(const struct login *l, int reply_class)
{
    return l->cancel || (reply_class != 2 && reply_class != 5 && l->refusal.code == ENVOI_E_AUTH);
}

/* Many servers close after a refusal: no reason to present the password again on the next connection. */
void login_explain_end(const struct login *l, struct envoi_errctx *why)
{
    const struct envoi_errctx *reason = &l->refusal;
    int class = envoi_error_class(why->code);
    struct envoi_errctx end = *why;

    if (reason->code != ENVOI_E_AUTH && reason->code != ENVOI_E_SERVER_PROOF)
        return;
    if (class == ENVOI_CLASS_USAGE || class == ENVOI_CLASS_LOCAL) /* the program's own failures come first */
        return;
    *why = *reason;
    fault_append(why, "; then %.*s", FAULT_TEXT_MAX / 2, end.text);
}

void login_report(struct login *l)
{
    detached_report(l->detached, l->env.fault);
}

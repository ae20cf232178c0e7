/* SPDX-License-Identifier: MIT */
#include "engine/auth.h"

#include "base/contract.h"
#include "base/echo.h"
#include "base/mem.h"
#include "base/text.h"
#include "engine/credential.h"
#include "engine/detached.h"
#include "engine/state.h"

#include <envoi/library.h>
#include <stdio.h>
#include <string.h>

void auth_init(struct auth *a)
{
    *a = (struct auth){0};
    buf_init(&a->in, 0, true);
    buf_init(&a->out, AUTH_RESPONSE_MAX, true);
}

void auth_drop(struct auth *a)
{
    if (a->detached)
        detached_free(a->detached);
    else if (a->ctx)
        a->m.mechanism->mech_free(a->ctx);
    a->detached = NULL;
    a->ctx = NULL;
}

void auth_end(struct auth *a)
{
    if (a->active && !a->step && !a->layered)
        auth_drop(a);
    detached_wipe(a->detached);
    a->active = a->by_hand = a->done = a->responded = a->withheld = false;
    a->rounds = 0;
    if (!a->layered) {
        mem_free(a->server_list);
        mem_free(a->host);
        a->server_list = a->host = NULL;
    }
    buf_free(&a->in);
    buf_free(&a->out);
}

void auth_free(struct auth *a)
{
    auth_end(a);
    if (a->layered)
        auth_drop(a);
    mem_free(a->server_list);
    mem_free(a->host);
    auth_init(a);
}

int auth_ask(struct auth *a, const char *mechanism, envoi_auth_fn *step, void *ctx, bool safe)
{
    if (mechanism && !sasl_name_is_valid(mechanism, strlen(mechanism)))
        return ENVOI_E_USAGE;
    if (!a->layered)
        auth_free(a);
    a->tried_count = 0;
    a->passed_over[0] = a->left[0] = a->name[0] = a->asked[0] = '\0';
    a->refused = (struct auth_refused){0};
    a->plugin = NULL;
    fault_clear(&a->refusal);
    a->cancel = 0;
    if (mechanism) {
        memcpy(a->asked, mechanism, strlen(mechanism) + 1);
        text_to_upper(a->asked);
    }
    a->step = step;
    a->step_ctx = ctx;
    a->step_safe = safe;
    return ENVOI_OK;
}

void auth_note_tried(struct auth *a, int code)
{
    struct auth_try *t = &a->tried[a->tried_count++];

    memcpy(t->name, a->name, sizeof t->name);
    t->code = code;
}

/* ---- the reason of a failure ---- */

bool auth_is_decided(const struct engine *e, const struct envoi_reply *reply)
{
    int class = reply_class(reply);

    if (!e->answered.row || e->answered.row->phase != ENVOI_PHASE_AUTH)
        return false;
    return e->auth.cancel || (class != 2 && class != 5 && e->auth.refusal.code == ENVOI_E_AUTH);
}

/* Many servers close after a refusal: no reason to present the password again on the next connection. */
void auth_explain_end(const struct engine *e, struct envoi_errctx *why)
{
    const struct envoi_errctx *reason = &e->auth.refusal;
    int class = envoi_error_class(why->code);
    struct envoi_errctx end = *why;

    if (e->head != &e->login_job || (reason->code != ENVOI_E_AUTH && reason->code != ENVOI_E_SERVER_PROOF))
        return;
    if (class == ENVOI_CLASS_USAGE || class == ENVOI_CLASS_LOCAL) /* the program's own failures come first */
        return;
    *why = *reason;
    fault_append(why, "; then %.*s", FAULT_TEXT_MAX / 2, end.text);
}

/* ---- parameters of a mechanism ---- */

static int32_t auth_binding(void *core, const char *type, void *buf, size_t cap, size_t *len)
{
    struct engine *e = core;

    if (!e->stack.secure)
        return ENVOI_E_NOT_SUPPORTED;
    return e->stack.transport->channel_binding(e->stack.conn, type, buf, cap, len);
}

const char *auth_announced(const struct engine *e)
{
    const char *names = extensions_get(&e->extensions, "AUTH");

    return names ? names : "";
}

int auth_params(struct engine *e)
{
    struct auth *a = &e->auth;
    struct envoi_tls_info info;
    int rc = mem_replace(&a->host, e->settings->tls_name ? e->settings->tls_name : e->host);

    if (rc)
        return rc;
    a->params = (struct envoi_mech_params){
        .struct_size = sizeof a->params,
        .min_ssf = e->settings->min_ssf,
        .max_ssf = e->settings->max_ssf,
        .service = e->lmtp ? "lmtp" : "smtp",
        .host = a->host,
        .server_list = a->server_list,
        .binding = auth_binding,
        .cred = credential_give,
        .core = e,
        .errctx = e->fault,
    };
    if (!engine_tls_info(e, &info))
        a->params.external_ssf = info.strength_bits;
    return ENVOI_OK;
}

/* ---- steps ---- */

static int32_t auth_take_response(void *ctx, const void *data, size_t len)
{
    struct auth *a = ctx;

    a->responded = true;
    return buf_append(&a->out, data, len);
}

static int step_of_application(struct engine *e, bool first)
{
    struct auth *a = &e->auth;
    const void *response = NULL;
    size_t len = 0;
    int done = 1;
    int rc = a->step(a->step_ctx, auth_challenge(&a->in, first), a->in.len, &response, &len, &done);

    engine_refresh_clock(e);
    if (rc)
        return rc == ENVOI_E_AUTH || rc == ENVOI_E_SERVER_PROOF ? rc : ENVOI_E_CANCELLED;
    a->done = done;
    return response ? auth_take_response(a, response, len) : ENVOI_OK;
}

/* A step that succeeds may still report why the server is about to refuse: that belongs in the text of the refusal. */
static void keep_remark(struct engine *e)
{
    struct auth *a = &e->auth;

    if (!e->fault->code)
        return;
    echo_redact(&e->echo, e->fault->text, strlen(e->fault->text));
    (void)snprintf(a->remark, sizeof a->remark, "%.*s", AUTH_REMARK_MAX, e->fault->text);
    fault_clear(e->fault);
}

static int step_here(struct engine *e, bool first)
{
    struct auth *a = &e->auth;
    const struct envoi_sink sink = {sizeof sink, auth_take_response, a};
    uint32_t result = ENVOI_STEP_CONTINUE, want = 0;
    int rc;

    a->awaiting = false;
    rc = a->m.mechanism->step(a->ctx, auth_challenge(&a->in, first), first ? 0 : a->in.len, &sink, &result, &want);
    rc = contract_step(rc, result, a->awaiting, buf_failed(&a->out), a->m.id, e->fault);
    if (a->m.info.flags & AUTH_SLOW)
        engine_refresh_clock(e);
    if (!rc)
        a->done = result == ENVOI_STEP_DONE;
    return rc;
}

int auth_step(struct engine *e, bool first)
{
    struct auth *a = &e->auth;
    int rc;

    buf_reset(&a->out);
    a->responded = false;
    if (a->step)
        return step_of_application(e, first);
    fault_clear(e->fault);
    rc = a->detached ? detached_step(e, first) : step_here(e, first);
    if (!rc)
        keep_remark(e);
    return rc;
}

int auth_layer(struct engine *e)
{
    struct auth *a = &e->auth;
    struct envoi_sasl_layer layer = {.struct_size = sizeof layer};
    int rc;

    if (a->step || !ENVOI_HAS(a->m.mechanism, layer) || !a->m.mechanism->layer)
        return e->settings->min_ssf ? ENVOI_E_AUTH : ENVOI_OK;
    if ((rc = a->m.mechanism->layer(a->ctx, &layer))) {
        detached_report(a->detached, e->fault);
        return contract_result(CONTRACT_LAYER, rc, a->m.id, e->fault);
    }
    if (layer.ssf && (!layer.encode || !layer.decode || !layer.max_chunk))
        return contract_breach(CONTRACT_LAYER, a->m.id, e->fault, "offers a layer without all of its members");
    if (layer.ssf < e->settings->min_ssf)
        return ENVOI_E_AUTH;
    if (!layer.ssf)
        return ENVOI_OK;
    if ((rc = stack_add_sasl(&e->stack, &layer, a->ctx, a->m.id)))
        return rc;
    a->layered = e->switching = true;
    engine_forget(e);
    engine_trace(e, ENVOI_TRACE_INFO, "security layer of %s: %u bits", a->name, layer.ssf);
    return ENVOI_OK;
}

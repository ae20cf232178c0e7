/* SPDX-License-Identifier: MIT */
#include "login/exchange.h"

#include "base/contract.h"
#include "base/echo.h"
#include "base/mem.h"
#include "login/credential.h"
#include "login/detached.h"

#include <stdio.h>
#include <string.h>

void exchange_drop(struct login *l)
{
    if (l->detached)
        detached_free(l->detached);
    else if (l->ctx)
        l->m.mechanism->mech_free(l->ctx);
    l->detached = NULL;
    l->ctx = NULL;
}

/* ---- parameters of a mechanism ---- */

static int32_t exchange_binding(void *core, const char *type, void *buf, size_t cap, size_t *len)
{
    struct login *l = core;

    if (!l->env.stack->secure)
        return ENVOI_E_NOT_SUPPORTED;
    return l->env.stack->transport->channel_binding(l->env.stack->conn, type, buf, cap, len);
}

int exchange_params(struct login *l)
{
    int rc = mem_replace(&l->host, l->env.settings->tls_name ? l->env.settings->tls_name : l->peer.host);

    if (rc)
        return rc;
    l->params = (struct envoi_mech_params){
        .struct_size = sizeof l->params,
        .min_ssf = l->env.settings->min_ssf,
        .max_ssf = l->env.settings->max_ssf,
        .external_ssf = l->peer.tls_strength,
        .service = l->peer.lmtp ? "lmtp" : "smtp",
        .host = l->host,
        .server_list = l->server_list,
        .binding = exchange_binding,
        .cred = credential_give,
        .core = l,
        .errctx = l->env.fault,
    };
    return ENVOI_OK;
}

/* ---- steps ---- */

static int32_t exchange_take_response(void *ctx, const void *data, size_t len)
{
    struct login *l = ctx;

    l->responded = true;
    return buf_append(&l->out, data, len);
}

static int step_of_application(struct login *l, bool first)
{
    const void *response = NULL;
    size_t len = 0;
    int done = 1;
    int rc = l->step(l->step_ctx, exchange_challenge(&l->in, first), l->in.len, &response, &len, &done);

    l->env.refresh_clock(l->env.owner);
    if (rc)
        return rc == ENVOI_E_AUTH || rc == ENVOI_E_SERVER_PROOF ? rc : ENVOI_E_CANCELLED;
    l->done = done;
    return response ? exchange_take_response(l, response, len) : ENVOI_OK;
}

/* A step that succeeds may still report why the server is about to refuse: that belongs in the text of the refusal. */
static void keep_remark(struct login *l)
{
    if (!l->env.fault->code)
        return;
    echo_redact(l->env.echo, l->env.fault->text, strlen(l->env.fault->text));
    (void)snprintf(l->remark, sizeof l->remark, "%.*s", LOGIN_REMARK_MAX, l->env.fault->text);
    fault_clear(l->env.fault);
}

static int step_here(struct login *l, bool first)
{
    const struct envoi_sink sink = {sizeof sink, exchange_take_response, l};
    uint32_t result = ENVOI_STEP_CONTINUE, want = 0;
    int rc;

    l->awaiting = false;
    rc = l->m.mechanism->step(l->ctx, exchange_challenge(&l->in, first), first ? 0 : l->in.len, &sink, &result, &want);
    rc = contract_step(rc, result, l->awaiting, buf_failed(&l->out), l->m.id, l->env.fault);
    if (l->m.info.flags & EXCHANGE_SLOW)
        l->env.refresh_clock(l->env.owner);
    if (!rc)
        l->done = result == ENVOI_STEP_DONE;
    return rc;
}

int exchange_step(struct login *l, bool first)
{
    int rc;

    buf_reset(&l->out);
    l->responded = false;
    if (l->step)
        return step_of_application(l, first);
    fault_clear(l->env.fault);
    rc = l->detached ? detached_step(l, first) : step_here(l, first);
    if (!rc)
        keep_remark(l);
    return rc;
}

int exchange_layer(struct login *l, uint32_t *ssf)
{
    struct envoi_sasl_layer layer = {.struct_size = sizeof layer};
    int rc;

    *ssf = 0;
    if (l->step || !ENVOI_HAS(l->m.mechanism, layer) || !l->m.mechanism->layer)
        return l->env.settings->min_ssf ? ENVOI_E_AUTH : ENVOI_OK;
    if ((rc = l->m.mechanism->layer(l->ctx, &layer))) {
        detached_report(l->detached, l->env.fault);
        return contract_result(CONTRACT_LAYER, rc, l->m.id, l->env.fault);
    }
    if (layer.ssf && (!layer.encode || !layer.decode || !layer.max_chunk))
        return contract_breach(CONTRACT_LAYER, l->m.id, l->env.fault, "offers a layer without all of its members");
    if (layer.ssf < l->env.settings->min_ssf)
        return ENVOI_E_AUTH;
    if (!layer.ssf)
        return ENVOI_OK;
    if ((rc = stack_add_sasl(l->env.stack, &layer, l->ctx, l->m.id)))
        return rc;
    l->layered = true;
    *ssf = layer.ssf;
    return ENVOI_OK;
}

/* SPDX-License-Identifier: MIT */
/* The exchange with one mechanism: credentials, channel binding, steps, security layer. Which one: auth_pick.c. */
#include "engine/auth.h"

#include "base/mem.h"
#include "base/text.h"
#include "engine/state.h"

#include <stdio.h>
#include <string.h>

void auth_init(struct auth *a)
{
    *a = (struct auth){0};
    buf_init(&a->in, 0, true);
    buf_init(&a->out, AUTH_RESPONSE_MAX, true);
    buf_init(&a->said, 0, true);
}

void auth_drop(struct auth *a)
{
    if (a->apart)
        apart_free(a->apart);
    else if (a->ctx)
        a->m.mechanism->mech_free(a->ctx);
    a->apart = NULL;
    a->ctx = NULL;
}

void auth_end(struct auth *a)
{
    if (a->active && !a->step && !a->layered)
        auth_drop(a);
    apart_rest(a->apart);
    a->active = a->done = a->responded = a->withheld = false;
    a->rounds = 0;
    if (!a->layered) {
        mem_free(a->server_list);
        mem_free(a->host);
        a->server_list = a->host = NULL;
    }
    buf_free(&a->in);
    buf_free(&a->out);
    buf_free(&a->said);
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

static bool is_name(const char *name)
{
    size_t len = strlen(name);

    for (size_t i = 0; i < len; i++)
        if (!text_is_alpha(name[i]) && !text_is_digit(name[i]) && name[i] != '-' && name[i] != '_')
            return false;
    return len >= 1 && len <= AUTH_NAME_MAX;
}

int auth_ask(struct auth *a, const char *mechanism, envoi_auth_fn *step, void *ctx, bool safe)
{
    if (mechanism && !is_name(mechanism))
        return ENVOI_E_USAGE;
    if (!a->layered)
        auth_free(a);
    a->tried_count = 0;
    a->passed_over[0] = a->name[0] = a->asked[0] = '\0';
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

int auth_begin(struct engine *e, const char *mechanism)
{
    return auth_ask(&e->auth, mechanism, NULL, NULL, false);
}

/* ----------------------------------------------------------------------------------- what a mechanism may ask for ---- */

void auth_release_nothing(struct envoi_cred *cred)
{
    (void)cred;
}

static void release_copy(struct envoi_cred *cred)
{
    mem_wipe(cred->core, cred->len);
    mem_free(cred->core);
    cred->core = NULL;
}

const char *auth_setting(const struct settings *s, uint32_t id)
{
    switch (id) {
    case ENVOI_CRED_AUTHID:
        return s->user;
    case ENVOI_CRED_AUTHZID:
        return s->authzid;
    case ENVOI_CRED_PASSWORD:
        return s->password;
    case ENVOI_CRED_TOKEN:
        return s->token;
    default:
        return NULL;
    }
}

/* Who types a password, or asks a KDC, takes longer than a server may for its reply: what is armed next begins now. */
static void look_at_clock(struct engine *e)
{
    if (e->env.now)
        e->now = e->env.now(e->env.driver);
}

static int32_t find_credential(void *core, const struct envoi_cred_request *request, struct envoi_cred *out)
{
    struct engine *e = core;
    const char *data = auth_setting(e->settings, request->id);
    size_t len = 0;
    int rc;

    if (data) {
        out->data = data;
        out->len = strlen(data);
        out->release = auth_release_nothing;
        return ENVOI_OK;
    }
    if (!e->settings->credential)
        return ENVOI_E_CANCELLED;
    rc = e->settings->credential(e->settings->credential_ctx, request->id, request->mechanism, &data, &len);
    look_at_clock(e);
    if (rc)
        return rc == ENVOI_E_AGAIN ? rc : ENVOI_E_CANCELLED;
    if (!data && len)
        return ENVOI_E_CANCELLED;
    out->core = mem_alloc(len);
    if (!out->core)
        return ENVOI_E_MEMORY;
    if (len)
        memcpy(out->core, data, len);
    out->data = out->core;
    out->len = len;
    out->release = release_copy;
    return ENVOI_OK;
}

int32_t auth_give_credential(void *core, const struct envoi_cred_request *request, struct envoi_cred *out)
{
    struct engine *e = core;
    int rc = find_credential(core, request, out);

    if (rc == ENVOI_OK && (request->id == ENVOI_CRED_PASSWORD || request->id == ENVOI_CRED_TOKEN) &&
        auth_remember(&e->auth, out->data, out->len)) {
        out->release(out);
        rc = ENVOI_E_MEMORY;
    }
    return rc;
}

static int32_t give_binding(void *core, const char *type, void *buf, size_t cap, size_t *len)
{
    struct engine *e = core;

    if (!e->stack.secure)
        return ENVOI_E_NOT_SUPPORTED;
    return e->stack.transport->channel_binding(e->stack.conn, type, buf, cap, len);
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
        .binding = give_binding,
        .cred = auth_give_credential,
        .core = e,
        .errctx = e->fault,
    };
    if (engine_tls_info(e, &info) == ENVOI_OK)
        a->params.external_ssf = info.strength_bits;
    return ENVOI_OK;
}

/* ----------------------------------------------------------------------------------------------------------- steps ---- */

static int32_t take_response(void *ctx, const void *data, size_t len)
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
    int rc = a->step(a->step_ctx, first ? NULL : (a->in.len ? (const void *)buf_head(&a->in) : ""), a->in.len,
                     &response, &len, &done);

    look_at_clock(e);
    if (rc)
        return rc == ENVOI_E_AUTH ? rc : ENVOI_E_CANCELLED;
    a->done = done;
    return response ? take_response(a, response, len) : ENVOI_OK;
}

/* A step that went well may have told why the refusal will come: that is for the refusal's text. */
static void keep_remark(struct engine *e)
{
    struct auth *a = &e->auth;

    if (e->fault->code == ENVOI_OK)
        return;
    auth_redact(a, e->fault->text, strlen(e->fault->text));
    (void)snprintf(a->remark, sizeof a->remark, "%.*s", AUTH_REMARK_MAX, e->fault->text);
    fault_clear(e->fault);
}

static int step_here(struct engine *e, bool first)
{
    struct auth *a = &e->auth;
    const struct envoi_sink sink = {sizeof sink, take_response, a};
    uint32_t result = ENVOI_STEP_CONTINUE, want = 0;
    int rc = a->m.mechanism->step(a->ctx, first ? NULL : (a->in.len ? (const void *)buf_head(&a->in) : ""),
                                  first ? 0 : a->in.len, &sink, &result, &want);

    if (a->m.info.flags & ENVOI_MECH_MAY_BLOCK)
        look_at_clock(e);
    if (rc == ENVOI_OK)
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
    rc = a->apart ? apart_step(e, first) : step_here(e, first);
    if (rc == ENVOI_OK)
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
        apart_tell(a->apart, e->fault);
        return rc;
    }
    if (layer.ssf < e->settings->min_ssf)
        return ENVOI_E_AUTH;
    if (!layer.ssf)
        return ENVOI_OK;
    if ((rc = stack_add_sasl(&e->stack, &layer, a->ctx)))
        return rc;
    a->layered = e->switching = true;
    engine_forget(e);
    engine_trace(e, ENVOI_TRACE_INFO, "security layer of %s: %u bits", a->name, layer.ssf);
    return ENVOI_OK;
}

/* ---------------------------------------------------------------------------------------------------------- echoes ---- */

/* Shorter ones are in texts by chance. */
#define SECRET_LEAST 4
#define PIECE_LEAST  8

int auth_remember(struct auth *a, const void *secret, size_t len)
{
    int rc = buf_append(&a->said, secret, len);

    return rc ? rc : buf_append(&a->said, "", 1);
}

static void cover(char *text, size_t len, const char *secret, size_t secret_len)
{
    char *end = text + len, *at = text;

    for (; (at = memmem(at, (size_t)(end - at), secret, secret_len)); at += secret_len)
        memset(at, '*', secret_len);
}

static bool is_of_base64(char c)
{
    return text_is_alpha(c) || text_is_digit(c) || (c && strchr("+/=", c));
}

/* A server may repeat a part of the line only: whatever could be one, and is. */
static void cover_pieces(char *text, size_t len, const void *said, size_t said_len)
{
    for (size_t from = 0, to; from < len; from = to + 1) {
        for (to = from; to < len && is_of_base64(text[to]);)
            to++;
        if (to - from >= PIECE_LEAST && memmem(said, said_len, text + from, to - from))
            memset(text + from, '*', to - from);
    }
}

void auth_redact(const struct auth *a, char *text, size_t len)
{
    const char *said = (const char *)buf_head(&a->said);

    for (size_t at = 0, n; at < a->said.len; at += n + 1) {
        n = strnlen(said + at, a->said.len - at);
        if (n >= SECRET_LEAST)
            cover(text, len, said + at, n);
    }
    if (a->said.len)
        cover_pieces(text, len, said, a->said.len);
}

/* SPDX-License-Identifier: MIT */
/* A mechanism that shows the password and binds to the channel, and a layer that protects nothing: X-TOKEN. As through.c
 * it writes down every member that it is given. */
#define ENVOI_PLUGIN_ABI_MINOR 0
#include <envoi/plugin.h>
#include <stdio.h>
#include <string.h>

#define NAME "X-TOKEN"

struct token {
    const struct envoi_host *host;
    const struct envoi_mech_params *params;
    int step;
};

static int32_t init(const struct envoi_host *host, void **state)
{
    *state = (void *)(uintptr_t)host;
    return ENVOI_OK;
}

static int32_t mech_at(void *state, size_t index, struct envoi_mech_info *out)
{
    (void)state;
    if (index > 0)
        return ENVOI_E_END;
    out->flags = ENVOI_MECH_CLIENT_FIRST | ENVOI_MECH_SECURITY_LAYER;
    out->needs = ENVOI_CRED_AUTHID | ENVOI_CRED_PASSWORD;
    out->name = NAME;
    return ENVOI_OK;
}

static int32_t usable(void *state, const char *mech, const struct envoi_mech_params *params)
{
    (void)state;
    return strcmp(mech, NAME) == 0 && params->external_ssf > 0 ? ENVOI_OK : ENVOI_E_NOT_SUPPORTED;
}

static int32_t mech_new(void *state, const char *mech, const struct envoi_mech_params *params, void **ctx)
{
    const struct envoi_host *host = state;
    struct token *t = host->alloc(sizeof *t);
    char line[256];

    if (!t)
        return ENVOI_E_MEMORY;
    t->host = host;
    t->params = params;
    t->step = 0;
    snprintf(line, sizeof line, "mech %s ssf %u %u %u %s %s list %s", mech, (unsigned)params->external_ssf,
             (unsigned)params->min_ssf, (unsigned)params->max_ssf, params->service, params->host, params->server_list);
    host->log(host, ENVOI_LOG_INFO, line);
    *ctx = t;
    return ENVOI_OK;
}

/* The credential, then a colon. */
static int32_t put(const struct token *t, uint32_t id, const struct envoi_sink *out)
{
    const struct envoi_cred_request request = {sizeof request, id, NAME, "for the test"};
    struct envoi_cred cred = {sizeof cred, NULL, 0, NULL, NULL};
    int32_t rc = t->params->cred(t->params->core, &request, &cred);

    if (rc == ENVOI_OK) {
        rc = out->write(out->ctx, cred.data, cred.len);
        cred.release(&cred);
    }
    return rc == ENVOI_OK ? out->write(out->ctx, ":", 1) : rc;
}

static int32_t step(void *ctx, const void *in, size_t len, const struct envoi_sink *out, uint32_t *result,
                    uint32_t *want)
{
    struct token *t = ctx;
    char binding[16];
    size_t bound = 0;
    int32_t rc;

    *want = 0;
    if (t->step++) {
        *result = ENVOI_STEP_DONE;
        if (len == 4 && memcmp(in, "more", 4) == 0)
            return out->write(out->ctx, "enough", 6);
        t->host->set_error(t->host, t->params->errctx, ENVOI_E_AUTH, 0, "token: another challenge");
        return ENVOI_E_AUTH;
    }
    *result = ENVOI_STEP_CONTINUE;
    rc = put(t, ENVOI_CRED_AUTHID, out);
    if (rc == ENVOI_OK)
        rc = put(t, ENVOI_CRED_PASSWORD, out);
    if (rc == ENVOI_E_AGAIN) {
        *want = ENVOI_WANT_CREDENTIAL;
        t->step = 0;
    }
    if (rc == ENVOI_OK)
        rc = t->params->binding(t->params->core, "tls-exporter", binding, sizeof binding, &bound);
    return rc == ENVOI_OK ? out->write(out->ctx, binding, bound) : rc;
}

static int32_t same(void *ctx, const void *in, size_t len, const struct envoi_sink *out)
{
    (void)ctx;
    return out->write(out->ctx, in, len);
}

static int32_t layer(void *ctx, struct envoi_sasl_layer *out)
{
    struct token *t = ctx;

    t->host->log(t->host, ENVOI_LOG_INFO, "layer");
    out->ssf = t->params->max_ssf ? 1 : 0;
    out->max_chunk = 100;
    out->encode = same;
    out->decode = same;
    return ENVOI_OK;
}

static void mech_free(void *ctx)
{
    struct token *t = ctx;

    if (t)
        t->host->free(t);
}

static const struct envoi_mechanism mechanism = {
    sizeof mechanism, "token", mech_at, usable, mech_new, step, layer, mech_free,
};

static const struct envoi_mechanism *const mechanisms[] = {&mechanism, NULL};

static const struct envoi_plugin plugin = {
    sizeof plugin, ENVOI_PLUGIN_MAGIC, ENVOI_ABI_MAJOR, ENVOI_ABI_MINOR, "token", "1.0", "MIT", init, NULL,
    NULL,          mechanisms,
};

ENVOI_PLUGIN_EXPORT envoi_plugin_entry envoi_plugin_token;

const struct envoi_plugin *envoi_plugin_token(void)
{
    return &plugin;
}

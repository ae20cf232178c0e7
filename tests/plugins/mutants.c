/* SPDX-License-Identifier: MIT */
#include "mutants.h"

#include "../support/fake_tls.h"
#include "../support/toy_mech.h"

#include <stdbool.h>
#include <string.h>

static struct mutation now;
static const struct envoi_transport *tls;
static const struct envoi_mechanism *auth;
static struct envoi_sasl_layer real_layer;

void mutants_set(const struct mutation *mutation)
{
    now = *mutation;
    tls = envoi_plugin_fake()->transports[0];
    auth = envoi_plugin_toy()->mechanisms[0];
}

static bool errs(enum slot slot, enum mistake mistake)
{
    return now.slot == slot && now.mistake == mistake;
}

/* ---- transport ---- */

static int32_t mutant_ctx_new(void *state, const struct envoi_tls_config *config, struct envoi_errctx *errctx,
                              void **ctx)
{
    if (errs(SLOT_CTX_NEW, RETURNS))
        return now.value;
    return errs(SLOT_CTX_NEW, NO_OBJECT) ? ENVOI_OK : tls->ctx_new(state, config, errctx, ctx);
}

static int32_t mutant_conn_new(void *ctx, const struct envoi_conn_params *params, void **conn)
{
    if (errs(SLOT_CONN_NEW, RETURNS))
        return now.value;
    return errs(SLOT_CONN_NEW, NO_OBJECT) ? ENVOI_OK : tls->conn_new(ctx, params, conn);
}

static int32_t mutant_handshake(void *conn, uint32_t *want)
{
    return errs(SLOT_HANDSHAKE, RETURNS) ? now.value : tls->handshake(conn, want);
}

/* The number of octets that a slot claims. */
static void mutant_count(enum slot slot, size_t room, size_t *n)
{
    if (errs(slot, NO_OCTETS))
        *n = 0;
    else if (errs(slot, TOO_MANY))
        *n = room + 1;
}

static int32_t mutant_recv(void *conn, void *buf, size_t cap, size_t *n, uint32_t *want)
{
    int32_t rc;

    if (errs(SLOT_RECV, RETURNS))
        return now.value;
    rc = tls->recv(conn, buf, cap, n, want);
    if (!rc)
        mutant_count(SLOT_RECV, cap, n);
    return rc;
}

static int32_t mutant_send(void *conn, const void *buf, size_t len, size_t *n, uint32_t *want)
{
    int32_t rc;

    if (errs(SLOT_SEND, RETURNS))
        return now.value;
    rc = tls->send(conn, buf, len, n, want);
    if (!rc)
        mutant_count(SLOT_SEND, len, n);
    return rc;
}

static size_t mutant_pending(void *conn)
{
    return tls->pending(conn);
}

static int32_t mutant_shutdown(void *conn, uint32_t *want)
{
    return tls->shutdown(conn, want);
}

static int32_t mutant_info(void *conn, struct envoi_tls_info *out)
{
    int32_t rc = tls->info(conn, out);

    if (errs(SLOT_INFO, RETURNS))
        return now.value;
    if (!rc && errs(SLOT_INFO, NO_OBJECT))
        *(const char **[]){&out->protocol_name, &out->cipher}[now.value] = NULL;
    if (!rc && errs(SLOT_INFO, NOT_VERIFIED))
        out->verified = (uint32_t)now.value;
    return rc;
}

static int32_t mutant_certificate(void *conn, size_t index, struct envoi_certificate *out)
{
    int32_t rc = tls->certificate(conn, errs(SLOT_CERTIFICATE, NO_END) ? 0 : index, out);

    if (errs(SLOT_CERTIFICATE, RETURNS))
        return now.value;
    if (!rc && errs(SLOT_CERTIFICATE, NO_OBJECT))
        *(const char **[]){&out->subject, &out->issuer, &out->names}[now.value] = NULL;
    return rc;
}

static int32_t mutant_binding(void *conn, const char *type, void *buf, size_t cap, size_t *len)
{
    return tls->channel_binding(conn, type, buf, cap, len);
}

static void mutant_ctx_free(void *ctx)
{
    if (ctx)
        tls->ctx_free(ctx);
}

static void mutant_conn_free(void *conn)
{
    if (conn)
        tls->conn_free(conn);
}

/* ---- mechanism ---- */

static int32_t mutant_mech_at(void *state, size_t index, struct envoi_mech_info *out)
{
    return auth->mech_at(state, index, out);
}

static int32_t mutant_usable(void *state, const char *mech, const struct envoi_mech_params *params)
{
    return errs(SLOT_USABLE, RETURNS) ? now.value : auth->usable(state, mech, params);
}

static int32_t mutant_mech_new(void *state, const char *mech, const struct envoi_mech_params *params, void **ctx)
{
    if (errs(SLOT_MECH_NEW, RETURNS))
        return now.value;
    return errs(SLOT_MECH_NEW, NO_OBJECT) ? ENVOI_OK : auth->mech_new(state, mech, params, ctx);
}

static int32_t mutant_step(void *ctx, const void *in, size_t len, const struct envoi_sink *out, uint32_t *result,
                           uint32_t *want)
{
    static char much[65536];
    int32_t rc;

    if (errs(SLOT_STEP, RETURNS))
        return now.value;
    rc = auth->step(ctx, in, len, out, result, want);
    if (!rc && errs(SLOT_STEP, DEAF_TO_SINK))
        (void)out->write(out->ctx, much, sizeof much);
    if (!rc && errs(SLOT_STEP, WRONG_RESULT))
        *result = 2;
    return rc;
}

static int32_t mutant_encode(void *ctx, const void *in, size_t len, const struct envoi_sink *out)
{
    return errs(SLOT_ENCODE, RETURNS) ? now.value : real_layer.encode(ctx, in, len, out);
}

static int32_t mutant_decode(void *ctx, const void *in, size_t len, const struct envoi_sink *out)
{
    return errs(SLOT_DECODE, RETURNS) ? now.value : real_layer.decode(ctx, in, len, out);
}

static int32_t mutant_layer(void *ctx, struct envoi_sasl_layer *out)
{
    int32_t rc;

    if (errs(SLOT_LAYER, RETURNS))
        return now.value;
    rc = auth->layer(ctx, out);
    real_layer = *out;
    out->encode = errs(SLOT_LAYER, NO_OBJECT) && now.value == 0 ? NULL : mutant_encode;
    out->decode = errs(SLOT_LAYER, NO_OBJECT) && now.value == 1 ? NULL : mutant_decode;
    if (errs(SLOT_LAYER, NO_OBJECT) && now.value == 2)
        out->max_chunk = 0;
    return rc;
}

static void mutant_mech_free(void *ctx)
{
    auth->mech_free(ctx);
}

/* ---- plugins ---- */

static int32_t mutanttls_init(const struct envoi_host *host, void **state)
{
    return envoi_plugin_fake()->init(host, state);
}

static void mutanttls_fini(void *state)
{
    envoi_plugin_fake()->fini(state);
}

static int32_t mutantauth_init(const struct envoi_host *host, void **state)
{
    return envoi_plugin_toy()->init(host, state);
}

static void mutantauth_fini(void *state)
{
    envoi_plugin_toy()->fini(state);
}

const struct envoi_plugin *envoi_plugin_mutanttls(void)
{
    static const struct envoi_transport transport = {
        .struct_size = sizeof transport,
        .name = "mutanttls",
        .library = "none",
        .ctx_new = mutant_ctx_new,
        .ctx_free = mutant_ctx_free,
        .conn_new = mutant_conn_new,
        .handshake = mutant_handshake,
        .recv = mutant_recv,
        .send = mutant_send,
        .pending = mutant_pending,
        .shutdown = mutant_shutdown,
        .info = mutant_info,
        .certificate = mutant_certificate,
        .channel_binding = mutant_binding,
        .conn_free = mutant_conn_free,
    };
    static const struct envoi_transport *const transports[] = {&transport, NULL};
    static const struct envoi_plugin plugin = {
        .struct_size = sizeof plugin,
        .magic = ENVOI_PLUGIN_MAGIC,
        .abi_major = ENVOI_ABI_MAJOR,
        .abi_minor = ENVOI_ABI_MINOR,
        .id = "mutanttls",
        .version = "1",
        .license = "MIT",
        .init = mutanttls_init,
        .fini = mutanttls_fini,
        .transports = transports,
    };

    return &plugin;
}

const struct envoi_plugin *envoi_plugin_mutantauth(void)
{
    static const struct envoi_mechanism mechanism = {
        .struct_size = sizeof mechanism,
        .name = "mutantauth",
        .mech_at = mutant_mech_at,
        .usable = mutant_usable,
        .mech_new = mutant_mech_new,
        .step = mutant_step,
        .layer = mutant_layer,
        .mech_free = mutant_mech_free,
    };
    static const struct envoi_mechanism *const mechanisms[] = {&mechanism, NULL};
    static const struct envoi_plugin plugin = {
        .struct_size = sizeof plugin,
        .magic = ENVOI_PLUGIN_MAGIC,
        .abi_major = ENVOI_ABI_MAJOR,
        .abi_minor = ENVOI_ABI_MINOR,
        .id = "mutantauth",
        .version = "1",
        .license = "MIT",
        .init = mutantauth_init,
        .fini = mutantauth_fini,
        .mechanisms = mechanisms,
    };

    return &plugin;
}

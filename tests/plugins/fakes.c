/* SPDX-License-Identifier: MIT */
#include "fakes.h"

#include <stdlib.h>

struct fake_world fake_world = {.names = {"PLAIN"}};

static int32_t ctx_new(void *state, const struct envoi_tls_config *config, struct envoi_errctx *errctx, void **ctx)
{
    (void)state, (void)config, (void)errctx, (void)ctx;
    return ENVOI_E_NOT_SUPPORTED;
}

static int32_t conn_new(void *ctx, const struct envoi_conn_params *params, void **conn)
{
    (void)ctx, (void)params, (void)conn;
    return ENVOI_E_NOT_SUPPORTED;
}

static void nothing(void *any)
{
    (void)any;
}

static int32_t go_on(void *conn, uint32_t *want)
{
    (void)conn, (void)want;
    return ENVOI_E_NOT_SUPPORTED;
}

static int32_t recv_none(void *conn, void *buf, size_t cap, size_t *n, uint32_t *want)
{
    (void)conn, (void)buf, (void)cap, (void)n, (void)want;
    return ENVOI_E_NOT_SUPPORTED;
}

static int32_t send_none(void *conn, const void *buf, size_t len, size_t *n, uint32_t *want)
{
    (void)conn, (void)buf, (void)len, (void)n, (void)want;
    return ENVOI_E_NOT_SUPPORTED;
}

static size_t pending(void *conn)
{
    (void)conn;
    return 0;
}

static int32_t info(void *conn, struct envoi_tls_info *out)
{
    (void)conn, (void)out;
    return ENVOI_E_NOT_SUPPORTED;
}

static int32_t certificate(void *conn, size_t index, struct envoi_certificate *out)
{
    (void)conn, (void)index, (void)out;
    return ENVOI_E_END;
}

static int32_t channel_binding(void *conn, const char *type, void *buf, size_t cap, size_t *len)
{
    (void)conn, (void)type, (void)buf, (void)cap, (void)len;
    return ENVOI_E_NOT_SUPPORTED;
}

const struct envoi_transport fake_transport = {
    .struct_size = sizeof fake_transport,
    .name = "fake",
    .library = "no library",
    .ctx_new = ctx_new,
    .ctx_free = nothing,
    .conn_new = conn_new,
    .handshake = go_on,
    .recv = recv_none,
    .send = send_none,
    .pending = pending,
    .shutdown = go_on,
    .info = info,
    .certificate = certificate,
    .channel_binding = channel_binding,
    .conn_free = nothing,
};

static int32_t probe(void *state)
{
    (void)state;
    fake_world.probes++;
    return fake_world.probe_result;
}

static int32_t mech_at(void *state, size_t index, struct envoi_mech_info *out)
{
    (void)state;
    fake_world.lists++;
    if (index >= 7 || !fake_world.names[index])
        return ENVOI_E_END;
    out->name = fake_world.names[index];
    out->flags = fake_world.flags;
    out->needs = 0;
    return ENVOI_OK;
}

static int32_t mech_new(void *state, const char *mech, const struct envoi_mech_params *params, void **ctx)
{
    (void)state, (void)mech, (void)params, (void)ctx;
    return ENVOI_E_NOT_SUPPORTED;
}

static int32_t step(void *ctx, const void *in, size_t len, const struct envoi_sink *out, uint32_t *result,
                    uint32_t *want)
{
    (void)ctx, (void)in, (void)len, (void)out, (void)result, (void)want;
    return ENVOI_E_NOT_SUPPORTED;
}

const struct envoi_mechanism fake_mechanism = {
    .struct_size = sizeof fake_mechanism,
    .name = "fake",
    .mech_at = mech_at,
    .mech_new = mech_new,
    .step = step,
    .mech_free = nothing,
};

static int32_t init(const struct envoi_host *host, void **state)
{
    fake_world.inits++;
    fake_world.host = host;
    *state = &fake_world;
    return fake_world.init_result;
}

static void fini(void *state)
{
    if (state == &fake_world)
        fake_world.finis++;
}

static struct fake *fake_new(const char *id)
{
    /* Never freed, as a plugin is valid for ever; reachable, so that no leak is reported. */
    static struct fake fakes[32];
    static size_t count;
    struct fake *fake = &fakes[count++];

    if (count > sizeof fakes / sizeof fakes[0])
        abort();
    *fake = (struct fake){
        .plugin = {.struct_size = sizeof fake->plugin,
                   .magic = ENVOI_PLUGIN_MAGIC,
                   .abi_major = ENVOI_ABI_MAJOR,
                   .abi_minor = ENVOI_ABI_MINOR,
                   .id = id,
                   .version = "1",
                   .license = "MIT",
                   .init = init,
                   .fini = fini},
        .mechanism = fake_mechanism,
        .transport = fake_transport,
    };
    return fake;
}

struct fake *fake_auth(const char *id)
{
    struct fake *fake = fake_new(id);

    fake->mechanisms[0] = &fake->mechanism;
    fake->plugin.mechanisms = fake->mechanisms;
    return fake;
}

struct fake *fake_tls(const char *id)
{
    struct fake *fake = fake_new(id);

    fake->transport.probe = probe;
    fake->transports[0] = &fake->transport;
    fake->plugin.transports = fake->transports;
    return fake;
}

/* SPDX-License-Identifier: MIT */
/* The bridge to Cyrus SASL: all mechanisms that its installed modules offer. */
#include "exchange.h"
#include "layer.h"
#include "list.h"

static void bridge_fini(void *state)
{
    struct bridge *self = state;

    self->host->free(self->mechs);
    self->host->free(self);
    /* Cyrus counts these calls, so other users in the process are not affected. sasl_done() would end the library for
     * them. */
    sasl_client_done();
}

static int32_t bridge_init(const struct envoi_host *host, void **state)
{
    struct bridge *self;
    int32_t filled;
    int rc;

    if (!ENVOI_HAS(host, set_error))
        return ENVOI_E_PLUGIN;
    self = host->alloc(sizeof *self);
    if (!self)
        return ENVOI_E_MEMORY;
    *self = (struct bridge){.host = host};

    /* No callbacks: those of the first caller apply to the whole process. Each exchange has its own. */
    rc = sasl_client_init(NULL);
    if (rc != SASL_OK) {
        host->set_error(host, NULL, ENVOI_E_PLUGIN, rc, "Cyrus SASL cannot be initialised");
        host->free(self);
        return ENVOI_E_PLUGIN;
    }
    filled = bridge_list_fill(self);
    if (filled) {
        host->set_error(host, NULL, filled, 0, "the mechanisms of Cyrus SASL cannot be listed");
        bridge_fini(self);
        return filled;
    }
    *state = self;
    return ENVOI_OK;
}

static int32_t bridge_mech_at(void *state, size_t index, struct envoi_mech_info *out)
{
    const struct bridge *self = state;

    if (index >= self->count)
        return ENVOI_E_END;
    out->flags = self->mechs[index].flags;
    out->needs = self->mechs[index].needs;
    out->name = self->mechs[index].name;
    return ENVOI_OK;
}

static const struct envoi_mechanism mechanism = {
    .struct_size = sizeof mechanism,
    .name = "Cyrus SASL",
    .mech_at = bridge_mech_at,
    .usable = bridge_exchange_usable,
    .mech_new = bridge_exchange_new,
    .step = bridge_exchange_step,
    .layer = bridge_layer_get,
    .mech_free = bridge_exchange_free,
};

static const struct envoi_mechanism *const mechanisms[] = {&mechanism, NULL};

static const struct envoi_plugin plugin = {
    .struct_size = sizeof plugin,
    .magic = ENVOI_PLUGIN_MAGIC,
    .abi_major = ENVOI_ABI_MAJOR,
    .abi_minor = ENVOI_ABI_MINOR,
    .id = "sasl",
    .version = "1",
    .license = "MIT",
    .init = bridge_init,
    .fini = bridge_fini,
    .mechanisms = mechanisms,
};

ENVOI_PLUGIN_EXPORT const struct envoi_plugin *envoi_plugin_sasl(void);

const struct envoi_plugin *envoi_plugin_sasl(void)
{
    return &plugin;
}

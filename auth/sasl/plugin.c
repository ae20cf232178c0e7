/* SPDX-License-Identifier: MIT */
/* The bridge to Cyrus SASL: all mechanisms that its installed modules offer. */
#include "exchange.h"
#include "layer.h"
#include "list.h"
#include "portable/environment.h"

#include <string.h>

/* ---- the environment ---- */

/* Cyrus takes the directories of its modules and of its configuration from SASL_PATH and SASL_CONF_PATH. It ignores
 * them only while real and effective user differ. So a program with file capabilities, or a set-uid program that has
 * settled its ids, would load code of its caller's. Under AT_SECURE these two answer instead. */
static int bridge_path_of_modules(void *context, const char **path)
{
    (void)context;
    *path = SASL_MODULES;
    return SASL_OK;
}

static int bridge_path_of_configuration(void *context, char **path)
{
    char *copy = strdup("/etc/sasl2"); /* Cyrus frees it */

    (void)context;
    *path = copy;
    return copy ? SASL_OK : SASL_NOMEM;
}

/* Those of the first caller apply to the whole process, so there are none without need. Each exchange has its own. */
static const sasl_callback_t *bridge_process_callbacks(void)
{
    static const sasl_callback_t secure[] = {
        {SASL_CB_GETPATH, (int (*)(void))(void (*)(void))bridge_path_of_modules, NULL},
        {SASL_CB_GETCONFPATH, (int (*)(void))(void (*)(void))bridge_path_of_configuration, NULL},
        {SASL_CB_LIST_END, NULL, NULL},
    };

    return environment_is_foreign() ? secure : NULL;
}

/* ---- the entry ---- */

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

    rc = sasl_client_init(bridge_process_callbacks());
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

/* SPDX-License-Identifier: MIT */
#include "plugin/check.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* A required member of a struct. Pointers to functions and to data have one size here, and NULL is all zeros. */
struct slot {
    size_t offset;
    const char *name;
};

#define SLOT(type, member)                                                                                             \
    {                                                                                                                  \
        offsetof(struct type, member), #member                                                                         \
    }

static const struct slot plugin_slots[] = {
    SLOT(envoi_plugin, id),
    SLOT(envoi_plugin, version),
    SLOT(envoi_plugin, license),
};

static const struct slot transport_slots[] = {
    SLOT(envoi_transport, name),
    SLOT(envoi_transport, library),
    SLOT(envoi_transport, ctx_new),
    SLOT(envoi_transport, ctx_free),
    SLOT(envoi_transport, conn_new),
    SLOT(envoi_transport, handshake),
    SLOT(envoi_transport, recv),
    SLOT(envoi_transport, send),
    SLOT(envoi_transport, pending),
    SLOT(envoi_transport, shutdown),
    SLOT(envoi_transport, info),
    SLOT(envoi_transport, certificate),
    SLOT(envoi_transport, channel_binding),
    SLOT(envoi_transport, conn_free),
};

static const struct slot mechanism_slots[] = {
    SLOT(envoi_mechanism, name), SLOT(envoi_mechanism, mech_at),   SLOT(envoi_mechanism, mech_new),
    SLOT(envoi_mechanism, step), SLOT(envoi_mechanism, mech_free),
};

_Static_assert(sizeof(void *) == sizeof(void (*)(void)), "a slot is a pointer of any kind");

/* The name of the first slot that is NULL; NULL if none is. */
static const char *empty_slot(const void *object, const struct slot *slots, size_t count)
{
    static const unsigned char nothing[sizeof(void *)];

    for (size_t i = 0; i < count; i++)
        if (memcmp((const unsigned char *)object + slots[i].offset, nothing, sizeof nothing) == 0)
            return slots[i].name;
    return NULL;
}

#define EMPTY_SLOT(object, slots) empty_slot((object), (slots), sizeof(slots) / sizeof((slots)[0]))

/* A plugin that sets no struct_size at all, or that was made for another ABI. */
static int check_refuse_size(struct envoi_errctx *why, const char *object, uint32_t size, const char *type)
{
    if (!size)
        return fault_set(why, ENVOI_E_PLUGIN, 0,
                         "%s sets no struct_size: `.struct_size = sizeof(struct %s)` is missing", object, type);
    return fault_set(why, ENVOI_E_PLUGIN, 0, "%s's struct_size is %u, too short for this ABI", object, (unsigned)size);
}

static int check_transport(const struct envoi_transport *t, struct envoi_errctx *why)
{
    const char *slot;

    if (!ENVOI_HAS(t, conn_free))
        return check_refuse_size(why, "a transport", t->struct_size, "envoi_transport");
    if ((slot = EMPTY_SLOT(t, transport_slots)))
        return fault_set(why, ENVOI_E_PLUGIN, 0, "a transport has no `%s`", slot);
    if ((t->caps & ENVOI_CAP_RESUME) && !t->ticket)
        return fault_set(why, ENVOI_E_PLUGIN, 0, "a transport has no `ticket` and says that it can resume");
    return ENVOI_OK;
}

static int check_mechanism(const struct envoi_mechanism *m, struct envoi_errctx *why)
{
    const char *slot;

    if (!ENVOI_HAS(m, mech_free))
        return check_refuse_size(why, "a mechanism", m->struct_size, "envoi_mechanism");
    if ((slot = EMPTY_SLOT(m, mechanism_slots)))
        return fault_set(why, ENVOI_E_PLUGIN, 0, "a mechanism has no `%s`", slot);
    return ENVOI_OK;
}

/* The magic comes first: without it the other members mean nothing. Then the ABI: it defines those that follow. */
static int check_header(const struct envoi_plugin *plugin, const char *id, struct envoi_errctx *why)
{
    const char *slot;

    if (plugin->magic != ENVOI_PLUGIN_MAGIC)
        return fault_set(why, ENVOI_E_PLUGIN, 0, "not a plugin of envoi: the magic is 0x%08x", (unsigned)plugin->magic);
    if (!ENVOI_HAS(plugin, abi_major))
        return check_refuse_size(why, "the plugin", plugin->struct_size, "envoi_plugin");
    if (plugin->abi_major != ENVOI_ABI_MAJOR)
        return fault_set(why, ENVOI_E_PLUGIN, 0, "made for ABI %u, and this is ABI %u", (unsigned)plugin->abi_major,
                         (unsigned)ENVOI_ABI_MAJOR);
    if (!ENVOI_HAS(plugin, mechanisms))
        return check_refuse_size(why, "the plugin", plugin->struct_size, "envoi_plugin");
    if ((slot = EMPTY_SLOT(plugin, plugin_slots)))
        return fault_set(why, ENVOI_E_PLUGIN, 0, "the plugin has no `%s`", slot);
    if (id && strcmp(plugin->id, id) != 0)
        return fault_set(why, ENVOI_E_PLUGIN, 0, "the plugin calls itself `%.64s`, not `%s`", plugin->id, id);
    return ENVOI_OK;
}

int check_plugin(const struct envoi_plugin *plugin, const char *id, struct envoi_errctx *why)
{
    int rc;

    if (!plugin)
        return fault_set(why, ENVOI_E_PLUGIN, 0, "the entry returned NULL");
    rc = check_header(plugin, id, why);
    for (size_t i = 0; !rc && plugin->transports && plugin->transports[i]; i++)
        rc = check_transport(plugin->transports[i], why);
    for (size_t i = 0; !rc && plugin->mechanisms && plugin->mechanisms[i]; i++)
        rc = check_mechanism(plugin->mechanisms[i], why);
    return rc;
}

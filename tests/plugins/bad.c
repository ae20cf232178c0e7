/* SPDX-License-Identifier: MIT */
/* One plugin that is broken in one way; the build says which with BAD, the name of a case below, and ID. */
#include "fakes.h"

#define PASTE_(a, b) a##b
#define PASTE(a, b)  PASTE_(a, b)
#define TEXT_(a)     #a
#define TEXT(a)      TEXT_(a)

enum bad {
    GOOD_AUTH,
    GOOD_TLS,
    NEWER,
    WRONG_MAGIC,
    WRONG_MAJOR,
    SHORT_PLUGIN,
    NO_SIZE,
    SHORT_TRANSPORT,
    SHORT_MECHANISM,
    NULL_STEP,
    NULL_HANDSHAKE,
    NULL_VERSION,
    NULL_ID,
    NULL_RETURN,
    OTHER_ID,
    NO_TICKET,
    NOTHING,
    INIT_FAILS,
    PROBE_FAILS,
    NO_SYMBOL,
    UNDEFINED_SYMBOL,
};

/* A plugin of the next minor version of the ABI: the same, and a member more. */
struct newer {
    struct envoi_plugin v1;
    const void *more;
};

static int32_t fail(const struct envoi_host *host, void **state)
{
    (void)state;
    host->set_error(host, NULL, ENVOI_E_SYSTEM, 5, "nothing works today");
    return ENVOI_E_SYSTEM;
}

static void must_not_run(void *state)
{
    (void)state;
    __builtin_trap();
}

static int32_t no(void *state)
{
    (void)state;
    return ENVOI_E_NOT_SUPPORTED;
}

static int32_t mech_at(void *state, size_t index, struct envoi_mech_info *out)
{
    (void)state;
    if (index > 0)
        return ENVOI_E_END;
    out->name = "GOOD";
    return ENVOI_OK;
}

static void spoil_plugin(struct envoi_plugin *plugin, enum bad bad)
{
    if (bad == NEWER)
        plugin->struct_size = sizeof(struct newer), plugin->abi_minor = 7;
    else if (bad == WRONG_MAGIC)
        plugin->magic = 0x12345678;
    else if (bad == WRONG_MAJOR)
        plugin->abi_major = 2;
    else if (bad == SHORT_PLUGIN)
        plugin->struct_size = 16;
    else if (bad == NO_SIZE)
        plugin->struct_size = 0;
    else if (bad == NULL_VERSION)
        plugin->version = NULL;
    else if (bad == NULL_ID)
        plugin->id = NULL;
    else if (bad == OTHER_ID)
        plugin->id = "somebody_else";
    else if (bad == NOTHING)
        plugin->transports = NULL, plugin->mechanisms = NULL;
    else if (bad == INIT_FAILS)
        plugin->init = fail, plugin->fini = must_not_run;
}

static void spoil_offers(struct envoi_transport *transport, struct envoi_mechanism *mechanism, enum bad bad)
{
    if (bad == SHORT_TRANSPORT)
        transport->struct_size = 24;
    else if (bad == SHORT_MECHANISM)
        mechanism->struct_size = 24;
    else if (bad == NULL_STEP)
        mechanism->step = NULL;
    else if (bad == NULL_HANDSHAKE)
        transport->handshake = NULL;
    else if (bad == NO_TICKET)
        transport->caps |= ENVOI_CAP_RESUME;
    else if (bad == PROBE_FAILS)
        transport->probe = no;
}

#if BAD_SYMBOL == 2
extern int32_t envoi_there_is_no_such_function(const struct envoi_host *host, void **state);
#endif

ENVOI_PLUGIN_EXPORT const struct envoi_plugin *PASTE(envoi_plugin_, ENTRY)(void);

const struct envoi_plugin *PASTE(envoi_plugin_, ENTRY)(void)
{
    static struct newer all;
    static struct envoi_transport transport;
    static struct envoi_mechanism mechanism;
    static const struct envoi_transport *transports[] = {&transport, NULL};
    static const struct envoi_mechanism *mechanisms[] = {&mechanism, NULL};

    transport = fake_transport;
    mechanism = fake_mechanism;
    mechanism.mech_at = mech_at;
    all.v1 = (struct envoi_plugin){
        .struct_size = sizeof all.v1,
        .magic = ENVOI_PLUGIN_MAGIC,
        .abi_major = ENVOI_ABI_MAJOR,
        .abi_minor = ENVOI_ABI_MINOR,
        .id = TEXT(ID),
        .version = "1",
        .license = "MIT",
        .transports = transports,
        .mechanisms = mechanisms,
    };
    spoil_plugin(&all.v1, BAD);
    spoil_offers(&transport, &mechanism, BAD);
#if BAD_SYMBOL == 2
    all.v1.init = envoi_there_is_no_such_function;
#endif
    return BAD == NULL_RETURN ? NULL : &all.v1;
}

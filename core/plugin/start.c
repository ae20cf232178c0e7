/* SPDX-License-Identifier: MIT */
#include "plugin/start.h"

#include "plugin/check.h"
#include "plugin/loader.h"
#include "plugin/lock.h"

#include <envoi/library.h>

#ifdef ENVOI_NO_DLOPEN
#define NO_LOADER "this envoi was built without the loader of modules"
#endif

static int entry_get_plugin(const struct entry *e, const char *modules, const struct envoi_plugin **out,
                            struct envoi_errctx *why)
{
    if (e->given || e->builtin) {
        *out = e->given ? e->given : e->builtin();
        return ENVOI_OK;
    }
#ifdef ENVOI_NO_DLOPEN
    *out = NULL;
    return fault_set(why, ENVOI_E_PLUGIN, 0, NO_LOADER);
#else
    return loader_open(modules, entry_text(e, KEY_MODULE), e->id, out, why);
#endif
}

static int entry_check_kind(const struct entry *e, const struct envoi_plugin *plugin, struct envoi_errctx *why)
{
    bool transport = e->kind == KIND_TRANSPORT;

    if (transport ? plugin->transports && plugin->transports[0] : plugin->mechanisms && plugin->mechanisms[0])
        return ENVOI_OK;
    return fault_set(why, ENVOI_E_PLUGIN, 0, "%s: the plugin offers no %s", entry_value(e, KEY_KIND)->source,
                     transport ? "transport" : "mechanism");
}

static int entry_start(struct entry *e, const char *modules, struct envoi_errctx *why)
{
    int rc = entry_get_plugin(e, modules, &e->plugin, why);

    if (rc || (rc = check_plugin(e->plugin, e->id, why)) || (rc = entry_check_kind(e, e->plugin, why)))
        return rc;
    e->context = NULL;
    if (e->plugin->init && (rc = e->plugin->init(&e->host.api, &e->context))) {
        e->context = NULL;
        if (rc == ENVOI_E_MEMORY)
            return rc;
        return fault_set(why, ENVOI_E_PLUGIN, 0, "its init failed (%s)", envoi_error_name(rc));
    }
    e->running = true;
    return ENVOI_OK;
}

/* Takes a failure, which is kept unless another try may succeed. Returns the code for the caller. */
static int entry_fail(struct entry *e, int rc, const struct envoi_errctx *fault, struct envoi_errctx *why)
{
    if (rc == ENVOI_E_MEMORY || rc == ENVOI_E_SYSTEM)
        return fault_set(why, rc, 0, "%s", fault->text);
    if (rc == ENVOI_E_END)
        entry_miss(e, fault->text);
    else
        entry_break(e, fault->text);
    return fault_set(why, ENVOI_E_PLUGIN, 0, "%s", e->why ? e->why : fault->text);
}

int entry_load(struct entry *e, const char *modules, struct envoi_errctx *why)
{
    struct envoi_errctx fault = {0};
    int rc;

    if (e->state == ENTRY_LOADED)
        return ENVOI_OK;
    if (e->state == ENTRY_DISABLED)
        return fault_set(why, ENVOI_E_PLUGIN, 0, "it is disabled (%s)", entry_disabled_by(e));
    if (e->state == ENTRY_ABSENT || e->state == ENTRY_UNUSABLE)
        return fault_set(why, ENVOI_E_PLUGIN, 0, "%s", e->why ? e->why : "it is unusable");
    if (e->busy)
        return fault_set(why, ENVOI_E_PLUGIN, 0, "it is just being loaded");
    e->busy = true;
    lock_take(LOCK_INIT);
    rc = entry_start(e, modules, &fault);
    lock_give(LOCK_INIT);
    e->busy = false;
    if (rc)
        return entry_fail(e, rc, &fault, why);
    e->state = ENTRY_LOADED;
    return ENVOI_OK;
}

/* Can the module be loaded, as far as can be seen without loading it? */
static int entry_look_at_module(const struct entry *e, const char *modules, struct envoi_errctx *why)
{
#ifdef ENVOI_NO_DLOPEN
    return fault_set(why, ENVOI_E_PLUGIN, 0, NO_LOADER);
#else
    return loader_check(modules, entry_text(e, KEY_MODULE), why);
#endif
}

int entry_check_module(struct entry *e, const char *modules, struct envoi_errctx *why)
{
    struct envoi_errctx fault = {0};
    int rc;

    if (e->state == ENTRY_AVAILABLE && !e->given && !e->builtin && (rc = entry_look_at_module(e, modules, &fault)))
        return entry_fail(e, rc, &fault, why);
    if (e->state == ENTRY_ABSENT || e->state == ENTRY_UNUSABLE)
        return fault_set(why, ENVOI_E_PLUGIN, 0, "%s", e->why ? e->why : "it is unusable");
    return ENVOI_OK;
}

void entry_stop(struct entry *e)
{
    if (!e->running)
        return;
    e->running = false;
    lock_take(LOCK_INIT);
    if (e->plugin->fini)
        e->plugin->fini(e->context);
    lock_give(LOCK_INIT);
}

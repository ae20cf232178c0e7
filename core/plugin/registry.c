/* SPDX-License-Identifier: MIT */
#include "plugin/registry.h"

#include "base/mem.h"
#include "base/text.h"
#include "plugin/builtin.h"
#include "plugin/check.h"
#include "plugin/start.h"
#include "plugin/store.h"
#include "portable/environment.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUILT_IN "built in"
#define BY_CODE  "added by the program"

/* Why the descriptor cannot be that of a plugin that is in the process; NULL: it can. */
static const char *registry_text_fault(const struct descriptor *d)
{
    const char *kind = d->value[KEY_KIND].text, *provides = d->value[KEY_PROVIDES].text;

    if (d->bad)
        return d->bad;
    if (!kind)
        return BY_CODE ": the key `kind` is missing";
    if (!provides)
        return BY_CODE ": the key `provides` is missing";
    if (strcmp(kind, "transport") == 0 && !text_has_word(provides, "tls"))
        return BY_CODE ": provides: a transport provides tls";
    return d->value[KEY_MODULE].text ? BY_CODE ": a plugin in the program has no `module`" : NULL;
}

/* Adds a plugin that is in the process. */
static int registry_add(struct registry *r, const char *id, const char *origin, const char *text, struct entry **out)
{
    struct descriptor *d;
    const char *fault;
    int rc = descriptor_parse(id, origin, false, text, strlen(text), store_warn, r, &d);

    if (rc)
        return rc;
    if ((fault = registry_text_fault(d))) {
        rc = store_warn(r, fault);
        descriptor_free(d);
        return rc ? rc : ENVOI_E_USAGE;
    }
    if ((rc = store_get(r, id, out))) {
        descriptor_free(d);
        return rc;
    }
    return entry_attach(*out, LAYER_CODE, d, store_warn, r);
}

static int registry_add_builtins(struct registry *r)
{
    for (const struct builtin_plugin *b = builtin_plugins; b->id; b++) {
        struct entry *e;
        int rc = registry_add(r, b->id, BUILT_IN, b->descriptor, &e);

        if (rc == ENVOI_E_MEMORY)
            return rc;
        if (!rc)
            e->builtin = b->entry;
    }
    return ENVOI_OK;
}

static int registry_set_default_dirs(struct registry *r)
{
    static const struct registry_dirs compiled_in = {
        .vendor = ENVOI_VENDOR_DIR, .admin = ENVOI_ADMIN_DIR, .modules = ENVOI_MODULE_DIR};

    return registry_set_dirs(r, &compiled_in);
}

int registry_new(struct registry **out)
{
    pthread_mutexattr_t attr;
    struct registry *r;
    int rc;

    *out = NULL;
    if (!(r = mem_zalloc(sizeof *r)))
        return ENVOI_E_MEMORY;
    pthread_mutexattr_init(&attr);
    pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
    rc = pthread_mutex_init(&r->lock, &attr) ? ENVOI_E_MEMORY : ENVOI_OK;
    pthread_mutexattr_destroy(&attr);
    if (rc) {
        mem_free(r);
        return rc;
    }
    if ((rc = registry_set_default_dirs(r)) || (rc = registry_add_builtins(r))) {
        registry_free(r);
        return rc;
    }
    *out = r;
    return ENVOI_OK;
}

void registry_free(struct registry *r)
{
    if (!r)
        return;
    /* First of all, because a plugin may log a line in its fini. */
    for (size_t i = 0; i < r->count; i++)
        entry_stop(r->entries[i]);
    for (size_t i = 0; i < r->count; i++)
        entry_free(r->entries[i]);
    for (size_t i = 0; i < r->warning_count; i++)
        mem_free(r->warnings[i]);
    for (int layer = 0; layer < LAYER_COUNT; layer++)
        mem_free(r->dir[layer]);
    mem_free(r->modules);
    mem_free(r->entries);
    mem_free(r->warnings);
    pthread_mutex_destroy(&r->lock);
    mem_free(r);
}

void registry_set_log(struct registry *r, envoi_log_fn *log, void *ctx)
{
    store_lock(r);
    r->log.fn = log;
    r->log.ctx = ctx;
    store_unlock(r);
}

void registry_say(struct registry *r, uint32_t level, const char *format, ...)
{
    struct host_log log;
    char text[FAULT_TEXT_MAX];
    va_list args;

    store_lock(r);
    log = r->log;
    store_unlock(r);
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    host_say(&log, level, "%s", text); /* without the lock: other threads may need the registry meanwhile */
}

void registry_silence(struct registry *r)
{
    host_silence(&r->log);
}

int registry_set_dirs(struct registry *r, const struct registry_dirs *dirs)
{
    const char *given[] = {dirs->vendor, dirs->user, dirs->admin, dirs->modules};
    char *copy[4] = {0};
    char **slot[] = {&r->dir[LAYER_VENDOR], &r->dir[LAYER_USER], &r->dir[LAYER_ADMIN], &r->modules};
    int rc = ENVOI_OK;

    for (int i = 0; i < 4; i++)
        if (given[i] && given[i][0] != '/')
            return ENVOI_E_USAGE;
    for (int i = 0; !rc && i < 4; i++)
        rc = mem_replace(&copy[i], given[i]);
    store_lock(r);
    if (!rc && (r->read || r->reading))
        rc = ENVOI_E_USAGE;
    for (int i = 0; !rc && i < 4; i++) {
        char *old = *slot[i];

        *slot[i] = copy[i];
        copy[i] = old;
    }
    store_unlock(r);
    for (int i = 0; i < 4; i++)
        mem_free(copy[i]);
    return rc;
}

/* False: the environment has none. In a set-uid program environment_get() returns NULL, because there the caller sets
 * the environment. */
static bool registry_user_dir(char path[PATH_MAX])
{
    static const struct {
        const char *variable, *tail;
    } places[] = {{"XDG_CONFIG_HOME", "/envoi/plugins.d"}, {"HOME", "/.config/envoi/plugins.d"}};

    for (size_t i = 0; i < 2; i++) {
        const char *base = environment_get(places[i].variable);
        int n;

        if (!base || base[0] != '/')
            continue;
        n = snprintf(path, PATH_MAX, "%s%s", base, places[i].tail);
        return n > 0 && n < PATH_MAX;
    }
    return false;
}

int registry_use_user_dir(struct registry *r)
{
    char path[PATH_MAX];
    int rc = ENVOI_OK;

    store_lock(r);
    if (r->read || r->reading)
        rc = ENVOI_E_USAGE;
    else if (registry_user_dir(path))
        rc = mem_replace(&r->dir[LAYER_USER], path);
    store_unlock(r);
    return rc;
}

/* Is there a plugin of this id, or are there only settings for one? */
static bool registry_is_taken(const struct entry *e)
{
    return e->given || e->builtin || entry_value(e, KEY_MODULE);
}

static int registry_add_given(struct registry *r, const struct envoi_plugin *plugin, const char *text)
{
    struct entry *e = store_find(r, plugin->id);
    int rc;

    if (e && registry_is_taken(e)) {
        host_say(&r->log, ENVOI_LOG_WARNING, "plugin %s: there is already one of this id", plugin->id);
        return ENVOI_E_PLUGIN;
    }
    if ((rc = registry_add(r, plugin->id, BY_CODE, text, &e)))
        return rc;
    e->given = plugin;
    if (r->read) {
        rc = entry_settle(e, store_warn, r);
        store_sort(r);
    }
    return rc;
}

int registry_add_plugin(struct registry *r, const struct envoi_plugin *plugin, const char *descriptor)
{
    struct envoi_errctx why = {0};
    int rc = check_plugin(plugin, NULL, &why);

    if (!rc && !descriptor_is_id(plugin->id))
        rc = fault_set(&why, ENVOI_E_PLUGIN, 0, "the id is not one (a-z, 0-9 and _)");
    store_lock(r);
    if (rc)
        host_say(&r->log, ENVOI_LOG_WARNING, "a plugin that the program brings: %s", why.text);
    else
        rc = r->reading ? ENVOI_E_USAGE : registry_add_given(r, plugin, descriptor);
    store_unlock(r);
    return rc;
}

/* ---- for `envoi plugins` ---- */

static const char *state_text(const struct entry *e)
{
    static const char *const names[] = {
        [ENTRY_AVAILABLE] = "available", [ENTRY_LOADED] = "loaded",     [ENTRY_DISABLED] = "disabled",
        [ENTRY_ABSENT] = "absent",       [ENTRY_UNUSABLE] = "unusable",
    };

    return names[e->state];
}

static const char *state_source(const struct entry *e)
{
    switch (e->state) {
    case ENTRY_AVAILABLE:
        return "not needed yet";
    case ENTRY_LOADED:
        if (e->given)
            return BY_CODE;
        return e->builtin ? BUILT_IN : entry_value(e, KEY_MODULE)->source;
    case ENTRY_DISABLED:
        return entry_disabled_by(e);
    case ENTRY_ABSENT:
    case ENTRY_UNUSABLE:
        break;
    }
    return e->why ? e->why : "out of memory";
}

static const char *id_source(const struct entry *e)
{
    for (int layer = 0; layer < LAYER_COUNT; layer++)
        if (e->layer[layer])
            return e->layer[layer]->origin;
    return NULL;
}

/* The text of a key, and its source; NULL if it has none. */
static const char *registry_look_up(const struct entry *e, const char *key, const char **source)
{
    enum descriptor_key k = descriptor_key_of(key);
    const struct descriptor_value *value;

    *source = NULL;
    if (strcmp(key, "id") == 0) {
        *source = id_source(e);
        return e->id;
    }
    if (strcmp(key, "state") == 0) {
        *source = state_source(e);
        return state_text(e);
    }
    if (k == KEY_COUNT)
        return NULL;
    if ((value = entry_value(e, k))) {
        *source = value->source;
        return value->text;
    }
    if (descriptor_key_default(k))
        *source = "default";
    return descriptor_key_default(k);
}

static const char *registry_show(struct registry *r, size_t index, const char *key, bool want_source)
{
    const char *text = NULL, *source = NULL;

    store_lock(r);
    if (key && !store_read(r, NULL) && r->read && index < r->count)
        text = registry_look_up(r->entries[index], key, &source);
    store_unlock(r);
    return want_source ? source : text;
}

const char *registry_value(struct registry *r, size_t index, const char *key)
{
    return registry_show(r, index, key, false);
}

const char *registry_source(struct registry *r, size_t index, const char *key)
{
    return registry_show(r, index, key, true);
}

size_t registry_count(struct registry *r)
{
    size_t count;

    store_lock(r);
    count = !store_read(r, NULL) && r->read ? r->count : 0;
    store_unlock(r);
    return count;
}

size_t registry_warnings(struct registry *r)
{
    size_t count;
    bool failed;

    store_lock(r);
    failed = store_read(r, NULL) != 0;
    count = r->warning_count + failed;
    store_unlock(r);
    return count;
}

const char *registry_warning(struct registry *r, size_t index)
{
    const char *text;
    bool failed;

    store_lock(r);
    failed = store_read(r, NULL) != 0;
    text = index < r->warning_count ? r->warnings[index] : NULL;
    if (failed && index == r->warning_count)
        text = r->failure;
    store_unlock(r);
    return text;
}

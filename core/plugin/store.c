/* SPDX-License-Identifier: MIT */
#include "plugin/store.h"

#include "base/mem.h"
#include "plugin/scan.h"
#include "plugin/start.h"
#include "portable/environment.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void store_lock(struct registry *r)
{
    pthread_mutex_lock(&r->lock);
}

void store_unlock(struct registry *r)
{
    pthread_mutex_unlock(&r->lock);
}

/* Makes room for one more pointer. */
static int store_grow(void **at, size_t count, size_t *cap)
{
    size_t more = *cap ? 2 * *cap : 16;
    void *bigger;

    if (count < *cap)
        return ENVOI_OK;
    if (!(bigger = mem_realloc(*at, more * sizeof *at)))
        return ENVOI_E_MEMORY;
    *at = bigger;
    *cap = more;
    return ENVOI_OK;
}

struct entry *store_find(const struct registry *r, const char *id)
{
    for (size_t i = 0; i < r->count; i++)
        if (strcmp(r->entries[i]->id, id) == 0)
            return r->entries[i];
    return NULL;
}

int store_get(struct registry *r, const char *id, struct entry **out)
{
    void *at = r->entries;
    struct entry *e = store_find(r, id);
    int rc;

    if (!e) {
        if ((rc = store_grow(&at, r->count, &r->cap)))
            return rc;
        r->entries = at;
        if (!(e = entry_new(id)))
            return ENVOI_E_MEMORY;
        r->entries[r->count++] = e;
        host_init(&e->host, &r->log, e->id);
    }
    *out = e;
    return ENVOI_OK;
}

void store_sort(struct registry *r)
{
    if (r->count)
        qsort(r->entries, r->count, sizeof(struct entry *), entry_compare);
}

int store_warn(void *ctx, const char *text)
{
    struct registry *r = ctx;
    void *at = r->warnings;
    int rc = store_grow(&at, r->warning_count, &r->warning_cap);
    char *copy;

    if (rc)
        return rc;
    r->warnings = at;
    if (!(copy = mem_strdup(text)))
        return ENVOI_E_MEMORY;
    r->warnings[r->warning_count++] = copy;
    if (!r->reading)
        host_say(&r->log, ENVOI_LOG_WARNING, "%s", text);
    return ENVOI_OK;
}

static int store_warn_of(struct registry *r, const char *origin, const char *what)
{
    char text[PATH_MAX + 128];

    (void)snprintf(text, sizeof text, "%s: %s", origin, what);
    return store_warn(r, text);
}

struct reading {
    struct registry *r;
    enum entry_layer layer;
};

static int reading_take_descriptor(void *ctx, struct descriptor *d)
{
    struct reading *reading = ctx;
    struct registry *r = reading->r;
    struct entry *e = store_find(r, d->id);
    int rc;

    if (reading->layer == LAYER_USER && !e) {
        rc = store_warn_of(r, d->origin, "ignored: no other file describes this plugin, and a user's cannot add one");
        descriptor_free(d);
        return rc;
    }
    if ((rc = store_get(r, d->id, &e))) {
        descriptor_free(d);
        return rc;
    }
    return entry_attach(e, reading->layer, d, store_warn, r);
}

static int reading_warn(void *ctx, const char *text)
{
    struct reading *reading = ctx;

    return store_warn(reading->r, text);
}

/* A set-uid program must not read files that its caller can write. */
static bool store_is_secure(void)
{
    return environment_is_foreign();
}

static int store_read_layers(struct registry *r, struct envoi_errctx *why)
{
    int rc = ENVOI_OK;

    for (int layer = LAYER_VENDOR; !rc && layer < LAYER_COUNT; layer++) {
        struct reading reading = {r, (enum entry_layer)layer};
        struct scan_sink sink = {reading_take_descriptor, reading_warn, &reading};

        if (r->dir[layer] && !(layer == LAYER_USER && store_is_secure()))
            rc = scan_dir(r->dir[layer], layer == LAYER_ADMIN, &sink, why);
    }
    for (size_t i = 0; !rc && i < r->count; i++)
        rc = entry_settle(r->entries[i], store_warn, r);
    return rc;
}

/* Undoes a reading that failed. The entries that were there before it have a descriptor in LAYER_CODE: they stay, and
 * lose their other layers. */
static void store_undo(struct registry *r, size_t warnings)
{
    size_t kept = 0;

    while (r->warning_count > warnings)
        mem_free(r->warnings[--r->warning_count]);
    for (size_t i = 0; i < r->count; i++) {
        struct entry *e = r->entries[i];

        if (!e->layer[LAYER_CODE]) {
            entry_free(e);
            continue;
        }
        for (int layer = LAYER_VENDOR; layer < LAYER_COUNT; layer++) {
            descriptor_free(e->layer[layer]);
            e->layer[layer] = NULL;
        }
        mem_free(e->why);
        e->why = NULL;
        r->entries[kept++] = e;
    }
    r->count = kept;
}

/* Undoes the reading, and logs and keeps the reason. If the log function calls the registry, it gets the same
 * failure. */
static int store_give_up(struct registry *r, int rc, struct envoi_errctx *why, size_t warnings)
{
    store_undo(r, warnings);
    if (rc == ENVOI_E_PLUGIN)
        fault_prefix(why,
                     "what the administrator says of plugins cannot be taken from %.140s, so no plugin is used (root "
                     "has to own it, and others must not write to it: chown root, chmod go-w)",
                     r->dir[LAYER_ADMIN]);
    (void)snprintf(r->failure, sizeof r->failure, "%s", rc == ENVOI_E_MEMORY ? "out of memory" : why->text);
    r->failed = rc;
    if (rc != ENVOI_E_MEMORY)
        host_say(&r->log, ENVOI_LOG_WARNING, "%s", r->failure);
    return rc;
}

int store_read(struct registry *r, struct envoi_errctx *fault)
{
    size_t before = r->warning_count;
    struct envoi_errctx why = {0};
    int rc;

    if (r->read || (r->reading && !r->failed))
        return ENVOI_OK;
    if (r->reading)
        return fault_set(fault, r->failed, 0, "%s", r->failure);
    r->reading = true;
    r->failed = ENVOI_OK;
    if ((rc = store_read_layers(r, &why)))
        rc = store_give_up(r, rc, &why, before);
    r->reading = false;
    if (rc)
        return fault_set(fault, rc, 0, "%s", r->failure);
    store_sort(r);
    r->read = true;
    /* Only now, because the log function may call the registry, which must be complete. */
    for (size_t i = 0, count = r->warning_count; i < count; i++)
        host_say(&r->log, ENVOI_LOG_WARNING, "%s", r->warnings[i]);
    return ENVOI_OK;
}

int store_load(struct registry *r, struct entry *e, struct envoi_errctx *why)
{
    enum entry_state before = e->state;
    int rc = entry_load(e, r->modules, why);

    if (!rc && before != ENTRY_LOADED)
        host_say(&r->log, ENVOI_LOG_DEBUG, "plugin %s: loaded", e->id);
    else if (rc && e->state != before)
        host_say(&r->log, e->state == ENTRY_ABSENT ? ENVOI_LOG_INFO : ENVOI_LOG_WARNING, "plugin %s: %s", e->id,
                 e->why ? e->why : "it cannot be loaded");
    return rc;
}

void store_break(struct registry *r, struct entry *e, const char *why)
{
    entry_break(e, why);
    host_say(&r->log, ENVOI_LOG_WARNING, "plugin %s: %s", e->id, why);
}

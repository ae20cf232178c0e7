/* SPDX-License-Identifier: MIT */
/* The choice of a plugin: registry_find_*() of registry.h. */
#include "base/text.h"
#include "plugin/registry.h"
#include "plugin/start.h"
#include "plugin/store.h"
#include "portable/environment.h"

#include <envoi/library.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PLUS           "-PLUS"
/* More than any provider has. A list that never ends must not make a loop without end. */
#define MECHANISMS_MAX 1000

/* ---- transports ---- */

/* Sets e->transport to the plugin's first transport that is usable here. They are probed only once. */
static int find_probe(struct registry *r, struct entry *e, struct envoi_errctx *why)
{
    char text[160];
    int rc = ENVOI_OK;

    if (e->probed)
        return ENVOI_OK;
    for (size_t i = 0; e->plugin->transports[i]; i++) {
        const struct envoi_transport *t = e->plugin->transports[i];

        if (!t->probe || !(rc = t->probe(e->context))) {
            e->transport = t;
            e->probed = true;
            return ENVOI_OK;
        }
        if (rc == ENVOI_E_MEMORY)
            return rc;
    }
    (void)snprintf(text, sizeof text, "its TLS library says that it cannot be used here (%s)", envoi_error_name(rc));
    store_break(r, e, text);
    return fault_set(why, ENVOI_E_PLUGIN, 0, "%s", text);
}

static int find_start_transport(struct registry *r, struct entry *e, struct envoi_errctx *why,
                                struct registry_transport *out)
{
    int rc = store_load(r, e, why);

    if (rc || (rc = find_probe(r, e, why)))
        return rc;
    *out = (struct registry_transport){e->transport, e->context, e->id};
    return ENVOI_OK;
}

static int find_named_transport(struct registry *r, const char *id, struct envoi_errctx *fault,
                                struct registry_transport *out)
{
    struct entry *e = store_find(r, id);
    int rc;

    if (!e)
        return fault_set(fault, ENVOI_E_PLUGIN, 0, "the TLS plugin %.64s: there is none of this name", id);
    if (e->kind == KIND_AUTH)
        return fault_set(fault, ENVOI_E_PLUGIN, 0, "the TLS plugin %s: it is not one for TLS", e->id);
    if ((rc = find_start_transport(r, e, fault, out)) == ENVOI_E_PLUGIN || rc == ENVOI_E_SYSTEM)
        fault_prefix(fault, "the TLS plugin %s", e->id);
    return rc;
}

/* Adds "; id: why" to the text of fault. */
static void find_add_reason(struct envoi_errctx *fault, const char *id, const char *why)
{
    size_t len = strlen(fault->text);

    (void)snprintf(fault->text + len, sizeof fault->text - len, "; %.64s: %.*s", id, (int)(sizeof fault->text - len),
                   why);
}

static int find_best_transport(struct registry *r, struct envoi_errctx *fault, struct registry_transport *out)
{
    struct envoi_errctx all = {0}, why;
    int rc;

    (void)fault_set(&all, ENVOI_E_PLUGIN, 0, "there is no TLS plugin that can be used");
    for (size_t i = 0; i < r->count; i++) {
        struct entry *e = r->entries[i];

        if (e->kind != KIND_TRANSPORT)
            continue;
        fault_clear(&why);
        rc = find_start_transport(r, e, &why, out);
        if (!rc || rc == ENVOI_E_MEMORY)
            return rc;
        if (rc == ENVOI_E_SYSTEM)
            return fault_set(fault, rc, 0, "the TLS plugin %s: %s", e->id, why.text);
        if (e->critical && e->state != ENTRY_DISABLED)
            return fault_set(fault, rc, 0, "the TLS plugin %s, which is critical: %s", e->id, why.text);
        find_add_reason(&all, e->id, why.text);
    }
    if (r->dir[LAYER_VENDOR] && !strchr(all.text, ';'))
        find_add_reason(&all, r->dir[LAYER_VENDOR], "none is described there: install one, such as openssl or gnutls");
    return fault_set(fault, ENVOI_E_PLUGIN, 0, "%s", all.text);
}

int registry_find_transport(struct registry *r, const char *id, struct envoi_errctx *fault,
                            struct registry_transport *out)
{
    const char *wish = id ? id : environment_get("ENVOI_TLS_BACKEND");
    int rc;

    *out = (struct registry_transport){0};
    store_lock(r);
    rc = store_read(r, fault);
    if (!rc && (!wish || !*wish))
        rc = find_best_transport(r, fault, out);
    else if (!rc && (rc = find_named_transport(r, wish, fault, out)) == ENVOI_E_PLUGIN && !id)
        fault_prefix(fault, "ENVOI_TLS_BACKEND");
    store_unlock(r);
    return rc;
}

/* ---- mechanisms ---- */

/* The name of a mechanism, and the same without -PLUS ("" if it does not end so). */
struct wish {
    const char *name;
    char base[64];
};

static void wish_init(struct wish *w, const char *name)
{
    size_t len = strlen(name), tail = strlen(PLUS);

    w->name = name;
    w->base[0] = '\0';
    if (len > tail && len - tail < sizeof w->base && text_equal(name + len - tail, PLUS))
        (void)snprintf(w->base, sizeof w->base, "%.*s", (int)(len - tail), name);
}

static bool wish_is_in(const char *provides, const struct wish *w)
{
    return provides && (text_has_word(provides, w->name) || (*w->base && text_has_word(provides, w->base)));
}

/* Does the descriptor name the mechanism? */
static bool wish_is_named(const struct entry *e, const struct wish *w)
{
    return wish_is_in(entry_text(e, KEY_PROVIDES), w);
}

/* Has the plugin a file of the administrator's, and is the mechanism named? Whether the plugin can be loaded does not
 * matter. Of a file that cannot be used, the `provides` that was read of it counts. */
static bool wish_is_named_by_admin(const struct entry *e, const struct wish *w)
{
    const struct descriptor *admin = e->layer[LAYER_ADMIN];

    if (!admin || e->kind == KIND_TRANSPORT)
        return false;
    return wish_is_named(e, w) || (admin->bad && wish_is_in(admin->value[KEY_PROVIDES].text, w));
}

static struct registry_rule wish_rule(const struct registry *r, const struct wish *w)
{
    struct registry_rule rule = {0};

    for (size_t i = 0; i < r->count; i++) {
        const struct entry *e = r->entries[i];

        rule.preferred = rule.preferred || wish_is_in(e->preferred, w);
        if (!wish_is_named_by_admin(e, w))
            continue;
        if (!rule.forbidden)
            rule.forbidden = entry_forbidden_by(e);
        if (!rule.needs_tls && e->locked)
            rule.needs_tls = e->needs_tls;
    }
    return rule;
}

static bool find_has_star(const struct entry *e)
{
    const char *provides = entry_text(e, KEY_PROVIDES);

    return provides && text_has_word(provides, "*");
}

static bool wish_matches(const struct wish *w, const struct envoi_mech_info *info)
{
    if (text_equal(info->name, w->name))
        return true;
    return *w->base && (info->flags & ENVOI_MECH_CHANNEL_BINDING) && text_equal(info->name, w->base);
}

/* Looks for the name among those that m lists. ENVOI_OK and *info; ENVOI_E_END: it is not there; ENVOI_E_MEMORY. */
static int find_in_list(const struct entry *e, const struct envoi_mechanism *m, const struct wish *w,
                        struct envoi_mech_info *info)
{
    for (size_t i = 0; i < MECHANISMS_MAX; i++) {
        int rc;

        *info = (struct envoi_mech_info){.struct_size = sizeof *info};
        if ((rc = m->mech_at(e->context, i, info)))
            return rc == ENVOI_E_MEMORY ? rc : ENVOI_E_END;
        if (info->name && wish_matches(w, info))
            return ENVOI_OK;
    }
    return ENVOI_E_END;
}

static int find_offer(struct registry *r, struct entry *e, const struct wish *w, struct registry_mechanism *out)
{
    int rc = ENVOI_E_END;

    for (size_t i = 0; rc == ENVOI_E_END && e->plugin->mechanisms[i]; i++) {
        out->mechanism = e->plugin->mechanisms[i];
        rc = find_in_list(e, out->mechanism, w, &out->info);
    }
    if (!rc) {
        out->state = e->context;
        out->id = e->id;
        out->needs_tls = e->needs_tls;
        out->locked = e->locked;
    } else if (rc == ENVOI_E_END && !e->lied && text_has_word(entry_text(e, KEY_PROVIDES), w->name)) {
        e->lied = true;
        host_say(&r->log, ENVOI_LOG_WARNING, "plugin %s: its descriptor says that it provides %s, and it does not",
                 e->id, w->name);
    }
    return rc;
}

/* ENVOI_OK; ENVOI_E_END: this plugin is not a provider, or cannot be used; ENVOI_E_PLUGIN: it cannot be used and is
 * critical; ENVOI_E_SYSTEM, ENVOI_E_MEMORY. */
static int find_try_entry(struct registry *r, struct entry *e, const struct wish *w, struct envoi_errctx *fault,
                          struct registry_mechanism *out)
{
    struct envoi_errctx why = {0};
    int rc;

    if (e->state == ENTRY_DISABLED)
        return ENVOI_E_END;
    rc = store_load(r, e, &why);
    if (!rc)
        return find_offer(r, e, w, out);
    if (rc == ENVOI_E_PLUGIN && !e->critical)
        return ENVOI_E_END;
    return fault_set(fault, rc, 0, "the plugin %s for %s%s: %s", e->id, w->name,
                     e->critical ? ", which is critical" : "", rc == ENVOI_E_MEMORY ? "out of memory" : why.text);
}

/* Pass 0: entries whose descriptor names the mechanism. Pass 1: entries that say `*`, which must be loaded and asked.
 * If the administrator forbade the name, only an entry whose descriptor file names it still counts: somebody installed
 * that file on purpose. The descriptor of a plugin that the program brings is not such a file. */
static bool find_is_next(const struct entry *e, const struct wish *w, int pass, const struct registry_rule *rule)
{
    bool named = wish_is_named(e, w);

    if (e->kind != KIND_AUTH || (rule->forbidden && (e->given || !named)))
        return false;
    return pass == 0 ? named : !named && find_has_star(e);
}

static int find_mechanism(struct registry *r, const struct wish *w, size_t nth, struct envoi_errctx *fault,
                          struct registry_mechanism *out)
{
    const struct registry_rule rule = wish_rule(r, w);

    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < r->count; i++) {
            struct entry *e = r->entries[i];
            int rc;

            if (!find_is_next(e, w, pass, &rule))
                continue;
            rc = find_try_entry(r, e, w, fault, out);
            if (rc == ENVOI_E_END || (!rc && nth-- > 0))
                continue;
            if (!rc && rule.needs_tls) {
                out->needs_tls = rule.needs_tls;
                out->locked = true;
            }
            return rc;
        }
    return ENVOI_E_END;
}

int registry_find_mechanism(struct registry *r, const char *name, size_t nth, struct envoi_errctx *fault,
                            struct registry_mechanism *out)
{
    struct registry_mechanism found = {0};
    struct wish wish;
    int rc;

    *out = found;
    wish_init(&wish, name);
    store_lock(r);
    rc = store_read(r, fault);
    if (!rc) /* "*" stands for names in a descriptor, but is not one */
        rc = strcmp(name, "*") == 0 ? ENVOI_E_END : find_mechanism(r, &wish, nth, fault, &found);
    store_unlock(r);
    if (!rc)
        *out = found;
    return rc;
}

/* ---- for `envoi plugins` ---- */

/* The reason of a failure is that of the state. */
int registry_check(struct registry *r, size_t index, bool load)
{
    struct registry_transport transport;
    struct envoi_errctx why = {0};
    struct entry *e;
    int rc;

    store_lock(r);
    rc = store_read(r, NULL);
    e = !rc && r->read && index < r->count ? r->entries[index] : NULL;
    if (!rc && !e)
        rc = ENVOI_E_USAGE;
    else if (!rc && e->state != ENTRY_DISABLED) {
        rc = entry_check_module(e, r->modules, &why);
        if (!rc && load)
            rc = e->kind == KIND_TRANSPORT ? find_start_transport(r, e, &why, &transport) : store_load(r, e, &why);
    }
    store_unlock(r);
    return rc;
}

/* ---- rules and names ---- */

int registry_find_rule(struct registry *r, const char *name, struct envoi_errctx *fault, struct registry_rule *out)
{
    struct wish wish;
    int rc;

    *out = (struct registry_rule){0};
    wish_init(&wish, name);
    store_lock(r);
    if (!(rc = store_read(r, fault)))
        *out = wish_rule(r, &wish);
    store_unlock(r);
    return rc;
}

const char *registry_mechanism_provider(struct registry *r, const char *name)
{
    struct registry_mechanism found;

    return registry_find_mechanism(r, name, 0, NULL, &found) ? NULL : found.id;
}

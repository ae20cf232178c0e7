/* SPDX-License-Identifier: MIT */
#include "plugin/entry.h"

#include "base/mem.h"
#include "base/text.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SAY_MAX (PATH_MAX + 256)

struct entry *entry_new(const char *id)
{
    struct entry *e = mem_zalloc(sizeof *e);

    if (e) {
        (void)snprintf(e->id, sizeof e->id, "%s", id);
        e->kind = KIND_NONE;
    }
    return e;
}

void entry_free(struct entry *e)
{
    if (!e)
        return;
    for (int layer = 0; layer < LAYER_COUNT; layer++)
        descriptor_free(e->layer[layer]);
    mem_free(e->why);
    mem_free(e);
}

__attribute__((format(printf, 3, 4))) static int entry_warn(descriptor_warn_fn *warn, void *ctx, const char *format,
                                                            ...)
{
    char text[SAY_MAX];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return warn(ctx, text);
}

const struct descriptor_value *entry_value(const struct entry *e, enum descriptor_key key)
{
    for (int layer = LAYER_COUNT - 1; layer >= 0; layer--) {
        const struct descriptor *d = e->layer[layer];

        if (d && !d->bad && d->value[key].text)
            return &d->value[key];
    }
    return NULL;
}

const char *entry_text(const struct entry *e, enum descriptor_key key)
{
    const struct descriptor_value *value = entry_value(e, key);

    return value ? value->text : descriptor_key_default(key);
}

/* Why this layer may not have the key; NULL: it may. */
static const char *entry_key_fault(const struct entry *e, enum entry_layer layer, enum descriptor_key key,
                                   const char *text)
{
    if (layer == LAYER_USER && key != KEY_PRIORITY && !(key == KEY_ENABLED && strcmp(text, "no") == 0))
        return "ignored: a user's file can only give a priority and say `enabled: no`";
    if (layer != LAYER_ADMIN && key == KEY_PREFER)
        return "ignored: only the administrator's file can put a mechanism first";
    if (key == KEY_MODULE && (e->given || e->builtin))
        return "ignored: the plugin is in the program already, and a second copy is refused";
    return NULL;
}

/* If there are two files of the administrator's for a plugin, it is not known which is meant, and one may disable the
 * plugin. So the first becomes bad, which disables it. */
static int entry_refuse_second(struct descriptor *first, enum entry_layer layer, struct descriptor *second,
                               descriptor_warn_fn *warn, void *ctx)
{
    char text[SAY_MAX];
    int rc = ENVOI_OK;

    (void)snprintf(text, sizeof text, "%s: ignored: %s is the same plugin", second->origin, first->origin);
    if (layer == LAYER_ADMIN && !first->bad && !(first->bad = mem_strdup(text)))
        rc = ENVOI_E_MEMORY;
    descriptor_free(second);
    return rc ? rc : warn(ctx, text);
}

int entry_attach(struct entry *e, enum entry_layer layer, struct descriptor *d, descriptor_warn_fn *warn, void *ctx)
{
    int rc = ENVOI_OK;

    if (e->layer[layer])
        return entry_refuse_second(e->layer[layer], layer, d, warn, ctx);
    e->layer[layer] = d;
    if (d->bad)
        return warn(ctx, d->bad);
    for (enum descriptor_key key = 0; !rc && key < KEY_COUNT; key++) {
        const char *fault = d->value[key].text ? entry_key_fault(e, layer, key, d->value[key].text) : NULL;

        if (!fault)
            continue;
        rc = entry_warn(warn, ctx, "%s: %s: %s", d->value[key].source, descriptor_key_name(key), fault);
        descriptor_drop(d, key);
    }
    return rc;
}

void entry_break(struct entry *e, const char *why)
{
    char *text = mem_strdup(why);

    e->state = ENTRY_UNUSABLE;
    /* The old text may have been handed out, so it stays. */
    if (text && !e->why)
        e->why = text;
    else
        mem_free(text);
}

void entry_miss(struct entry *e, const char *why)
{
    const struct descriptor *vendor = e->layer[LAYER_VENDOR];
    const struct descriptor_value *module = entry_value(e, KEY_MODULE);
    char text[SAY_MAX];

    if (!vendor || module != &vendor->value[KEY_MODULE] || module->text[0] == '/') {
        entry_break(e, why);
        return;
    }
    (void)snprintf(text, sizeof text, "not installed for this architecture (%s)", why);
    entry_break(e, text);
    e->state = ENTRY_ABSENT;
}

/* The file to name if a key is missing: that of the lowest layer, because it should be complete. */
static const struct descriptor *entry_lowest(const struct entry *e)
{
    for (int layer = 0; layer < LAYER_COUNT; layer++)
        if (e->layer[layer])
            return e->layer[layer];
    return NULL;
}

static bool entry_says_yes(const struct entry *e, enum descriptor_key key)
{
    const char *text = entry_text(e, key);

    return text && strcmp(text, "yes") == 0;
}

/* Writes into say why the plugin cannot be loaded. False if it can. */
static bool entry_find_fault(const struct entry *e, char say[SAY_MAX])
{
    static const enum descriptor_key required[] = {KEY_KIND, KEY_PROVIDES, KEY_MODULE};
    const struct descriptor *first = entry_lowest(e);
    const struct descriptor_value *value;

    for (size_t i = 0; i < sizeof required / sizeof required[0]; i++) {
        if (entry_value(e, required[i]) || (required[i] == KEY_MODULE && (e->given || e->builtin)))
            continue;
        if (first && first->bad)
            (void)snprintf(say, SAY_MAX, "%s", first->bad);
        else
            (void)snprintf(say, SAY_MAX, "%s: the key `%s` is missing", first ? first->origin : e->id,
                           descriptor_key_name(required[i]));
        return true;
    }
    value = entry_value(e, KEY_ABI);
    if (value && strtoul(value->text, NULL, 10) != ENVOI_ABI_MAJOR) {
        (void)snprintf(say, SAY_MAX, "%s: abi: the plugin is made for ABI %s, and this is ABI %d", value->source,
                       value->text, ENVOI_ABI_MAJOR);
        return true;
    }
    value = entry_value(e, KEY_PROVIDES);
    if (e->kind == KIND_TRANSPORT && !text_has_word(value->text, "tls")) {
        (void)snprintf(say, SAY_MAX, "%s: provides: a transport provides tls", value->source);
        return true;
    }
    return false;
}

const char *entry_disabled_by(const struct entry *e)
{
    const struct descriptor *admin = e->layer[LAYER_ADMIN];
    const struct descriptor_value *enabled = entry_value(e, KEY_ENABLED);

    /* The administrator's file cannot be used, and it may have said `enabled: no`. */
    if (admin && admin->bad)
        return admin->bad;
    return !enabled || entry_says_yes(e, KEY_ENABLED) ? NULL : enabled->source;
}

const char *entry_forbidden_by(const struct entry *e)
{
    const struct descriptor *admin = e->layer[LAYER_ADMIN];

    if (!admin || (!admin->bad && entry_value(e, KEY_ENABLED) != &admin->value[KEY_ENABLED]))
        return NULL;
    return entry_disabled_by(e);
}

static enum entry_kind entry_find_kind(const struct entry *e)
{
    const char *kind = entry_text(e, KEY_KIND);

    if (!kind)
        return KIND_NONE;
    return strcmp(kind, "transport") == 0 ? KIND_TRANSPORT : KIND_AUTH;
}

int entry_settle(struct entry *e, descriptor_warn_fn *warn, void *ctx)
{
    const struct descriptor_value *lock = entry_value(e, KEY_REQUIRE_TLS);
    char say[SAY_MAX];

    e->kind = entry_find_kind(e);
    e->priority = strtol(entry_text(e, KEY_PRIORITY), NULL, 10);
    e->critical = entry_says_yes(e, KEY_CRITICAL);
    e->needs_tls = lock && entry_says_yes(e, KEY_REQUIRE_TLS) ? lock->source : NULL;
    e->locked = e->needs_tls && e->layer[LAYER_ADMIN] && lock == &e->layer[LAYER_ADMIN]->value[KEY_REQUIRE_TLS];
    e->state = entry_disabled_by(e) ? ENTRY_DISABLED : ENTRY_AVAILABLE;
    e->preferred = e->state == ENTRY_AVAILABLE ? entry_text(e, KEY_PREFER) : NULL;
    if (e->state == ENTRY_DISABLED || !entry_find_fault(e, say))
        return ENVOI_OK;
    if (!(e->why = mem_strdup(say)))
        return ENVOI_E_MEMORY;
    e->state = ENTRY_UNUSABLE;
    /* There was a warning of a bad file when it was attached. */
    return entry_lowest(e) && entry_lowest(e)->bad ? ENVOI_OK : warn(ctx, say);
}

int entry_compare(const void *a, const void *b)
{
    const struct entry *x = *(struct entry *const *)a, *y = *(struct entry *const *)b;

    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    if (x->priority != y->priority)
        return x->priority > y->priority ? -1 : 1;
    return strcmp(x->id, y->id);
}

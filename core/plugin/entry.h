/* SPDX-License-Identifier: MIT */
/* A plugin: the descriptors of its id, the values merged from them, and its state. */
#ifndef PLUGIN_ENTRY_H
#define PLUGIN_ENTRY_H

#include "plugin/descriptor.h"
#include "plugin/host.h"

#include <envoi/plugin.h>

/* Where a descriptor is from. For each key the last layer that has it wins. */
enum entry_layer { LAYER_CODE, LAYER_VENDOR, LAYER_USER, LAYER_ADMIN, LAYER_COUNT };

enum entry_kind { KIND_TRANSPORT, KIND_AUTH, KIND_NONE };

enum entry_state { ENTRY_AVAILABLE, ENTRY_LOADED, ENTRY_DISABLED, ENTRY_ABSENT, ENTRY_UNUSABLE };

struct entry {
    char id[DESCRIPTOR_ID_MAX + 1];
    struct descriptor *layer[LAYER_COUNT];
    const struct envoi_plugin *given; /* the plugin itself, if the program registered it; else NULL */
    envoi_plugin_entry *builtin;      /* its entry function, if it is linked in; else NULL */

    /* Set by entry_settle() from the layers. */
    enum entry_kind kind;
    long priority;
    const char *needs_tls; /* the file and line of `require-tls: yes`; NULL: it is not set */
    const char *preferred; /* the mechanisms that the administrator puts first; NULL: none */
    bool critical;
    bool locked; /* the file of `require-tls: yes` is the administrator's */

    enum entry_state state;
    char *why;     /* why it is absent or unusable; NULL: it is neither, or memory was short */
    bool busy;     /* it is being loaded; seen only if a log function or a plugin calls back */
    bool running;  /* init() was called with success, so fini() will be */
    bool lied;     /* it was logged that its descriptor names a mechanism that it does not offer */
    bool probed;   /* a transport is chosen, see `transport` */
    void *context; /* set by the plugin's init() */
    const struct envoi_plugin *plugin;
    const struct envoi_transport *transport;
    struct host host;
};

/* NULL if memory is short. */
struct entry *entry_new(const char *id);
void entry_free(struct entry *e);

/* Adds a descriptor to a layer; e owns it from here on, also after a failure. Keys that it may not have are dropped
 * with a warning: in a user's file all but `priority` and `enabled: no`, `prefer` in all but the administrator's, and
 * the `module` of a plugin that is in the process already. Of two files of one layer the first counts; if the layer is
 * the administrator's, the first becomes bad, as if it could not be read. ENVOI_OK or ENVOI_E_MEMORY. */
int entry_attach(struct entry *e, enum entry_layer layer, struct descriptor *d, descriptor_warn_fn *warn, void *ctx);

/* The value of the last layer that has the key; NULL if none has it. Bad descriptors do not count. */
const struct descriptor_value *entry_value(const struct entry *e, enum descriptor_key key);
/* The text of that value, or the default; NULL if there is neither. */
const char *entry_text(const struct entry *e, enum descriptor_key key);

/* Why it is disabled: the file and line of `enabled: no`, or the fault of the administrator's file. NULL: it is not. */
const char *entry_disabled_by(const struct entry *e);
/* The same if the administrator disabled it. NULL: it is not disabled, or by another layer. */
const char *entry_forbidden_by(const struct entry *e);

/* Merges the layers and sets `state`. If that is ENTRY_UNUSABLE, warns of the reason. ENVOI_OK or ENVOI_E_MEMORY. */
int entry_settle(struct entry *e, descriptor_warn_fn *warn, void *ctx);

/* For qsort() of struct entry *: by kind, priority (high first), id. */
int entry_compare(const void *a, const void *b);

/* Makes it unusable, for the reason `why`, which is copied. */
void entry_break(struct entry *e, const char *why);
/* The same if its module does not exist. Descriptors are shared by all architectures, and modules are not: a vendor's
 * plugin is absent then, which is no fault. */
void entry_miss(struct entry *e, const char *why);

#endif

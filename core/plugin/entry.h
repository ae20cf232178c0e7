/* SPDX-License-Identifier: MIT */
/* One plugin, as all descriptors of its id together describe it, and what became of it. */
#ifndef PLUGIN_ENTRY_H
#define PLUGIN_ENTRY_H

#include "plugin/descriptor.h"
#include "plugin/host.h"

#include <envoi/plugin.h>

/* Who said it; a later one wins, key by key. */
enum entry_layer { LAYER_CODE, LAYER_VENDOR, LAYER_USER, LAYER_ADMIN, LAYER_COUNT };

enum entry_kind { KIND_TRANSPORT, KIND_AUTH, KIND_NONE };

enum entry_state { ENTRY_AVAILABLE, ENTRY_LOADED, ENTRY_DISABLED, ENTRY_UNUSABLE };

struct entry {
    char id[DESCRIPTOR_ID_MAX + 1];
    struct descriptor *layer[LAYER_COUNT];
    const struct envoi_plugin *given; /* it is in the process already: registered by the program */
    envoi_plugin_entry *builtin;      /* ... or linked in */

    /* What entry_settle() made of the layers. */
    enum entry_kind kind;
    long priority;
    bool critical;
    const char *needs_tls; /* where `require-tls: yes` stands; NULL: nowhere */
    bool locked;           /* ... and it is the admin's word */

    enum entry_state state;
    char *why;     /* why it is unusable, or where it was loaded from */
    bool busy;     /* being loaded; seen only when a log function or a plugin calls back */
    bool running;  /* init() was called */
    bool lied;     /* it was said once that it does not offer what its descriptor says */
    bool probed;   /* transports only */
    void *context; /* the plugin's state */
    const struct envoi_plugin *plugin;
    const struct envoi_transport *transport;
    struct host host;
};

struct entry *entry_new(const char *id);
void entry_free(struct entry *e);

/* Adds a descriptor, which is e's from here on; fails (and frees it) only without memory. What it may not say is dropped
 * with a warning: a user's file more than its two words, any file a second copy of a plugin that is in the process. Of two
 * files in one directory the first counts; two of the administrator's are as bad as one that cannot be read. */
int entry_attach(struct entry *e, enum entry_layer layer, struct descriptor *d, descriptor_warn_fn *warn, void *ctx);

/* The value that holds; NULL: no file has the key. */
const struct descriptor_value *entry_value(const struct entry *e, enum descriptor_key key);
/* The same text, or the default's; NULL: there is none. */
const char *entry_text(const struct entry *e, enum descriptor_key key);

/* Who disabled it: the file and line of `enabled: no`, or what is wrong with the administrator's file. NULL: nobody. */
const char *entry_disabled_by(const struct entry *e);
/* The same when it was the administrator; NULL: not disabled, or by somebody else. */
const char *entry_forbidden_by(const struct entry *e);

/* Puts the layers together and says whether the plugin could be loaded. Warns of what makes it unusable. */
int entry_settle(struct entry *e, descriptor_warn_fn *warn, void *ctx);

/* For qsort() of struct entry *: by kind, priority (high first), id. */
int entry_compare(const void *a, const void *b);

/* Marks it unusable. */
void entry_break(struct entry *e, const char *why);

#endif

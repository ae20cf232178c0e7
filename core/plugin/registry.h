/* SPDX-License-Identifier: MIT */
/* The plugins of a library object: it reads their descriptors at the first question, loads a module when it is needed,
 * and keeps it. Each function locks the registry, so any thread may call it. registry.c has all but registry_find_*,
 * which are in find.c. */
#ifndef PLUGIN_REGISTRY_H
#define PLUGIN_REGISTRY_H

#include "base/fault.h"

#include <envoi/library.h>
#include <envoi/plugin.h>
#include <stdbool.h>

struct registry;

/* The directories of descriptors (vendor, user, admin) and of modules. Absolute paths; NULL: none. */
struct registry_dirs {
    const char *vendor;
    const char *user;
    const char *admin;
    const char *modules;
};

/* Has the compiled-in directories and the plugins that are linked in. ENVOI_OK or ENVOI_E_MEMORY. */
int registry_new(struct registry **out);
/* Ends all plugins. NULL is a no-op. */
void registry_free(struct registry *r);
/* log NULL: no log. */
void registry_set_log(struct registry *r, envoi_log_fn *log, void *ctx);
/* Logs a line that is not about a plugin. The log function may call the registry. */
void registry_say(struct registry *r, uint32_t level, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Ends the log for good: workers may use the registry for longer than the application does. See host_silence(). */
void registry_silence(struct registry *r);
/* The paths are copied. ENVOI_OK; ENVOI_E_MEMORY; ENVOI_E_USAGE if the descriptors have been read or a path is not
 * absolute. */
int registry_set_dirs(struct registry *r, const struct registry_dirs *dirs);
/* Sets `user` to the directory below XDG_CONFIG_HOME or HOME, if the environment has one. Results as of
 * registry_set_dirs(). */
int registry_use_user_dir(struct registry *r);
/* Registers a plugin of the program. descriptor: a text with `kind` and `provides` and without `module`. ENVOI_OK;
 * ENVOI_E_PLUGIN: the plugin is incomplete or of another ABI, or its id is taken; ENVOI_E_USAGE: the descriptor cannot
 * be used, or descriptors are being read; ENVOI_E_MEMORY. The log has the reason. */
int registry_add_plugin(struct registry *r, const struct envoi_plugin *plugin, const char *descriptor);

/* A transport that is loaded and usable. The pointers live as long as the registry. */
struct registry_transport {
    const struct envoi_transport *transport;
    void *state;
    const char *id;
};

/* Finds the transport of plugin `id`; if id is NULL, that of the plugin in ENVOI_TLS_BACKEND; if that is unset or
 * empty, the usable one of highest priority. A plugin that is named or critical and cannot be used is an error; any
 * other is passed over, with a warning in the log. ENVOI_OK; ENVOI_E_PLUGIN or ENVOI_E_SYSTEM with the reason in fault;
 * ENVOI_E_MEMORY. */
int registry_find_transport(struct registry *r, const char *id, struct envoi_errctx *fault,
                            struct registry_transport *out);

/* A loaded provider of a mechanism. The pointers live as long as the registry. */
struct registry_mechanism {
    const struct envoi_mechanism *mechanism;
    void *state;
    const char *id;
    struct envoi_mech_info info;
    const char *needs_tls; /* the file and line that require verified TLS for it; NULL: none */
    bool locked;           /* the file is the administrator's, so code cannot lift the requirement */
};

/* The administrator's rule for a mechanism. It is made of the administrator's files for all plugins that name the
 * mechanism, and holds for every provider. A text is a file and line, NULL: none; it lives as long as the registry. */
struct registry_rule {
    const char *forbidden; /* disables a plugin that names it: only others whose files name it may provide it */
    const char *needs_tls; /* requires verified TLS */
    bool preferred;        /* to be tried before stronger ones */
};

/* The rule for a mechanism, whoever provides it. ENVOI_OK, and the rule may be empty. If the
 * descriptors cannot be read: ENVOI_E_PLUGIN or ENVOI_E_SYSTEM with the reason in fault, or ENVOI_E_MEMORY. */
int registry_find_rule(struct registry *r, const char *name, struct envoi_errctx *fault, struct registry_rule *out);

/* Finds provider number nth (from 0) of the mechanism `name`, a SASL name in upper case, which is never used as a file
 * name. A provider of X with channel binding is also one of X-PLUS. First come the plugins whose descriptor names the
 * mechanism, by priority; then those whose descriptor says `*`, which are loaded and asked. If the rule forbids the
 * name, only plugins that name it and are not the program's own count. ENVOI_OK; ENVOI_E_END: no (more) providers;
 * ENVOI_E_PLUGIN with the reason in fault: a critical plugin cannot be used, or the administrator's directory is not
 * trusted; ENVOI_E_SYSTEM with the reason: the machine failed; ENVOI_E_MEMORY. */
int registry_find_mechanism(struct registry *r, const char *name, size_t nth, struct envoi_errctx *fault,
                            struct registry_mechanism *out);
/* The id of the first provider (nth 0); NULL if there is none. */
const char *registry_mechanism_provider(struct registry *r, const char *name);

/* See envoi_library_plugins() and those that follow it in <envoi/library.h>. If the descriptors cannot be read, there
 * are no plugins, and the reason is the last warning. */
size_t registry_count(struct registry *r);
const char *registry_value(struct registry *r, size_t index, const char *key);
const char *registry_source(struct registry *r, size_t index, const char *key);
int registry_check(struct registry *r, size_t index, bool load);
size_t registry_warnings(struct registry *r);
const char *registry_warning(struct registry *r, size_t index);

#endif

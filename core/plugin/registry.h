/* SPDX-License-Identifier: MIT */
/* What plugins there are, and the way to them. The registry reads the descriptors once, when it is first asked; it loads a
 * module when it is needed and keeps it. All functions lock the registry, any thread may call them. */
#ifndef PLUGIN_REGISTRY_H
#define PLUGIN_REGISTRY_H

#include "base/fault.h"

#include <envoi/library.h>
#include <envoi/plugin.h>
#include <stdbool.h>

struct registry;

/* Where descriptors and modules are, all absolute; NULL: none. */
struct registry_dirs {
    const char *vendor;
    const char *user;
    const char *admin;
    const char *modules;
};

/* With the compiled-in directories and the plugins that are linked in. ENVOI_OK or ENVOI_E_MEMORY. */
int registry_new(struct registry **out);
void registry_free(struct registry *r);
void registry_set_log(struct registry *r, envoi_log_fn *log, void *ctx);
/* Tells it of something that is no plugin's; it may call back. */
void registry_say(struct registry *r, uint32_t level, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* For good: helper threads go on with it, the application does not. See host_silence(). */
void registry_silence(struct registry *r);
/* Copied. ENVOI_E_USAGE once the descriptors were read or when a path is not absolute. */
int registry_set_dirs(struct registry *r, const struct registry_dirs *dirs);
/* The user's own directory as `user`, if the environment names one. Results as registry_set_dirs(). */
int registry_use_user_dir(struct registry *r);
/* The descriptor has kind and provides, and no `module`. ENVOI_OK; ENVOI_E_PLUGIN: not whole, of another ABI, or the id is
 * taken; ENVOI_E_USAGE: the descriptor cannot be used, or the descriptors are just being read; ENVOI_E_MEMORY. The reason is
 * in the log. */
int registry_add_plugin(struct registry *r, const struct envoi_plugin *plugin, const char *descriptor);

/* A transport that is loaded and whose probe said yes. Pointers live as long as the registry. */
struct registry_transport {
    const struct envoi_transport *transport;
    void *state;
    const char *id;
};

/* The transport plugin `id`, or (NULL) what ENVOI_TLS_BACKEND names, or the best by priority. One that is named and cannot
 * be had is an error, as is a critical one; another is passed over with a warning in the log.
 * ENVOI_OK; ENVOI_E_PLUGIN or ENVOI_E_SYSTEM with the reason in fault; ENVOI_E_MEMORY. */
int registry_find_transport(struct registry *r, const char *id, struct envoi_errctx *fault,
                            struct registry_transport *out);

/* A provider of one mechanism, loaded. */
struct registry_mechanism {
    const struct envoi_mechanism *mechanism;
    void *state;
    const char *id;
    struct envoi_mech_info info;
    const char *needs_tls; /* the file and line that want verified TLS for it; NULL: none does */
    bool locked;           /* ... and it is an admin's word: code cannot lift it */
};

/* What the administrator says of a mechanism, whoever serves it: the files of all plugins that name it hold together. Each
 * the file and line, NULL: nothing is said. Texts live as long as the registry. */
struct registry_rule {
    const char *forbidden; /* a plugin that names it is disabled: only another one that names it may serve it */
    const char *needs_tls; /* only over verified TLS */
};

/* For a mechanism that no plugin serves but the application. ENVOI_OK, with a rule that may be empty; what reading the
 * descriptors may fail with, with the reason in fault. */
int registry_find_rule(struct registry *r, const char *name, struct envoi_errctx *fault, struct registry_rule *out);

/* Provider number nth (from 0) of mechanism `name` (an upper-case SASL name, never used as a file name; for "X-PLUS" a
 * provider of X that can bind): first those whose descriptor names it, by priority; then those with `*`, which are loaded
 * to be asked. Where the rule of the name forbids it, there are only those that name it and are not the program's own.
 * ENVOI_OK; ENVOI_E_END: no (more) providers; ENVOI_E_PLUGIN: a critical one or the administrator's word cannot be had,
 * ENVOI_E_SYSTEM: the machine failed, with the reason in fault; ENVOI_E_MEMORY. */
int registry_find_mechanism(struct registry *r, const char *name, size_t nth, struct envoi_errctx *fault,
                            struct registry_mechanism *out);
/* The id of the plugin that registry_find_mechanism() would give first, NULL: none. */
const char *registry_mechanism_provider(struct registry *r, const char *name);

/* For envoi_library_plugins() and its kin; see library.h. Why the descriptors could not be read is one warning more. */
size_t registry_count(struct registry *r);
const char *registry_value(struct registry *r, size_t index, const char *key);
const char *registry_source(struct registry *r, size_t index, const char *key);
size_t registry_warnings(struct registry *r);
const char *registry_warning(struct registry *r, size_t index);

#endif

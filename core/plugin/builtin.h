/* SPDX-License-Identifier: MIT */
/* The plugins that were linked in: a table that the build makes of ENVOI_STATIC_PLUGINS (builtin.c.in). */
#ifndef PLUGIN_BUILTIN_H
#define PLUGIN_BUILTIN_H

#include <envoi/plugin.h>

struct builtin_plugin {
    const char *id;
    envoi_plugin_entry *entry;
    const char *descriptor; /* the text of plugins.d/<id>.plugin without `module` */
};

/* The last one has no id. */
extern const struct builtin_plugin builtin_plugins[];

#endif

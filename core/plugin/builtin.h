/* SPDX-License-Identifier: MIT */
/* The plugins that are linked into the library: a table that the build makes of ENVOI_STATIC_PLUGINS (builtin.c.in). */
#ifndef PLUGIN_BUILTIN_H
#define PLUGIN_BUILTIN_H

#include <envoi/plugin.h>

struct builtin_plugin {
    const char *id;
    envoi_plugin_entry *entry;
    const char *descriptor; /* the text of plugins.d/<id>.plugin without `module` */
};

/* Ends with a row whose id is NULL. */
extern const struct builtin_plugin builtin_plugins[];

#endif

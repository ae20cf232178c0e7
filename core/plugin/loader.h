/* SPDX-License-Identifier: MIT */
/* The one dlopen() of the tree. Left out (loader.c) when ENVOI_NO_DLOPEN is defined. */
#ifndef PLUGIN_LOADER_H
#define PLUGIN_LOADER_H

#include "base/fault.h"

#include <envoi/plugin.h>

/* Loads a module and calls its entry function envoi_plugin_<id>; *out is the result of that, unchecked. module is a
 * file name in the directory `modules`, or an absolute path. Modules are never unloaded. ENVOI_OK; ENVOI_E_PLUGIN with
 * the reason in why; ENVOI_E_END with the reason: it does not exist; ENVOI_E_SYSTEM with the reason, or ENVOI_E_MEMORY:
 * the machine is short of something, and it may be tried again. */
int loader_open(const char *modules, const char *module, const char *id, const struct envoi_plugin **out,
                struct envoi_errctx *why);

/* Looks whether the file of the module is there, trusted and whole, and loads nothing. Results as of loader_open(). */
int loader_check(const char *modules, const char *module, struct envoi_errctx *why);

#endif

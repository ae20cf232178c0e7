/* SPDX-License-Identifier: MIT */
/* The one dlopen() of the tree. Left out (loader.c) when ENVOI_NO_DLOPEN is defined. */
#ifndef PLUGIN_LOADER_H
#define PLUGIN_LOADER_H

#include "base/fault.h"

#include <envoi/plugin.h>

/* Loads the module (a file name in the directory `modules`, or an absolute path) and returns what its entry
 * envoi_plugin_<id> returned, unchecked. A module is never unloaded.
 * ENVOI_OK; ENVOI_E_PLUGIN with the reason; ENVOI_E_SYSTEM with the reason, ENVOI_E_MEMORY: the machine is short of
 * something, and it may be tried again. */
int loader_open(const char *modules, const char *module, const char *id, const struct envoi_plugin **out,
                struct envoi_errctx *why);

#endif

/* SPDX-License-Identifier: MIT */
/* Loads the plugin of an entry, initialises it, and ends it. */
#ifndef PLUGIN_START_H
#define PLUGIN_START_H

#include "plugin/entry.h"

/* Loads and initialises e's plugin under a lock of the whole process. Returns ENVOI_OK, also if it is loaded already.
 * ENVOI_E_PLUGIN with the reason in why: e is disabled, is just being loaded, or cannot be loaded; in the last case it
 * is unusable or absent from now on, and e->why has the reason too. ENVOI_E_SYSTEM with the reason in why,
 * ENVOI_E_MEMORY: e is as before and may be tried again. why may be NULL. */
int entry_load(struct entry *e, const char *modules, struct envoi_errctx *why);
/* Looks whether e's module is there and trusted, if it has one and is not loaded. Results as of entry_load(). */
int entry_check_module(struct entry *e, const char *modules, struct envoi_errctx *why);
/* Calls the plugin's fini, if its init was called. */
void entry_stop(struct entry *e);

#endif

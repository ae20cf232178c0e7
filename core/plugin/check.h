/* SPDX-License-Identifier: MIT */
/* Checks a plugin that an entry function returned or the program gave: is it complete, made for this ABI, and the right
 * one? */
#ifndef PLUGIN_CHECK_H
#define PLUGIN_CHECK_H

#include "base/fault.h"

#include <envoi/plugin.h>

/* id: the one that it must have; NULL: any. ENVOI_OK, or ENVOI_E_PLUGIN with the reason in why. */
int check_plugin(const struct envoi_plugin *plugin, const char *id, struct envoi_errctx *why);

#endif

/* SPDX-License-Identifier: MIT */
/* Is what an entry returned a plugin of this ABI, whole, and the one that was meant? */
#ifndef PLUGIN_CHECK_H
#define PLUGIN_CHECK_H

#include "base/fault.h"

#include <envoi/plugin.h>

/* ENVOI_OK, or ENVOI_E_PLUGIN with the reason. */
int check_plugin(const struct envoi_plugin *plugin, const char *id, struct envoi_errctx *why);

#endif

/* SPDX-License-Identifier: MIT */
/* The capabilities that settings need of a transport (ENVOI_CAP_*). A plugin ignores the members that it does not know,
 * so a setting behind such a member is refused before TLS begins. */
#ifndef PLUGIN_CAPS_H
#define PLUGIN_CAPS_H

#include "plugin/registry.h"

/* needs: the ENVOI_CAP_* of the settings that are in use. ENVOI_OK, or ENVOI_E_NOT_SUPPORTED with a text in fault that
 * names the setting and the plugin. */
int caps_check(const struct registry_transport *t, uint32_t needs, struct envoi_errctx *fault);

#endif

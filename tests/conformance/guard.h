/* SPDX-License-Identifier: MIT */
/* The slots of the plugin under test, each behind a function that holds it against plugin.h: only results that are
 * listed, an object with ENVOI_OK, no call that blocks, no octets beyond a buffer. A crash is told with the slot. */
#ifndef GUARD_H
#define GUARD_H

#include <envoi/plugin.h>

/* Loads check_options.module and checks the description. Called once in a process. */
const struct envoi_plugin *guard_load(void);

/* The plugin's, with the members that it left out as NULL; init and fini are guarded too. */
const struct envoi_plugin *guard_plugin(void);

/* The one transport, or the one provider of mechanisms, of the plugin; NULL: it has none. */
const struct envoi_transport *guard_transport(void);
const struct envoi_mechanism *guard_mechanism(void);

/* Descriptors that are open in this process. */
size_t guard_descriptors(void);

#endif

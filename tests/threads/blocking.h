/* SPDX-License-Identifier: MIT */
/* A mechanism whose steps may block, as a plugin of the program: X-RESIDENT, which the server of mta.h knows. */
#ifndef TEST_BLOCKING_H
#define TEST_BLOCKING_H

#include <envoi/plugin.h>

extern const struct envoi_plugin blocking_plugin;
#define BLOCKING_DESCRIPTOR "kind: auth\nprovides: X-RESIDENT\n"

#endif

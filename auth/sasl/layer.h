/* SPDX-License-Identifier: MIT */
/* The security layer of a finished exchange. */
#ifndef BRIDGE_LAYER_H
#define BRIDGE_LAYER_H

#include <envoi/plugin.h>

/* The slot of struct envoi_mechanism. */
int32_t bridge_layer_get(void *ctx, struct envoi_sasl_layer *out);

#endif

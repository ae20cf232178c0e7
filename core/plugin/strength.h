/* SPDX-License-Identifier: MIT */
/* How strong a mechanism is. Strength belongs to the mechanism's name, not to the plugin that provides it. */
#ifndef PLUGIN_STRENGTH_H
#define PLUGIN_STRENGTH_H

#include <stdbool.h>
#include <stdint.h>

struct strength {
    int rank;        /* the higher, the stronger */
    bool plaintext;  /* a reader of the connection learns the secret */
    bool named_only; /* never chosen unless the application names it */
    bool known;      /* it is in the table */
};

struct strength strength_of(const char *name);

/* Does the mechanism show its secret to a reader of the connection: by its name, or because its plugin says so (flags,
 * ENVOI_MECH_*)? */
bool strength_shows_secret(const char *name, uint32_t flags);

#endif

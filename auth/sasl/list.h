/* SPDX-License-Identifier: MIT */
/* What the installed modules of Cyrus SASL offer, as rows of mech_at(). Made once, by init; constant afterwards. */
#ifndef BRIDGE_LIST_H
#define BRIDGE_LIST_H

#include <envoi/plugin.h>
#include <sasl/sasl.h>

/* What the bridge has to know of a mechanism beyond what Cyrus tells. */
#define BRIDGE_SERVER_FIRST 0x1u  /* Cyrus could start it, but only from its cache of earlier logins */
#define BRIDGE_DIGEST       0x2u  /* its steps write process-wide data of Cyrus without a lock */
#define BRIDGE_SCRAM        0x4u  /* the server's first message is looked at before Cyrus gets it */
#define BRIDGE_WIPE_OUT     0x8u  /* its response is the password itself, and Cyrus does not wipe it */
#define BRIDGE_EXTERNAL     0x10u /* the identity comes from the TLS layer */
#define BRIDGE_NO_PLUS      0x20u /* binds, if at all, in no way that "-PLUS" stands for */

struct bridge_mech {
    char name[SASL_MECHNAMEMAX + 1];
    uint32_t flags;    /* ENVOI_MECH_* */
    uint32_t needs;    /* ENVOI_CRED_* that must be there */
    uint32_t optional; /* ENVOI_CRED_* that are asked as well */
    uint32_t traits;   /* BRIDGE_* */
};

/* The state of the plugin. */
struct bridge {
    const struct envoi_host *host;
    struct bridge_mech *mechs;
    size_t count;
};

/* Fills mechs and count. Needs sasl_client_init before it. */
int32_t bridge_list_fill(struct bridge *self);

/* Finds the row of `name`; with "-PLUS" at its end the row is that of the mechanism, and *plus becomes 1.
 * Returns NULL when there is none, or when it cannot bind. */
const struct bridge_mech *bridge_list_find(const struct bridge *self, const char *name, uint32_t *plus);

#endif

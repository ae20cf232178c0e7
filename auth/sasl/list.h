/* SPDX-License-Identifier: MIT */
/* The mechanisms of the installed modules of Cyrus SASL, as rows of mech_at(). Made once by init, constant
 * afterwards. */
#ifndef BRIDGE_LIST_H
#define BRIDGE_LIST_H

#include <envoi/plugin.h>
#include <sasl/sasl.h>

/* Traits of a mechanism that matter here and that Cyrus does not report. */
#define BRIDGE_SERVER_FIRST 0x1u  /* Cyrus starts it only from its cache of earlier logins, so the server begins */
#define BRIDGE_DIGEST       0x2u  /* its steps write process-wide data of Cyrus without a lock */
#define BRIDGE_SCRAM        0x4u  /* the server's first message is checked before Cyrus gets it */
#define BRIDGE_WIPE_OUT     0x8u  /* its response contains the password, and Cyrus does not wipe it */
#define BRIDGE_EXTERNAL     0x10u /* the identity comes from the TLS layer */
#define BRIDGE_NO_PLUS      0x20u /* if it binds to the channel at all, it has no "-PLUS" name */

struct bridge_mech {
    char name[SASL_MECHNAMEMAX + 1];
    uint32_t flags;    /* ENVOI_MECH_* */
    uint32_t needs;    /* ENVOI_CRED_* that must be given */
    uint32_t optional; /* ENVOI_CRED_* that may be given */
    uint32_t traits;   /* BRIDGE_* */
};

/* The state of the plugin. */
struct bridge {
    const struct envoi_host *host;
    struct bridge_mech *mechs;
    size_t count;
};

/* Fills mechs and count. Call sasl_client_init() first. */
int32_t bridge_list_fill(struct bridge *self);

/* Finds the row of `name`. If the name ends with "-PLUS", the row of the mechanism without it is returned and *plus is
 * 1. Returns NULL if there is no row, or if a "-PLUS" was asked of a mechanism that cannot bind to the channel. */
const struct bridge_mech *bridge_list_find(const struct bridge *self, const char *name, uint32_t *plus);

#endif

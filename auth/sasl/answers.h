/* SPDX-License-Identifier: MIT */
/* The credentials of one exchange: asked of the core before Cyrus starts, handed to Cyrus by its callbacks.
 *
 * Cyrus cannot wait in the midst of a step. So everything that a mechanism may ask is there before its first step,
 * and ENVOI_E_AGAIN never meets a state of Cyrus. */
#ifndef BRIDGE_ANSWERS_H
#define BRIDGE_ANSWERS_H

#include "list.h"

enum { BRIDGE_AUTHZID, BRIDGE_AUTHID, BRIDGE_REALM, BRIDGE_PASSWORD, BRIDGE_ANSWERS };

struct bridge_answers {
    const struct envoi_host *host;
    char *text[BRIDGE_PASSWORD]; /* NUL-terminated, NULL when there is none */
    sasl_secret_t *password;     /* NULL when there is none */
    uint32_t asked;              /* how many rows of the table are settled */
    sasl_callback_t callbacks[8];
};

/* Asks what is still missing. Returns ENVOI_OK; ENVOI_E_AGAIN (call it again); or an error and what to say of it. */
int32_t bridge_answers_gather(struct bridge_answers *self, const struct bridge_mech *mech,
                              const struct envoi_mech_params *params, const char **text);

/* The callbacks for sasl_client_new; they live in `self`. */
const sasl_callback_t *bridge_answers_callbacks(struct bridge_answers *self);

/* Wipes the password. What Cyrus holds a pointer to stays allocated until bridge_answers_free. */
void bridge_answers_wipe(struct bridge_answers *self);

void bridge_answers_free(struct bridge_answers *self);

#endif

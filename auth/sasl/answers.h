/* SPDX-License-Identifier: MIT */
/* The credentials of one exchange: the core is asked for them before Cyrus starts, and Cyrus gets them by callbacks.
 *
 * Cyrus cannot wait within a step. So all credentials that a mechanism may ask for are fetched before its first step,
 * and a step never has to be repeated because of ENVOI_E_AGAIN. */
#ifndef BRIDGE_ANSWERS_H
#define BRIDGE_ANSWERS_H

#include "list.h"

enum { BRIDGE_AUTHZID, BRIDGE_AUTHID, BRIDGE_REALM, BRIDGE_PASSWORD, BRIDGE_ANSWERS };

struct bridge_answers {
    const struct envoi_host *host;
    char *text[BRIDGE_PASSWORD]; /* NUL-terminated; NULL: not given */
    sasl_secret_t *password;     /* NULL: not given */
    uint32_t asked;              /* number of rows of the table in answers.c that are answered or skipped */
    sasl_callback_t callbacks[8];
};

/* Asks for the credentials that are still missing. Returns ENVOI_OK; ENVOI_E_AGAIN: an answer comes later, call it
 * again; or another error, with its text in *text. */
int32_t bridge_answers_gather(struct bridge_answers *self, const struct bridge_mech *mech,
                              const struct envoi_mech_params *params, const char **text);

/* Returns the callbacks for sasl_client_new(). They live in `self`. */
const sasl_callback_t *bridge_answers_callbacks(struct bridge_answers *self);

/* Wipes the password. Its memory stays allocated until bridge_answers_free(), as Cyrus holds a pointer to it. */
void bridge_answers_wipe(struct bridge_answers *self);

void bridge_answers_free(struct bridge_answers *self);

#endif

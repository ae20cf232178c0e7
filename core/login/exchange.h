/* SPDX-License-Identifier: MIT */
/* The exchange with one mechanism: parameters, steps, and the security layer. pick.h chooses the mechanism. */
#ifndef LOGIN_EXCHANGE_H
#define LOGIN_EXCHANGE_H

#include "login/login.h"

#define EXCHANGE_RESPONSE_MAX 49152 /* octets of one response: its base64 fits into 64 KiB */

/* Mechanisms whose steps are taken on another thread where that is allowed. */
#define EXCHANGE_SLOW (ENVOI_MECH_MAY_BLOCK | ENVOI_MECH_MAY_TAKE_LONG)

/* The challenge as a step gets it: NULL for the initial response, but not for an empty challenge. */
static inline const void *exchange_challenge(const struct buf *in, bool first)
{
    if (first)
        return NULL;
    return in->len ? (const void *)buf_head(in) : "";
}

/* Frees the mechanism's context. */
void exchange_drop(struct login *l);
/* Fills l->params for the present state of the connection. ENVOI_OK or ENVOI_E_MEMORY. */
int exchange_params(struct login *l);
/* Takes one step. l->in is used if first is false; the response is then in l->out. Returns as envoi_mechanism::step. */
int exchange_step(struct login *l, bool first);
/* After the 235: puts the mechanism's security layer on the stack, if it has one; *ssf is its strength, or 0. ENVOI_OK;
 * ENVOI_E_AUTH: it is weaker than min_ssf; or the mechanism's failure. */
int exchange_layer(struct login *l, uint32_t *ssf);

#endif

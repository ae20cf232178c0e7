/* SPDX-License-Identifier: MIT */
/* Who logs in. */
#ifndef LIBESMTP_AUTH_H
#define LIBESMTP_AUTH_H

#include "auth-client.h"

#include <stdbool.h>

/* What the program answered; borrowed from it. */
struct auth_answer {
    const char *user, *password; /* NULL: no login by a password */
    const char *external;        /* the identity for EXTERNAL; NULL: none */
};

/* Asks the program, once. context NULL: there is no login. */
struct auth_answer auth_ask(auth_context_t context);
bool auth_is_login(const struct auth_answer *answer);
/* The mechanisms that the flags allow, for envoi_session_set_mechanisms(). */
const char *auth_mechanisms(auth_context_t context, const struct auth_answer *answer);
/* The least strength of a security layer, in bits. */
unsigned auth_strength(auth_context_t context);

#endif

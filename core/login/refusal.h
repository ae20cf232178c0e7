/* SPDX-License-Identifier: MIT */
/* Secrets that were refused: too often locks the account, and by weaker mechanisms hands them to an impostor. */
#ifndef LOGIN_REFUSAL_H
#define LOGIN_REFUSAL_H

#include "login/login.h"

/* The exchange has got a credential (ENVOI_CRED_*). False: it was refused before, and must not be presented. */
bool refusal_allows(struct login *l, uint32_t id, const void *data, size_t len);
/* The same for secrets of the settings, before the mechanism is begun. */
bool refusal_allows_settings(struct login *l, uint32_t needs);
/* The reason why a mechanism may not follow those that were refused; NULL: it may. named: the application named it. */
const char *refusal_objects(const struct login *l, const struct registry_mechanism *m, bool named);
/* Was the password, if it is one of these, shown by a plaintext mechanism and refused? */
bool refusal_was_shown(const struct login *l, uint32_t needs);
/* The server has refused the exchange with this reply code, as the fault says. */
void refusal_note(struct login *l, int code);
/* The server has accepted: earlier refusals of this user are forgotten. */
void refusal_forget(struct login *l);
/* Sets the fault for a secret that refusal_allows() refused; returns its code. */
int refusal_tell(struct login *l);

#endif

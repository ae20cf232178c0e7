/* SPDX-License-Identifier: MIT */
/* Credentials for a mechanism: from the settings, else from the application's callback. */
#ifndef LOGIN_CREDENTIAL_H
#define LOGIN_CREDENTIAL_H

#include "settings/settings.h"

#include <envoi/plugin.h>

/* Implements envoi_mech_params::cred; `core` is the login. Passwords and tokens are remembered, so that their echoes
 * can be masked. ENVOI_E_CANCELLED also for a secret that was refused before: see refusal.h. */
int32_t credential_give(void *core, const struct envoi_cred_request *request, struct envoi_cred *out);
/* Implements envoi_cred::release for memory that the mechanism does not own. */
void credential_release_nothing(struct envoi_cred *cred);

#endif

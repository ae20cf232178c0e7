/* SPDX-License-Identifier: MIT */
/* A password in the keyring of the desktop, by secret-tool(1). The attributes are those of msmtp: host, service (smtp),
 * user. A request has a host and a user. */
#ifndef ACCOUNTS_KEYRING_H
#define ACCOUNTS_KEYRING_H

#include "accounts/secret.h"

int keyring_fetch(struct secret *secret, const struct secret_request *request, struct fault *fault);
int keyring_check(const struct secret_request *request, struct fault *fault);
int keyring_store(const struct secret *secret, const struct secret_request *request, struct fault *fault);

#endif

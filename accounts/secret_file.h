/* SPDX-License-Identifier: MIT */
/* A secret in a file: one of the user, or a credential from the service manager or a container. */
#ifndef ACCOUNTS_SECRET_FILE_H
#define ACCOUNTS_SECRET_FILE_H

#include "accounts/secret.h"

/* The value is a file. A regular one must be ours or root's, and others may not read or write it; a group may read
 * root's. */
int secret_file_fetch(struct secret *secret, const struct secret_request *request, struct fault *fault);
int secret_file_check(const struct secret_request *request, struct fault *fault);

/* The value is the ID of a credential: a file in $CREDENTIALS_DIRECTORY (systemd.exec(5), LoadCredential=), or in
 * /run/secrets if that is not set (containers). Who may read it was decided by those who put it there. */
int secret_credential_fetch(struct secret *secret, const struct secret_request *request, struct fault *fault);
int secret_credential_check(const struct secret_request *request, struct fault *fault);

#endif

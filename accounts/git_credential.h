/* SPDX-License-Identifier: MIT */
/* A password from git's helpers, by git credential fill, approve and reject (git-credential(1)). It is asked for as git
 * send-email does: protocol=smtp, host=HOST:PORT, username=USER. */
#ifndef ACCOUNTS_GIT_CREDENTIAL_H
#define ACCOUNTS_GIT_CREDENTIAL_H

#include "accounts/secret.h"

int git_credential_fetch(struct secret *secret, const struct secret_request *request, struct fault *fault);
int git_credential_check(const struct secret_request *request, struct fault *fault);
/* Tells the helpers that the password was accepted, which may store it, or refused, which removes it. */
int git_credential_tell(const struct secret *secret, const struct secret_request *request, int accepted,
                        struct fault *fault);
/* Stores the password with the helpers, and asks for it again: without a helper git forgets it without a word. */
int git_credential_store(const struct secret *secret, const struct secret_request *request, struct fault *fault);

/* Takes the password out of the answer of git credential fill, which stands in the secret. `now` is in seconds since
 * 1970. Returns 0 or the exit code, as above. */
int git_credential_read(struct secret *secret, const struct secret_request *request, int64_t now, struct fault *fault);

#endif

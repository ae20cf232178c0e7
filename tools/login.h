/* SPDX-License-Identifier: MIT */
/* The login of a send: reads the secret from a file or a command, or asks for it on the terminal. */
#ifndef TOOL_LOGIN_H
#define TOOL_LOGIN_H

#include "accounts/apply.h"
#include "fault.h"

#include <stddef.h>

struct login {
    char prompt[APPLY_SERVER_MAX + 256];
    int asked;          /* 1: the terminal was asked already */
    struct fault fault; /* why there is no password */
};

/* Sets the user, and the secret of a file or a command. If no value names one, the terminal is asked when a mechanism
 * wants the password. `login` must live as long as the session. Returns 0, or the exit code with *fault filled. */
int login_set(struct login *login, const struct values *values, const char *server, struct envoi_session *session,
              struct fault *fault);
/* The credential callback. It asks for the password once and gives the same answer to later calls. Other credentials
 * are cancelled. */
int login_answer(void *ctx, unsigned credential, const char *mechanism, const char **data, size_t *len);
/* Wipes the typed password. */
void login_end(void);

#endif

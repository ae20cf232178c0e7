/* SPDX-License-Identifier: MIT */
/* The login of a send: where its secret comes from, and when. */
#ifndef TOOL_LOGIN_H
#define TOOL_LOGIN_H

#include "connection.h"

#include <stddef.h>

struct login {
    char prompt[SERVER_MAX + 256];
    int asked;          /* on the terminal */
    struct fault fault; /* why there is no password */
};

/* How many of the options that name a secret are given. */
int login_count_secrets(const struct options *options);
/* Gives the session its user and the secret that a file or a command has; without one the terminal is asked once a
 * mechanism wants it; `login` stays for that. Returns 0, or the exit code with the fault noted. */
int login_set(struct login *login, const struct options *options, const char *server, struct envoi_session *session,
              struct fault *fault);
/* The credential function: the password is asked for once, whatever asks for it how often. There is nothing else. */
int login_answer(void *ctx, unsigned credential, const char *mechanism, const char **data, size_t *len);
/* Wipes what was typed. */
void login_end(void);

#endif

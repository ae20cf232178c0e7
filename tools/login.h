/* SPDX-License-Identifier: MIT */
/* The login of a send: gets the secret from the source that the account or an option names, or asks on the terminal. */
#ifndef TOOL_LOGIN_H
#define TOOL_LOGIN_H

#include "accounts/apply.h"
#include "accounts/secret_source.h"
#include "fault.h"

#include <stddef.h>

struct login {
    char prompt[APPLY_SERVER_MAX + 256];
    int asked;          /* 1: the terminal was asked already */
    struct fault fault; /* why there is no password */
    /* A source that wants to know what the server said to its secret; NULL: there is none. */
    const struct secret_source *source;
    struct secret_request request;
    char label[VALUES_LABEL];
    char server[APPLY_SERVER_MAX]; /* the first of the account, also when another one is used */
};

/* Sets the user, and the secret if a value names its source. If none does, the terminal is asked when a mechanism wants
 * the password. `login` and the values must live as long as the session. Returns 0, or the exit
 * code with *fault filled. */
int login_set(struct login *login, const struct values *values, const char *server, struct envoi_session *session,
              struct fault *fault);
/* The credential callback. It asks for the password once and gives the same answer to later calls. Other credentials
 * are cancelled. */
int login_answer(void *ctx, unsigned credential, const char *mechanism, const char **data, size_t *len);
/* After a verb with the result `error`: tells the source whether the server has accepted or refused its secret, if it
 * said either, and wipes it. A source that fails is a warning. */
void login_end(struct login *login, const struct envoi_session *session, int error);

#endif

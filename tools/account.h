/* SPDX-License-Identifier: MIT */
/* The account that a command uses, with the options of the command line over its values. */
#ifndef TOOL_ACCOUNT_H
#define TOOL_ACCOUNT_H

#include "accounts/accounts.h"
#include "accounts/fault.h"
#include "options.h"

struct used {
    struct accounts *accounts; /* NULL: no file was read, because the command line says where to send */
    struct choice choice;
    struct values values;
};

/* Chooses the account and fills *used. `host` counts as --host; NULL: there is none. If the command line names a host
 * and no account, none is used: the password of an account is not for another server. Returns 0, or an exit code with
 * *fault filled. The caller calls account_free(), after a failure too. */
int account_use(const struct options *options, const char *host, struct used *used, struct fault *fault);
/* Before a login: a secret that the account names goes to the hosts that the account names, not to another one of the
 * command line. Returns likewise. */
int account_check_secret(const struct used *used, struct fault *fault);
/* Warns if the account allows the login without verified TLS. */
void account_warn(const struct used *used);
void account_free(struct used *used);

#endif

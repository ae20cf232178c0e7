/* SPDX-License-Identifier: MIT */
/* An account of the administrator whose secret this user cannot read: envoi-submit(8) sends by it for all users. */
#ifndef ACCOUNTS_HAND_OVER_H
#define ACCOUNTS_HAND_OVER_H

#include "accounts/accounts.h"

/* The socket of the service. */
#define HAND_OVER_SOCKET "/run/envoi/submit"

/* If the account has `lock = yes` and its secret cannot be had, the values of its server become those of this socket,
 * without a login; values of the command line stay. Otherwise, and if the command line names the host or the secret,
 * nothing is changed. Returns 0, or an exit code with *fault filled: the secret cannot be had, and there is no such
 * socket. */
int hand_over(const struct account *account, const char *socket, struct values *values, struct fault *fault);

#endif

/* SPDX-License-Identifier: MIT */
/* By which account a sender's mail goes: only by one that the administrator has made for all users. */
#ifndef SUBMIT_SENDER_H
#define SUBMIT_SENDER_H

#include "accounts/values.h"

struct fault;
struct setup;

#define SENDER_ACCOUNT_NAME 128

struct sender_account {
    char name[SENDER_ACCOUNT_NAME];
    struct values values;
};

/* Reads the accounts of the system and chooses one with `lock = yes`: by the sender ("": the null one), else the
 * default if it takes this sender. Returns 0, or an exit code with *fault filled: EXIT_REFUSED if no account is for
 * this sender, another one if the accounts cannot be used. The caller calls sender_account_free(), after a failure
 * too. */
int sender_account_choose(const struct setup *setup, const char *sender, struct sender_account *account,
                          struct fault *fault);
void sender_account_free(struct sender_account *account);

#endif

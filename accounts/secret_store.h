/* SPDX-License-Identifier: MIT */
/* Puts a password where a source of secret_source.h finds it again. */
#ifndef ACCOUNTS_SECRET_STORE_H
#define ACCOUNTS_SECRET_STORE_H

#include "accounts/secret.h"
#include "accounts/vocabulary.h"

#define SECRET_STORE_VALUE 4096

/* A new password. */
struct secret_deposit {
    const char *account;   /* its name: letters, digits, and - _ . + @, not first . */
    const char *directory; /* where the accounts.conf lies that will name it; a file goes into its folder secrets/ */
    struct secret_request request; /* where, host, user, timeout; its value is not used */
};

/* A place that can keep one. */
struct secret_store {
    const char *name;    /* "keyring", "git", "pass", "file" */
    enum key key;        /* of accounts.conf, for what was stored */
    const char *program; /* that must be in PATH; NULL: none */
    /* Gives the value for the key, and stores nothing. Returns 0, or the exit code with *fault filled. */
    int (*locate)(const struct secret_deposit *deposit, char value[SECRET_STORE_VALUE], struct fault *fault);
    /* Stores the secret where that value says; what was there before is replaced. Returns likewise. */
    int (*put)(const struct secret *secret, const struct secret_deposit *deposit, const char *value,
               struct fault *fault);
};

/* In the order in which they should be offered; the last, a file, is always there. */
extern const struct secret_store secret_stores[];
extern const size_t secret_store_count;

/* The row of a name; NULL: there is none. */
const struct secret_store *secret_store_of(const char *name);
/* Is its program there? Whether it works is seen when it is used: a keyring may have no session to be unlocked in. */
int secret_store_is_there(const struct secret_store *store);

#endif

/* SPDX-License-Identifier: MIT */
/* The accounts of this machine and of this user (accounts.conf(5)), and the choice of one. */
#ifndef ACCOUNTS_ACCOUNTS_H
#define ACCOUNTS_ACCOUNTS_H

#include "accounts/values.h"
#include <stddef.h>

struct fault;
struct section;
struct sections;

/* All that the files say. It does not change, so threads may share it. */
struct accounts;

/* One account. It lives as long as the accounts. */
struct account {
    const char *name;
    const char *place; /* "FILE:LINE" of its section */
    int is_users;      /* 1: of the user's file, or of the one that was given */
    const struct section *section;
};

/* The files. NULL: there is none. */
struct accounts_files {
    const char *system;
    const char *user;
    const char *given; /* is read instead of the others, and must be there */
};

/* Each function that returns int returns 0, or an exit code with *fault filled. */

/* Reads the system's file and then the user's; with `file` (-C) that one alone. The user's is accounts.conf below
 * $XDG_CONFIG_HOME/envoi or ~/.config/envoi; a set-uid program has none. A file that is not there is no error, unless
 * it is `file`. */
int accounts_open(const char *file, struct accounts **out, struct fault *fault);
/* The same with files of the caller's choice. */
int accounts_read(const struct accounts_files *files, struct accounts **out, struct fault *fault);
/* The same from sections that were read already, which are moved into the accounts, or freed after a failure. */
int accounts_make(const struct accounts_files *files, struct sections *users, struct sections *systems,
                  struct accounts **out, struct fault *fault);
void accounts_free(struct accounts *accounts);
/* The path of the user's file, whether it is there or not. The caller frees it. NULL: there is no home directory, the
 * program is set-uid, or memory ran out. */
char *accounts_user_file(void);
/* The path of the system's file. */
const char *accounts_system_file(void);

/* The user's accounts, and those of the system that no account of the user replaces. */
size_t accounts_count(const struct accounts *accounts);
const struct account *accounts_at(const struct accounts *accounts, size_t index);
/* NULL: there is none of that name. */
const struct account *accounts_find(const struct accounts *accounts, const char *name);
/* Removes the accounts without `lock = yes`: those that are left are for all users. If the default is removed, there is
 * none. */
void accounts_keep_locked(struct accounts *accounts);

/* The account that was chosen, and why. */
struct choice {
    const struct account *account; /* NULL: there are no accounts */
    char why[512];                 /* "it is the only account" */
};

/* Chooses the account: the one of this name if it is not NULL (--account), else of $ENVOI_ACCOUNT, else the one whose
 * `from` has the sender, else the default, else the only one. An address in `from` goes before a pattern such as
 * *@example.org. If that leaves several, it is an error. sender may be NULL: any. */
int accounts_choose(const struct accounts *accounts, const char *name, const char *sender, struct choice *choice,
                    struct fault *fault);
/* Adds the values of an account to *values: its own, those of the accounts that it is like, those before the first
 * section of its file. What *values has already wins over them. Variables of the environment are read. The caller frees
 * *values, after a failure too. */
int accounts_values(const struct accounts *accounts, const struct account *account, struct values *values,
                    struct fault *fault);
/* Adds the values of the section [worker] to *values: the user's section, or the system's if the user's file has none.
 * It is none of the accounts. It is an error if there is no such section. The caller frees *values, after a failure
 * too. */
int accounts_worker(const struct accounts *accounts, struct values *values, struct fault *fault);
/* In `from`: envoi-sendmail takes the sender from the header. */
#define ACCOUNTS_FROM_HEADER "header"
/* Does an account with these values take mail of this sender? Without `from`, or with that word in it, it takes
 * anybody's. */
int accounts_allows(const struct values *values, const char *sender);
/* The sender of an account: the first address in `from` that is no pattern, nor that word. NULL: there is none. */
const char *accounts_sender(const struct values *values);

#endif

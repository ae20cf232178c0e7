/* SPDX-License-Identifier: MIT */
/* A program that may be set-uid: prints which account it chooses, whose file it reads, and what a variable gives. */
#include "accounts/accounts.h"
#include "accounts/fault.h"

#include <stdio.h>
#include <stdlib.h>

/* The leak checker traces the process, which a set-uid program does not allow. */
__attribute__((visibility("default"))) int __lsan_is_turned_off(void);

int __lsan_is_turned_off(void)
{
    return 1;
}

int main(int argc, char **argv)
{
    struct accounts *accounts = NULL;
    struct values values = {0};
    struct fault fault = {0};
    struct choice choice = {0};
    char *user = accounts_user_file();
    int rc = argc == 2 ? accounts_open(argv[1], &accounts, &fault) : 64;

    printf("%s", user ? "user" : "no user");
    if (!rc)
        rc = accounts_choose(accounts, NULL, NULL, &choice, &fault);
    if (!rc)
        printf(", %s", choice.account->name);
    if (!rc)
        rc = accounts_values(accounts, choice.account, &values, &fault);
    printf(", %s\n", rc ? fault.text : values_text(&values, KEY_HELO));
    values_free(&values);
    accounts_free(accounts);
    free(user);
    return 0;
}

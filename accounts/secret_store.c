/* SPDX-License-Identifier: MIT */
#include "accounts/secret_store.h"

#include "accounts/child.h"
#include "accounts/exit_code.h"
#include "accounts/git_credential.h"
#include "accounts/keyring.h"
#include "accounts/replace.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The name becomes one of a file, and a word of a command. */
static int store_check_account(const struct secret_deposit *deposit, struct fault *fault)
{
    const char *name = deposit->account;
    size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.+@");

    if (*name && *name != '.' && *name != '-' && !name[len] && len <= 200)
        return 0;
    return secret_refuse(NULL, &deposit->request, fault,
                         "a secret is not stored under the name '%.100s': it has other characters than letters, digits "
                         "and - _ . + @, or begins with . or -",
                         name);
}

/* ---- programs that find it by host and user ---- */

static int locate_by_host(const struct secret_deposit *deposit, char value[SECRET_STORE_VALUE], struct fault *fault)
{
    (void)deposit, (void)fault;
    snprintf(value, SECRET_STORE_VALUE, "yes");
    return 0;
}

static int put_into_keyring(const struct secret *secret, const struct secret_deposit *deposit, const char *value,
                            struct fault *fault)
{
    (void)value;
    return keyring_store(secret, &deposit->request, fault);
}

static int put_into_git(const struct secret *secret, const struct secret_deposit *deposit, const char *value,
                        struct fault *fault)
{
    (void)value;
    return git_credential_store(secret, &deposit->request, fault);
}

/* ---- pass ---- */

#define PASS_SHOW "pass show "

static int locate_in_pass(const struct secret_deposit *deposit, char value[SECRET_STORE_VALUE], struct fault *fault)
{
    snprintf(value, SECRET_STORE_VALUE, PASS_SHOW "envoi/%s", deposit->account);
    return store_check_account(deposit, fault);
}

static int put_into_pass(const struct secret *secret, const struct secret_deposit *deposit, const char *value,
                         struct fault *fault)
{
    const char *const argv[] = {"pass", "insert", "--multiline", "--force", value + strlen(PASS_SHOW), NULL};
    const struct secret_request *request = &deposit->request;
    struct secret *answer = secret_new(request, fault);
    int code = 0, rc = answer ? child_run(argv, secret, request, answer, &code, fault) : fault->exit;

    secret_free(answer);
    if (!rc && code)
        return secret_refuse(NULL, request, fault, "pass cannot store the password (exit code %d)", code);
    return rc;
}

/* ---- a file ---- */

/* Makes a folder for this user alone. */
static int store_make_directory(const char *path)
{
    struct stat status;

    if (mkdir(path, 0700) < 0 && errno != EEXIST)
        return -1;
    if (stat(path, &status) < 0)
        return -1;
    if (status.st_uid == geteuid())
        return chmod(path, 0700);
    errno = EPERM;
    return -1;
}

static int locate_file(const struct secret_deposit *deposit, char value[SECRET_STORE_VALUE], struct fault *fault)
{
    int n = snprintf(value, SECRET_STORE_VALUE, "%s/secrets/%s", deposit->directory, deposit->account);

    if (n < 0 || n >= SECRET_STORE_VALUE)
        return secret_refuse(NULL, &deposit->request, fault, "the name of the folder is too long");
    return store_check_account(deposit, fault);
}

static int put_into_file(const struct secret *secret, const struct secret_deposit *deposit, const char *value,
                         struct fault *fault)
{
    char *directory = strndup(value, (size_t)(strrchr(value, '/') - value));
    struct secret *line = directory ? secret_new(&deposit->request, fault) : NULL;
    int error = ENOMEM;

    if (line) {
        memcpy(line->text, secret->text, secret->len);
        line->text[secret->len] = '\n'; /* in place of the NUL */
        error = store_make_directory(directory) < 0 ? errno : replace_file(value, 0600, line->text, secret->len + 1);
    }
    secret_free(line);
    free(directory);
    return error ? secret_refuse(NULL, &deposit->request, fault, "cannot write '%s': %s", value, strerror(error)) : 0;
}

/* ---- the table ---- */

const struct secret_store secret_stores[] = {
    {"keyring", KEY_PASSWORD_KEYRING, "secret-tool", locate_by_host, put_into_keyring},
    {"pass", KEY_PASSWORD_COMMAND, "pass", locate_in_pass, put_into_pass},
    {"git", KEY_PASSWORD_GIT, "git", locate_by_host, put_into_git},
    {"file", KEY_PASSWORD_FILE, NULL, locate_file, put_into_file},
};

const size_t secret_store_count = sizeof secret_stores / sizeof *secret_stores;

const struct secret_store *secret_store_of(const char *name)
{
    for (size_t i = 0; i < secret_store_count; i++)
        if (!strcmp(secret_stores[i].name, name))
            return &secret_stores[i];
    return NULL;
}

int secret_store_is_there(const struct secret_store *store)
{
    return !store->program || child_exists(store->program);
}

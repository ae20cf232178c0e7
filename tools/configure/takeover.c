/* SPDX-License-Identifier: MIT */
/* The accounts of another program: --import. */
#include "accounts/exit_code.h"
#include "accounts/secret_store.h"
#include "configure/configure.h"
#include "configure/dialogue.h"
#include "configure/import.h"
#include "fault.h"

#include <envoi/envoi.h>
#include <stdlib.h>
#include <string.h>

struct takeover {
    const struct arguments *arguments;
    struct imported imported;
    struct stanza_file file;
    char *path, *directory;
    const struct secret_store *store; /* of passwords; NULL: --store names none */
    struct fault fault;
};

static struct secret_deposit takeover_deposit(const struct takeover *t, const struct import_account *account)
{
    return (struct secret_deposit){.account = account->name,
                                   .directory = t->directory,
                                   .request = {.where = t->store->name,
                                               .host = values_text(&account->values, KEY_HOST),
                                               .user = values_text(&account->values, KEY_USER)}};
}

/* Adds the key that names the place of the password. */
static int takeover_place_password(struct takeover *t, struct import_account *account)
{
    char value[SECRET_STORE_VALUE];
    struct secret_deposit deposit;
    int rc;

    if (!t->store)
        return fault_set(&t->fault, EXIT_USAGE, ENVOI_E_USAGE, "--store: it is one of keyring, pass, git and file");
    deposit = takeover_deposit(t, account);
    rc = t->store->locate(&deposit, value, &t->fault);
    if (!rc && values_add(&account->values, t->store->key, value, t->imported.path))
        rc = fault_memory(&t->fault);
    return rc;
}

static int takeover_store_password(struct takeover *t, const struct import_account *account)
{
    struct secret_deposit deposit = takeover_deposit(t, account);
    size_t len = strlen(account->password);
    struct secret *secret;
    int rc;

    if (stanza_file_prepare(&t->file, &t->fault) || !(secret = secret_new(&deposit.request, &t->fault)))
        return t->fault.exit;
    memcpy(secret->text, account->password, len + 1); /* a line of the file is shorter than a secret may be */
    secret->len = len;
    rc = t->store->put(secret, &deposit, values_text(&account->values, t->store->key), &t->fault);
    secret_free(secret);
    return rc;
}

/* The accounts as they would stand in the file. */
static void takeover_print_all(struct takeover *t)
{
    for (size_t i = 0; i < t->imported.count; i++) {
        const struct import_account *account = &t->imported.list[i];

        if (i)
            putchar('\n');
        stanza_print(account->name, &account->values,
                     account->password ? "the password is left out; with --yes it is stored, and named here" : NULL,
                     stdout);
    }
}

static int takeover_put_all(struct takeover *t)
{
    int rc = 0;

    for (size_t i = 0; !rc && i < t->imported.count; i++) {
        struct import_account *account = &t->imported.list[i];

        rc = stanza_file_put(&t->file, account->name, &account->values, !strcmp(account->name, t->imported.chosen),
                             &t->fault);
    }
    return rc;
}

/* Passwords are stored when it is certain that the file is to name them. */
static int takeover_write_all(struct takeover *t)
{
    int passwords = 0, agreed = t->arguments->yes, rc = 0;

    t->directory = strndup(t->path, (size_t)(strrchr(t->path, '/') - t->path));
    if (!t->directory)
        return fault_memory(&t->fault);
    for (size_t i = 0; i < t->imported.count; i++)
        passwords |= t->imported.list[i].password != NULL;
    if (passwords && !agreed && !t->arguments->dry_run)
        agreed = dialogue_agrees("Copy the passwords of the old file to a place of their own? [y/N] ");
    agreed = agreed && !t->arguments->dry_run;
    for (size_t i = 0; !rc && agreed && i < t->imported.count; i++)
        if (t->imported.list[i].password)
            rc = takeover_place_password(t, &t->imported.list[i]);
    if (!rc)
        rc = takeover_put_all(t);
    if (rc || !configure_agrees(t->arguments, &t->file))
        return rc;
    for (size_t i = 0; !rc && agreed && i < t->imported.count; i++)
        if (t->imported.list[i].password)
            rc = takeover_store_password(t, &t->imported.list[i]);
    return rc ? rc : configure_finish(&t->file, &t->fault);
}

int configure_import(const struct arguments *arguments)
{
    const struct import_dialect *dialect = import_dialect_of(arguments->import);
    struct takeover *t = calloc(1, sizeof *t);
    int rc = 0;

    if (!t) {
        complain("out of memory");
        return EXIT_LOCAL;
    }
    t->arguments = arguments;
    t->store = secret_store_of(arguments->store ? arguments->store : "file");
    if (!dialect)
        rc = fault_set(&t->fault, EXIT_USAGE, ENVOI_E_USAGE,
                       "--import: it is one of msmtprc, ssmtp.conf, esmtprc and git");
    if (!rc)
        rc = import_file(dialect, arguments->operand, stderr, &t->imported, &t->fault);
    if (!rc && !configure_writes(arguments))
        takeover_print_all(t);
    else if (!rc && !(rc = configure_open(arguments, &t->file, &t->path, &t->fault)))
        rc = takeover_write_all(t);
    fault_print(&t->fault, NULL);
    import_free(&t->imported);
    stanza_file_free(&t->file);
    free(t->directory);
    free(t->path);
    free(t);
    return rc;
}

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
    char *path;
    struct fault fault;
};

/* Stores the password of the old file, and adds the key that names the place. */
static int takeover_store_password(struct takeover *t, struct import_account *account)
{
    const char *name = t->arguments->store ? t->arguments->store : "file";
    const struct secret_store *store = secret_store_of(name);
    char value[SECRET_STORE_VALUE], *directory = NULL;
    struct secret_deposit deposit = {.account = account->name,
                                     .request = {.where = name,
                                                 .host = values_text(&account->values, KEY_HOST),
                                                 .user = values_text(&account->values, KEY_USER)}};
    struct secret *secret;
    size_t len = strlen(account->password);
    int rc;

    if (stanza_file_prepare(&t->file, &t->fault))
        return t->fault.exit;
    if (!store)
        return fault_set(&t->fault, EXIT_USAGE, ENVOI_E_USAGE, "--store: it is one of keyring, pass, git and file");
    if (!(secret = secret_new(&deposit.request, &t->fault)))
        return t->fault.exit;
    if (!(directory = strndup(t->path, (size_t)(strrchr(t->path, '/') - t->path)))) {
        secret_free(secret);
        return fault_memory(&t->fault);
    }
    deposit.directory = directory;
    memcpy(secret->text, account->password, len + 1); /* a line of the file is shorter than a secret may be */
    secret->len = len;
    rc = store->put(secret, &deposit, value, &t->fault);
    secret_free(secret);
    free(directory);
    if (!rc && values_add(&account->values, store->key, value, t->imported.path))
        rc = fault_memory(&t->fault);
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

static int takeover_write_all(struct takeover *t)
{
    int passwords = 0, agreed = t->arguments->yes, rc = 0;

    for (size_t i = 0; i < t->imported.count; i++)
        passwords |= t->imported.list[i].password != NULL;
    if (passwords && !agreed && !t->arguments->dry_run)
        agreed = dialogue_agrees("Copy the passwords of the old file to a place of their own? [y/N] ");
    for (size_t i = 0; !rc && agreed && !t->arguments->dry_run && i < t->imported.count; i++)
        if (t->imported.list[i].password)
            rc = takeover_store_password(t, &t->imported.list[i]);
    if (!rc)
        rc = takeover_put_all(t);
    return rc ? rc : configure_finish(t->arguments, &t->file, &t->fault);
}

int configure_import(const struct arguments *arguments)
{
    const struct import_dialect *dialect = import_dialect_of(arguments->import);
    struct takeover *t = calloc(1, sizeof *t);
    int rc = t ? 0 : EXIT_LOCAL;

    if (rc) {
        complain("out of memory");
        return rc;
    }
    t->arguments = arguments;
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
    free(t->path);
    free(t);
    return rc;
}

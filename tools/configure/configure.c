/* SPDX-License-Identifier: MIT */
#include "configure/configure.h"

#include "accounts/accounts.h"
#include "accounts/exit_code.h"
#include "accounts/fault.h"
#include "configure/dialogue.h"

#include <envoi/envoi.h>
#include <stdlib.h>
#include <string.h>

int configure_open(const struct arguments *arguments, struct stanza_file *file, char **path, struct fault *fault)
{
    *path = arguments->is_system ? strdup(accounts_system_file()) : accounts_user_file();
    if (!*path)
        return fault_set(fault, EXIT_CONFIG, ENVOI_E_SYSTEM, "this user has no home directory for accounts.conf");
    return stanza_file_open(file, *path, arguments->is_system, fault);
}

int configure_writes(const struct arguments *arguments)
{
    return arguments->yes || arguments->dry_run || dialogue_is_possible();
}

static int configure_is_same(const struct stanza_file *file)
{
    return !strcmp(file->before, file->after);
}

int configure_agrees(const struct arguments *arguments, const struct stanza_file *file)
{
    if (configure_is_same(file))
        printf("%s says this already\n", file->path);
    else
        stanza_file_show(file, stdout);
    if (arguments->dry_run)
        return 0;
    if (arguments->yes || configure_is_same(file) || dialogue_agrees("Write this? [y/N] "))
        return 1;
    puts("nothing was written");
    return 0;
}

int configure_finish(const struct stanza_file *file, struct fault *fault)
{
    int rc = configure_is_same(file) ? 0 : stanza_file_write(file, fault);

    if (!rc && !configure_is_same(file))
        printf("written: %s\n", file->path);
    return rc;
}

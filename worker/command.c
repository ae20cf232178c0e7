/* SPDX-License-Identifier: MIT */
#include "accounts/accounts.h"
#include "accounts/exit_code.h"
#include "accounts/fault.h"
#include "worker/commands.h"
#include "worker/config.h"

#include <envoi/envoi.h>
#include <string.h>

int command_flag(const struct command_line *line, const char *name, int *is_set, struct fault *fault)
{
    char word[TEXT_QUOTED];

    *is_set = 0;
    for (int i = 1; i < line->argc; i++) {
        *is_set = !strcmp(line->argv[i], name);
        if (!*is_set)
            return fault_set(fault, EXIT_USAGE, ENVOI_E_USAGE, "%s has no option %s, only %s", *line->argv,
                             text_quote(line->argv[i], word), name);
    }
    return 0;
}

int command_config(const struct command_line *line, struct config **config, struct fault *fault)
{
    struct accounts *accounts = NULL;
    int rc = accounts_open(line->accounts_file, &accounts, fault);

    *config = NULL;
    if (!rc)
        rc = config_read(accounts, config, fault);
    accounts_free(accounts);
    return rc;
}

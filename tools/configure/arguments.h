/* SPDX-License-Identifier: MIT */
/* The command line of envoi configure. */
#ifndef CONFIGURE_ARGUMENTS_H
#define CONFIGURE_ARGUMENTS_H

#include "accounts/values.h"
#include <stdio.h>

struct arguments {
    const char *name, *import, *autoconfig, *store, *plugins_d, *module_dir;
    int is_system, dry_run, yes, test, help, version;
    struct values given; /* options that are keys of accounts.conf */
    const char *operand; /* the address, or the file to import; NULL: none */
};

/* Returns 0, or EXIT_USAGE after an error was printed. To be freed in both cases. */
int arguments_parse(struct arguments *arguments, int argc, char **argv);
void arguments_print_help(FILE *out);
void arguments_free(struct arguments *arguments);

#endif

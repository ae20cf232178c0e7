/* SPDX-License-Identifier: MIT */
/* The command line: the table of keys (accounts/vocabulary.h) and one of further options, for parsing and for --help.
 * */
#ifndef TOOL_OPTIONS_H
#define TOOL_OPTIONS_H

#include "accounts/values.h"
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum command {
    COMMAND_NONE = 0,
    COMMAND_SEND = 1,
    COMMAND_PROBE = 2,
    COMMAND_PLUGINS = 4,
    COMMAND_ACCOUNTS = 8,
};

/* The values of an option that may be repeated. The texts belong to argv. */
struct list {
    const char **items;
    size_t count;
};

/* The parsed command line. All texts but those of `values` belong to argv. */
struct options {
    int help, version;
    const char *plugins_d, *module_dir;

    struct values values; /* the keys of an account that are given as options */
    const char *account, *accounts_file;
    int trace, json, why, dump, check, pem;
    const char *stop_after, *drop_after;

    struct list to;
    int read_recipients, keep_bcc, drop_bcc, quiet;
    int add_missing, downgrade;
    const char *subject, *body; /* of these and `attach` a message is made; the operand is its text then */
    struct list attach;
    const char *long_lines;
    const char *deliver_by, *hold_for, *hold_until, *mt_priority, *submitter, *valid_since;

    char **operands; /* the words that are no options: the message file, the host to probe */
    int operand_count;
};

/* Parses the options of a command in argv[1] and later; with COMMAND_NONE only the common ones, up to the first word
 * that is no option. Returns 0, or EXIT_USAGE after an error was printed. */
int options_parse(struct options *options, enum command command, int argc, char **argv);
void options_free(struct options *options);
/* Prints the options of a command, aligned. */
void options_print(enum command command, FILE *file);
/* Prints the keys of accounts.conf that are no options. */
void options_print_keys(FILE *file);

#endif

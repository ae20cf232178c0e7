/* SPDX-License-Identifier: MIT */
/* The command line: one table of options is used for parsing and for --help. */
#ifndef TOOL_OPTIONS_H
#define TOOL_OPTIONS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum command {
    COMMAND_NONE = 0,
    COMMAND_SEND = 1,
    COMMAND_PROBE = 2,
    COMMAND_PLUGINS = 4,
};

/* The values of an option that may be repeated. The texts belong to argv. */
struct list {
    const char **items;
    size_t count;
};

/* The parsed command line. All texts belong to argv. */
struct options {
    int help, version;
    const char *plugins_d, *module_dir;

    const char *host, *port;
    int lmtp, tls;
    const char *helo, *source, *tls_backend, *tls_name, *ca, *cert, *key, *passphrase_file, *trust;
    struct list pins;
    int64_t timeout; /* milliseconds, 0: the deadlines of the library */
    int trace, json, why, check, pem;

    const char *from;
    struct list to;
    int read_recipients, keep_bcc, drop_bcc, quiet;
    const char *mail_options, *rcpt_options;
    int drop_options, require_all;
    const char *user, *password_file, *password_command, *token_file, *token_command, *mechanisms;
    int allow_cleartext_auth;

    char **operands; /* the words that are no options: the message file, the host to probe */
    int operand_count;
};

/* Parses the options of a command in argv[1] and later; with COMMAND_NONE only the common ones, up to the first word
 * that is no option. Returns 0, or EXIT_USAGE after an error was printed. */
int options_parse(struct options *options, enum command command, int argc, char **argv);
void options_free(struct options *options);
/* Prints the options of a command, aligned. */
void options_print(enum command command, FILE *file);

#endif

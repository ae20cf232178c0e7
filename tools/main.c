/* SPDX-License-Identifier: MIT */
#include "accounts/exit_code.h"
#include "accounts/secret.h"
#include "commands.h"
#include "fault.h"
#include "options.h"
#include "program.h"
#include <envoi/envoi.h>
#include <jansson.h>
#include <signal.h>
#include <string.h>

static const struct row {
    const char *name;
    enum command command;
    int (*run)(const struct options *options);
    const char *operand;
    const char *help;
} commands[] = {
    {"send", COMMAND_SEND, send_command, " [FILE]", "send a message from a file or standard input"},
    {"probe", COMMAND_PROBE, probe_command, " [HOST]", "show what a server announces, its TLS and its certificates"},
    {"accounts", COMMAND_ACCOUNTS, accounts_command, " [ADDRESS]", "show the accounts, and which one serves ADDRESS"},
    {"plugins", COMMAND_PLUGINS, plugins_command, " [ID...]", "show the plugins for TLS and login"},
};
#define COMMANDS (sizeof commands / sizeof *commands)

static const struct row *command_of(const char *name)
{
    for (size_t i = 0; i < COMMANDS; i++)
        if (!strcmp(name, commands[i].name))
            return &commands[i];
    return NULL;
}

static void print_commands(void)
{
    puts("Usage: envoi [OPTION...] COMMAND [OPTION...]\nSubmits mail: SMTP, ESMTP and LMTP.\n\nCommands:");
    for (size_t i = 0; i < COMMANDS; i++)
        printf("  %-9s%-10s %s\n", commands[i].name, commands[i].operand, commands[i].help);
    program_print();
    puts("\nOptions of all commands:");
    options_print(COMMAND_NONE, stdout);
    puts("\n'envoi COMMAND --help' shows the options of a command; envoi(1) is the manual.");
}

static void print_help(const struct row *row)
{
    printf("Usage: envoi %s [OPTION...]%s\n\nOptions:\n", row->name, row->operand);
    options_print(row->command, stdout);
    if (row->command == COMMAND_ACCOUNTS)
        options_print_keys(stdout);
}

static int dispatch(struct options *options, int argc, char **argv)
{
    int rc = options_parse(options, COMMAND_NONE, argc, argv);
    const struct row *row;

    if (rc)
        return rc;
    if (options->operand_count && program_exists(options->operands[0]))
        return program_run(options);
    row = options->operand_count ? command_of(options->operands[0]) : NULL;
    if (!row && options->operand_count && !options->help && !options->version) {
        complain("unknown command '%s'; see 'envoi --help'", options->operands[0]);
        return EXIT_USAGE;
    }
    if (row && (rc = options_parse(options, row->command, options->operand_count, options->operands)))
        return rc;
    if (options->version)
        printf("envoi %s\n", envoi_version());
    else if (options->help && row)
        print_help(row);
    else if (options->help)
        print_commands();
    else if (row)
        return row->run(options);
    else
        complain("no command; see 'envoi --help'");
    return options->version || options->help ? 0 : EXIT_USAGE;
}

int main(int argc, char **argv)
{
    struct options options = {0};
    int exit;

    /* A closed standard output must not end the program: the exit code tells whether the mail was sent. */
    signal(SIGPIPE, SIG_IGN);
    /* It may have been ignored by who started this, and then nobody learns how a command ended. */
    signal(SIGCHLD, SIG_DFL);
    secret_forbid_core_dump();
    json_object_seed(1); /* no name in an object is a stranger's: no random one has to be read from a file */
    exit = dispatch(&options, argc, argv);
    options_free(&options);
    if (fflush(stdout) || ferror(stdout)) {
        complain("cannot write to standard output");
        if (!exit)
            exit = options.to.count || options.read_recipients ? EXIT_SENT : EXIT_LOCAL;
    }
    return exit;
}

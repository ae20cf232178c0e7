/* SPDX-License-Identifier: MIT */
#include "worker/commands.h"

#include "accounts/exit_code.h"

#include <envoi/envoi.h>
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { OPTION_HELP = 256, OPTION_VERSION, OPTION_FIRST };

static const struct command_line_option {
    const char *name, *argument, *help;
    size_t offset;
} command_line_options[] = {
    {"accounts-file", "FILE", "read this accounts.conf alone", offsetof(struct command_line, accounts_file)},
    {"plugins-d", "DIR", "read the vendor's descriptors here", offsetof(struct command_line, plugins_d)},
    {"module-dir", "DIR", "load plugins from here", offsetof(struct command_line, module_dir)},
};

#define COMMAND_LINE_OPTION_COUNT (sizeof command_line_options / sizeof *command_line_options)

static void command_line_help(const struct command *commands)
{
    printf("Usage: envoi-worker [OPTION...] COMMAND [OPTION...]\n"
           "Sends the jobs that lie in the queues of a RabbitMQ broker.\n\n");
    for (const struct command *command = commands; command->name; command++)
        printf("  %-26s %s\n", command->name, command->help);
    printf("\n");
    for (size_t i = 0; i < COMMAND_LINE_OPTION_COUNT; i++)
        printf("  --%s %-*s %s\n", command_line_options[i].name, (int)(23 - strlen(command_line_options[i].name)),
               command_line_options[i].argument, command_line_options[i].help);
    printf("  --help, --version\n\nenvoi-worker(1) has more.\n");
}

int command_line_read(struct command_line *line, int argc, char **argv, const struct command *commands)
{
    struct option options[COMMAND_LINE_OPTION_COUNT + 3] = {{0}};

    for (size_t i = 0; i < COMMAND_LINE_OPTION_COUNT; i++)
        options[i] = (struct option){command_line_options[i].name, required_argument, NULL, OPTION_FIRST + (int)i};
    options[COMMAND_LINE_OPTION_COUNT] = (struct option){"help", no_argument, NULL, OPTION_HELP};
    options[COMMAND_LINE_OPTION_COUNT + 1] = (struct option){"version", no_argument, NULL, OPTION_VERSION};
    for (int c; (c = getopt_long(argc, argv, "+C:", options, NULL)) != -1;) {
        if (c == '?')
            return EXIT_USAGE;
        if (c == OPTION_HELP) {
            command_line_help(commands);
            return 0;
        }
        if (c == OPTION_VERSION) {
            printf("envoi %s\n", envoi_version());
            return 0;
        }
        *(const char **)(void *)((char *)line + command_line_options[c == 'C' ? 0 : c - OPTION_FIRST].offset) = optarg;
    }
    line->argc = argc - optind;
    line->argv = argv + optind;
    return -1;
}

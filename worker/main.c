/* SPDX-License-Identifier: MIT */
/* envoi-worker: takes jobs from a RabbitMQ broker and sends them. */
#include "accounts/exit_code.h"
#include "accounts/fault.h"
#include "accounts/secret.h"
#include "worker/commands.h"

#include <envoi/envoi.h>
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { OPTION_HELP = 256, OPTION_VERSION, OPTION_FIRST };

static const struct main_option {
    const char *name, *argument, *help;
    size_t offset;
} main_options[] = {
    {"accounts-file", "FILE", "read this accounts.conf alone", offsetof(struct command_line, accounts_file)},
    {"plugins-d", "DIR", "read the vendor's descriptors here", offsetof(struct command_line, plugins_d)},
    {"module-dir", "DIR", "load plugins from here", offsetof(struct command_line, module_dir)},
};

#define MAIN_OPTION_COUNT (sizeof main_options / sizeof *main_options)

static const struct main_command {
    const char *name, *help;
    command_fn *run;
} main_commands[] = {
    {NULL, NULL, NULL},
};

static void main_help(void)
{
    printf("Usage: envoi-worker [OPTION...] COMMAND [OPTION...]\n"
           "Sends the jobs that lie in the queues of a RabbitMQ broker.\n\n");
    for (const struct main_command *command = main_commands; command->name; command++)
        printf("  %-26s %s\n", command->name, command->help);
    printf("\n");
    for (size_t i = 0; i < MAIN_OPTION_COUNT; i++)
        printf("  --%s %-*s %s\n", main_options[i].name, (int)(23 - strlen(main_options[i].name)),
               main_options[i].argument, main_options[i].help);
    printf("  --help, --version\n\nenvoi-worker(1) has more.\n");
}

/* Returns -1 to go on, or the exit code. */
static int main_parse(int argc, char **argv, struct command_line *line)
{
    struct option options[MAIN_OPTION_COUNT + 3] = {{0}};

    for (size_t i = 0; i < MAIN_OPTION_COUNT; i++)
        options[i] = (struct option){main_options[i].name, required_argument, NULL, OPTION_FIRST + (int)i};
    options[MAIN_OPTION_COUNT] = (struct option){"help", no_argument, NULL, OPTION_HELP};
    options[MAIN_OPTION_COUNT + 1] = (struct option){"version", no_argument, NULL, OPTION_VERSION};
    for (int c; (c = getopt_long(argc, argv, "+C:", options, NULL)) != -1;) {
        if (c == '?')
            return EXIT_USAGE;
        if (c == OPTION_HELP) {
            main_help();
            return 0;
        }
        if (c == OPTION_VERSION) {
            printf("envoi %s\n", envoi_version());
            return 0;
        }
        *(const char **)(void *)((char *)line + main_options[c == 'C' ? 0 : c - OPTION_FIRST].offset) = optarg;
    }
    line->argc = argc - optind;
    line->argv = argv + optind;
    return -1;
}

static int main_run(const struct command_line *line, struct fault *fault)
{
    if (line->argc)
        for (const struct main_command *command = main_commands; command->name; command++)
            if (!strcmp(command->name, line->argv[0]))
                return command->run(line, fault);
    return fault_set(fault, EXIT_USAGE, ENVOI_E_USAGE, "%s; see envoi-worker --help",
                     line->argc ? "there is no such command" : "a command is missing");
}

int main(int argc, char **argv)
{
    struct command_line line = {0};
    struct fault fault = {0};
    int rc = main_parse(argc, argv, &line);

    if (rc >= 0)
        return rc;
    secret_forbid_core_dump();
    rc = main_run(&line, &fault);
    if (rc && *fault.text)
        fprintf(stderr, "envoi-worker: %s\n", fault.text);
    return rc;
}

/* SPDX-License-Identifier: MIT */
/* envoi-worker: takes jobs from a RabbitMQ broker and sends them. */
#include "accounts/exit_code.h"
#include "accounts/fault.h"
#include "accounts/secret.h"
#include "worker/commands.h"

#include <envoi/envoi.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static const struct command main_commands[] = {
    {"declare", "make the exchanges and queues (--print: show them)", command_declare},
    {"run", "take jobs and send them, until SIGTERM", command_run},
    {"submit", "make a job of a message on standard input", command_submit},
    {"status", "count the jobs in the queues (--json: for programs)", command_status},
    {NULL, NULL, NULL},
};

static int main_run(const struct command_line *line, struct fault *fault)
{
    if (line->argc)
        for (const struct command *command = main_commands; command->name; command++)
            if (!strcmp(command->name, line->argv[0]))
                return command->run(line, fault);
    return fault_set(fault, EXIT_USAGE, ENVOI_E_USAGE, "%s; see envoi-worker --help",
                     line->argc ? "there is no such command" : "a command is missing");
}

int main(int argc, char **argv)
{
    struct command_line line = {0};
    struct fault fault = {0};
    int rc = command_line_read(&line, argc, argv, main_commands);

    if (rc >= 0)
        return rc;
    secret_forbid_core_dump();
    rc = main_run(&line, &fault);
    if (rc && *fault.text)
        fprintf(stderr, "envoi-worker: %s\n", fault.text);
    return rc;
}

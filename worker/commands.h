/* SPDX-License-Identifier: MIT */
/* The commands of envoi-worker. */
#ifndef WORKER_COMMANDS_H
#define WORKER_COMMANDS_H

struct config;
struct fault;

/* The options that stand before the command, and the words of the command: argv[0] is its name. Each command reads its
 * own options from them. */
struct command_line {
    const char *accounts_file; /* NULL: the system's and the user's */
    const char *plugins_d, *module_dir;
    int argc;
    char **argv;
};

/* Returns 0, or an exit code with *fault filled; a fault without text was reported already. */
typedef int command_fn(const struct command_line *line, struct fault *fault);

struct command {
    const char *name, *help;
    command_fn *run;
};

/* Reads the options before the command. `commands` ends with a row without a name. Returns -1 to go on, or the exit
 * code after something was printed. */
int command_line_read(struct command_line *line, int argc, char **argv, const struct command *commands);

/* Its options, if it has one flag at most: is `name` ("--json") among them? */
int command_flag(const struct command_line *line, const char *name, int *is_set, struct fault *fault);
/* [worker], freed with config_free(). */
int command_config(const struct command_line *line, struct config **config, struct fault *fault);

command_fn command_declare, command_run, command_status, command_submit;

#endif

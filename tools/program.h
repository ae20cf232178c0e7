/* SPDX-License-Identifier: MIT */
/* Commands that are programs of their own, envoi-NAME beside this one: they need libraries that no other command needs,
 * and whose loading would cost each send its time. */
#ifndef TOOL_PROGRAM_H
#define TOOL_PROGRAM_H

#include "options.h"
#include <limits.h>

#define PROGRAM_PATH_MAX (PATH_MAX + 64)

/* Is there such a program? */
int program_exists(const char *name);
/* Writes the path of the program with this name, which lies beside this one. */
void program_path(const char *name, char path[PROGRAM_PATH_MAX]);
/* Prints the rows of the programs for --help. */
void program_print(void);
/* Becomes the program of the first operand, with the options that stand before it. Returns only if that fails: the exit
 * code, after an error was printed. */
int program_run(const struct options *options);

#endif

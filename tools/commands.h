/* SPDX-License-Identifier: MIT */
/* The commands of the program. Each prints its results and returns the exit code. */
#ifndef TOOL_COMMANDS_H
#define TOOL_COMMANDS_H

#include "options.h"

int send_command(const struct options *options);
int probe_command(const struct options *options);
int accounts_command(const struct options *options);
int plugins_command(const struct options *options);

#endif

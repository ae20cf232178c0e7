/* SPDX-License-Identifier: MIT */
/* Passwords, tokens and passphrases: from a file, from a command, or typed. Never from argv or the environment. */
#ifndef TOOL_SECRET_H
#define TOOL_SECRET_H

#include "fault.h"
#include <stddef.h>

#define SECRET_MAX 65535

/* Large, so keep it off the stack, and wipe it as soon as the library has its copy. */
struct secret {
    char text[SECRET_MAX + 1];
    size_t len;
};

/* Each returns 0, or the exit code with the fault noted. The text ends with NUL and holds no other; one line end at its
 * end is taken off. `option` is the option that named the file or the command. */
int secret_from_file(struct secret *secret, const char *option, const char *path, struct fault *fault);
/* Runs the command with /bin/sh -c; its input is empty, its standard error is this program's. */
int secret_from_command(struct secret *secret, const char *option, const char *command, struct fault *fault);
/* Asks on the terminal, without echo. A signal meanwhile restores the terminal before it takes its course. */
int secret_from_terminal(struct secret *secret, const char *prompt, struct fault *fault);
void secret_wipe(struct secret *secret);

#endif

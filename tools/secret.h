/* SPDX-License-Identifier: MIT */
/* Passwords, tokens and passphrases: from a file, from a command, or typed. Never from argv or the environment. */
#ifndef TOOL_SECRET_H
#define TOOL_SECRET_H

#include "fault.h"
#include <stddef.h>

#define SECRET_MAX 65535

/* Too large for the stack. Wipe it as soon as the library has its copy. */
struct secret {
    char text[SECRET_MAX + 1];
    size_t len;
};

/* Each function returns 0, or the exit code with *fault filled. The text is NUL-terminated, contains no other NUL, and
 * one line end at its end is removed. `option` is the option that named the file or the command. */
int secret_from_file(struct secret *secret, const char *option, const char *path, struct fault *fault);
/* Runs the command with /bin/sh -c. Its input is empty; its standard error is that of this program. */
int secret_from_command(struct secret *secret, const char *option, const char *command, struct fault *fault);
/* Asks on the terminal, without echo. If a signal arrives, the terminal is restored before the signal takes effect. */
int secret_from_terminal(struct secret *secret, const char *prompt, struct fault *fault);
void secret_wipe(struct secret *secret);

#endif

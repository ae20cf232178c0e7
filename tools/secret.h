/* SPDX-License-Identifier: MIT */
/* Passwords, tokens and passphrases: from a file, from a command, or typed. Never from argv or the environment. */
#ifndef TOOL_SECRET_H
#define TOOL_SECRET_H

#include "fault.h"
#include <stddef.h>
#include <stdint.h>

#define SECRET_MAX        65535
/* How long a command, or a pipe that is named as a file, may take if there is no --timeout: somebody may have to type
 * the passphrase of a password store. */
#define SECRET_TIMEOUT_MS 120000

/* Too large for the stack. Wipe it as soon as the library has its copy. */
struct secret {
    char text[SECRET_MAX + 1];
    size_t len;
};

/* Each function returns 0, or the exit code with *fault filled. The text is NUL-terminated, contains no other NUL, and
 * one line end at its end is removed. `option` is the option that named the file or the command. `timeout`: how long it
 * may take, in milliseconds; 0: SECRET_TIMEOUT_MS. */
int secret_from_file(struct secret *secret, const char *option, const char *path, int64_t timeout, struct fault *fault);
/* Runs the command with /bin/sh -c. Its input is empty; its standard error is that of this program. */
int secret_from_command(struct secret *secret, const char *option, const char *command, int64_t timeout,
                        struct fault *fault);
/* Asks on the terminal, without echo. If a signal arrives, the terminal is restored before the signal takes effect. */
int secret_from_terminal(struct secret *secret, const char *prompt, struct fault *fault);
void secret_wipe(struct secret *secret);
/* From now on no core dump of this program is written, and others cannot read its memory. */
void secret_forbid_core_dump(void);

#endif

/* SPDX-License-Identifier: MIT */
/* A password that is typed. */
#ifndef TOOL_TERMINAL_H
#define TOOL_TERMINAL_H

#include "accounts/secret.h"

/* Asks on the terminal, without echo. If a signal arrives, the terminal is restored before the signal takes effect.
 * Returns 0, or the exit code with *fault filled. */
int secret_from_terminal(struct secret *secret, const char *prompt, struct fault *fault);

#endif

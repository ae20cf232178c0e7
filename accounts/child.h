/* SPDX-License-Identifier: MIT */
/* Runs another program for a secret: bounded in time, and without a shell unless the program is one. */
#ifndef ACCOUNTS_CHILD_H
#define ACCOUNTS_CHILD_H

#include "accounts/secret.h"

#define CHILD_NOT_FOUND 127 /* the exit code of a program that is not there */

/* Can this process ask a person on its terminal? */
int child_may_ask(void);
/* Is the program in PATH? */
int child_exists(const char *program);
/* Runs argv[0], found in PATH, with `input` (NULL: nothing) as its standard input, and reads its standard output into
 * `output`. Its standard error is that of this program. When the time is over, or the output is too long, it is killed
 * with all that it has started and that is still in its process group. On a terminal it is killed alone: there it must
 * stay in the group of this program, to be able to ask a person.
 * Returns 0 with its exit code in *code, or the exit code for this program with *fault filled and the output wiped. */
int child_run(const char *const *argv, const struct secret *input, const struct secret_request *request,
              struct secret *output, int *code, struct fault *fault);

#endif

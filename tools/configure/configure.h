/* SPDX-License-Identifier: MIT */
/* The two things that envoi configure does. Each returns the exit code, after an error was printed. */
#ifndef CONFIGURE_CONFIGURE_H
#define CONFIGURE_CONFIGURE_H

#include "configure/arguments.h"
#include "configure/stanza.h"

/* Finds the server of an address, and makes an account of it. */
int configure_address(const struct arguments *arguments);
/* Makes accounts of the settings of another program. */
int configure_import(const struct arguments *arguments);

/* ---- for both ---- */

/* Opens the file of accounts that is to change. *path is to be freed. Returns 0, or the exit code with *fault
 * filled. */
int configure_open(const struct arguments *arguments, struct stanza_file *file, char **path, struct fault *fault);
/* Is the file to be written, or is the account only printed? */
int configure_writes(const struct arguments *arguments);
/* Shows what changes, and asks. Returns 1 if it is to be written. */
int configure_agrees(const struct arguments *arguments, const struct stanza_file *file);
/* Writes it, and says so. Returns as above. */
int configure_finish(const struct stanza_file *file, struct fault *fault);

#endif

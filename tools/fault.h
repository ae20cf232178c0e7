/* SPDX-License-Identifier: MIT */
/* A failure, reported to the user as one line on standard error, and by --json. */
#ifndef TOOL_FAULT_H
#define TOOL_FAULT_H

#include "accounts/fault.h"
#include <jansson.h>

struct envoi_message;
struct envoi_session;

/* Prints a line to standard error, "envoi: " before it. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Stores the failure of a verb of the session. Returns the exit code. */
int fault_from_session(struct fault *fault, const struct envoi_session *session, int error);
/* Stores the failure of a setter; `what` is the option. Returns the exit code. */
int fault_from_setter(struct fault *fault, const char *what, const char *value, int error);
/* Stores the failure of a setter of the message, with its reason. Returns the exit code. */
int fault_from_message(struct fault *fault, const char *what, const struct envoi_message *message, int error);
/* Prints the failure and advice. `where` is the server, or NULL. Prints nothing if there is no failure. */
void fault_print(const struct fault *fault, const char *where);
/* Returns {"name", "text", "phase", "code", "enhanced"}, or NULL if there is no failure or no memory. */
json_t *fault_json(const struct fault *fault);

#endif

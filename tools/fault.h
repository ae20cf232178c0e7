/* SPDX-License-Identifier: MIT */
/* A failure, reported to the user as one line on standard error. */
#ifndef TOOL_FAULT_H
#define TOOL_FAULT_H

#include "accounts/fault.h"

struct envoi_message;
struct envoi_session;

/* Says who complains: "envoi-sendmail" instead of "envoi". The text must live as long as the program. */
void complain_as(const char *program);
/* Prints a line to standard error, the program's name before it. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Stores the failure of a verb of the session. Returns the exit code. */
int fault_from_session(struct fault *fault, const struct envoi_session *session, int error);
/* Stores the failure of a setter; `what` is the option. Returns the exit code. */
int fault_from_setter(struct fault *fault, const char *what, const char *value, int error);
/* Stores the failure of a setter of the message, with its reason. Returns the exit code. */
int fault_from_message(struct fault *fault, const char *what, const struct envoi_message *message, int error);
/* Prints the failure and advice. `where` is the server, or NULL. Prints nothing if there is no failure. */
void fault_print(const struct fault *fault, const char *where);

#endif

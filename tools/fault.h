/* SPDX-License-Identifier: MIT */
/* A failure, reported to the user as one line on standard error, and by --json. */
#ifndef TOOL_FAULT_H
#define TOOL_FAULT_H

#include <jansson.h>

struct envoi_message;
struct envoi_session;

struct fault {
    int exit;  /* EXIT_*; 0: no failure */
    int error; /* ENVOI_E_* */
    int phase;
    int code; /* of the reply, 0: none */
    char enhanced[16];
    char mechanism[24]; /* after a refused login: one that may be tried by name, or "" */
    char text[2048];
};

/* Prints a line to standard error, "envoi: " before it. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Stores a failure that this program found. Returns `exit`. */
int fault_set(struct fault *fault, int exit, int error, const char *format, ...) __attribute__((format(printf, 4, 5)));
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

/* SPDX-License-Identifier: MIT */
/* What went wrong, for the person (one line on standard error) and for --json. */
#ifndef TOOL_FAULT_H
#define TOOL_FAULT_H

#include <jansson.h>

struct envoi_session;

struct fault {
    int exit;  /* EXIT_*; 0: nothing went wrong */
    int error; /* ENVOI_E_* */
    int phase;
    int code; /* of the reply, 0: none */
    char enhanced[16];
    char text[2048];
};

/* Prints "envoi: " and a line. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Notes a fault of this program's own making. Returns `exit`. */
int fault_set(struct fault *fault, int exit, int error, const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Notes the failure of a verb of the session. Returns the exit code. */
int fault_from_session(struct fault *fault, const struct envoi_session *session, int error);
/* Notes the failure of a setter: `what` is the option. Returns the exit code. */
int fault_from_setter(struct fault *fault, const char *what, const char *value, int error);
/* Prints it, with what can be done about it; `where` (may be NULL) is the server. Nothing if there is no fault. */
void fault_print(const struct fault *fault, const char *where);
/* {"name", "text", "phase", "code", "enhanced"}; NULL if there is no fault or no memory. */
json_t *fault_json(const struct fault *fault);

#endif

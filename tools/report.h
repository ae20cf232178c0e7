/* SPDX-License-Identifier: MIT */
/* The result of a send as JSON or as a table. */
#ifndef TOOL_REPORT_H
#define TOOL_REPORT_H

#include "fault.h"
#include <jansson.h>
#include <stdio.h>

struct envoi_message;
struct envoi_session;

/* Makes the object that --json prints; see envoi(1). `session` and `message` may be NULL if they were not made. Returns
 * NULL if memory ran out. */
json_t *report_new(int exit, const struct fault *fault, const struct envoi_message *message,
                   const struct envoi_session *session);
/* Prints it as a table, with a line about the connection. Returns 0, or -1 if memory ran out. */
int report_print_table(const json_t *report, FILE *file);

/* Return a member of such an object: a text, "" if there is none; a number, 0 if there is none. */
const char *report_text(const json_t *object, const char *key);
json_int_t report_number(const json_t *object, const char *key);
/* Returns the numbers of a session: "telemetry" in the man page. NULL without a session. */
json_t *report_telemetry(const struct envoi_session *session);
/* Returns {"backend", "protocol", "cipher", "verified"}, or NULL without TLS. */
json_t *report_tls(const struct envoi_session *session);
/* Prints an object for --json, or an error if it is NULL. Frees it. */
void report_dump(json_t *object, FILE *file);

#endif

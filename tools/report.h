/* SPDX-License-Identifier: MIT */
/* The outcome of a send: collected as JSON, printed as that or as a table. */
#ifndef TOOL_REPORT_H
#define TOOL_REPORT_H

#include "exit_code.h"
#include "fault.h"
#include <jansson.h>
#include <stdio.h>

struct envoi_message;
struct envoi_session;

/* Counts the verdicts. */
void report_tally(const struct envoi_message *message, struct tally *tally);
/* The reply that refused, where the session's last one is another (a RSET's): from the verdicts. */
void report_complete_fault(const struct envoi_message *message, struct fault *fault);

/* The object that --json prints; see envoi(1). `session` and `message` may be NULL: it did not come to that. Returns NULL
 * without memory. */
json_t *report_new(int exit, const struct fault *fault, const struct envoi_message *message,
                   const struct envoi_session *session);
/* The same as a table, with a line about the connection. Returns 0, or -1 without memory. */
int report_print_table(const json_t *report, FILE *file);

/* Helpers for whoever reads such objects: a text, "" if there is none; a number, 0 if there is none. */
const char *report_text(const json_t *object, const char *key);
json_int_t report_number(const json_t *object, const char *key);
/* {"backend", "protocol", "cipher", "verified"}, NULL without TLS. */
json_t *report_tls(const struct envoi_session *session);
/* Prints an object for --json, or complains that it is NULL. Frees it. */
void report_dump(json_t *object, FILE *file);

#endif

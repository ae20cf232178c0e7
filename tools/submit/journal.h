/* SPDX-License-Identifier: MIT */
/* The log: syslog, facility mail. A line for each recipient of a message, and one for each other event. No content and
 * no secret is ever in it. */
#ifndef SUBMIT_JOURNAL_H
#define SUBMIT_JOURNAL_H

/* Also to standard error if is_verbose is set. */
void journal_open(int is_verbose);
/* Writes a line; `priority` is LOG_INFO and so on. Control characters become blanks. */
void journal_write(int priority, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif

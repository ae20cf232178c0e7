/* SPDX-License-Identifier: MIT */
/* The log: lines to standard error, with the priorities that the journal of systemd reads (sd-daemon(3)) if it is the
 * journal. No content and no secret is ever in it. */
#ifndef WORKER_LOG_H
#define WORKER_LOG_H

#include <syslog.h>

/* Looks where standard error goes. */
void log_open(void);
/* Writes a line; `priority` is LOG_INFO and so on. Control characters become blanks. */
void log_write(int priority, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif

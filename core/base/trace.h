/* SPDX-License-Identifier: MIT */
/* Where the dialogue of a session is told: to the application, or to standard error. */
#ifndef BASE_TRACE_H
#define BASE_TRACE_H

#include <envoi/session.h>
#include <stddef.h>

struct trace {
    int level;
    envoi_trace_fn *fn; /* NULL: standard error */
    void *ctx;
};

void trace_line(const struct trace *t, int kind, const char *text, size_t len);
/* An event of the driver, when the level asks for any. */
void trace_event(const struct trace *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif

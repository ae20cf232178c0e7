/* SPDX-License-Identifier: MIT */
/* The trace of a session's dialogue, which goes to the application or to standard error. */
#ifndef BASE_TRACE_H
#define BASE_TRACE_H

#include <envoi/session.h>
#include <stddef.h>

struct trace {
    int level;          /* 0: no trace */
    envoi_trace_fn *fn; /* NULL: standard error */
    void *ctx;
};

/* kind is ENVOI_TRACE_*. Nothing is written if the level is 0. */
void trace_line(const struct trace *t, int kind, const char *text, size_t len);
/* A line of kind ENVOI_TRACE_INFO, formatted; at most 511 octets. Formatted only if there is a trace. */
void trace_event(const struct trace *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif

/* SPDX-License-Identifier: MIT */
/* The progress bar on standard error. */
#ifndef TOOL_PROGRESS_H
#define TOOL_PROGRESS_H

#include <stddef.h>
#include <stdint.h>

/* Messages up to this size have no bar, as they are sent too fast. */
#define PROGRESS_LEAST (1024 * 1024)

struct progress {
    int enabled;
    int shown;
    int64_t total; /* -1: unknown */
    int64_t began, drawn;
};

/* Enables the bar if `wanted` is set, standard error is a terminal, and the message is large or of unknown size. */
void progress_begin(struct progress *progress, int64_t total, int wanted);
/* Redraws the bar, at most ten times a second. */
void progress_update(struct progress *progress, uint64_t done);
/* Erases the bar and disables it. */
void progress_end(struct progress *progress);

/* Formats the line "12.0 of 48.0 MB [=====>         ]  25 % 3.2 MB/s", shortened to fit `columns`. */
void progress_format(char *line, size_t cap, size_t columns, uint64_t done, int64_t total, int64_t milliseconds);

#endif

/* SPDX-License-Identifier: MIT */
/* What a probe has found, as JSON; see envoi(1). */
#ifndef TOOL_PROBE_H
#define TOOL_PROBE_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

/* Whole days from `now` until `then`, rounded down: -1 means less than one day ago. */
int64_t probe_days(int64_t now, int64_t then);
/* Prints it for a person. Returns 0, or -1 without memory. */
int probe_print(const json_t *found, FILE *file);

#endif

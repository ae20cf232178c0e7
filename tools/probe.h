/* SPDX-License-Identifier: MIT */
/* The result of a probe, as JSON; see envoi(1). */
#ifndef TOOL_PROBE_H
#define TOOL_PROBE_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

/* Returns the whole days from `now` until `then`, rounded down: -1 means less than one day ago. */
int64_t probe_days(int64_t now, int64_t then);
/* Prints the result as text. Returns 0, or -1 if memory ran out. */
int probe_print(const json_t *found, FILE *file);

#endif

/* SPDX-License-Identifier: MIT */
/* Dates and times as texts of RFC 3339. A time_t may end in 2038, these do not. */
#ifndef ACCOUNTS_MOMENT_H
#define ACCOUNTS_MOMENT_H

#include <stdbool.h>
#include <stdint.h>

#define MOMENT_TEXT 48

/* Reads "2026-12-01T08:00:00Z" or "2026-12-01T09:00:00.25+01:00", without the fraction, as seconds since 1970. */
bool moment_read(const char *text, int64_t *seconds);
/* Returns `text`, with a time as "2026-01-31T23:59:59Z". */
const char *moment_write(int64_t seconds, char text[MOMENT_TEXT]);

#endif

/* SPDX-License-Identifier: MIT */
/* The clock of sessions and pools. It does not jump if the time of day is set. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

/* Now, in milliseconds of CLOCK_MONOTONIC. */
int64_t clock_now(void);
/* The earlier of two deadlines; a negative one means none. If both are, so is the result. */
int64_t clock_earlier(int64_t a, int64_t b);

#endif

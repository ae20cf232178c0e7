/* SPDX-License-Identifier: MIT */
/* The one clock of the driver. It never jumps, whatever the administrator does to the time of day. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

/* Milliseconds of CLOCK_MONOTONIC. */
int64_t clock_now(void);
/* The earlier of two deadlines, of which -1 is none. */
int64_t clock_earlier(int64_t a, int64_t b);

#endif

/* SPDX-License-Identifier: MIT */
/* The two clocks of the worker. */
#ifndef WORKER_CLOCK_H
#define WORKER_CLOCK_H

#include <stdint.h>

/* Milliseconds of CLOCK_MONOTONIC, for pauses and deadlines. */
int64_t clock_ms(void);
/* Seconds since 1970, for what a job carries from one worker to another. */
int64_t clock_seconds(void);

/* The earlier of two deadlines; -1: none. */
static inline int64_t clock_first(int64_t a, int64_t b)
{
    if (a < 0 || b < 0)
        return a < 0 ? b : a;
    return a < b ? a : b;
}

#endif

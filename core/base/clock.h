/* SPDX-License-Identifier: MIT */
/* The clock of sessions and pools. It does not jump if the time of day is set. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* Now, in milliseconds of CLOCK_MONOTONIC. The one function of its file, so that a test can bring its own. */
int64_t clock_now(void);

/* The earlier of two deadlines; a negative one means none. If both are, so is the result. */
static inline int64_t clock_earlier(int64_t a, int64_t b)
{
    if (a < 0 || b < 0)
        return a < 0 ? b : a;
    return a < b ? a : b;
}

/* The deadline that is so many milliseconds after a time; a negative number of them: none. */
static inline int64_t clock_after(int64_t at, int64_t milliseconds)
{
    return milliseconds < 0 ? -1 : at + milliseconds;
}

/* Has the deadline passed? Not if there is none. */
static inline bool clock_passed(int64_t deadline, int64_t now)
{
    return deadline >= 0 && now >= deadline;
}

#endif

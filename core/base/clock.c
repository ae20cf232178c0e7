/* SPDX-License-Identifier: MIT */
#include "base/clock.h"

#include <time.h>

int64_t clock_now(void)
{
    struct timespec t = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t clock_earlier(int64_t a, int64_t b)
{
    if (a < 0 || b < 0)
        return a < 0 ? b : a;
    return a < b ? a : b;
}

int64_t clock_after(int64_t at, int64_t milliseconds)
{
    return milliseconds < 0 ? -1 : at + milliseconds;
}

bool clock_passed(int64_t deadline, int64_t now)
{
    return deadline >= 0 && now >= deadline;
}

/* SPDX-License-Identifier: MIT */
#include "worker/breaker.h"

enum breaker_stage breaker_stage(const struct breaker *breaker, int64_t now)
{
    if (!breaker->fails)
        return BREAKER_WORKS;
    if (now - breaker->since < BREAKER_RESTS_AFTER)
        return BREAKER_FAILS;
    return now - breaker->since < BREAKER_PROBES_AFTER ? BREAKER_RESTS : BREAKER_PROBES;
}

int64_t breaker_deadline(const struct breaker *breaker, int64_t now)
{
    switch (breaker_stage(breaker, now)) {
    case BREAKER_FAILS:
        return breaker->since + BREAKER_RESTS_AFTER;
    case BREAKER_RESTS:
        return breaker->since + BREAKER_PROBES_AFTER;
    default:
        return -1;
    }
}

int breaker_failed(struct breaker *breaker, int64_t now)
{
    if (breaker->fails)
        return 0;
    *breaker = (struct breaker){.fails = 1, .since = now};
    return 1;
}

int breaker_worked(struct breaker *breaker)
{
    int failed = breaker->fails;

    *breaker = (struct breaker){0};
    return failed;
}

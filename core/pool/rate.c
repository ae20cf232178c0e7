/* SPDX-License-Identifier: MIT */
#include "pool/rate.h"

static int64_t rate_credit(const struct pool_bucket *b, int64_t now)
{
    int64_t full = b->burst * b->period, missing = full - b->credit;

    return now - b->at >= missing / b->count + 1 ? full : b->credit + (now - b->at) * b->count;
}

int64_t rate_wait(const struct pool_bucket *b, int64_t now, int64_t tokens)
{
    int64_t missing;

    if (!b->count)
        return 0;
    missing = (tokens < b->burst ? tokens : b->burst) * b->period - rate_credit(b, now);
    return missing <= 0 ? 0 : (missing + b->count - 1) / b->count;
}

void rate_take(struct pool_bucket *b, int64_t now, int64_t tokens)
{
    if (!b->count)
        return;
    b->credit = rate_credit(b, now) - tokens * b->period;
    if (b->credit > b->burst * b->period)
        b->credit = b->burst * b->period;
    b->at = now;
}

void rate_set(struct pool_bucket *b, int64_t now, int64_t count, int64_t period, int64_t burst)
{
    *b = (struct pool_bucket){.count = count, .period = period, .burst = burst, .credit = burst * period, .at = now};
}

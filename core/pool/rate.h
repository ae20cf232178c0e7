/* SPDX-License-Identifier: MIT */
/* Token buckets. */
#ifndef POOL_RATE_H
#define POOL_RATE_H

#include "pool/parts.h"

/* For how many milliseconds so many tokens cannot be had yet; 0 if they can. More than the bucket holds can be had when
 * it is full. */
int64_t rate_wait(const struct pool_bucket *b, int64_t now, int64_t tokens);
/* Takes them. */
void rate_take(struct pool_bucket *b, int64_t now, int64_t tokens);
/* Makes the bucket another one, which is full. */
void rate_set(struct pool_bucket *b, int64_t now, int64_t count, int64_t period, int64_t burst);

#endif

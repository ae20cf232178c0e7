/* SPDX-License-Identifier: MIT */
#include "base/clock.h"

#include <criterion/criterion.h>
#include <time.h>

TestSuite(clock, .timeout = 10);

Test(clock, milliseconds_that_do_not_jump_back)
{
    struct timespec before, after;
    int64_t last = 0;

    clock_gettime(CLOCK_MONOTONIC, &before);
    for (int i = 0; i < 1000; i++) {
        int64_t now = clock_now();

        cr_assert_geq(now, last);
        last = now;
    }
    clock_gettime(CLOCK_MONOTONIC, &after);
    cr_assert_geq(last, (int64_t)before.tv_sec * 1000 + before.tv_nsec / 1000000);
    cr_assert_leq(last, (int64_t)after.tv_sec * 1000 + after.tv_nsec / 1000000);
}

static const struct {
    int64_t a, b, earlier;
} pairs[] = {{1, 2, 1},
             {2, 1, 1},
             {5, 5, 5},
             {0, 5, 0},
             {5, 0, 0},
             {-1, 5, 5},
             {5, -1, 5},
             {-1, 0, 0},
             {0, -1, 0},
             {-1, -1, -1},
             {INT64_MAX, -1, INT64_MAX},
             {INT64_MAX, 0, 0}};

Test(clock, the_earlier_of_two_deadlines)
{
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        cr_expect_eq(clock_earlier(pairs[i].a, pairs[i].b), pairs[i].earlier, "row %zu", i);
}

/* SPDX-License-Identifier: MIT */
#include "net/watch.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

TestSuite(watch, .timeout = 20);

static char told[256];

static void tell(void *ctx, int fd, unsigned events)
{
    size_t len = strlen(told);

    cr_assert_eq(ctx, told);
    snprintf(told + len, sizeof told - len, "%d=%u ", fd, events);
}

static void want_all(struct watch *w, const int *fds, size_t count, unsigned events)
{
    told[0] = '\0';
    watch_begin(w);
    for (size_t i = 0; i < count; i++)
        watch_want(w, fds[i], events);
    watch_commit(w);
}

Test(watch, only_changes_are_told)
{
    struct watch w = {.tell = tell, .ctx = told};

    want_all(&w, (int[]){3, 5}, 2, ENVOI_EVENT_READ);
    cr_expect_str_eq(told, "3=1 5=1 ");
    want_all(&w, (int[]){3, 5}, 2, ENVOI_EVENT_READ);
    cr_expect_str_eq(told, "");
    want_all(&w, (int[]){5, 6}, 2, ENVOI_EVENT_READ | ENVOI_EVENT_WRITE);
    cr_expect_str_eq(told, "3=0 5=3 6=3 ");
    cr_expect_eq(w.count, 2);
    cr_expect_eq(watch_wanted(&w, 5), 3);
    cr_expect_eq(watch_wanted(&w, 3), 0);
    want_all(&w, NULL, 0, 0);
    cr_expect_str_eq(told, "5=0 6=0 ");
    cr_expect_eq(w.count, 0);
}

Test(watch, wishes_for_one_descriptor_add_up)
{
    struct watch w = {.tell = tell, .ctx = told};

    watch_begin(&w);
    watch_want(&w, 4, ENVOI_EVENT_READ);
    watch_want(&w, 4, ENVOI_EVENT_WRITE);
    watch_commit(&w);
    cr_expect_str_eq(told, "4=3 ");
}

/* A number that comes back after close is a new descriptor: the loop has to hear of both. */
Test(watch, a_forgotten_number_is_told_again)
{
    struct watch w = {.tell = tell, .ctx = told};

    want_all(&w, (int[]){3}, 1, ENVOI_EVENT_WRITE);
    watch_begin(&w);
    watch_forget(&w, 3);
    watch_want(&w, 3, ENVOI_EVENT_WRITE);
    watch_commit(&w);
    cr_expect_str_eq(told, "3=2 3=0 3=2 ");
    watch_forget(&w, 99);
}

Test(watch, too_many_do_not_overflow)
{
    struct watch w = {0};

    watch_begin(&w);
    for (int fd = 0; fd < 2 * WATCH_MAX; fd++)
        watch_want(&w, fd, ENVOI_EVENT_READ);
    watch_commit(&w);
    cr_expect_eq(w.count, WATCH_MAX);
}

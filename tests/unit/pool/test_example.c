/* SPDX-License-Identifier: MIT */
/* examples/pool.c does what it says. */
#include "../../peers/mta.h"

#include <criterion/criterion.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(pool_example, .timeout = 60);

extern char **environ;

/* Runs pool SERVER FROM TO COUNT with its output in out; returns the exit status. */
static int run(const char *where, char *out, size_t size)
{
    char *argv[] = {(char[]){"pool"},           (char *)(uintptr_t)where, (char[]){"me@example.org"},
                    (char[]){"r0@example.net"}, (char[]){"100"},          NULL};
    posix_spawn_file_actions_t actions;
    int back[2], status = -1;
    size_t len = 0;
    ssize_t n;
    pid_t pid;

    cr_assert_eq(pipe(back), 0);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, back[1], 1);
    posix_spawn_file_actions_addclose(&actions, back[0]);
    cr_assert_eq(posix_spawn(&pid, EXAMPLES "/pool", &actions, NULL, argv, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(back[1]);
    while ((n = read(back[0], out + len, size - 1 - len)) > 0)
        len += (size_t)n;
    out[len] = '\0';
    close(back[0]);
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

Test(pool_example, sends)
{
    struct ledger *l = ledger_new(100, 1);
    struct mta *m = mta_start(&(struct mta_config){.ledger = l});
    char where[64], out[512];
    struct mta_report r;

    snprintf(where, sizeof where, "%s", mta_where(m));
    cr_expect_eq(run(where, out, sizeof out), 0);
    cr_expect_str_eq(out, "100 sent, 0 failed\n");
    r = mta_stop(m);
    cr_expect_str_empty(r.wrong);
    for (size_t i = 0; i < 100; i++)
        cr_assert_eq(ledger_count(l, i, 0), 1);
    ledger_free(l);
}

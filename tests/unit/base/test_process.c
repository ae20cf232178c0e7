/* SPDX-License-Identifier: MIT */
#include "base/process.h"

#include <criterion/criterion.h>
#include <envoi/error.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(process, .timeout = 20);

/* Three generations; each child looks whether its number is one of those above it. */
Test(process, each_generation_has_its_number)
{
    unsigned above[4] = {0};
    int status = 0;

    cr_assert_eq(process_watch(), ENVOI_OK);
    cr_assert_eq(process_watch(), ENVOI_OK);
    above[0] = process_number();
    cr_assert_eq(process_number(), above[0]);
    for (int depth = 1; depth < 4; depth++) {
        pid_t child = fork();

        cr_assert_neq(child, -1);
        if (child) {
            cr_assert_eq(waitpid(child, &status, 0), child);
            if (depth > 1)
                _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 99);
            cr_assert(WIFEXITED(status));
            cr_assert_eq(WEXITSTATUS(status), 0, "generation %d", WEXITSTATUS(status));
            cr_assert_eq(process_number(), above[0], "the parent's does not change");
            return;
        }
        above[depth] = process_number();
        for (int i = 0; i < depth; i++)
            if (above[i] == above[depth])
                _exit(depth);
    }
    _exit(0);
}

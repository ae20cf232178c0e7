/* SPDX-License-Identifier: MIT */
/* Runs cases, each in a process of its own with a deadline, and prints a line for each. */
#ifndef RUNNER_H
#define RUNNER_H

#include "check.h"

struct runner {
    const char *const *filters; /* patterns of names; none: all */
    size_t filter_count;
    unsigned jobs;
    unsigned deadline; /* seconds for each case; 0: its own */
    bool tap, quiet, list;
    unsigned passed, failed, skipped;
};

/* Asks the plugin what it is, in a process of its own. Returns false when it cannot be loaded, and says why. */
bool runner_ask(struct runner *);
/* Lets the signals through that the runner waits for: before another program is run. */
void runner_unblock(void);
/* Runs all that fit. Ends the program when it is interrupted. */
void runner_run(struct runner *);

#endif

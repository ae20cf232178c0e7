/* SPDX-License-Identifier: MIT */
/* A write without SIGPIPE, where the descriptor may be anything. */
#ifndef PORTABLE_SIGPIPE_H
#define PORTABLE_SIGPIPE_H

#include <signal.h>
#include <stdbool.h>

struct sigpipe {
    sigset_t before;
    bool was_pending; /* it belongs to the program */
};

/* Blocks SIGPIPE in this thread. */
void sigpipe_hold(struct sigpipe *s);
/* broken: the write failed with EPIPE. Takes back the signal that it raised. errno is kept. */
void sigpipe_release(const struct sigpipe *s, bool broken);

#endif

/* SPDX-License-Identifier: MIT */
/* Takes connections, and makes a process for each, so that no user's message meets another's. */
#ifndef SUBMIT_LISTENER_H
#define SUBMIT_LISTENER_H

struct fault;
struct setup;

/* Serves the listening socket until SIGTERM, and then until the clients that are there have finished. Returns 0, or an
 * exit code with *fault filled. */
int listener_run(const struct setup *setup, int listener, struct fault *fault);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef PORTABLE_WAIT_H
#define PORTABLE_WAIT_H

#include <signal.h>

/* Waits until a descriptor is readable, with that signal mask meanwhile: a signal that is blocked otherwise cannot be
 * missed. fd -1: for none. ms -1: without a limit. Returns 1: it is readable; 0: the time is over; -1 with errno: EINTR
 * after a signal. */
int wait_readable(int fd, int ms, const sigset_t *mask);

#endif

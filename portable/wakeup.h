/* SPDX-License-Identifier: MIT */
/* Ends a wait in poll(2) from another thread or from a signal handler: an eventfd or a pipe. */
#ifndef PORTABLE_WAKEUP_H
#define PORTABLE_WAKEUP_H

/* ends[0] is waited for, ends[1] is rung; they may be one descriptor. 0, or -1 with errno. */
int wakeup_open(int ends[2]);
void wakeup_close(const int ends[2]);
/* Makes the other end readable. Async-signal-safe; errno is kept. */
void wakeup_ring(int end);
/* The first end was readable: makes it not. */
void wakeup_drain(int end);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef PORTABLE_PIPE_H
#define PORTABLE_PIPE_H

/* pipe(2), not inherited by programs that are executed. Without pipe2() a fork() of another thread in between may leave
 * the descriptors in its child. 0, or -1 with errno. */
int pipe_open(int ends[2]);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef PORTABLE_BENEATH_H
#define PORTABLE_BENEATH_H

/* open(2) of a file below a directory, whoever may change what is there meanwhile: no symbolic link is followed, and
 * nothing leads out of it. Not inherited. -1 with errno: EXDEV for a path that begins with '/' or has "..", ELOOP or
 * ENOTDIR for a symbolic link. Without openat2() each name of the path costs a system call. */
int beneath_open(int directory, const char *path, int flags);

#endif

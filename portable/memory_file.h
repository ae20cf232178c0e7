/* SPDX-License-Identifier: MIT */
/* Octets that another program reads from a descriptor, and that never get to a disk. */
#ifndef PORTABLE_MEMORY_FILE_H
#define PORTABLE_MEMORY_FILE_H

#include <stddef.h>

/* Returns a descriptor from which they can be read, and then the end; not inherited. -1 with errno. Without
 * memfd_create() it is a pipe, and more than it holds (on all systems 512 octets, mostly 16 KiB or more) is EAGAIN. */
int memory_file_open(const void *data, size_t len);
/* Whoever still has it open finds it empty. */
void memory_file_close(int fd);

#endif

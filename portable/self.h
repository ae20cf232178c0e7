/* SPDX-License-Identifier: MIT */
/* What a process says of itself to its system. */
#ifndef PORTABLE_SELF_H
#define PORTABLE_SELF_H

#include <stdbool.h>
#include <stddef.h>

/* No core dump, and where that can be had no debugger of the same user: this process has a secret. */
void self_hide(void);
/* In a child: where that can be had, it gets SIGTERM when its parent has ended. */
void self_follow_parent(void);
/* The path of the program that runs. False: it is not known. */
bool self_path(char *path, size_t size);

#endif

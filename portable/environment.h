/* SPDX-License-Identifier: MIT */
#ifndef PORTABLE_ENVIRONMENT_H
#define PORTABLE_ENVIRONMENT_H

#include <stdbool.h>

/* Has the program rights that its caller does not have (set-uid, set-gid, file capabilities)? Then the caller's
 * environment must not steer it. */
bool environment_is_foreign(void);
/* getenv(); NULL in such a program. */
const char *environment_get(const char *name);

#endif

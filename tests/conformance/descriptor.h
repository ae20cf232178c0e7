/* SPDX-License-Identifier: MIT */
/* The descriptor of a plugin, as far as it can be held against the module. */
#ifndef CHECK_DESCRIPTOR_H
#define CHECK_DESCRIPTOR_H

#include <stdbool.h>

/* Is it the name of a descriptor? */
bool descriptor_is(const char *path);

/* The path of its module: in `dir`, or beside the descriptor, or in the directory of plugins. Ends the program when there
 * is none. */
const char *descriptor_module(const char *path, const char *dir);

#endif

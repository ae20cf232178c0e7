/* SPDX-License-Identifier: MIT */
/* Flags of open(2) for a directory of which only the entries are looked up. O_PATH and O_SEARCH need no permission to
 * read it. */
#ifndef PORTABLE_PATH_H
#define PORTABLE_PATH_H

#include <fcntl.h>

#ifdef O_PATH
#define PATH_DIRECTORY (O_PATH | O_DIRECTORY)
/* Of a descriptor from which nothing can be read, whatever its mode says. */
#define PATH_ONLY      O_PATH
#elif defined O_SEARCH
#define PATH_DIRECTORY (O_SEARCH | O_DIRECTORY)
#define PATH_ONLY      0
#else
#define PATH_DIRECTORY (O_RDONLY | O_DIRECTORY)
#define PATH_ONLY      0
#endif

#endif

/* SPDX-License-Identifier: MIT */
/* Writes a file as a whole. */
#ifndef ACCOUNTS_REPLACE_H
#define ACCOUNTS_REPLACE_H

#include <stddef.h>
#include <sys/types.h>

/* Writes a new file beside it and renames that, so that a reader sees the old one or the new one. The mode is that of
 * the new file; it keeps the group of the old one, or gives the group no access. Signals wait until it is done. Returns
 * 0, or an errno: then the old file is as it was. */
int replace_file(const char *path, mode_t mode, const char *text, size_t len);

#endif

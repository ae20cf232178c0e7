/* SPDX-License-Identifier: MIT */
/* Which files are trusted: modules and descriptors that only root and the caller (the effective user) can have put
 * there. The file, and each directory and link on its path, belongs to one of the two, and neither group nor others may
 * write to it. A directory above that of the file may be writable if it is sticky, as /tmp is. */
#ifndef PLUGIN_OWNERSHIP_H
#define PLUGIN_OWNERSHIP_H

#include "base/fault.h"

#include <stddef.h>

struct ownership_dir {
    int fd;     /* for openat() alone; -1: not open */
    char *path; /* absolute, without links, `.` and `..`; NULL: not open */
};

/* Opens a directory one component at a time. Links are followed if they are trusted. ENVOI_OK; ENVOI_E_END: there is no
 * such directory; ENVOI_E_PLUGIN with the reason: it is not trusted or not a directory; ENVOI_E_MEMORY; ENVOI_E_SYSTEM
 * with the reason: the machine failed (too many open files, an I/O error), so it is not known whether the directory is
 * there and trusted. ownership_close_dir() may follow in each case. */
int ownership_open_dir(const char *path, struct ownership_dir *out, struct envoi_errctx *why);
void ownership_close_dir(struct ownership_dir *dir);

/* Opens a regular file in the directory for reading. A link is refused. Results as of ownership_open_dir(); *fd is -1
 * after a failure. */
int ownership_open_file(const struct ownership_dir *dir, const char *name, int *fd, struct envoi_errctx *why);

/* openat() without O_CREAT, repeated after a signal, with O_CLOEXEC. -1 with errno if it fails. */
int ownership_open_at(int dir, const char *name, int flags);
/* Puts "path: text of the errno" into why, which may be NULL, and returns the result that the functions above have for
 * it. ENOMEM is ENVOI_E_MEMORY, without a text. */
int ownership_failure(struct envoi_errctx *why, const char *path, int err);

#endif

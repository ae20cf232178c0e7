/* SPDX-License-Identifier: MIT */
/* Whose word is taken. Code and descriptors are trusted when nobody but root and the caller (the effective user) could
 * have put them where they are: they, and each directory and link on the way, belong to one of the two, and neither
 * group nor others may write (a sticky directory is fine, as what is in it is checked too). */
#ifndef PLUGIN_OWNERSHIP_H
#define PLUGIN_OWNERSHIP_H

#include "base/fault.h"

#include <stddef.h>

struct ownership_dir {
    int fd;     /* for openat() alone; -1: not open */
    char *path; /* without links and dots */
};

/* Opens a directory step by step; links are followed as long as they are trusted.
 * ENVOI_OK; ENVOI_E_END: there is no such directory; ENVOI_E_PLUGIN with the reason; ENVOI_E_MEMORY; ENVOI_E_SYSTEM with the
 * reason: the machine failed (too many open files, an input error), which says nothing of what is there. */
int ownership_open_dir(const char *path, struct ownership_dir *out, struct envoi_errctx *why);
void ownership_close_dir(struct ownership_dir *dir);

/* Opens a regular file in it, for reading; a link is refused. Results as above. */
int ownership_open_file(const struct ownership_dir *dir, const char *name, int *fd, struct envoi_errctx *why);

/* openat() of a file that is not to be made; no signal stops it, and no child inherits it. */
int ownership_open_at(int dir, const char *name, int flags);
/* What an errno means for a path: the result of the functions above, with its text. */
int ownership_failure(struct envoi_errctx *why, const char *path, int err);

#endif

/* SPDX-License-Identifier: MIT */
/* Whose word is taken. Code and descriptors are trusted when nobody but root and the caller (the effective user) could
 * have put them where they are: they, and each directory and link on the way, belong to one of the two, and neither
 * group nor others may write (a sticky directory is fine, as what is in it is checked too). */
#ifndef PLUGIN_OWNERSHIP_H
#define PLUGIN_OWNERSHIP_H

#include "base/fault.h"

#include <stddef.h>

struct trust_dir {
    int fd;     /* for openat() alone; -1: not open */
    char *path; /* without links and dots */
};

/* Opens a directory step by step; links are followed as long as they are trusted.
 * ENVOI_OK; ENVOI_E_END: there is no such directory; ENVOI_E_PLUGIN with the reason; ENVOI_E_MEMORY; ENVOI_E_SYSTEM with the
 * reason: the machine failed (too many open files, an input error), which says nothing of what is there. */
int trust_open_dir(const char *path, struct trust_dir *out, struct envoi_errctx *why);
void trust_close_dir(struct trust_dir *dir);

/* Opens a regular file in it, for reading; a link is refused. Results as above. */
int trust_open_file(const struct trust_dir *dir, const char *name, int *fd, struct envoi_errctx *why);

/* openat() of a file that is not to be made; no signal stops it, and no child inherits it. */
int trust_open_at(int dir, const char *name, int flags);
/* What an errno means for a path: the result of the functions above, with its text. */
int trust_failure(struct envoi_errctx *why, const char *path, int err);

#endif

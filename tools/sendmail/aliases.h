/* SPDX-License-Identifier: MIT */
/* The file of aliases, as sendmail and Postfix have it (aliases(5)): "name: value, value". */
#ifndef SENDMAIL_ALIASES_H
#define SENDMAIL_ALIASES_H

#include "accounts/fault.h"
#include <stddef.h>

#define ALIASES_MAX ((size_t)16 * 1024 * 1024) /* octets of a file */

struct alias {
    char *name;
    char *values; /* as in the file, continued lines joined by blanks */
    int line;
};

struct aliases {
    struct alias *items;
    size_t count;
};

/* Both return 0, or an exit code with *fault filled. */

/* Reads a file. `may_be_missing`: then there are no aliases if it is not there. */
int aliases_read(struct aliases *aliases, const char *path, int may_be_missing, struct fault *fault);
/* Takes text[0..len). Lines that are no alias are passed over, as newaliases does after its warning. */
int aliases_parse(struct aliases *aliases, const char *text, size_t len, struct fault *fault);
void aliases_free(struct aliases *aliases);

/* The alias of a local name, in capitals or not; else that of all others, "*" or "default"; NULL: there is none. */
const struct alias *aliases_find(const struct aliases *aliases, const char *name);
/* Moves *at over the next value and copies it into `value`, without quotes; a value that does not fit is cut. Returns
 * 1, or 0: there are no more. */
int alias_next(const char **at, char *value, size_t cap);

#endif

/* SPDX-License-Identifier: MIT */
/* One file of accounts: sections with keys and values. accounts.h makes accounts of them. */
#ifndef ACCOUNTS_FILE_H
#define ACCOUNTS_FILE_H

#include "accounts/values.h"
#include <stddef.h>

struct fault;

#define FILE_LINE_MAX  4096
#define FILE_TEXT_MAX  ((size_t)1024 * 1024)
#define FILE_DEPTH_MAX 8 /* of `include`, and of `like` */
/* The section that is no account. */
#define FILE_WORKER    "worker"

struct section {
    char *name;  /* ""; of the values before the first section */
    char *place; /* "FILE:LINE" */
    struct values values;
};

/* All zero: nothing. The section "" comes first, once there is any. */
struct sections {
    struct section *items;
    size_t count;
};

/* Each function returns 0, or an exit code with *fault filled. */

/* Reads a file, and those that it includes, and adds their sections. A file that others could have written is refused,
 * as is one that cannot be read. `may_be_missing`: then nothing is added if it is not there. */
int file_read(const char *path, int may_be_missing, struct sections *sections, struct fault *fault);
/* Adds the sections of text[0..len), which need not end with NUL. `path` is for places, and relative paths are relative
 * to its directory. Files that it includes are not read. */
int file_parse(const char *path, const char *text, size_t len, struct sections *sections, struct fault *fault);
/* NULL: there is none of that name. */
const struct section *file_section(const struct sections *sections, const char *name);
void file_free(struct sections *sections);

/* The user's home directory: $HOME if it is the user's, else that of the user database. The caller frees it. NULL: it
 * is not known (errno is ENOENT), or memory ran out. */
char *file_home(void);

#endif

/* SPDX-License-Identifier: MIT */
/* A section of accounts.conf as text, and the file with it: the other octets of the file stay as they are. */
#ifndef CONFIGURE_STANZA_H
#define CONFIGURE_STANZA_H

#include "accounts/values.h"
#include <stdio.h>

struct fault;

/* A file of accounts that is to change. */
struct stanza_file {
    const char *path; /* as it is shown */
    char *real;       /* where it is: behind a symbolic link */
    char *before;     /* its text; "" if there is no file */
    char *after;      /* the text that it will have */
    int exists;
    int is_system;
};

/* Prints a section. `remark`: a comment at its end; NULL: none. */
void stanza_print(const char *name, const struct values *values, const char *remark, FILE *out);
/* Can accounts.conf hold this value? It is written, read and compared: blanks at its ends or what looks like a comment
 * would be lost. */
int stanza_holds(enum key key, const char *value);
/* Reads the file, which need not be there. *file is freed by stanza_file_free(), after a failure too. Each function
 * that returns int returns 0, or the exit code with *fault filled. */
int stanza_file_open(struct stanza_file *file, const char *path, int is_system, struct fault *fault);
/* The sender of the account of that name: 1 with *from set (NULL: it has none), to be freed; 0: there is no such
 * account. */
int stanza_file_find(const struct stanza_file *file, const char *name, char **from);
/* Puts a section into file->after: in place of the one of that name, or at the end. If the file is new and
 * `is_default`, it becomes the default account. The result is read back: it must say just that. */
int stanza_file_put(struct stanza_file *file, const char *name, const struct values *values, int is_default,
                    struct fault *fault);
/* Shows the lines that change. */
void stanza_file_show(const struct stanza_file *file, FILE *out);
/* Makes the directories above the file, for this user alone or for all. */
int stanza_file_prepare(const struct stanza_file *file, struct fault *fault);
/* Writes the new text by rename, with the mode that the file has; a new one can be read by its owner alone, that of the
 * system by all. */
int stanza_file_write(const struct stanza_file *file, struct fault *fault);
void stanza_file_free(struct stanza_file *file);

#endif

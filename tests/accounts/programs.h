/* SPDX-License-Identifier: MIT */
/* Programs that a test makes, in a folder that comes first in PATH, and that tell what they were given. */
#ifndef TESTS_ACCOUNTS_PROGRAMS_H
#define TESTS_ACCOUNTS_PROGRAMS_H

#include "accounts/secret.h"

/* Makes an empty folder; it is the home directory too. PATH is it and, with `others`, what it was before. */
const char *programs_begin(int others);
void programs_end(void);
/* The path of a file in the folder, valid until the eighth call after this. */
const char *programs_file(const char *name);
/* Writes a file there. */
void programs_write(const char *name, const char *text, unsigned mode);
/* Writes a program for sh; it begins in that folder. */
void programs_add(const char *name, const char *script);
/* What is in a file there; "" if it is not there. It is valid until the next call. */
const char *programs_read(const char *name);

int secret_is_wiped(const struct secret *secret);

#endif

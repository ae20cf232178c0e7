/* SPDX-License-Identifier: MIT */
/* The values of keys, each with the place that it comes from: those of an account, of the command line, or of one over
 * the other. */
#ifndef ACCOUNTS_VALUES_H
#define ACCOUNTS_VALUES_H

#include "accounts/vocabulary.h"
#include <stddef.h>

struct fault;

/* Where the values of options come from. */
#define VALUES_COMMAND_LINE "command line"

struct value {
    enum key key;
    char *text;
    char *place;       /* "FILE:LINE", or VALUES_COMMAND_LINE */
    int taken;         /* 1: from another account or from the top of the file, not from the section itself */
    int from_variable; /* 1: `text` is the name of an environment variable that has the value (KEY-env) */
};

/* All zero: no values. A key of a list may have several, in order. */
struct values {
    struct value *items;
    size_t count;
};

/* Add a copy. Return 0, or -1 if memory ran out. */
int values_add(struct values *values, enum key key, const char *text, const char *place);
int values_add_copy(struct values *values, const struct value *value);
/* Adds a value as a file has it: of a list each of its parts, which have commas between them. */
int values_add_parts(struct values *values, const struct value *value);
/* Adds a value instead of those that the key has. */
int values_set(struct values *values, enum key key, const char *text, const char *place);
/* Removes the values of a key. */
void values_drop(struct values *values, enum key key);
void values_free(struct values *values);

/* The value of a key, the first one of a list; NULL: it has none. */
const struct value *values_find(const struct values *values, enum key key);
/* Its text; NULL: there is none. */
const char *values_text(const struct values *values, enum key key);
/* The value behind *value of the same key; NULL: it was the last one. */
const struct value *values_next(const struct values *values, const struct value *value);
size_t values_count(const struct values *values, enum key key);

/* Adds what `over` does not say itself: of each key the values of `below`, marked as taken, but those that belong to
 * one section. See `slot` and `with` of the vocabulary. `all`: also those that belong to one section, as for the
 * options over an account. Returns 0, or -1 if memory ran out. */
int values_take(struct values *over, const struct values *below, int all);
/* Puts in the values of environment variables. Returns 0, or an exit code with *fault filled: a variable is not set, or
 * the program is set-uid. */
int values_read_variables(struct values *values, struct fault *fault);

/* Returns `room`, with the name of a value for an error text: "--helo", or "/etc/envoi/accounts.conf:12: helo". */
#define VALUES_LABEL 512
const char *values_label(const struct value *value, char room[VALUES_LABEL]);

#endif

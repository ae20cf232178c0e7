/* SPDX-License-Identifier: MIT */
/* The syntax of a SASL mechanism's name (RFC 4422 section 3.1), and the application's list of such names. */
#ifndef BASE_SASL_NAME_H
#define BASE_SASL_NAME_H

#include <stdbool.h>
#include <stddef.h>

#define SASL_NAME_MAX 20

/* 1 to SASL_NAME_MAX letters, digits, `-` and `_`. Lower case passes, which the RFC does not have: every caller
 * compares names without regard to case, or converts them to upper case. */
bool sasl_name_is_valid(const char *name, size_t len);
/* Takes a word of a list as a name, in upper case. False: it is none, and not to be looked up. */
bool sasl_name_take(const char *word, size_t len, char name[SASL_NAME_MAX + 1]);

/* Is the name in the application's list, with this sign ("" or "!") before it? list may be NULL. */
bool sasl_list_has(const char *list, const char *sign, const char *name);
/* Does the list only forbid names? Then it means all others. True if it is NULL. */
bool sasl_list_only_forbids(const char *list);

#endif

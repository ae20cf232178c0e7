/* SPDX-License-Identifier: MIT */
/* The syntax of a SASL mechanism's name (RFC 4422 section 3.1). */
#ifndef BASE_SASL_NAME_H
#define BASE_SASL_NAME_H

#include <stdbool.h>
#include <stddef.h>

#define SASL_NAME_MAX 20

/* 1 to SASL_NAME_MAX letters, digits, `-` and `_`. Lower case passes, which the RFC does not have: every caller
 * compares names without regard to case, or converts them to upper case. */
bool sasl_name_is_valid(const char *name, size_t len);

#endif

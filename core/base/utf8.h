/* SPDX-License-Identifier: MIT */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Is it well-formed (RFC 3629): only shortest forms, no surrogates, nothing above U+10FFFF? */
bool utf8_is_valid(const char *text, size_t len);

#endif

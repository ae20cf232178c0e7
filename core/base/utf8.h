/* SPDX-License-Identifier: MIT */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The number of octets of the first character, and its code point; 0: it is not well-formed. len is at least 1. */
size_t utf8_take(const char *text, size_t len, uint32_t *point);
/* Is it well-formed (RFC 3629): only shortest forms, no surrogates, nothing above U+10FFFF? */
bool utf8_is_valid(const char *text, size_t len);

#endif

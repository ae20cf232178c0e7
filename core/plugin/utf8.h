/* SPDX-License-Identifier: MIT */
#ifndef PLUGIN_UTF8_H
#define PLUGIN_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* RFC 3629: shortest forms, no surrogates, nothing above U+10FFFF. */
bool utf8_is_valid(const char *text, size_t len);

#endif

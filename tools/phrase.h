/* SPDX-License-Identifier: MIT */
/* A display name in a field (RFC 5322 section 3.2.5), in encoded words if it is not ASCII (RFC 2047). */
#ifndef TOOL_PHRASE_H
#define TOOL_PHRASE_H

#include <stddef.h>
#include <stdio.h>

/* Writes the name. `column` is where it begins in its line. */
void phrase_write(const char *name, size_t column, FILE *out);

#endif

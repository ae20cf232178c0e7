/* SPDX-License-Identifier: MIT */
/* The error texts of Cyrus, shortened. */
#ifndef BRIDGE_DETAIL_H
#define BRIDGE_DETAIL_H

#include <stddef.h>

/* Writes the part of a text of sasl_errdetail() that a user needs to `line`, truncated to `size`. Returns `line`. */
const char *bridge_detail(const char *text, char *line, size_t size);

#endif

/* SPDX-License-Identifier: MIT */
/* What Cyrus says of a failure, in fewer words. */
#ifndef BRIDGE_DETAIL_H
#define BRIDGE_DETAIL_H

#include <stddef.h>

/* Writes what a person needs of a text of sasl_errdetail() to `line`, cut if need be, and returns it. */
const char *bridge_detail(const char *text, char *line, size_t size);

#endif

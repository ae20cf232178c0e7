/* SPDX-License-Identifier: MIT */
/* Text for a terminal and for JSON. A server may send any octets, so they are cleaned before they are printed. */
#ifndef TOOL_TEXT_H
#define TOOL_TEXT_H

#include "accounts/fault.h"
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Returns a copy in valid UTF-8, to be freed, or NULL if memory ran out. An octet that is no UTF-8 becomes U+FFFD, a
 * line feed becomes `newline`, a tab a blank, any other control character "?". NULL counts as "". */
char *text_clean(const char *text, char newline);
/* Returns the same as a JSON string with its line feeds, or NULL if memory ran out. */
json_t *text_json(const char *text);
/* Returns a time, seconds since 1970, as "2026-01-31T23:59:59Z". A time_t may end in 2038, certificates do not. */
json_t *text_moment(int64_t seconds);
/* Returns a certificate in DER as PEM, or NULL if memory ran out. */
json_t *text_pem(const void *der, size_t len);
/* Returns the columns on a terminal: one for each character of valid UTF-8. */
size_t text_width(const char *text);

/* Rows of cells, printed with the columns aligned. */
#define TABLE_COLUMNS 6
struct table {
    size_t columns;
    size_t count;
    char *(*rows)[TABLE_COLUMNS];
};

/* Adds a row of table->columns texts, cleaned and copied. Returns 0, or -1 if memory ran out. */
int table_add(struct table *table, const char *const *cells);
/* Prints all rows, each indented by `indent` blanks. */
void table_print(const struct table *table, size_t indent, FILE *file);
void table_free(struct table *table);

#endif

/* SPDX-License-Identifier: MIT */
/* Text for a terminal. A server may send any octets, so they are cleaned before they are printed. */
#ifndef TOOL_TEXT_H
#define TOOL_TEXT_H

#include "accounts/fault.h"
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Returns a copy in valid UTF-8, to be freed, or NULL if memory ran out. An octet that is no UTF-8 becomes U+FFFD, a
 * line feed becomes `newline`, a tab a blank, any other control character "?". NULL counts as "". */
char *text_clean(const char *text, char newline);
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

/* SPDX-License-Identifier: MIT */
/* Text for a terminal. */
#ifndef TOOL_TEXT_H
#define TOOL_TEXT_H

#include "accounts/fault.h"
#include "accounts/text.h"
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

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

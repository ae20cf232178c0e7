/* SPDX-License-Identifier: MIT */
/* Text for a terminal and for JSON. What a server says may be anything; what is printed is not. */
#ifndef TOOL_TEXT_H
#define TOOL_TEXT_H

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

/* A copy in valid UTF-8 without control characters: what is no UTF-8 becomes U+FFFD, a control character "?", and a line
 * end `newline`. NULL stands for "". Returns NULL without memory; to be freed. */
char *text_clean(const char *text, char newline);
/* The same as a JSON string, line ends kept; NULL without memory. */
json_t *text_json(const char *text);
/* Columns on a terminal, one for each character of valid UTF-8. */
size_t text_width(const char *text);

/* Rows of cells, printed with the columns aligned. */
#define TABLE_COLUMNS 6
struct table {
    size_t columns;
    size_t count;
    char *(*rows)[TABLE_COLUMNS];
};

/* Adds a row of table->columns texts, cleaned and copied. Returns 0, or -1 without memory. */
int table_add(struct table *table, const char *const *cells);
/* Prints all rows, each after `indent` blanks. */
void table_print(const struct table *table, size_t indent, FILE *file);
void table_free(struct table *table);

#endif

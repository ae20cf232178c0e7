/* SPDX-License-Identifier: MIT */
#include "text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

size_t text_width(const char *text)
{
    size_t width = 0;

    for (; *text; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

int table_add(struct table *table, const char *const *cells)
{
    char *(*rows)[TABLE_COLUMNS] = realloc(table->rows, (table->count + 1) * sizeof *rows);
    char **row;

    if (!rows)
        return -1;
    table->rows = rows;
    row = rows[table->count];
    for (size_t i = 0; i < table->columns; i++) {
        char *cell = text_clean(cells[i], ' ');

        if (!cell) {
            while (i > 0)
                free(row[--i]);
            return -1;
        }
        row[i] = cell;
    }
    table->count++;
    return 0;
}

static void print_blanks(size_t count, FILE *file)
{
    while (count-- > 0)
        putc(' ', file);
}

void table_print(const struct table *table, size_t indent, FILE *file)
{
    size_t widths[TABLE_COLUMNS] = {0};

    for (size_t r = 0; r < table->count; r++)
        for (size_t c = 0; c < table->columns; c++) {
            size_t width = text_width(table->rows[r][c]);

            widths[c] = width > widths[c] ? width : widths[c];
        }
    for (size_t r = 0; r < table->count; r++) {
        /* Blanks are printed before the next cell that has a text, so no line ends with them. */
        size_t blanks = indent;

        for (size_t c = 0; c < table->columns; c++) {
            const char *cell = table->rows[r][c];

            if (*cell) {
                print_blanks(blanks, file);
                fputs(cell, file);
                blanks = 0;
            }
            blanks += widths[c] - text_width(cell) + 2;
        }
        putc('\n', file);
    }
}

void table_free(struct table *table)
{
    for (size_t r = 0; r < table->count; r++)
        for (size_t c = 0; c < table->columns; c++)
            free(table->rows[r][c]);
    free(table->rows);
    table->rows = NULL;
    table->count = 0;
}

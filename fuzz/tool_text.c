/* SPDX-License-Identifier: MIT */
/* What the tool prints of what a server said: it is UTF-8 without control characters, whatever came in, and whatever
 * was fit to be printed is unchanged. Input: lines, each a cell of a table. */
#include "json.h"
#include "text.h"

#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd"

static void check_clean(const char *text)
{
    char *clean = text_clean(text, ' '), *again;
    /* The beginnings of C1 controls and of characters that change the order of what is shown. */
    bool fit = fuzz_is_utf8(text, strlen(text)) && !fuzz_has_control(text) && !strstr(text, "\xc2") &&
               !strstr(text, "\xd8\x9c") && !strstr(text, "\xe2\x80") && !strstr(text, "\xe2\x81");

    FUZZ_CHECK(clean, "out of memory");
    FUZZ_CHECK(fuzz_is_utf8(clean, strlen(clean)) && !fuzz_has_control(clean), "\"%s\"", clean);
    for (const char *at = clean; (at = strchr(at, '\xc2')); at++) /* C1, as some terminals obey them in UTF-8 too */
        FUZZ_CHECK((unsigned char)at[1] >= 0xa0, "a control character of two octets");
    FUZZ_CHECK(!fit || strcmp(clean, text) == 0, "\"%s\" became \"%s\"", text, clean);
    FUZZ_CHECK(fuzz_is_utf8(text, strlen(text)) || strstr(clean, REPLACEMENT), "what is no UTF-8 is gone");
    again = text_clean(clean, ' ');
    FUZZ_CHECK(again && strcmp(again, clean) == 0, "\"%s\" became \"%s\"", clean, again);
    FUZZ_CHECK(text_width(clean) <= strlen(clean), "wider than long");
    free(again);
    free(clean);
}

static void check_json(const char *text)
{
    json_t *json = text_json(text), *again;
    char *dumped = json ? json_dumps(json, JSON_ENCODE_ANY) : NULL;

    FUZZ_CHECK(dumped, "a text that is no JSON");
    again = json_loads(dumped, JSON_DECODE_ANY, NULL);
    FUZZ_CHECK(again && json_equal(json, again), "%s is read as another", dumped);
    json_decref(again);
    json_decref(json);
    free(dumped);
}

static void check_table(const struct table *table)
{
    char *page = NULL;
    size_t len = 0, lines = 0;
    FILE *file = open_memstream(&page, &len);

    FUZZ_CHECK(file, "out of memory");
    table_print(table, 2, file);
    fclose(file);
    for (size_t i = 0; i < len; i++) {
        lines += page[i] == '\n';
        FUZZ_CHECK(page[i] != '\n' || !i || page[i - 1] != ' ' || table->count, "a line that ends with a blank");
    }
    FUZZ_CHECK(lines == table->count, "%zu lines of %zu rows", lines, table->count);
    free(page);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    struct table table = {.columns = 1u + fuzz_octet(&in) % TABLE_COLUMNS};

    while (in.len) {
        char *cells[TABLE_COLUMNS];

        for (size_t i = 0; i < table.columns; i++) {
            cells[i] = fuzz_line(&in);
            check_clean(cells[i]);
            check_json(cells[i]);
        }
        FUZZ_CHECK(table_add(&table, (const char *const *)cells) == 0, "out of memory");
        for (size_t i = 0; i < table.columns; i++)
            fuzz_free(cells[i]);
    }
    check_table(&table);
    table_free(&table);
    return 0;
}

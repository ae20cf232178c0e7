/* SPDX-License-Identifier: MIT */
#include "phrase.h"

#include "text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define WORD_BEGIN       "=?UTF-8?Q?"
#define WORD_END         "?="
#define LINE_MAX_ENCODED 76 /* RFC 2047 section 2: of a line that has an encoded word */

static int is_ascii(const char *text)
{
    while (*text && !((unsigned char)*text & 0x80))
        text++;
    return !*text;
}

static void write_quoted(const char *name, FILE *out)
{
    putc('"', out);
    for (; *name; name++) {
        if (*name == '"' || *name == '\\')
            putc('\\', out);
        putc(*name, out);
    }
    putc('"', out);
}

/* One character of UTF-8 in the encoding Q, as a phrase may have it (RFC 2047 section 5 (3)). Returns its octets. */
static size_t encode_character(const char *text, char out[16])
{
    size_t len = 1;

    while (((unsigned char)text[len] & 0xc0) == 0x80)
        len++;
    if (*text == ' ')
        snprintf(out, 16, "_");
    else if (len == 1 && isalnum((unsigned char)*text))
        snprintf(out, 16, "%c", *text);
    else
        for (size_t i = 0; i < len && i < 4; i++)
            snprintf(out + 3 * i, 4, "=%02X", (unsigned char)text[i]);
    return len;
}

static void write_encoded(const char *name, size_t column, FILE *out)
{
    column += strlen(WORD_BEGIN);
    fputs(WORD_BEGIN, out);
    while (*name) {
        char encoded[16];
        size_t octets = encode_character(name, encoded);

        if (column + strlen(encoded) + strlen(WORD_END) > LINE_MAX_ENCODED) {
            fputs(WORD_END "\r\n " WORD_BEGIN, out);
            column = 1 + strlen(WORD_BEGIN);
        }
        fputs(encoded, out);
        column += strlen(encoded);
        name += octets;
    }
    fputs(WORD_END, out);
}

/* Letters, digits and blanks need no quotes. */
static int is_plain(const char *name)
{
    while (isalnum((unsigned char)*name) || *name == ' ')
        name++;
    return !*name;
}

void phrase_write(const char *name, size_t column, FILE *out)
{
    char *clean = text_clean(name, ' ');

    if (!clean)
        return;
    if (!is_ascii(clean))
        write_encoded(clean, column, out);
    else if (is_plain(clean))
        fputs(clean, out);
    else
        write_quoted(clean, out);
    free(clean);
}

/* SPDX-License-Identifier: MIT */
#include "script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void line_set(struct script_line *line, int number, const char *text, size_t len)
{
    size_t word = 0;

    while (word < len && text[word] != ' ')
        word++;
    line->number = number;
    line->word = bytes_strndup(text, word);
    line->rest = word < len ? bytes_strndup(text + word + 1, len - word - 1) : bytes_strndup("", 0);
}

static void line_free(struct script_line *line)
{
    free(line->word);
    free(line->rest);
}

static void script_comment(struct script *script, const char *text)
{
    static const char faults[] = "faults:";

    text += strspn(text, "# ");
    if (strncmp(text, faults, sizeof faults - 1) == 0)
        bytes_add_text(&script->faults, text + sizeof faults - 1 + strspn(text + sizeof faults - 1, " "));
    else if (!script->title.len)
        bytes_add_text(&script->title, text);
}

static bool script_take(struct script *script, int number, const char *text, size_t len)
{
    size_t indent = strspn(text, " ");

    if (!len)
        return true;
    if (*text == '#') {
        script_comment(script, text);
        return true;
    }
    if (!indent) {
        script->steps = bytes_grow(script->steps, script->count, sizeof *script->steps);
        script->steps[script->count] = (struct script_step){0};
        line_set(&script->steps[script->count++].line, number, text, len);
        return true;
    }
    if (!script->count)
        return false;
    struct script_step *step = &script->steps[script->count - 1];
    step->more = bytes_grow(step->more, step->more_count, sizeof *step->more);
    line_set(&step->more[step->more_count++], number, text + indent, len - indent);
    return true;
}

bool script_read(struct script *script, const char *path)
{
    FILE *file = fopen(path, "r");
    char *text = NULL;
    size_t room = 0;
    ssize_t len;
    int number = 0;

    *script = (struct script){.path = bytes_strndup(path, strlen(path))};
    if (!file) {
        bytes_add_text(&script->error, "cannot be opened");
        return false;
    }
    while (!script->error.len && (len = getline(&text, &room, file)) >= 0) {
        number++;
        if (len && text[len - 1] == '\n')
            text[--len] = '\0';
        if (strlen(text) != (size_t)len || strchr(text, '\t') || strchr(text, '\r'))
            bytes_add_text(&script->error, "a line with NUL, tab or CR");
        else if (!script_take(script, number, text, (size_t)len))
            bytes_add_text(&script->error, "an indented line belongs to nothing");
    }
    free(text);
    fclose(file);
    if (!script->error.len && !script->title.len)
        bytes_add_text(&script->error, "the first comment must say what is shown");
    return !script->error.len;
}

void script_free(struct script *script)
{
    for (size_t i = 0; i < script->count; i++) {
        line_free(&script->steps[i].line);
        for (size_t k = 0; k < script->steps[i].more_count; k++)
            line_free(&script->steps[i].more[k]);
        free(script->steps[i].more);
    }
    free(script->steps);
    free(script->path);
    bytes_free(&script->title);
    bytes_free(&script->faults);
    bytes_free(&script->error);
}

static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c ? strchr(digits, c | 0x20) : NULL;

    return at ? (int)(at - digits) : -1;
}

/* Takes one escape, after its backslash. Returns its length in characters; 0: there is no such escape. */
static size_t escape_read(const char *text, uint8_t *octet)
{
    static const char names[] = "rnt0\\\"", octets[] = "\r\n\t\0\\\"";
    const char *at = *text ? strchr(names, *text) : NULL;

    if (at) {
        *octet = (uint8_t)octets[at - names];
        return 1;
    }
    if (*text != 'x' || hex_digit(text[1]) < 0 || hex_digit(text[2]) < 0)
        return 0;
    *octet = (uint8_t)(hex_digit(text[1]) * 16 + hex_digit(text[2]));
    return 3;
}

/* `* N` after a quoted argument: the octets in out from `from` on occur N times in all. */
static const char *repeat_read(const char *rest, struct bytes *out, size_t from, const char **error)
{
    const char *star = rest + strspn(rest, " ");

    if (*star != '*')
        return rest;
    char *end;
    unsigned long times = strtoul(star + 1, &end, 10);
    if (end == star + 1 || !times || times > 10000000) {
        *error = "a bad number of times";
        return NULL;
    }
    size_t len = out->len - from;
    char *once = bytes_strndup((const char *)out->data + from, len);
    while (--times)
        bytes_add(out, once, len);
    free(once);
    return end;
}

static const char *quoted_read(const char *rest, struct bytes *out, const char **error)
{
    size_t from = out->len;

    bytes_add(out, "", 0);
    for (rest++; *rest && *rest != '"'; rest++) {
        uint8_t octet = (uint8_t)*rest;
        if (octet == '\\') {
            size_t n = escape_read(rest + 1, &octet);
            if (!n) {
                *error = "a bad escape";
                return NULL;
            }
            rest += n;
        }
        bytes_add(out, &octet, 1);
    }
    if (!*rest) {
        *error = "a quote without an end";
        return NULL;
    }
    return repeat_read(rest + 1, out, from, error);
}

const char *script_argument(const char *rest, struct bytes *out, const char **error)
{
    *error = NULL;
    rest += strspn(rest, " ");
    if (!*rest)
        return NULL;
    if (*rest == '"')
        return quoted_read(rest, out, error);
    size_t len = strcspn(rest, " ");
    bytes_add(out, rest, len);
    return rest + len;
}

int64_t script_number(const char *text)
{
    char *end;
    long number = strtol(text, &end, 10);

    return end == text || *end || number < 0 ? -1 : number;
}

int64_t script_duration(const char *text)
{
    static const struct {
        const char *unit;
        int64_t milliseconds;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}};
    char *end;
    long number = strtol(text, &end, 10);

    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (end != text && number >= 0 && strcmp(end, units[i].unit) == 0)
            return number * units[i].milliseconds;
    return -1;
}

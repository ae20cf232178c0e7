/* SPDX-License-Identifier: MIT */
#include "sendmail/aliases.h"

#include "accounts/exit_code.h"

#include <envoi/envoi.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int alias_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* Removes blanks on both sides, and the quotes around it all. */
static void strip(char *text)
{
    char *from = text, *to = text, *end;
    int quoted;

    while (alias_blank(*from))
        from++;
    end = from + strlen(from);
    while (end > from && alias_blank(end[-1]))
        end--;
    quoted = end - from >= 2 && *from == '"' && end[-1] == '"';
    for (from += quoted, end -= quoted; from < end; from++) {
        if (quoted && *from == '\\' && from + 1 < end)
            from++;
        *to++ = *from;
    }
    *to = '\0';
}

/* The offset of the colon behind the name, which may be in quotes; 0: there is none. */
static size_t find_colon(const char *line)
{
    size_t at = 0;
    int quoted = 0;

    for (; line[at] && (quoted || line[at] != ':'); at++)
        quoted ^= line[at] == '"';
    return line[at] ? at : 0;
}

/* Takes a logical line, which it changes. */
static int aliases_take(struct aliases *aliases, char *line, int number)
{
    size_t colon = find_colon(line);
    struct alias *items;
    struct alias *item;

    if (!colon)
        return 0;
    items = realloc(aliases->items, (aliases->count + 1) * sizeof *items);
    if (!items)
        return -1;
    aliases->items = items;
    line[colon] = '\0';
    item = &items[aliases->count++];
    *item = (struct alias){.name = strdup(line), .values = strdup(line + colon + 1), .line = number};
    if (!item->name || !item->values)
        return -1;
    strip(item->name);
    return 0;
}

int aliases_parse(struct aliases *aliases, const char *text, size_t len, struct fault *fault)
{
    char *line = malloc(len + 1);
    size_t used = 0;
    int number = 0, first = 0, failed = !line;

    for (size_t at = 0; !failed && at < len;) {
        const char *end = memchr(text + at, '\n', len - at);
        size_t n = end ? (size_t)(end - text) - at : len - at;
        size_t blanks = 0;

        number++;
        while (blanks < n && alias_blank(text[at + blanks]))
            blanks++;
        /* Remarks and blank lines may stand between a line and its continuation. */
        if (blanks < n && text[at + blanks] != '#') {
            if (!blanks) {
                line[used] = '\0';
                failed = aliases_take(aliases, line, first);
                used = 0;
                first = number;
            }
            memcpy(line + used, text + at, n);
            used += n;
        }
        at += n + 1;
    }
    if (!failed) {
        line[used] = '\0';
        failed = aliases_take(aliases, line, first);
    }
    free(line);
    return failed ? fault_memory(fault) : 0;
}

static int refuse_file(const char *path, const char *why, struct fault *fault)
{
    return fault_set(fault, EXIT_CONFIG, ENVOI_E_SYSTEM, "the aliases '%s' cannot be read: %s", path, why);
}

int aliases_read(struct aliases *aliases, const char *path, int may_be_missing, struct fault *fault)
{
    FILE *file = fopen(path, "re");
    struct stat status = {0};
    char *text;
    size_t len;
    int rc;

    *aliases = (struct aliases){0};
    if (!file && errno == ENOENT && may_be_missing)
        return 0;
    if (!file)
        return refuse_file(path, strerror(errno), fault);
    if (fstat(fileno(file), &status) || !S_ISREG(status.st_mode) || (size_t)status.st_size > ALIASES_MAX) {
        fclose(file);
        return refuse_file(path, "it is no file, or it is larger than 16 MiB", fault);
    }
    text = malloc((size_t)status.st_size + 1);
    len = text ? fread(text, 1, (size_t)status.st_size, file) : 0;
    rc = text ? aliases_parse(aliases, text, len, fault) : fault_memory(fault);
    free(text);
    fclose(file);
    return rc;
}

void aliases_free(struct aliases *aliases)
{
    for (size_t i = 0; i < aliases->count; i++) {
        free(aliases->items[i].name);
        free(aliases->items[i].values);
    }
    free(aliases->items);
    *aliases = (struct aliases){0};
}

const struct alias *aliases_find(const struct aliases *aliases, const char *name)
{
    const char *const names[] = {name, "*", "default"};

    for (size_t n = 0; n < 3; n++)
        for (size_t i = 0; i < aliases->count; i++)
            if (!strcasecmp(aliases->items[i].name, names[n]))
                return &aliases->items[i];
    return NULL;
}

int alias_next(const char **at, char *value, size_t cap)
{
    const char *begin = *at + strspn(*at, " \t\r,"), *end = begin;
    int quoted = 0;
    size_t len;

    if (!*begin)
        return 0;
    for (; *end && (quoted || *end != ','); end++)
        if (*end == '\\' && end[1])
            end++;
        else
            quoted ^= *end == '"';
    len = (size_t)(end - begin);
    snprintf(value, cap, "%.*s", (int)(len < cap ? len : cap - 1), begin);
    strip(value);
    *at = end;
    return 1;
}

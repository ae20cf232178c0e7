/* SPDX-License-Identifier: MIT */
#include "configure/stanza.h"

#include "accounts/exit_code.h"
#include "accounts/fault.h"
#include "accounts/file.h"
#include "accounts/replace.h"
#include "portable/memory.h"

#include <envoi/envoi.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- a section ---- */

void stanza_print(const char *name, const struct values *values, const char *remark, FILE *out)
{
    fprintf(out, "[%s]\n", name);
    for (enum key key = 0; key < KEY_COUNT; key++) {
        const struct value *value = values_find(values, key);

        if (!value)
            continue;
        fprintf(out, "%s = %s", vocabulary_word(key)->name, value->text);
        while ((value = values_next(values, value)))
            fprintf(out, ", %s", value->text);
        fputc('\n', out);
    }
    if (remark)
        fprintf(out, "# %s\n", remark);
}

static char *stanza_section_text(const char *name, const struct values *values)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    if (!out)
        return NULL;
    stanza_print(name, values, NULL, out);
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}

/* Was the value read as it was written? Paths are completed, and lists are taken apart when a file is read. A line end
 * in a value would begin a line of its own, with any key. */
static int stanza_is_same(const struct values *read, const struct values *written, enum key key)
{
    enum kind kind = vocabulary_word(key)->kind;
    const char *x = values_text(read, key), *y = values_text(written, key);

    if (!x || !y)
        return x == y;
    if (y[strcspn(y, "\r\n")])
        return 0;
    return kind == KIND_PATH || kind == KIND_LIST || kind == KIND_PATTERNS || !strcmp(x, y);
}

static int stanza_all_same(const struct values *read, const struct values *written)
{
    for (enum key key = 0; key < KEY_COUNT; key++)
        if (!stanza_is_same(read, written, key))
            return 0;
    return 1;
}

int stanza_holds(enum key key, const char *value)
{
    struct values values = {0};
    struct sections sections = {0};
    struct fault ignored = {0};
    const struct section *section = NULL;
    char *text = NULL;
    int holds;

    if (!values_add(&values, key, value, "") && (text = stanza_section_text("x", &values)) &&
        !file_parse("x", text, strlen(text), &sections, &ignored))
        section = file_section(&sections, "x");
    holds = section && stanza_all_same(&section->values, &values);
    values_free(&values);
    file_free(&sections);
    free(text);
    return holds;
}

/* ---- the file ---- */

static int stanza_refuse(const struct stanza_file *file, const char *what, int error, struct fault *fault)
{
    return fault_set(fault, EXIT_CONFIG, ENVOI_E_SYSTEM, "cannot %s '%s': %s", what, file->path, strerror(error));
}

static int stanza_read_text(struct stanza_file *file, struct fault *fault)
{
    FILE *from = fopen(file->real, "re");
    size_t len;

    if (!(file->before = calloc(1, FILE_TEXT_MAX + 1))) {
        if (from)
            fclose(from);
        return fault_memory(fault);
    }
    if (!from)
        return errno == ENOENT ? 0 : stanza_refuse(file, "read", errno, fault);
    file->exists = 1;
    len = fread(file->before, 1, FILE_TEXT_MAX, from);
    if (ferror(from) || len == FILE_TEXT_MAX) {
        int error = ferror(from) ? errno : EFBIG;

        fclose(from);
        return stanza_refuse(file, "read", error, fault);
    }
    fclose(from);
    return 0;
}

int stanza_file_open(struct stanza_file *file, const char *path, int is_system, struct fault *fault)
{
    struct sections sections = {0};
    int rc;

    *file = (struct stanza_file){.path = path, .is_system = is_system};
    file->real = realpath(path, NULL);
    if (!file->real && errno != ENOENT)
        return stanza_refuse(file, "read", errno, fault);
    if (!file->real && !(file->real = strdup(path)))
        return fault_memory(fault);
    /* With the checks of who could have written it. What is in error now would still be so afterwards. */
    rc = file_read(path, 1, &sections, fault);
    file_free(&sections);
    if (!rc)
        rc = stanza_read_text(file, fault);
    if (!rc && !(file->after = strdup(file->before)))
        rc = fault_memory(fault);
    return rc;
}

int stanza_file_find(const struct stanza_file *file, const char *name, char **from)
{
    struct sections sections = {0};
    struct fault ignored = {0};
    const struct section *section = NULL;
    int found;

    *from = NULL;
    if (!file_parse(file->path, file->after, strlen(file->after), &sections, &ignored))
        section = file_section(&sections, name);
    found = section != NULL;
    if (found && values_text(&section->values, KEY_FROM))
        *from = strdup(values_text(&section->values, KEY_FROM));
    file_free(&sections);
    return found;
}

static int stanza_is_heading(const char *line, const char *name)
{
    size_t len = strlen(name);

    line += strspn(line, " \t");
    if (*line != '[')
        return 0;
    return !len || (!strncmp(line + 1, name, len) && line[len + 1] == ']');
}

static const char *stanza_next_line(const char *line)
{
    const char *end = strchr(line, '\n');

    return end ? end + 1 : strchr(line, '\0');
}

/* The section from its heading to the next one, without empty lines and comments before that: they may belong to it. */
static void stanza_find_section(const char *text, const char *name, const char **begin, const char **end)
{
    const char *line = text, *last;

    while (*line && !stanza_is_heading(line, name))
        line = stanza_next_line(line);
    *begin = line;
    last = *line ? stanza_next_line(line) : line;
    for (line = last; *line && !stanza_is_heading(line, ""); line = stanza_next_line(line))
        if (line[strspn(line, " \t\r")] != '\n' && line[strspn(line, " \t")] != '#')
            last = stanza_next_line(line);
    *end = last;
}

static const char *stanza_gap(const char *text, const char *begin)
{
    if (begin == text)
        return "";
    if (begin[-1] != '\n')
        return "\n\n";
    return begin - 1 == text || begin[-2] != '\n' ? "\n" : "";
}

/* Does the text say of the account what it should? */
static int stanza_check(const struct stanza_file *file, const char *name, const struct values *values,
                        struct fault *fault)
{
    struct sections sections = {0};
    const struct section *section;
    int rc = file_parse(file->path, file->after, strlen(file->after), &sections, fault);

    if (!rc) {
        section = file_section(&sections, name);
        if (!section || !stanza_all_same(&section->values, values))
            rc = fault_set(fault, EXIT_CONFIG, ENVOI_E_USAGE, "%s cannot hold the settings of '%s'", file->path, name);
    }
    file_free(&sections);
    return rc;
}

/* A file that this one includes may have an account of that name, and with two of them neither can be used. */
static int stanza_check_included(const struct stanza_file *file, const char *name, struct fault *fault)
{
    struct sections sections = {0};
    int rc = file_read(file->path, 1, &sections, fault);
    const struct section *section = rc ? NULL : file_section(&sections, name);
    size_t len = strlen(file->path);

    if (section && (strncmp(section->place, file->path, len) != 0 || section->place[len] != ':'))
        rc = fault_set(fault, EXIT_CONFIG, ENVOI_E_USAGE,
                       "there is an account [%s] already, at %s: change it there, or choose another --name", name,
                       section->place);
    file_free(&sections);
    return rc;
}

int stanza_file_put(struct stanza_file *file, const char *name, const struct values *values, int is_default,
                    struct fault *fault)
{
    char *section = stanza_section_text(name, values), *after = NULL;
    const char *begin, *end;
    int n, is_new = !*file->after, rc = section ? stanza_check_included(file, name, fault) : fault_memory(fault);

    if (rc) {
        free(section);
        return rc;
    }
    stanza_find_section(file->after, name, &begin, &end);
    if (*begin)
        n = memory_print(&after, "%.*s%s%s", (int)(begin - file->after), file->after, section, end);
    else if (is_new && is_default)
        n = memory_print(&after, "default = %s\n\n%s", name, section);
    else
        n = memory_print(&after, "%s%s%s", file->after, stanza_gap(file->after, begin), section);
    free(section);
    if (n < 0)
        return fault_memory(fault);
    free(file->after);
    file->after = after;
    return stanza_check(file, name, values, fault);
}

/* ---- what changes ---- */

/* Prints the lines from `text` to `end`. */
static void stanza_show_lines(const char *text, const char *end, char sign, FILE *out)
{
    for (const char *line = text; line < end; line = stanza_next_line(line))
        fprintf(out, "%c%.*s\n", sign, (int)strcspn(line, "\n"), line);
}

/* `from` begins a line, too. */
static int stanza_begins_line(const char *from, const char *at)
{
    return at == from || at[-1] == '\n';
}

void stanza_file_show(const struct stanza_file *file, FILE *out)
{
    const char *old = file->before, *new = file->after, *old_end = strchr(old, '\0'), *new_end = strchr(new, '\0');
    size_t same = 0, tail = 0;
    int line = 1;

    while (old[same] && old[same] == new[same])
        same++;
    while (same && old[same - 1] != '\n')
        same--;
    for (size_t i = 0; i < same; i++)
        line += old[i] == '\n';
    while (old_end - tail > old + same &&
           new_end - tail > new + same &&old_end[-1 - (long)tail] == new_end[-1 - (long)tail])
        tail++;
    /* Whole lines: each side of the rest begins a line. */
    while (tail && !(stanza_begins_line(old + same, old_end - tail) && stanza_begins_line(new + same, new_end - tail)))
        tail--;
    fprintf(out, "%s, from line %d:\n", file->path, line);
    stanza_show_lines(old + same, old_end - tail, '-', out);
    stanza_show_lines(new + same, new_end - tail, '+', out);
}

/* ---- writing ---- */

int stanza_file_prepare(const struct stanza_file *file, struct fault *fault)
{
    char *path = strdup(file->real);
    int error = 0;

    if (!path)
        return fault_memory(fault);
    for (char *slash = strchr(path + 1, '/'); slash && !error; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(path, file->is_system ? 0755 : 0700) < 0 && errno != EEXIST)
            error = errno;
        *slash = '/';
    }
    free(path);
    return error ? stanza_refuse(file, "write", error, fault) : 0;
}

int stanza_file_write(const struct stanza_file *file, struct fault *fault)
{
    struct stat status;
    mode_t mode = file->is_system ? 0644 : 0600;
    int error, rc = stanza_file_prepare(file, fault);

    if (rc)
        return rc;
    if (!stat(file->real, &status))
        mode = status.st_mode & 0777;
    error = replace_file(file->real, mode, file->after, strlen(file->after));
    return error ? stanza_refuse(file, "write", error, fault) : 0;
}

void stanza_file_free(struct stanza_file *file)
{
    free(file->real);
    free(file->before);
    free(file->after);
}

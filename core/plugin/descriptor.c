/* SPDX-License-Identifier: MIT */
#include "plugin/descriptor.h"

#include "base/ini_guard.h"
#include "base/mem.h"
#include "base/sasl_name.h"
#include "base/text.h"
#include "plugin/strength.h"

#include <envoi/error.h>
#include <ini.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define PRIORITY_MAX 1000000
#define SAY_MAX      (PATH_MAX + 256)
#define NOT_A_PAIR   "the line is not `key: value`"

/* A check returns NULL, or the fault of the value: the end of a sentence that begins with the value. */
typedef const char *check_fn(const char *value);

static const char *check_kind(const char *value)
{
    return strcmp(value, "transport") == 0 || strcmp(value, "auth") == 0 ? NULL : "is neither transport nor auth";
}

static const char *check_bool(const char *value)
{
    return strcmp(value, "yes") == 0 || strcmp(value, "no") == 0 ? NULL : "is neither yes nor no";
}

static const char *check_provides(const char *value)
{
    const char *word = NULL;
    size_t len = 0;

    while ((value = text_word(value, &word, &len)))
        if (!(len == 1 && *word == '*') && !sasl_name_is_valid(word, len))
            return "has a word that is neither * nor a name of 1 to 20 letters, digits, - and _";
    return word ? NULL : "names nothing";
}

/* Names that may come before stronger ones. A mechanism that shows the password keeps its place, whoever says so. */
static const char *check_prefer(const char *value)
{
    char name[SASL_NAME_MAX + 1];
    const char *word;
    size_t len;

    while ((value = text_word(value, &word, &len))) {
        if (!sasl_name_take(word, len, name) || strcmp(name, "YES") == 0 || strcmp(name, "NO") == 0)
            return "has a word that is no name of a mechanism";
        if (strength_of(name).plaintext || strength_of(name).named_only)
            return "has a mechanism that shows the secret or has to be asked for: these are never put first";
    }
    return NULL;
}

static bool has_dotdot(const char *path)
{
    for (const char *at = path; (at = strstr(at, "..")); at += 2)
        if ((at == path || at[-1] == '/') && (at[2] == '\0' || at[2] == '/'))
            return true;
    return false;
}

/* A file name or an absolute path: with both there is nothing to search. dlopen() would look for a bare name in
 * LD_LIBRARY_PATH. */
static const char *check_module(const char *value)
{
    size_t len = strlen(value);

    if (has_dotdot(value))
        return "has a .. in it";
    if (value[0] == '.')
        return "begins with a dot";
    if (value[0] == '/')
        return value[len - 1] == '/' ? "is a directory" : NULL;
    return strchr(value, '/') ? "is neither a file name nor an absolute path" : NULL;
}

static const char *check_abi(const char *value)
{
    uint64_t n;

    return text_number(value, strlen(value), &n) && n > 0 && n <= UINT32_MAX ? NULL : "is not a number from 1 on";
}

static const char *check_priority(const char *value)
{
    const char *digits = value + (*value == '-');
    uint64_t n;

    return text_number(digits, strlen(digits), &n) && n <= PRIORITY_MAX
               ? NULL
               : "is not a whole number from -1000000 to 1000000";
}

static const struct {
    const char *name;
    check_fn *check;
    const char *fallback;
} keys[KEY_COUNT] = {
    [KEY_KIND] = {"kind", check_kind, NULL},         [KEY_PROVIDES] = {"provides", check_provides, NULL},
    [KEY_MODULE] = {"module", check_module, NULL},   [KEY_ABI] = {"abi", check_abi, NULL},
    [KEY_ENABLED] = {"enabled", check_bool, "yes"},  [KEY_PRIORITY] = {"priority", check_priority, "0"},
    [KEY_CRITICAL] = {"critical", check_bool, "no"}, [KEY_REQUIRE_TLS] = {"require-tls", check_bool, "no"},
    [KEY_PREFER] = {"prefer", check_prefer, NULL},
};

const char *descriptor_key_name(enum descriptor_key key)
{
    return keys[key].name;
}

const char *descriptor_key_default(enum descriptor_key key)
{
    return keys[key].fallback;
}

enum descriptor_key descriptor_key_of(const char *name)
{
    enum descriptor_key key = 0;

    while (key < KEY_COUNT && strcmp(keys[key].name, name) != 0)
        key++;
    return key;
}

bool descriptor_is_id(const char *id)
{
    size_t len = strlen(id);

    for (size_t i = 0; i < len; i++)
        if (!(id[i] >= 'a' && id[i] <= 'z') && !text_is_digit(id[i]) && id[i] != '_')
            return false;
    return len > 0 && len <= DESCRIPTOR_ID_MAX;
}

bool descriptor_id(const char *file_name, char id[DESCRIPTOR_ID_MAX + 1])
{
    size_t len = strlen(file_name), tail = strlen(DESCRIPTOR_SUFFIX);

    if (len <= tail || len - tail > DESCRIPTOR_ID_MAX || strcmp(file_name + len - tail, DESCRIPTOR_SUFFIX) != 0)
        return false;
    for (size_t i = 0; i < len - tail; i++)
        id[i] = file_name[i] == '-' ? '_' : file_name[i];
    id[len - tail] = '\0';
    return descriptor_is_id(id);
}

/* The state of a parse. inih calls ini_guard_next() for each line and parse_take_pair() for each pair. */
struct parse {
    struct ini_guard guard;
    struct descriptor *d;
    bool from_file;
    descriptor_warn_fn *warn;
    void *ctx;
    int rc;
};

__attribute__((format(printf, 3, 0))) static void parse_describe(const struct parse *p, char out[SAY_MAX],
                                                                 const char *format, va_list args)
{
    char line[32] = "";
    int n;

    if (p->guard.line)
        (void)snprintf(line, sizeof line, p->from_file ? ":%u" : ", line %u", p->guard.line);
    n = snprintf(out, SAY_MAX, "%s%s: ", p->d->origin, line);
    if (n >= 0 && n < SAY_MAX)
        (void)vsnprintf(out + n, SAY_MAX - (size_t)n, format, args);
    text_make_printable(out, strlen(out), "");
}

__attribute__((format(printf, 2, 3))) static void parse_spoil(struct parse *p, const char *format, ...)
{
    char text[SAY_MAX];
    va_list args;

    if (p->d->bad)
        return;
    va_start(args, format);
    parse_describe(p, text, format, args);
    va_end(args);
    p->guard.stop = true;
    if (!(p->d->bad = mem_strdup(text)))
        p->rc = ENVOI_E_MEMORY;
}

__attribute__((format(printf, 2, 3))) static void parse_warn(struct parse *p, const char *format, ...)
{
    char text[SAY_MAX];
    va_list args;
    int rc;

    if (!p->warn)
        return;
    va_start(args, format);
    parse_describe(p, text, format, args);
    va_end(args);
    if ((rc = p->warn(p->ctx, text))) {
        p->rc = rc;
        p->guard.stop = true;
    }
}

static void parse_store(struct parse *p, enum descriptor_key key, const char *text)
{
    struct descriptor_value *value = &p->d->value[key];
    char source[SAY_MAX];

    if (p->from_file)
        (void)snprintf(source, sizeof source, "%s:%u", p->d->origin, p->guard.line);
    else
        (void)snprintf(source, sizeof source, "%s", p->d->origin);
    value->text = mem_strdup(text);
    value->source = mem_strdup(source);
    if (!value->text || !value->source) {
        p->rc = ENVOI_E_MEMORY;
        p->guard.stop = true;
    }
}

/* The handler of ini_parse_stream(). Returns 1, so that inih goes on; faults are kept in the struct parse. */
static int parse_take_pair(void *user, const char *section, const char *name, const char *text)
{
    struct parse *p = user;
    enum descriptor_key key = descriptor_key_of(name);
    char value[DESCRIPTOR_LINE_MAX + 3];
    const char *fault;

    if (key == KEY_COUNT) {
        if (strncmp(name, "x-", 2) != 0)
            parse_warn(p, "the key `%s` is unknown and ignored", name);
        return 1;
    }
    (void)snprintf(value, sizeof value, "%s", text);
    /* Lists may have commas. The rest of envoi knows lists with blanks only. */
    for (char *c = value; (key == KEY_PROVIDES || key == KEY_PREFER) && *c; c++)
        if (*c == ',')
            *c = ' ';
    if (p->d->value[key].text)
        parse_spoil(p, "%s: given twice", name);
    else if (!value[strspn(value, " \t")])
        parse_spoil(p, "%s: has no value", name);
    else if ((fault = keys[key].check(value)))
        parse_spoil(p, "%s: `%s` %s", name, value, fault);
    else
        parse_store(p, key, value);
    return 1;
}

static struct descriptor *descriptor_new(const char *id, const char *origin)
{
    struct descriptor *d = mem_zalloc(sizeof *d);

    if (!d)
        return NULL;
    (void)snprintf(d->id, sizeof d->id, "%s", id);
    if (!(d->origin = mem_strdup(origin))) {
        descriptor_free(d);
        return NULL;
    }
    text_make_printable(d->origin, strlen(d->origin), "");
    return d;
}

int descriptor_parse(const char *id, const char *origin, bool from_file, const char *text, size_t len,
                     descriptor_warn_fn *warn_fn, void *ctx, struct descriptor **out)
{
    struct parse p = {.from_file = from_file, .warn = warn_fn, .ctx = ctx, .rc = ENVOI_OK};
    int rc;

    *out = NULL;
    if (!(p.d = descriptor_new(id, origin)))
        return ENVOI_E_MEMORY;
    ini_guard_begin(&p.guard, text, len);
    p.guard.line_max = DESCRIPTOR_LINE_MAX;
    p.guard.form = NOT_A_PAIR;
    if (len > DESCRIPTOR_TEXT_MAX)
        parse_spoil(&p, "the file is too long");
    /* The guard stops at each line that inih would complain of. If inih complains all the same, the file is not used.
     * */
    rc = ini_parse_stream(ini_guard_next, &p.guard, parse_take_pair, &p);
    if (p.guard.fault || rc > 0)
        parse_spoil(&p, "%s", p.guard.fault ? p.guard.fault : NOT_A_PAIR);
    else if (rc < 0)
        p.rc = ENVOI_E_MEMORY;
    if (p.rc) {
        descriptor_free(p.d);
        return p.rc;
    }
    *out = p.d;
    return ENVOI_OK;
}

int descriptor_new_bad(const char *id, const char *origin, const char *bad, struct descriptor **out)
{
    struct descriptor *d = descriptor_new(id, origin);

    *out = NULL;
    if (!d || !(d->bad = mem_strdup(bad))) {
        descriptor_free(d);
        return ENVOI_E_MEMORY;
    }
    *out = d;
    return ENVOI_OK;
}

void descriptor_drop(struct descriptor *d, enum descriptor_key key)
{
    mem_free(d->value[key].text);
    mem_free(d->value[key].source);
    d->value[key] = (struct descriptor_value){0};
}

void descriptor_free(struct descriptor *d)
{
    if (!d)
        return;
    for (enum descriptor_key key = 0; key < KEY_COUNT; key++)
        descriptor_drop(d, key);
    mem_free(d->origin);
    mem_free(d->bad);
    mem_free(d);
}

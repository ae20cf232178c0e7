/* SPDX-License-Identifier: MIT */
#include "accounts/file.h"

#include "accounts/exit_code.h"
#include "accounts/fault.h"
#include "base/ini_guard.h"
#include "portable/environment.h"
#include "portable/memory.h"

#include <envoi/envoi.h>
#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <poll.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- sections ---- */

const struct section *file_section(const struct sections *sections, const char *name)
{
    for (size_t i = 0; i < sections->count; i++)
        if (!strcmp(sections->items[i].name, name))
            return &sections->items[i];
    return NULL;
}

static void section_clear(struct section *section)
{
    free(section->name);
    free(section->place);
    values_free(&section->values);
}

void file_free(struct sections *sections)
{
    for (size_t i = 0; i < sections->count; i++)
        section_clear(&sections->items[i]);
    free(sections->items);
    *sections = (struct sections){0};
}

static int sections_add(struct sections *sections, const char *name, const char *place)
{
    struct section *items = memory_resize(sections->items, sections->count + 1, sizeof *items);
    struct section section = {.name = strdup(name), .place = strdup(place)};

    if (items)
        sections->items = items;
    if (!items || !section.name || !section.place) {
        section_clear(&section);
        return -1;
    }
    items[sections->count++] = section;
    return 0;
}

/* ---- one line ---- */

/* The state of a parse. inih calls parse_line() for each line, or part of a long one, and parse_pair() for each pair.
 * */
struct parse {
    struct ini_guard guard;
    const char *path;
    struct sections *sections;
    size_t section;                    /* the index of that of this line */
    char name[INI_GUARD_NAME_MAX + 2]; /* of the pair that is not complete yet; "": there is none */
    char value[FILE_LINE_MAX + 1];
    size_t len;
    unsigned line;
    char *place; /* of that line */
    struct fault *fault;
    int rc;
};

/* Stores the fault of the line `p->line` and ends the parse. */
__attribute__((format(printf, 2, 3))) static void parse_refuse(struct parse *p, const char *format, ...)
{
    char text[1024];
    va_list args;

    p->guard.stop = true;
    if (p->rc)
        return;
    va_start(args, format);
    text_mark_cut(text, sizeof text, vsnprintf(text, sizeof text, format, args));
    va_end(args);
    p->rc = fault_set(p->fault, EXIT_CONFIG, ENVOI_E_USAGE, "%s:%u: %s", p->path, p->line, text);
}

static void parse_exhausted(struct parse *p)
{
    p->guard.stop = true;
    p->rc = fault_memory(p->fault);
}

#define BROKER_SECRETS "broker-password-file = FILE, broker-password-command = COMMAND, or broker-credential = ID"

/* Where to put what must not stand in the file. */
static const struct {
    const char *name;
    unsigned where; /* PLACE_* */
    const char *instead;
} secrets[] = {
    {"password", PLACE_ANY, "password-command = COMMAND, or password-file = FILE"},
    {"passphrase", PLACE_ANY, "passphrase-file = FILE"},
    {"token", PLACE_ANY, "token-command = COMMAND, or token-file = FILE"},
    {"password", PLACE_WORKER, BROKER_SECRETS},
    {"broker-password", PLACE_ANY | PLACE_WORKER, "in [" FILE_WORKER "] " BROKER_SECRETS},
};

/* Is `name` the same as `begin`, or with -env behind it? */
static int is_or_env(const char *name, const char *begin)
{
    size_t len = strlen(begin);

    return !strncmp(name, begin, len) && (!name[len] || !strcmp(name + len, "-env"));
}

/* Where the line stands. */
static unsigned parse_place(const struct parse *p)
{
    if (!p->section)
        return PLACE_TOP;
    return strcmp(p->sections->items[p->section].name, FILE_WORKER) != 0 ? PLACE_ACCOUNT : PLACE_WORKER;
}

static void parse_refuse_key(struct parse *p)
{
    unsigned here = parse_place(p);
    enum key key = vocabulary_key(p->name), nearest = vocabulary_nearest(p->name, here);

    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++)
        if ((secrets[i].where & here) && is_or_env(p->name, secrets[i].name)) {
            parse_refuse(p, "%s: no secret stands in this file or in the environment; say %s", p->name,
                         secrets[i].instead);
            return;
        }
    if (key != KEY_COUNT)
        parse_refuse(p, "the key `%s` is known from version %s on; this is %s", p->name, vocabulary_word(key)->since,
                     ENVOI_VERSION);
    else if (nearest != KEY_COUNT)
        parse_refuse(p, "the key `%s` is unknown; is it `%s`?", p->name, vocabulary_word(nearest)->name);
    else
        parse_refuse(p, "the key `%s` is unknown; accounts.conf(5) has all of them", p->name);
}

/* The key that p->name means; KEY_COUNT after a fault. */
static enum key parse_key(struct parse *p, int *from_variable)
{
    size_t len = strlen(p->name);
    enum key key = vocabulary_key(p->name);
    char name[sizeof p->name];

    *from_variable = len > 4 && !strcmp(p->name + len - 4, "-env");
    if (*from_variable) {
        (void)snprintf(name, sizeof name, "%.*s", (int)len - 4, p->name);
        key = vocabulary_key(name);
        /* What is said for one section alone is said in the file alone. */
        if (key != KEY_COUNT &&
            (vocabulary_word(key)->group == GROUP_FILE || (vocabulary_word(key)->place & PLACE_ANY) == PLACE_ACCOUNT))
            key = KEY_COUNT;
    }
    if (key != KEY_COUNT && vocabulary_is_known(key))
        return key;
    parse_refuse_key(p);
    return KEY_COUNT;
}

static const char *place_fault(enum key key, unsigned here)
{
    unsigned place = vocabulary_word(key)->place;

    if (place & here)
        return NULL;
    if (place == PLACE_TOP)
        return "it stands before the first section";
    if (place == PLACE_WORKER)
        return "it stands in the section [" FILE_WORKER "]";
    if (here == PLACE_WORKER)
        return "it is a key of accounts, and [" FILE_WORKER "] is none; accounts.conf(5) has the keys of both";
    return "it is said for each account by itself, in its section";
}

static int is_variable(const char *name)
{
    static const char letters[] = "_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

    return !(*name >= '0' && *name <= '9') && strspn(name, letters) == strlen(name);
}

/* Reports a second value, and the second source of a secret. */
static void parse_check_twice(struct parse *p, enum key key, const struct values *values)
{
    const struct word *word = vocabulary_word(key);

    for (size_t i = 0; i < values->count && key != KEY_INCLUDE; i++) {
        const struct value *other = &values->items[i];

        if (other->key == key)
            parse_refuse(p, "%s: given twice; the first is at %s", p->name, other->place);
        else if (word->slot != KEY_COUNT && vocabulary_word(other->key)->slot == word->slot)
            parse_refuse(p, "%s and %s exclude one another; the other is at %s", p->name,
                         vocabulary_word(other->key)->name, other->place);
    }
}

/* Returns the path with the home directory instead of "~", or relative to the file that names it. NULL after a fault.
 * */
static char *path_of(struct parse *p, const char *value)
{
    const char *slash = strrchr(p->path, '/');
    int from_home = !strncmp(value, "~/", 2);
    char *home = from_home ? file_home() : NULL, *path = NULL;
    size_t folder = 0;

    if (from_home && !home && errno == ENOENT) {
        parse_refuse(p, "%s: the home directory is not known", p->name);
        return NULL;
    }
    if (home)
        folder = strlen(home);
    else if (*value != '/' && slash)
        folder = (size_t)(slash - p->path) + 1;
    if (from_home != (home != NULL) ||
        memory_print(&path, "%.*s%s", (int)folder, home ? home : p->path, value + from_home) < 0)
        path = NULL;
    free(home);
    if (!path)
        parse_exhausted(p);
    return path;
}

static void parse_store(struct parse *p, const struct value *value)
{
    struct values *values = &p->sections->items[p->section].values;
    int path = vocabulary_word(value->key)->kind == KIND_PATH && !value->from_variable;
    struct value stored = *value;
    size_t before = values->count;

    if (path && !(stored.text = path_of(p, value->text)))
        return;
    if (value->from_variable ? values_add_copy(values, &stored) : values_add_parts(values, &stored))
        parse_exhausted(p);
    else if (values->count == before)
        parse_refuse(p, "%s: the list is empty", p->name);
    if (path)
        free(stored.text);
}

/* Takes the pair that is complete now. */
static void parse_take(struct parse *p)
{
    struct value value = {.text = p->value, .place = p->place};
    char shown[TEXT_QUOTED];
    const char *wrong = NULL;

    if (!*p->name || p->rc)
        return;
    value.key = parse_key(p, &value.from_variable);
    if (p->rc)
        return;
    parse_check_twice(p, value.key, &p->sections->items[p->section].values);
    if ((wrong = place_fault(value.key, parse_place(p))))
        parse_refuse(p, "%s: %s", p->name, wrong);
    else if (!*p->value)
        parse_refuse(p, "%s: has no value", p->name);
    else if (value.from_variable && !is_variable(p->value))
        parse_refuse(p, "%s: %s is not the name of an environment variable", p->name, text_quote(p->value, shown));
    else if (vocabulary_word(value.key)->kind != KIND_COMMAND && strstr(p->value, " #"))
        parse_refuse(p, "%s: %s: a # behind a value is no comment; comments have lines of their own", p->name,
                     vocabulary_quote(value.key, p->value, shown));
    else if (!value.from_variable && (wrong = vocabulary_fault(value.key, p->value)))
        parse_refuse(p, "%s: %s: %s", p->name, vocabulary_quote(value.key, p->value, shown), wrong);
    if (!p->rc)
        parse_store(p, &value);
    *p->name = '\0';
}

/* The handler of ini_parse_stream(). Returns 1, so that inih goes on; faults are kept in the struct parse. */
static int parse_pair(void *user, const char *section, const char *name, const char *value)
{
    struct parse *p = user;
    size_t len = strlen(value);

    (void)section;
    if (!p->guard.continues) {
        parse_take(p);
        p->len = 0;
        (void)snprintf(p->name, sizeof p->name, "%s", name);
        p->line = p->guard.line;
        free(p->place);
        if (memory_print(&p->place, "%s:%u", p->path, p->line) < 0) {
            p->place = NULL;
            parse_exhausted(p);
        }
    }
    if (p->len + len <= FILE_LINE_MAX) {
        memcpy(p->value + p->len, value, len + 1);
        p->len += len;
    }
    return 1;
}

static const char *name_fault(const char *name)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._@+-";

    if (*name == '-' || strspn(name, letters) != strlen(name))
        return "the name of an account has letters, digits and any of ._@+- but begins with no -";
    return NULL;
}

/* `line` is "[name]". */
static void parse_section(struct parse *p, const char *line)
{
    char name[INI_GUARD_NAME_MAX + 1], place[1024];
    const struct section *other;
    const char *wrong;

    parse_take(p);
    p->line = p->guard.line;
    (void)snprintf(name, sizeof name, "%.*s", (int)strcspn(line + 1, "]"), line + 1);
    (void)snprintf(place, sizeof place, "%s:%u", p->path, p->line);
    other = file_section(p->sections, name);
    if (other && !strcmp(other->place, place))
        parse_refuse(p, "[%s]: the file is included more than once", name);
    else if (other)
        parse_refuse(p, "there is a section [%s] already, at %s", name, other->place);
    else if ((wrong = name_fault(name)))
        parse_refuse(p, "[%s]: %s", name, wrong);
    else if (sections_add(p->sections, name, place))
        parse_exhausted(p);
    else
        p->section = p->sections->count - 1;
}

/* The reader of ini_parse_stream(). */
static char *parse_line(char *str, int num, void *stream)
{
    struct parse *p = stream;
    char *line = ini_guard_next(str, num, &p->guard);

    if (line && *line == '[' && !p->guard.continues)
        parse_section(p, line);
    return line;
}

int file_parse(const char *path, const char *text, size_t len, struct sections *sections, struct fault *fault)
{
    static const char form[] = "the line is neither `key = value` nor `[name]`";
    struct parse *p = calloc(1, sizeof *p);
    int rc;

    if (!p || (!sections->count && sections_add(sections, "", path))) {
        free(p);
        return fault_memory(fault);
    }
    p->path = path;
    p->sections = sections;
    p->fault = fault;
    ini_guard_begin(&p->guard, text, len);
    p->guard.line_max = FILE_LINE_MAX;
    p->guard.form = form;
    p->guard.equals = true;
    rc = ini_parse_stream(parse_line, p, parse_pair, p);
    parse_take(p);
    p->line = p->guard.line;
    /* The guard stops at each line that inih would complain of. If inih complains all the same, the file is not used.
     * */
    if (p->guard.fault || rc > 0)
        parse_refuse(p, "%s", p->guard.fault ? p->guard.fault : form);
    else if (rc < 0)
        parse_exhausted(p);
    rc = p->rc;
    free(p->place);
    free(p);
    return rc;
}

/* ---- files ---- */

char *file_home(void)
{
    const char *home = environment_get("HOME");
    const struct passwd *user;
    struct stat status;

    /* After sudo it may be somebody else's, or "/". */
    if (home && *home == '/' && home[1] && !stat(home, &status) && status.st_uid == geteuid())
        return strdup(home);
    user = getpwuid(geteuid());
    if (user && user->pw_dir && *user->pw_dir == '/')
        return strdup(user->pw_dir);
    errno = ENOENT;
    return NULL;
}

static int refuse_file(struct fault *fault, const char *path, const struct stat *status, const char *why)
{
    return fault_set(fault, EXIT_CONFIG, ENVOI_E_SYSTEM,
                     "%s: %s; its owner is uid %lu, its mode is %04o, and this is uid %lu", path, why,
                     (unsigned long)status->st_uid, (unsigned)status->st_mode & 07777u, (unsigned long)geteuid());
}

static int refuse_unread(struct fault *fault, const char *path, int error)
{
    struct stat status;
    char why[128];

    (void)snprintf(why, sizeof why, "cannot be read: %s", strerror(error));
    if (!stat(path, &status))
        return refuse_file(fault, path, &status, why);
    return fault_set(fault, EXIT_CONFIG, ENVOI_E_SYSTEM, "%s: %s; this is uid %lu", path, why,
                     (unsigned long)geteuid());
}

/* Who could have written it? */
static const char *owner_fault(const struct stat *status)
{
    if (!S_ISREG(status->st_mode) && !S_ISFIFO(status->st_mode))
        return "it is no file";
    if (status->st_uid != 0 && status->st_uid != geteuid())
        return "it belongs to another user, who could change where your mail goes";
    if (status->st_mode & (S_IWGRP | S_IWOTH))
        return "others may write to it; run: chmod go-w";
    return NULL;
}

/* Reads to the end. Returns the text, or NULL with errno: EFBIG. The caller frees it. */
static char *read_to_end(int fd, size_t *len)
{
    size_t cap = 8192, have = 0;
    char *text = malloc(cap), *more;
    ssize_t n;

    while (text) {
        n = read(fd, text + have, cap - have);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        have += (size_t)n;
        if (have > FILE_TEXT_MAX) {
            errno = EFBIG;
            n = -1;
            break;
        }
        if (have < cap)
            continue;
        cap *= 2;
        if (!(more = realloc(text, cap)))
            free(text);
        text = more;
    }
    if (text && n < 0) {
        free(text);
        text = NULL;
    }
    *len = have;
    return text;
}

/* The file was opened without waiting, because a pipe of somebody else may never have a writer. */
static int wait_for_writer(int fd, const struct stat *status)
{
    struct pollfd ready = {.fd = fd, .events = POLLIN};

    if (!S_ISFIFO(status->st_mode))
        return 0;
    while (poll(&ready, 1, -1) < 0)
        if (errno != EINTR)
            return -1;
    return fcntl(fd, F_SETFL, 0);
}

/* Reads the octets of a file that nobody else could have written. *text NULL: it is not there, and may be missing. */
static int read_text(const char *path, int may_be_missing, char **text, size_t *len, struct fault *fault)
{
    struct stat status = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    const char *wrong = NULL;
    int rc = 0, known;

    *text = NULL;
    if (fd < 0 && may_be_missing && (errno == ENOENT || errno == ENOTDIR))
        return 0;
    if (fd < 0)
        return refuse_unread(fault, path, errno);
    known = !fstat(fd, &status);
    if (known)
        wrong = owner_fault(&status);
    if (wrong)
        rc = refuse_file(fault, path, &status, wrong);
    else if (!known || wait_for_writer(fd, &status) || !(*text = read_to_end(fd, len)))
        rc = refuse_unread(fault, path, errno);
    close(fd);
    return rc;
}

static int read_at_depth(const char *path, int may_be_missing, unsigned depth, struct sections *sections,
                         struct fault *fault)
{
    size_t begin = sections->count ? sections->items[0].values.count : 0;
    size_t len = 0, end;
    char *text;
    int rc = read_text(path, may_be_missing, &text, &len, fault);

    if (rc || !text)
        return rc;
    rc = file_parse(path, text, len, sections, fault);
    free(text);
    if (rc)
        return rc;
    end = sections->items[0].values.count;
    for (size_t i = begin; !rc && i < end; i++) {
        const struct value *value = &sections->items[0].values.items[i];
        char *included;

        if (value->key != KEY_INCLUDE)
            continue;
        if (depth == FILE_DEPTH_MAX)
            return fault_set(fault, EXIT_CONFIG, ENVOI_E_USAGE, "%s: include: more than %d files include one another",
                             value->place, FILE_DEPTH_MAX);
        /* The values move while others are added. */
        if (!(included = strdup(value->text)))
            return fault_memory(fault);
        rc = read_at_depth(included, 0, depth + 1, sections, fault);
        free(included);
    }
    return rc;
}

int file_read(const char *path, int may_be_missing, struct sections *sections, struct fault *fault)
{
    return read_at_depth(path, may_be_missing, 0, sections, fault);
}

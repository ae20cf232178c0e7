/* SPDX-License-Identifier: MIT */
#include "accounts/accounts.h"

#include "accounts/exit_code.h"
#include "accounts/fault.h"
#include "accounts/file.h"
#include "portable/environment.h"
#include "portable/memory.h"

#include <ctype.h>
#include <envoi/envoi.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct accounts {
    /* The user's file and the system's. An account of the first replaces the whole one of the second. */
    struct sections users, systems;
    struct account *items;
    size_t count;
    char *files; /* their names, for errors */
};

/* ---- files ---- */

const char *accounts_system_file(void)
{
    return ENVOI_ACCOUNTS_FILE;
}

/* $XDG_CONFIG_HOME if it is the user's, or is not there yet; after sudo it may be somebody else's. */
static const char *config_home(void)
{
    const char *config = getenv("XDG_CONFIG_HOME");
    struct stat status;

    if (!config || *config != '/')
        return NULL;
    return stat(config, &status) || status.st_uid == geteuid() ? config : NULL;
}

char *accounts_user_file(void)
{
    const char *config;
    char *home, *path = NULL;

    if (environment_is_foreign())
        return NULL;
    if ((config = config_home()))
        return memory_print(&path, "%s/envoi/accounts.conf", config) < 0 ? NULL : path;
    home = file_home();
    if (home && memory_print(&path, "%s/.config/envoi/accounts.conf", home) < 0)
        path = NULL;
    free(home);
    return path;
}

static int is_worker(const char *name)
{
    return !strcmp(name, FILE_WORKER);
}

static int accounts_add(struct accounts *accounts, const struct section *section, int is_users)
{
    struct account *items;

    if (is_worker(section->name))
        return 0;
    if (!(items = memory_resize(accounts->items, accounts->count + 1, sizeof *items)))
        return -1;
    accounts->items = items;
    items[accounts->count++] = (struct account){section->name, section->place, is_users, section};
    return 0;
}

/* The value `lock = yes` of a section; NULL: it is not locked. */
static const struct value *lock_of(const struct section *section)
{
    const struct value *lock = values_find(&section->values, KEY_LOCK);

    return lock && vocabulary_flag(lock->text) ? lock : NULL;
}

/* Makes the list of accounts from the sections of both files. */
static int accounts_merge(struct accounts *accounts, struct fault *fault)
{
    for (size_t i = 1; i < accounts->users.count; i++) {
        const struct section *users = &accounts->users.items[i];
        const struct section *systems = file_section(&accounts->systems, users->name);
        const struct value *lock = systems ? lock_of(systems) : NULL;

        if (lock)
            return fault_set(fault, EXIT_CONFIG, ENVOI_E_USAGE,
                             "%s: the %s [%s] is the administrator's alone: it is locked at %s; %s", users->place,
                             is_worker(users->name) ? "section" : "account", users->name, lock->place,
                             is_worker(users->name) ? "take it out of this file" : "choose another name");
        if (accounts_add(accounts, users, 1))
            return fault_memory(fault);
    }
    for (size_t i = 1; i < accounts->systems.count; i++) {
        const struct section *systems = &accounts->systems.items[i];

        if (!file_section(&accounts->users, systems->name) && accounts_add(accounts, systems, 0))
            return fault_memory(fault);
    }
    return 0;
}

static int name_files(struct accounts *accounts, const struct accounts_files *files)
{
    const char *first = files->given ? files->given : files->user;
    const char *second = files->given ? NULL : files->system;

    if (memory_print(&accounts->files, "%s%s%s", first ? first : "", first && second ? " and " : "",
                     second ? second : "") < 0)
        accounts->files = NULL;
    return accounts->files ? 0 : -1;
}

static int check_default(const struct accounts *accounts, const struct sections *sections, struct fault *fault)
{
    const struct value *value = sections->count ? values_find(&sections->items[0].values, KEY_DEFAULT) : NULL;

    if (!value || accounts_find(accounts, value->text))
        return 0;
    return fault_set(fault, EXIT_CONFIG, ENVOI_E_USAGE, "%s: default: there is no account [%s]", value->place,
                     value->text);
}

int accounts_make(const struct accounts_files *files, struct sections *users, struct sections *systems,
                  struct accounts **out, struct fault *fault)
{
    struct accounts *accounts = calloc(1, sizeof *accounts);
    int rc;

    *out = NULL;
    if (!accounts) {
        file_free(users);
        file_free(systems);
        return fault_memory(fault);
    }
    accounts->users = *users;
    accounts->systems = *systems;
    *users = *systems = (struct sections){0};
    rc = name_files(accounts, files) ? fault_memory(fault) : accounts_merge(accounts, fault);
    if (!rc)
        rc = check_default(accounts, &accounts->users, fault);
    if (!rc)
        rc = check_default(accounts, &accounts->systems, fault);
    if (rc)
        accounts_free(accounts);
    else
        *out = accounts;
    return rc;
}

int accounts_read(const struct accounts_files *files, struct accounts **out, struct fault *fault)
{
    struct sections users = {0}, systems = {0};
    int rc = 0;

    *out = NULL;
    if (files->given)
        rc = file_read(files->given, 0, &users, fault);
    else if (files->system)
        rc = file_read(files->system, 1, &systems, fault);
    if (!rc && !files->given && files->user)
        rc = file_read(files->user, 1, &users, fault);
    if (!rc)
        return accounts_make(files, &users, &systems, out, fault);
    file_free(&users);
    file_free(&systems);
    return rc;
}

int accounts_open(const char *file, struct accounts **out, struct fault *fault)
{
    struct accounts_files files = {.given = file, .system = ENVOI_ACCOUNTS_FILE};
    char *user = accounts_user_file();
    int rc;

    files.user = user;
    rc = accounts_read(&files, out, fault);
    free(user);
    return rc;
}

void accounts_free(struct accounts *accounts)
{
    if (!accounts)
        return;
    file_free(&accounts->users);
    file_free(&accounts->systems);
    free(accounts->items);
    free(accounts->files);
    free(accounts);
}

size_t accounts_count(const struct accounts *accounts)
{
    return accounts->count;
}

const struct account *accounts_at(const struct accounts *accounts, size_t index)
{
    return &accounts->items[index];
}

const struct account *accounts_find(const struct accounts *accounts, const char *name)
{
    for (size_t i = 0; i < accounts->count; i++)
        if (!strcmp(accounts->items[i].name, name))
            return &accounts->items[i];
    return NULL;
}

void accounts_keep_locked(struct accounts *accounts)
{
    size_t kept = 0;

    for (size_t i = 0; i < accounts->count; i++)
        if (lock_of(accounts->items[i].section))
            accounts->items[kept++] = accounts->items[i];
    accounts->count = kept;
}

/* ---- the choice of one ---- */

/* Writes the names of all accounts, or of those that are marked. */
static void list_names(const struct accounts *accounts, const char *marked, char *room, size_t cap)
{
    size_t len = 0;
    int n;

    *room = '\0';
    for (size_t i = 0; i < accounts->count && len < cap; i++) {
        if (marked && !marked[i])
            continue;
        n = snprintf(room + len, cap - len, "%s%s", len ? ", " : "", accounts->items[i].name);
        len += n > 0 ? (size_t)n : 0;
    }
    text_mark_cut(room, cap, (int)len);
}

static int choose_name(const struct accounts *accounts, const char *name, const char *by, struct choice *choice,
                       struct fault *fault)
{
    char names[1024], shown[TEXT_QUOTED];

    choice->account = accounts_find(accounts, name);
    (void)snprintf(choice->why, sizeof choice->why, "%s names it", by);
    if (choice->account)
        return 0;
    text_quote(name, shown);
    if (!accounts->count)
        return fault_set(fault, EXIT_CONFIG, ENVOI_E_USAGE, "%s: there is no account %s, and none at all in %s", by,
                         shown, accounts->files);
    list_names(accounts, NULL, names, sizeof names);
    return fault_set(fault, EXIT_CONFIG, ENVOI_E_USAGE, "%s: there is no account %s; there are: %s", by, shown, names);
}

/* In a pattern * and ? are special, and "[" is not: it begins an address in brackets, such as me@[192.0.2.1]. */
static int fits(const char *pattern, const char *address)
{
    char escaped[2 * FILE_LINE_MAX + 1], small[FILE_LINE_MAX];
    size_t len = 0, i = 0;

    for (; *pattern && len < sizeof escaped - 2; pattern++) {
        if (strchr("[\\", *pattern))
            escaped[len++] = '\\';
        escaped[len++] = (char)tolower((unsigned char)*pattern);
    }
    escaped[len] = '\0';
    for (; i < sizeof small - 1 && address[i]; i++)
        small[i] = (char)tolower((unsigned char)address[i]);
    small[i] = '\0';
    return !*pattern && !address[i] && !fnmatch(escaped, small, 0);
}

/* How well the values of `from` have an address: 2 they name it, 1 by a pattern, 0 not at all. *by: the value that says
 * so. */
static int from_has(const struct values *values, const char *address, const struct value **by)
{
    int best = 0;

    for (const struct value *v = values_find(values, KEY_FROM); v; v = values_next(values, v)) {
        int exact = !strcasecmp(v->text, address);
        int level = exact ? 2 : fits(v->text, address);

        if (level > best) {
            best = level;
            *by = v;
        }
    }
    return best;
}

/* The address of "Name <a@b>"; room is as long as it at least. */
static const char *bare(const char *sender, char *room)
{
    const char *begin = strrchr(sender, '<');
    size_t len = begin ? strlen(begin) : 0;

    if (len < 2 || begin[len - 1] != '>')
        return sender;
    memcpy(room, begin + 1, len - 2);
    room[len - 2] = '\0';
    return room;
}

/* Chooses by the sender. If nobody serves it, choice->account stays NULL. `marks` is as long as the accounts. */
static int choose_served(const struct accounts *accounts, const char *address, char *marks, struct choice *choice,
                         struct fault *fault)
{
    char names[1024], shown[TEXT_QUOTED];
    size_t found = 0;
    int best = 1;

    for (size_t i = 0; i < accounts->count; i++) {
        const struct value *by = NULL;
        /* Not by one that it has from another account, which serves the address itself. */
        int level = from_has(&accounts->items[i].section->values, address, &by);

        marks[i] = (char)level;
        if (level < best)
            continue;
        found = level > best ? 1 : found + 1;
        best = level;
        choice->account = &accounts->items[i];
        (void)snprintf(choice->why, sizeof choice->why, "it serves %s: from = %s at %s", text_quote(address, shown),
                       by->text, by->place);
    }
    if (found <= 1)
        return 0;
    for (size_t i = 0; i < accounts->count; i++)
        marks[i] = marks[i] == best;
    list_names(accounts, marks, names, sizeof names);
    return fault_set(fault, EXIT_CONFIG, ENVOI_E_USAGE, "several accounts serve %s: %s; --account says which",
                     text_quote(address, shown), names);
}

static int choose_by_sender(const struct accounts *accounts, const char *sender, struct choice *choice,
                            struct fault *fault)
{
    char *marks = calloc(accounts->count + 1, 1), *room = malloc(strlen(sender) + 1);
    int rc;

    if (marks && room)
        rc = choose_served(accounts, bare(sender, room), marks, choice, fault);
    else
        rc = fault_memory(fault);
    free(marks);
    free(room);
    return rc;
}

static int choose_default(const struct accounts *accounts, struct choice *choice, struct fault *fault)
{
    const struct sections *const files[] = {&accounts->users, &accounts->systems};
    char names[1024];

    for (size_t i = 0; i < 2; i++) {
        const struct value *value = files[i]->count ? values_find(&files[i]->items[0].values, KEY_DEFAULT) : NULL;

        if (!value)
            continue;
        choice->account = accounts_find(accounts, value->text);
        (void)snprintf(choice->why, sizeof choice->why, "it is the default, by %s", value->place);
        return 0;
    }
    if (accounts->count == 1) {
        choice->account = &accounts->items[0];
        (void)snprintf(choice->why, sizeof choice->why, "it is the only account");
    }
    if (accounts->count < 2)
        return 0;
    list_names(accounts, NULL, names, sizeof names);
    return fault_set(fault, EXIT_CONFIG, ENVOI_E_USAGE,
                     "which account? There are: %s; --account says which, or default = NAME in %s", names,
                     accounts->files);
}

int accounts_choose(const struct accounts *accounts, const char *name, const char *sender, struct choice *choice,
                    struct fault *fault)
{
    const char *variable = environment_get("ENVOI_ACCOUNT");
    int rc = 0;

    *choice = (struct choice){0};
    if (name)
        return choose_name(accounts, name, "--account", choice, fault);
    if (variable && *variable)
        return choose_name(accounts, variable, "$ENVOI_ACCOUNT", choice, fault);
    if (sender && *sender)
        rc = choose_by_sender(accounts, sender, choice, fault);
    return rc || choice->account ? rc : choose_default(accounts, choice, fault);
}

/* ---- the values of one ---- */

/* The account that a section is like; NULL after a failure. An account of the system is like another of the system, so
 * that no user's file changes it. */
static const struct section *like_of(const struct accounts *accounts, const struct value *like, int *is_users,
                                     struct fault *fault)
{
    const struct section *section = *is_users ? file_section(&accounts->users, like->text) : NULL;

    if (!section) {
        *is_users = 0;
        section = file_section(&accounts->systems, like->text);
    }
    if (!section || !*section->name || is_worker(section->name)) {
        fault_set(fault, EXIT_CONFIG, ENVOI_E_USAGE, "%s: like: there is no account [%s]", like->place, like->text);
        return NULL;
    }
    return section;
}

/* Takes the values before the first section of a file. */
static int take_top(const struct sections *sections, struct values *values)
{
    return sections->count ? values_take(values, &sections->items[0].values, 0) : 0;
}

static int collect(const struct accounts *accounts, const struct account *account, struct values *own,
                   struct fault *fault)
{
    const struct section *section = account->section;
    int is_users = account->is_users;

    for (size_t i = 0; i < section->values.count; i++)
        if (values_add_copy(own, &section->values.items[i]))
            return fault_memory(fault);
    for (unsigned depth = 0;; depth++) {
        const struct value *like = values_find(&section->values, KEY_LIKE);

        if (!like)
            break;
        if (depth == FILE_DEPTH_MAX)
            return fault_set(fault, EXIT_CONFIG, ENVOI_E_USAGE, "%s: like: more than %d accounts are like one another",
                             like->place, FILE_DEPTH_MAX);
        if (!(section = like_of(accounts, like, &is_users, fault)))
            return fault->exit;
        if (values_take(own, &section->values, 0))
            return fault_memory(fault);
    }
    if (account->is_users && take_top(&accounts->users, own))
        return fault_memory(fault);
    return !is_users && take_top(&accounts->systems, own) ? fault_memory(fault) : 0;
}

int accounts_values(const struct accounts *accounts, const struct account *account, struct values *values,
                    struct fault *fault)
{
    struct values own = {0};
    int rc = collect(accounts, account, &own, fault);

    if (!rc)
        rc = values_read_variables(&own, fault);
    if (!rc && values_take(values, &own, 1))
        rc = fault_memory(fault);
    values_free(&own);
    return rc;
}

int accounts_worker(const struct accounts *accounts, struct values *values, struct fault *fault)
{
    const struct section *section = file_section(&accounts->users, FILE_WORKER);

    if (!section && !(section = file_section(&accounts->systems, FILE_WORKER)))
        return fault_set(fault, EXIT_CONFIG, ENVOI_E_USAGE,
                         "there is no section [" FILE_WORKER "] in %s; it names the broker, such as "
                         "broker = amqps://broker.example.org/mail",
                         accounts->files);
    for (size_t i = 0; i < section->values.count; i++)
        if (values_add_copy(values, &section->values.items[i]))
            return fault_memory(fault);
    return values_read_variables(values, fault);
}

int accounts_allows(const struct values *values, const char *sender)
{
    const struct value *by;

    return !values_find(values, KEY_FROM) || from_has(values, sender, &by) > 0 ||
           from_has(values, ACCOUNTS_FROM_HEADER, &by) == 2;
}

const char *accounts_sender(const struct values *values)
{
    for (const struct value *v = values_find(values, KEY_FROM); v; v = values_next(values, v))
        if (!strpbrk(v->text, "*?") && strcmp(v->text, ACCOUNTS_FROM_HEADER) != 0)
            return v->text;
    return NULL;
}

/* SPDX-License-Identifier: MIT */
#include "configure/import.h"

#include "accounts/exit_code.h"
#include "accounts/fault.h"
#include "accounts/file.h"
#include "accounts/secret.h"
#include "accounts/vocabulary.h"
#include "configure/stanza.h"
#include "portable/memory.h"

#include <ctype.h>
#include <envoi/envoi.h>
#include <errno.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct import_dialect *const dialects[] = {&import_msmtp, &import_ssmtp, &import_esmtp, &import_git};
#define DIALECTS (sizeof dialects / sizeof dialects[0])

const struct import_dialect *import_dialect_of(const char *name)
{
    for (size_t i = 0; i < DIALECTS; i++)
        if (!strcmp(dialects[i]->name, name))
            return dialects[i];
    return NULL;
}

/* ---- for dialects ---- */

char *import_trim(char *text)
{
    size_t len;

    text += strspn(text, " \t\r");
    for (len = strlen(text); len && strchr(" \t\r", text[len - 1]); len--)
        text[len - 1] = '\0';
    return text;
}

char *import_line(char **rest)
{
    char *line = strsep(rest, "\n");

    return line ? import_trim(line) : NULL;
}

int import_yes(const char *text)
{
    static const char *const words[] = {"", "yes", "on", "true", "1", "enabled", "required"};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strcasecmp(text, words[i]))
            return 1;
    return 0;
}

/* A word of the file in a note: its printable octets, and not many of them. */
static void import_put_word(FILE *notes, const char *word)
{
    for (int n = 0; *word && n < 60; word++, n++)
        fputc(isprint((unsigned char)*word) ? *word : '?', notes);
}

void import_note(struct imported *i, int line, const char *name, const char *format, ...)
{
    va_list args;

    fprintf(i->notes, "%s:%d: ", i->path, line);
    import_put_word(i->notes, name);
    fputs(": ", i->notes);
    va_start(args, format);
    vfprintf(i->notes, format, args);
    va_end(args);
    fputc('\n', i->notes);
}

struct import_old *import_find(struct imported *i, const char *name)
{
    for (size_t n = 0; n < i->old_count; n++)
        if (!strcmp(i->old[n].name, name))
            return &i->old[n];
    return NULL;
}

struct import_old *import_begin(struct imported *i, int line, const char *name, const struct import_old *like)
{
    struct import_old *old;

    if (i->old_count == IMPORT_ACCOUNTS_MAX)
        return NULL;
    old = &i->old[i->old_count++];
    *old = *like;
    old->line = line;
    snprintf(old->name, sizeof old->name, "%s", name);
    return old;
}

void import_set(struct imported *i, const struct import_dialect *dialect, struct import_old *old, int line,
                const char *name, const char *value)
{
    const struct import_rule *rule = dialect->rules;

    while (rule->name && (dialect->ignores_case ? strcasecmp : strcmp)(rule->name, name) != 0)
        rule++;
    if (!rule->name) {
        import_note(i, line, name, "is no setting that is known here; it is not carried over");
        return;
    }
    if (rule->field == IMPORT_NONE) {
        if (rule->why)
            import_note(i, line, name, "is not carried over: %s", rule->why);
        return;
    }
    old->text[rule->field] = value;
    old->lines[rule->field] = line;
}

/* ---- from the old settings to keys ---- */

/* The name of a section: the octets that accounts.conf and the names of files take. */
static void import_clean_name(const char *name, char room[128])
{
    size_t n = 0;

    for (; *name && n < 40; name++) {
        int good = isalnum((unsigned char)*name) || strchr("-_+@", *name) || (*name == '.' && n);

        room[n++] = good && (unsigned char)*name < 0x80 ? *name : '-';
    }
    room[n] = '\0';
    if (!n || *room == '-')
        snprintf(room, 128, "imported");
    if (!strcmp(room, FILE_WORKER)) /* that section is no account */
        snprintf(room, 128, "account-" FILE_WORKER);
}

/* Adds a key with its value, or a note why not. Returns 1 if it was added. */
static int import_add(struct imported *i, struct import_account *a, const char *name, const char *value, int line)
{
    enum key key = vocabulary_key(name);
    const char *wrong;

    if ((wrong = vocabulary_fault(key, value)))
        import_note(i, line, name, "is not carried over: %s", wrong);
    else if (!stanza_holds(key, value))
        import_note(i, line, name, "accounts.conf cannot hold its value; it is not carried over");
    else if (values_add(&a->values, key, value, i->path))
        import_note(i, line, name, "out of memory");
    else
        return 1;
    return 0;
}

/* Settings that become a key of the same meaning. */
static const struct {
    enum import_field field;
    const char *key;
} direct[] = {
    {IMPORT_HELO, "helo"},       {IMPORT_SOURCE, "source"},     {IMPORT_CA, "ca"},         {IMPORT_CERT, "cert"},
    {IMPORT_KEY, "key"},         {IMPORT_TLS_NAME, "tls-name"}, {IMPORT_DOMAIN, "domain"}, {IMPORT_LOCAL, "local"},
    {IMPORT_ALIASES, "aliases"}, {IMPORT_LOG, "log"},
};

static const char *import_number_of_service(const char *service)
{
    static const struct {
        const char *name, *port;
    } services[] = {{"smtp", "25"}, {"submission", "587"}, {"submissions", "465"}, {"smtps", "465"}, {"ssmtp", "465"}};

    for (size_t n = 0; n < sizeof services / sizeof *services; n++)
        if (!strcasecmp(service, services[n].name))
            return services[n].port;
    return service;
}

/* "host:port" of a host that may have its port already. The other program's default is always written, because ours is
 * another. */
static void import_add_host(struct imported *i, const struct import_dialect *d, const struct import_old *old,
                            struct import_account *a)
{
    const char *host = old->text[IMPORT_HOST], *port = old->text[IMPORT_PORT], *colon = strrchr(host, ':');
    const char *tls = d->tls(old);
    int line = old->lines[IMPORT_HOST], bare_v6 = colon && strchr(host, ':') != colon && host[0] != '[';
    int has_port = colon && !bare_v6 && !(host[0] == '[' && strchr(colon, ']'));
    char room[512];

    if (!port || !*port)
        port = !strcmp(tls, "implicit") ? "465" : d->port;
    if (has_port)
        snprintf(room, sizeof room, "%.*s:%s", (int)(colon - host), host, import_number_of_service(colon + 1));
    else
        snprintf(room, sizeof room, bare_v6 ? "[%s]:%s" : "%s:%s", host, import_number_of_service(port));
    import_add(i, a, "host", room, line);
}

static void import_add_tls(struct imported *i, const struct import_dialect *d, const struct import_old *old,
                           struct import_account *a)
{
    const char *tls = d->tls(old), *check = old->text[IMPORT_CHECK];
    int line = old->lines[IMPORT_TLS] ? old->lines[IMPORT_TLS] : old->line;

    import_add(i, a, "tls", tls, line);
    if (check && !import_yes(check))
        import_note(i, old->lines[IMPORT_CHECK], "certificate",
                    "certificates are always checked; `envoi probe HOST` shows the key, and `pin` with `trust = pin` "
                    "trusts it");
}

static void import_add_login(struct imported *i, const struct import_dialect *d, const struct import_old *old,
                             struct import_account *a)
{
    const char *auth = old->text[IMPORT_AUTH], *command = old->text[IMPORT_PASSWORD_COMMAND];
    int is_token = auth && (!strcasecmp(auth, "oauthbearer") || !strcasecmp(auth, "xoauth2"));
    int line = old->lines[IMPORT_USER];
    char upper[64];
    size_t n = 0;

    if (!d->logs_in(old))
        return;
    if (auth && !import_yes(auth)) {
        for (; n < sizeof upper - 1 && auth[n]; n++)
            upper[n] = (char)toupper((unsigned char)auth[n]);
        upper[n] = '\0';
        import_add(i, a, "mechanism", upper, old->lines[IMPORT_AUTH]);
    }
    if (!old->text[IMPORT_USER] || !import_add(i, a, "user", old->text[IMPORT_USER], line))
        return;
    if (old->text[IMPORT_PASSWORD])
        a->password = old->text[IMPORT_PASSWORD];
    else if (command)
        import_add(i, a, is_token ? "token-command" : "password-command", command, old->lines[IMPORT_PASSWORD_COMMAND]);
    else if (d->keyless)
        import_add(i, a, d->keyless, "yes", line);
    if (!strcmp(d->tls(old), "off"))
        import_note(i, line, "user",
                    "without TLS a password is not sent in clear; if that must be, say "
                    "`allow-cleartext-auth = yes`");
}

/* set_from_header of msmtp: auto, on or off. */
static const char *import_from_rule(const char *word)
{
    if (!strcasecmp(word, "off"))
        return "never";
    return import_yes(word) ? "always" : "auto";
}

static void import_add_envelope(struct imported *i, const struct import_old *old, struct import_account *a)
{
    const char *from = old->text[IMPORT_FROM], *notify = old->text[IMPORT_NOTIFY], *ret = old->text[IMPORT_RET];
    char room[256];

    if (from && (!strchr(from, '@') || strchr(from, '%')))
        import_note(i, old->lines[IMPORT_FROM], "from", "is no address, and is not carried over");
    else if (from)
        import_add(i, a, "from", from, old->lines[IMPORT_FROM]);
    if (notify && strcasecmp(notify, "off") != 0) {
        snprintf(room, sizeof room, "NOTIFY=%.200s", notify);
        import_add(i, a, "rcpt-options", room, old->lines[IMPORT_NOTIFY]);
    }
    if (ret && strcasecmp(ret, "off") != 0) {
        snprintf(room, sizeof room, "RET=%s",
                 !strcasecmp(ret, "headers") || !strcasecmp(ret, "hdrs") ? "HDRS" : "FULL");
        import_add(i, a, "mail-options", room, old->lines[IMPORT_RET]);
    }
    if (old->text[IMPORT_OVERRIDE] && !import_yes(old->text[IMPORT_OVERRIDE]))
        import_add(i, a, "sender-override", "no", old->lines[IMPORT_OVERRIDE]);
    if (old->text[IMPORT_FROM_HEADER])
        import_add(i, a, "from-header", import_from_rule(old->text[IMPORT_FROM_HEADER]),
                   old->lines[IMPORT_FROM_HEADER]);
}

static void import_convert(struct imported *i, const struct import_dialect *d, const struct import_old *old)
{
    struct import_account *a = &i->list[i->count];
    const char *timeout = old->text[IMPORT_TIMEOUT];

    import_clean_name(old->name, a->name);
    for (size_t n = 0; n < i->count; n++)
        if (!strcmp(i->list[n].name, a->name)) {
            import_note(i, old->line, old->name, "there is an account of that name already; this one is left out");
            return;
        }
    if (!old->text[IMPORT_SOCKET] && !(old->text[IMPORT_HOST] && *old->text[IMPORT_HOST])) {
        import_note(i, old->line, old->name, "has no server, and is left out");
        return;
    }
    i->count++;
    if (old->text[IMPORT_SOCKET])
        import_add(i, a, "host", old->text[IMPORT_SOCKET], old->lines[IMPORT_SOCKET]);
    else
        import_add_host(i, d, old, a);
    if (old->text[IMPORT_LMTP] && !strcasecmp(old->text[IMPORT_LMTP], "lmtp"))
        import_add(i, a, "lmtp", "yes", old->lines[IMPORT_LMTP]);
    import_add_tls(i, d, old, a);
    for (size_t n = 0; n < sizeof direct / sizeof *direct; n++)
        if (old->text[direct[n].field] && *old->text[direct[n].field])
            import_add(i, a, direct[n].key, old->text[direct[n].field], old->lines[direct[n].field]);
    if (timeout && strcasecmp(timeout, "off") != 0)
        import_add(i, a, "timeout", timeout, old->lines[IMPORT_TIMEOUT]);
    if (old->text[IMPORT_PASSPHRASE])
        import_note(i, old->lines[IMPORT_PASSPHRASE], "passphrase",
                    "is not carried over: put it into a file of mode 0600, and say `passphrase-file = FILE`");
    import_add_login(i, d, old, a);
    import_add_envelope(i, old, a);
}

/* ---- reading ---- */

int import_text(const struct import_dialect *dialect, const char *path, const char *text, size_t len, FILE *notes,
                struct imported *out, struct fault *fault)
{
    *out = (struct imported){.path = path, .notes = notes, .len = len};
    if (len > IMPORT_TEXT_MAX)
        return fault_set(fault, EXIT_CONFIG, ENVOI_E_USAGE, "%s: longer than %zu KiB", path, IMPORT_TEXT_MAX / 1024);
    if (!(out->text = malloc(len + 1)))
        return fault_memory(fault);
    memcpy(out->text, text, len);
    out->text[len] = '\0';
    if (dialect != &import_git && strlen(out->text) != len)
        return fault_set(fault, EXIT_CONFIG, ENVOI_E_USAGE, "%s: there is a NUL in it, so it is no settings of %s",
                         path, dialect->name);
    if (dialect->read(out) < 0)
        return fault_set(fault, EXIT_CONFIG, ENVOI_E_USAGE, "%s: more than %d accounts", path, IMPORT_ACCOUNTS_MAX);
    for (size_t i = 0; i < out->old_count; i++)
        import_convert(out, dialect, &out->old[i]);
    if (*out->chosen) {
        char name[128];

        import_clean_name(out->chosen, name);
        snprintf(out->chosen, sizeof out->chosen, "%s", name);
    }
    if (!out->count)
        return fault_set(fault, EXIT_CONFIG, ENVOI_E_USAGE, "%s: there is no account in it", path);
    return 0;
}

static int import_read_all(const char *path, char **text, size_t *len)
{
    FILE *file = fopen(path, "re");
    int error = file ? 0 : errno;

    *len = 0;
    if (file && !(*text = malloc(IMPORT_TEXT_MAX + 2)))
        error = ENOMEM;
    if (!error) {
        *len = fread(*text, 1, IMPORT_TEXT_MAX + 1, file);
        error = ferror(file) ? errno : 0;
    }
    if (file)
        fclose(file);
    return error;
}

/* A place of the dialect, with the home directory put in. */
static char *import_place_of(const char *place)
{
    char *home = file_home(), *path = NULL;

    if (*place != '~')
        path = strdup(place);
    else if (home && memory_print(&path, "%s%s", home, place + 1) < 0)
        path = NULL;
    free(home);
    return path;
}

static int import_path(const struct import_dialect *dialect, const char *path, int may_be_missing, FILE *notes,
                       struct imported *out, struct fault *fault)
{
    char *text = NULL;
    size_t len;
    int error = import_read_all(path, &text, &len), rc = -1;

    if (!error)
        rc = import_text(dialect, path, text, len, notes, out, fault);
    else if (error != ENOENT || !may_be_missing)
        rc = fault_set(fault, EXIT_CONFIG, ENVOI_E_SYSTEM, "cannot read '%s': %s", path, strerror(error));
    if (text)
        memory_wipe(text, len);
    free(text);
    return rc;
}

static int import_from_git(const char *path, FILE *notes, struct imported *out, struct fault *fault)
{
    const struct secret_request request = {.where = "--import"};
    struct secret *text = secret_new(&request, fault);
    int rc;

    if (!text)
        return fault->exit;
    rc = import_git_read(path, text, fault);
    if (!rc)
        rc = import_text(&import_git, path ? path : "git config", text->text, text->len, notes, out, fault);
    secret_free(text);
    return rc;
}

int import_file(const struct import_dialect *dialect, const char *path, FILE *notes, struct imported *out,
                struct fault *fault)
{
    static char found[4096];

    *out = (struct imported){0};
    if (!dialect->places)
        return import_from_git(path, notes, out, fault);
    if (path)
        return import_path(dialect, path, 0, notes, out, fault);
    for (const char *const *place = dialect->places; *place; place++) {
        char *at = import_place_of(*place);
        int rc;

        snprintf(found, sizeof found, "%s", at ? at : *place);
        free(at);
        rc = import_path(dialect, found, 1, notes, out, fault);
        if (rc >= 0)
            return rc;
    }
    return fault_set(fault, EXIT_CONFIG, ENVOI_E_USAGE,
                     "%s: there is no such file in its usual places; name it: envoi "
                     "configure --import %s FILE",
                     dialect->name, dialect->name);
}

void import_free(struct imported *imported)
{
    for (size_t i = 0; i < imported->count; i++)
        values_free(&imported->list[i].values);
    if (imported->text)
        memory_wipe(imported->text, imported->len);
    free(imported->text);
    imported->text = NULL;
    imported->count = 0;
}

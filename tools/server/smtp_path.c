/* SPDX-License-Identifier: MIT */
#include "smtp_path.h"

#include "smtp_server.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The end of a path: the ">" that is not in a quoted string. NULL: there is none. */
static char *path_end(char *path)
{
    int quoted = 0;

    for (; *path; path++) {
        if (quoted && *path == '\\' && path[1])
            path++;
        else if (*path == '"')
            quoted = !quoted;
        else if (*path == '>' && !quoted)
            return path;
    }
    return NULL;
}

/* ---- parameters ---- */

static int take_any(const char *value)
{
    return value && *value;
}

/* RFC 3461 section 4.3 */
static int take_ret(const char *value)
{
    return value && (!strcasecmp(value, "FULL") || !strcasecmp(value, "HDRS"));
}

/* RFC 3461 section 4.1 */
static int take_notify(const char *value)
{
    static const char *const words[] = {"SUCCESS", "FAILURE", "DELAY"};

    if (!value || !strcasecmp(value, "NEVER"))
        return value != NULL;
    for (;; value++) {
        size_t len = strcspn(value, ","), found = 0;

        for (size_t i = 0; i < sizeof words / sizeof *words; i++)
            found += strlen(words[i]) == len && !strncasecmp(value, words[i], len);
        value += len;
        if (!found || !*value)
            return found > 0;
    }
}

static int take_nothing(const char *value)
{
    return !value;
}

static int take_body(const char *value)
{
    return value && (!strcasecmp(value, "7BIT") || !strcasecmp(value, "8BITMIME"));
}

/* RFC 1870 section 3: up to 20 digits. */
static int take_size(const char *value)
{
    size_t digits = value ? strspn(value, "0123456789") : 0;

    return digits > 0 && digits <= 20 && !value[digits];
}

/* The parameters of the extensions that smtp_server.c announces. */
static const struct parameter {
    const char *name;
    unsigned kinds;
    int is_kept; /* 0: the content says it, and the owner is not told */
    int (*takes)(const char *value);
} parameters[] = {
    {"SIZE", SMTP_PATH_SENDER, 0, take_size},        {"BODY", SMTP_PATH_SENDER, 0, take_body},
    {"SMTPUTF8", SMTP_PATH_SENDER, 1, take_nothing}, {"RET", SMTP_PATH_SENDER, 1, take_ret},
    {"ENVID", SMTP_PATH_SENDER, 1, take_any},        {"NOTIFY", SMTP_PATH_RECIPIENT, 1, take_notify},
    {"ORCPT", SMTP_PATH_RECIPIENT, 1, take_any},
};

/* Splits word[0..len) at "=" and finds its row; NULL: there is none. *value: NULL if there is no "=". */
static const struct parameter *parameter_find(char *word, enum smtp_path_kind kind, char **value)
{
    *value = strchr(word, '=');
    if (*value)
        *(*value)++ = '\0';
    for (size_t i = 0; i < sizeof parameters / sizeof *parameters; i++)
        if (!strcasecmp(word, parameters[i].name) && (parameters[i].kinds & kind))
            return &parameters[i];
    return NULL;
}

/* Checks a parameter. *kept: the owner is told of it. Returns 0, or -1 with the reply. */
static int parameter_check(char *word, enum smtp_path_kind kind, uint64_t size_max, int *kept, struct smtp_reply *reply)
{
    char *value;
    const struct parameter *parameter = parameter_find(word, kind, &value);

    if (!parameter)
        smtp_reply_set(reply, 555, "5.5.4", "unknown parameter %.40s", word);
    else if (!parameter->takes(value))
        smtp_reply_set(reply, 501, "5.5.4", "wrong value of %s", parameter->name);
    else if (parameter->takes == take_size && value && strtoull(value, NULL, 10) > size_max)
        smtp_reply_set(reply, 552, "5.3.4", "the message is too large");
    else {
        *kept = parameter->is_kept;
        if (value)
            value[-1] = '=';
        return 0;
    }
    return -1;
}

/* Keeps in `text` what the owner is told. */
static int parameters_read(char *text, enum smtp_path_kind kind, uint64_t size_max, struct smtp_reply *reply)
{
    char *to = text, *next = text;

    for (char *word; (word = next + strspn(next, " ")), *word;) {
        size_t len = strcspn(word, " ");
        int kept = 0;

        next = word[len] ? word + len + 1 : word + len;
        word[len] = '\0';
        if (parameter_check(word, kind, size_max, &kept, reply))
            return -1;
        if (!kept)
            continue;
        if (to > text)
            *to++ = ' ';
        memmove(to, word, len);
        to += len;
    }
    *to = '\0';
    return 0;
}

/* ---- the argument ---- */

int smtp_path_read(char *argument, const char *word, enum smtp_path_kind kind, uint64_t size_max,
                   struct smtp_path *path, struct smtp_reply *reply)
{
    size_t len = strlen(word);
    char *at = argument + len, *end;

    if (strncasecmp(argument, word, len) != 0)
        at = NULL;
    else
        at += strspn(at, " ");
    end = at && *at == '<' ? path_end(at) : NULL;
    if (!end || (end[1] && end[1] != ' ')) {
        smtp_reply_set(reply, 501, "5.5.4", "it takes %s<ADDRESS>", word);
        return -1;
    }
    *end++ = '\0';
    *path = (struct smtp_path){.address = at + 1};
    if (kind == SMTP_PATH_RECIPIENT && !*path->address) {
        smtp_reply_set(reply, 501, "5.1.3", "the recipient is empty");
        return -1;
    }
    if (parameters_read(end, kind, size_max, reply))
        return -1;
    path->options = *end ? end : NULL;
    return 0;
}

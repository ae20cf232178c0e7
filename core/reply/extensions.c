/* SPDX-License-Identifier: MIT */
#include "reply/extensions.h"

#include "base/mem.h"
#include "base/text.h"

#include <envoi/error.h>
#include <string.h>

void extensions_clear(struct extensions *x)
{
    for (size_t i = 0; i < x->count; i++) {
        mem_free(x->list[i].name);
        mem_free(x->list[i].parameters);
    }
    mem_free(x->list);
    x->list = NULL;
    x->count = x->room = 0;
    x->pipelining = x->chunking = x->eight_bit = x->burl = x->size = x->limits = false;
    x->size_limit = UINT64_MAX;
}

static const struct extension *extensions_find(const struct extensions *x, const char *name, size_t len)
{
    for (size_t i = 0; i < x->count; i++)
        if (strlen(x->list[i].name) == len && text_equal_n(x->list[i].name, name, len))
            return &x->list[i];
    return NULL;
}

/* It is not covered yet, and may be an echo. */
static void extension_forget(char *text)
{
    if (text)
        mem_wipe(text, strlen(text));
    mem_free(text);
}

static int extension_merge(struct extension *ext, const char *more, size_t len)
{
    size_t old = strlen(ext->parameters), gap = old && len;
    char *joined = mem_alloc(old + gap + len + 1);

    if (!joined)
        return ENVOI_E_MEMORY;
    memcpy(joined, ext->parameters, old);
    if (gap)
        joined[old] = ' ';
    memcpy(joined + old + gap, more, len);
    joined[old + gap + len] = '\0';
    extension_forget(ext->parameters);
    ext->parameters = joined;
    return ENVOI_OK;
}

static int extensions_add(struct extensions *x, const char *name, size_t name_len, const char *parameters, size_t len)
{
    struct extension *ext = &x->list[x->count];

    ext->name = mem_strndup(name, name_len);
    ext->parameters = mem_strndup(parameters, len);
    if (!ext->name || !ext->parameters) {
        extension_forget(ext->name);
        extension_forget(ext->parameters);
        return ENVOI_E_MEMORY;
    }
    text_to_upper(ext->name);
    x->count++;
    return ENVOI_OK;
}

/* Some servers write a tab. */
static bool extensions_is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static int extensions_take_line(struct extensions *x, const char *line, size_t len)
{
    size_t name = text_keyword_length(line, len), at = name; /* ehlo-keyword (RFC 5321 section 4.1.1.1) */
    bool auth = name == 4 && text_equal_n(line, "AUTH", 4);
    const struct extension *known;

    if (!name || (at < len && !extensions_is_blank(line[at]) && !(auth && line[at] == '=')))
        return ENVOI_OK;
    at += at < len ? 1 : 0;
    while (at < len && extensions_is_blank(line[at]))
        at++;
    while (len > at && extensions_is_blank(line[len - 1]))
        len--;
    known = extensions_find(x, line, name);
    if (known)
        return auth ? extension_merge(&x->list[known - x->list], line + at, len - at) : ENVOI_OK;
    return x->count == x->room ? ENVOI_OK : extensions_add(x, line, name, line + at, len - at);
}

/* SIZE (RFC 1870): no number, or 0, means no limit. */
static void extensions_find_size(struct extensions *x)
{
    const char *limit = extensions_get(x, "SIZE");
    uint64_t n;

    x->size = limit != NULL;
    x->size_limit = UINT64_MAX;
    if (limit && text_number(limit, strlen(limit), &n) && n)
        x->size_limit = n;
}

/* One for each line, even if some of them announce nothing. */
static int extensions_make_room(struct extensions *x, const char *text)
{
    while (x->room < EXTENSIONS_MAX && (text = strchr(text, '\n'))) {
        text++;
        x->room++;
    }
    x->list = mem_alloc(x->room * sizeof *x->list);
    return x->list ? ENVOI_OK : ENVOI_E_MEMORY;
}

/* Looks up those that every transaction needs. */
static void extensions_note(struct extensions *x)
{
    x->pipelining = extensions_get(x, "PIPELINING") != NULL;
    x->chunking = extensions_get(x, "CHUNKING") != NULL;
    x->eight_bit = extensions_get(x, "8BITMIME") != NULL;
    x->burl = extensions_get(x, "BURL") != NULL;
    x->limits = extensions_get(x, "LIMITS") != NULL;
    extensions_find_size(x);
}

int extensions_parse(struct extensions *x, const char *text)
{
    const char *line = strchr(text, '\n');
    int rc;

    extensions_clear(x);
    rc = extensions_make_room(x, text);
    while (line && !rc) {
        const char *end = strchr(++line, '\n');

        rc = extensions_take_line(x, line, end ? (size_t)(end - line) : strlen(line));
        line = end;
    }
    extensions_note(x);
    return rc;
}

void extensions_ignore(struct extensions *x, const char *names)
{
    size_t kept = 0;

    for (size_t i = 0; i < x->count; i++)
        if (text_has_word(names, x->list[i].name)) {
            extension_forget(x->list[i].name);
            extension_forget(x->list[i].parameters);
        } else {
            x->list[kept++] = x->list[i];
        }
    x->count = kept;
    extensions_note(x);
}

/* The names of IANA's registry, and some that are in use: a password may look like one, and hides none. */
static bool extensions_is_registered(const char *name)
{
    static const char known[] = "8BITMIME AUTH BINARYMIME BURL CHECKPOINT CHUNKING CONNEG CONPERM DELIVERBY DSN "
                                "ENHANCEDSTATUSCODES ETRN EXPN FUTURERELEASE HELP LIMITS MT-PRIORITY MTRK "
                                "NO-SOLICITING PIPELINING REQUIRETLS RRVS SEND SIZE SMTPUTF8 STARTTLS SUBMITTER TURN "
                                "UTF8SMTP VRFY XCLIENT XFORWARD";

    return text_has_word(known, name);
}

void extensions_cover(struct extensions *x, const struct echo *echo)
{
    for (size_t i = 0; i < x->count; i++) {
        echo_redact(echo, x->list[i].parameters, strlen(x->list[i].parameters));
        if (!extensions_is_registered(x->list[i].name))
            echo_redact(echo, x->list[i].name, strlen(x->list[i].name));
    }
}

const char *extensions_get(const struct extensions *x, const char *name)
{
    const struct extension *found = extensions_find(x, name, strlen(name));

    return found ? found->parameters : NULL;
}

uint64_t extensions_limit(const struct extensions *x, const char *name)
{
    const char *list = extensions_get(x, "LIMITS"), *word;
    size_t len, known = strlen(name);
    uint64_t n;

    while (list && (list = text_word(list, &word, &len)))
        if (len > known && word[known] == '=' && text_equal_n(word, name, known) &&
            text_number(word + known + 1, len - known - 1, &n))
            return n;
    return 0;
}

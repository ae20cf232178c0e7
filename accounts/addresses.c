/* SPDX-License-Identifier: MIT */
#include "accounts/addresses.h"

#include "accounts/exit_code.h"
#include <ctype.h>
#include <envoi/envoi.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

/* ---- reading a list ---- */

struct reader {
    const char *list;
    size_t len, at;
    int in_group;
    int tolerant;
    address_place_fn *tell;
    void *ctx;
    /* the entry at hand: */
    size_t begin;
    size_t end;         /* the offset in the list behind the last octet of the text */
    char *text;         /* its text without comments; behind a bracket that of the brackets, after the name and a NUL */
    size_t start, used; /* the part of text[] that is in use */
    int words;          /* parts of the text with blanks between them */
    int at_sign;        /* the text has an @ outside of quotes */
    int bracketed;      /* the text is that of brackets, and they are closed */
};

static int is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static void reader_begin_entry(struct reader *r)
{
    r->begin = r->at;
    r->start = r->used = 0;
    r->words = r->at_sign = r->bracketed = 0;
}

/* Appends an octet. Of blanks one is kept, and none beside "." and "@", where the obsolete syntax allows them. */
static void reader_put(struct reader *r, char c)
{
    char last = r->used > r->start ? r->text[r->used - 1] : '\0';

    if (is_blank(c)) {
        if (last && !strchr(" .@", last))
            r->text[r->used++] = ' ';
        return;
    }
    if (last == ' ' && strchr(".@", c))
        r->used--;
    else if (last == ' ' || !last)
        r->words++;
    r->at_sign |= c == '@';
    r->text[r->used++] = c;
    r->end = r->at + 1;
}

/* Ends the text, without the blank behind it. */
static void reader_end_text(struct reader *r)
{
    while (r->used > r->start && r->text[r->used - 1] == ' ')
        r->used--;
    r->text[r->used] = '\0';
}

/* Skips a comment, which may hold others. */
static const char *reader_skip_comment(struct reader *r)
{
    size_t depth = 0;

    for (; r->at < r->len; r->at++) {
        char c = r->list[r->at];

        if (c == '\\')
            r->at++;
        depth += c == '(';
        if (c == ')' && --depth == 0) {
            r->at++;
            reader_put(r, ' ');
            return NULL;
        }
    }
    return "a '(' has no ')'";
}

/* Copies a quoted string or a domain literal as it is. */
static const char *reader_copy_enclosed(struct reader *r, char close)
{
    size_t from = r->at;

    reader_put(r, r->list[r->at++]);
    for (; r->at < r->len && r->list[r->at] != close; r->at++)
        if (r->list[r->at] == '\\')
            r->at++;
    if (r->at >= r->len)
        return close == '"' ? "a quote is not closed" : "a '[' has no ']'";
    r->at++;
    memcpy(r->text + r->used, r->list + from + 1, r->at - from - 1);
    r->used += r->at - from - 1;
    r->end = r->at;
    return NULL;
}

/* Takes one octet of the text, or one thing that may hold any octet. Returns NULL, or the reason why it cannot. */
static const char *reader_take(struct reader *r)
{
    char c = r->list[r->at];

    if (c == '(')
        return reader_skip_comment(r);
    if (c == '"' || c == '[')
        return reader_copy_enclosed(r, c == '[' ? ']' : c);
    reader_put(r, c);
    r->at++;
    return NULL;
}

/* Removes a source route: "@a,@b:" (RFC 5322 section 4.4). */
static void reader_drop_route(struct reader *r)
{
    char *text = r->text + r->start;
    char *colon = *text == '@' ? strchr(text, ':') : NULL;

    if (colon)
        r->start += (size_t)(colon + 1 - text);
}

/* Takes "<...>". The text before it was a name, or it may be the same address once more. */
static const char *reader_take_brackets(struct reader *r)
{
    int named_address = r->at_sign;
    const char *why = NULL;

    reader_end_text(r);
    r->start = ++r->used;
    for (r->at++; r->at < r->len && r->list[r->at] != '>' && !why;)
        why = r->list[r->at] == '<' ? "a '<' follows another one" : reader_take(r);
    if (why)
        return why;
    if (r->at++ >= r->len)
        return "a '<' has no '>'";
    reader_end_text(r);
    reader_drop_route(r);
    if (r->used == r->start) {
        r->words = 0;
        r->bracketed = 1;
        return r->tolerant ? NULL : "there is nothing between '<' and '>'";
    }
    if (named_address && strcasecmp(r->text, r->text + r->start) != 0)
        return "there is an address before the '<', and another one behind it";
    r->words = r->bracketed = 1;
    return NULL;
}

static const char *reader_begin_group(struct reader *r)
{
    if (r->in_group)
        return "a group has no other groups in it";
    if (!r->words || r->at_sign || r->bracketed)
        return "a ':' belongs behind the name of a group only";
    r->in_group = 1;
    r->at++;
    reader_begin_entry(r);
    return NULL;
}

/* Ends the entry before a separator or the end. */
static const char *reader_end_entry(struct reader *r, struct fault *fault)
{
    size_t end = r->at;

    while (end > r->begin && is_blank(r->list[end - 1]))
        end--;
    while (r->begin < end && is_blank(r->list[r->begin]))
        r->begin++;
    if (end == r->begin)
        return NULL;
    if (!r->words)
        return r->tolerant ? NULL : "it names no address";
    if (r->words > 1)
        return "it is a name without an address, or a ',' is missing";
    reader_end_text(r);
    r->tell(r->ctx, r->text + r->start, r->end, fault);
    return NULL;
}

static const char *reader_step(struct reader *r, struct fault *fault)
{
    char c = r->list[r->at];
    const char *why;

    if (iscntrl((unsigned char)c) && c != '\t')
        return "it has a control character";
    if (c == '<')
        return r->bracketed ? "it has two addresses; is a ',' missing?" : reader_take_brackets(r);
    if (c == '>')
        return "a '>' has no '<'";
    if (c == ':')
        return reader_begin_group(r);
    if (c == ';' && !r->in_group && !r->tolerant)
        return "a ';' belongs behind a group only; between addresses there is a ','";
    if (c != ',' && c != ';')
        return r->bracketed && !is_blank(c) && c != '(' ? "there is more behind the '>'; is a ',' missing?"
                                                        : reader_take(r);
    why = reader_end_entry(r, fault);
    if (why)
        return why;
    r->in_group &= c != ';';
    r->at++;
    reader_begin_entry(r);
    return NULL;
}

/* Names the entry, not the whole list: from its first octet to the next separator. */
static int reader_refuse(const struct reader *r, const char *where, const char *why, struct fault *fault)
{
    size_t from = r->begin, end;
    char *entry, shown[TEXT_QUOTED];

    while (from < r->len && is_blank(r->list[from]))
        from++;
    end = r->at > from ? r->at : from;
    while (end < r->len && !strchr(",;", r->list[end]))
        end++;
    while (end > from && is_blank(r->list[end - 1]))
        end--;
    entry = strndup(r->list + from, end - from);
    fault_set(fault, EXIT_DATA, ENVOI_E_ADDRESS, "%s: %s is not understood: %s", where,
              text_quote(entry ? entry : "", shown), why);
    free(entry);
    return fault->exit;
}

static int reader_run(struct reader *r, const char *where, struct fault *fault)
{
    const char *why = NULL;

    /* A NUL after the name and one at the end. */
    r->text = malloc(r->len + 3);
    if (!r->text)
        return fault_memory(fault);
    /* Also between brackets and quotes: what follows it would be lost. */
    if (memchr(r->list, '\0', r->len))
        why = "it has a control character";
    while (r->at < r->len && !why && !fault->exit)
        why = reader_step(r, fault);
    if (!why && !fault->exit)
        why = reader_end_entry(r, fault);
    if (why)
        reader_refuse(r, where, why, fault);
    free(r->text);
    return fault->exit;
}

int addresses_locate(const char *where, const char *list, size_t len, address_place_fn *tell, void *ctx,
                     struct fault *fault)
{
    struct reader r = {.list = list, .len = len, .tolerant = 1, .tell = tell, .ctx = ctx};

    return reader_run(&r, where, fault);
}

struct telling {
    address_fn *tell;
    void *ctx;
};

static int addresses_tell(void *ctx, const char *address, size_t end, struct fault *fault)
{
    const struct telling *telling = ctx;

    (void)end;
    return telling->tell(telling->ctx, address, fault);
}

int addresses_read(const char *where, const char *list, size_t len, address_fn *tell, void *ctx, struct fault *fault)
{
    struct telling telling = {tell, ctx};
    struct reader r = {.list = list, .len = len, .tell = addresses_tell, .ctx = &telling};

    return reader_run(&r, where, fault);
}

/* ---- a set of addresses ---- */

static int compare_keys(const void *one, const void *other)
{
    return strcmp(one, other);
}

/* Returns the address in the one spelling that is compared, to be freed: without needless quotes, its domain in small
 * letters. */
static char *address_key(const char *address)
{
    char *key = strdup(address);
    char *domain = key ? strrchr(key, '@') : NULL;
    int quoted = key && *key == '"';
    char *to = key;

    for (char *c = domain; c && *c; c++)
        *c = (char)tolower((unsigned char)*c);
    for (const char *from = key; quoted && *from; from++) {
        int in_local = !domain || from < domain;

        if (in_local && *from == '"')
            continue;
        if (in_local && *from == '\\' && from[1])
            from++;
        *to++ = *from;
    }
    if (quoted)
        *to = '\0';
    return key;
}

int address_set_add(struct address_set **set, const char *address)
{
    char *key = address_key(address);
    void *root = *set;
    char **found = key ? tsearch(key, &root, compare_keys) : NULL;

    *set = root;
    if (found && *found == key) {
        *found = key; /* the set owns it: tsearch() does not say so */
        return 1;
    }
    free(key);
    return found ? 0 : -1;
}

void address_set_free(struct address_set *set)
{
    void *root = set;

    while (root) {
        char *key = *(char **)root;

        tdelete(key, &root, compare_keys);
        free(key);
    }
}

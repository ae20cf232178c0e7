/* SPDX-License-Identifier: MIT */
#include "accounts/header.h"

#include "accounts/exit_code.h"
#include <envoi/envoi.h>
#include <stdlib.h>
#include <string.h>

/* Per field: its addresses are told, it is removed, or --read-recipients refuses the message. */
static const struct field {
    const char *name;
    int told, dropped, refused;
} fields[] = {
    {"To", 1, 0, 0},        {"Cc", 1, 0, 0},        {"Bcc", 1, 1, 0},
    {"Resent-To", 0, 0, 1}, {"Resent-Cc", 0, 0, 1}, {"Resent-Bcc", 0, 1, 1},
};

/* The names of fields by which a header is known (RFC 5322 section 3.6, RFC 2045); "-" at the end: all that begin so.
 * "Error: disk full" has the form of a field too. */
static const char *const known_names[] = {
    "From",        "To",           "Cc",         "Bcc",         "Subject",  "Date",
    "Sender",      "Reply-To",     "Message-ID", "In-Reply-To", "Received", "Keywords",
    "Return-Path", "MIME-Version", "Resent-",    "Content-",    "List-",    "X-",
};

/* Octets of UTF-8 and UTF-16 that an editor may put in front of a text. */
static const char *const marks[] = {"\xef\xbb\xbf", "\xff\xfe", "\xfe\xff"};

#define COUNT(table) (sizeof table / sizeof *table)

/* Returns the length of the line end at text[at], 0 if there is none. */
static size_t line_end(const char *text, size_t len, size_t at)
{
    if (at >= len || (text[at] != '\r' && text[at] != '\n'))
        return 0;
    return text[at] == '\r' && at + 1 < len && text[at + 1] == '\n' ? 2 : 1;
}

/* Returns the offset of the line after the one at `at`. */
static size_t next_line(const char *text, size_t len, size_t at)
{
    while (at < len && text[at] != '\r' && text[at] != '\n')
        at++;
    return at + line_end(text, len, at);
}

/* Returns the offset of the field after the one at `at`. A line that begins with a blank continues the field. */
static size_t next_field(const char *text, size_t len, size_t at)
{
    do
        at = next_line(text, len, at);
    while (at < len && (text[at] == ' ' || text[at] == '\t'));
    return at;
}

size_t header_end(const char *text, size_t len, int whole)
{
    for (size_t at = 0; at < len; at = next_line(text, len, at)) {
        size_t end = line_end(text, len, at);

        /* A CR at the end of the text may be the first half of a CR LF. */
        if (end && !(text[at] == '\r' && at + 1 == len && !whole))
            return at + end;
        if (end)
            return 0;
    }
    return whole ? len : 0;
}

/* ---- what a header is ---- */

/* Returns the length of the name of the field that begins at text[at], and the offset of its value; 0 if there is no
 * field: a name has visible ASCII only, and a ":" behind it (RFC 5322 section 2.2). The obsolete syntax allows blanks
 * before the colon (section 4.5.8). */
static size_t name_length(const char *text, size_t len, size_t at, size_t *value)
{
    size_t end = at, colon;

    while (end < len && text[end] > 32 && text[end] < 127 && text[end] != ':')
        end++;
    for (colon = end; colon < len && (text[colon] == ' ' || text[colon] == '\t');)
        colon++;
    *value = colon + 1;
    return colon < len && text[colon] == ':' ? end - at : 0;
}

int header_next(const char *text, size_t len, int whole, size_t at, struct header_field *field)
{
    size_t value = at, name = name_length(text, len, at, &value);

    /* value - 1 is where the colon was looked for. */
    if (!name)
        return !whole && value > len ? -1 : 0;
    *field =
        (struct header_field){.name = text + at, .name_len = name, .value = value, .end = next_field(text, len, at)};
    return field->end == len && !whole ? -1 : 1;
}

int header_field_is(const struct header_field *field, const char *name)
{
    return field->name_len == strlen(name) && !strncasecmp(field->name, name, field->name_len);
}

static const struct field *field_of(const char *name, size_t len)
{
    for (size_t i = 0; i < COUNT(fields); i++)
        if (strlen(fields[i].name) == len && !strncasecmp(name, fields[i].name, len))
            return &fields[i];
    return NULL;
}

int header_is_known(const char *name, size_t len)
{
    for (size_t i = 0; i < COUNT(known_names); i++) {
        size_t n = strlen(known_names[i]);
        int prefix = known_names[i][n - 1] == '-';

        if ((prefix ? len > n : len == n) && !strncasecmp(name, known_names[i], n))
            return 1;
    }
    return 0;
}

static int begins_with(const char *text, size_t len, const char *with)
{
    return len >= strlen(with) && !memcmp(text, with, strlen(with));
}

/* Names the line at `at`, which is no field. */
static int refuse_line(const char *text, size_t len, size_t at, const char *what, const char *advice,
                       struct fault *fault)
{
    size_t end = at;
    char *line, shown[TEXT_QUOTED];

    for (size_t i = 0; at == 0 && i < COUNT(marks); i++)
        if (begins_with(text, len, marks[i]))
            return fault_set(fault, EXIT_DATA, ENVOI_E_CONTENT,
                             "the message begins with a byte order mark, which hides its first field; save it as UTF-8 "
                             "without one");
    while (end < len && !line_end(text, len, end))
        end++;
    line = strndup(text + at, end - at);
    fault_set(fault, EXIT_DATA, ENVOI_E_CONTENT, "%s: %s; %s", what, text_quote(line ? line : "", shown), advice);
    free(line);
    return fault->exit;
}

size_t header_mailbox_line(const char *text, size_t len)
{
    size_t value;

    if ((!begins_with(text, len, "From ") && !begins_with(text, len, ">From ")) || name_length(text, len, 0, &value))
        return 0;
    return next_line(text, len, 0);
}

int header_check(const char *text, size_t len, int must, struct fault *fault)
{
    size_t value, name = 0;

    if (!len)
        return fault_set(fault, EXIT_DATA, ENVOI_E_CONTENT,
                         "the message is empty; one without a header and a text is an empty line");
    if (line_end(text, len, 0) && !must)
        return 0;
    for (size_t at = 0; at < len && (name = name_length(text, len, at, &value)); at = next_field(text, len, at))
        if (header_is_known(text + at, name))
            return 0;
    return refuse_line(text, len, 0, "the message does not begin with a header",
                       "a message is a header, such as 'Subject: hello', an empty line and the text; without a header "
                       "it begins with the empty line",
                       fault);
}

int header_has_bcc(const char *text, size_t len)
{
    size_t value, name;

    for (size_t at = 0; at < len && (name = name_length(text, len, at, &value)); at = next_field(text, len, at)) {
        const struct field *field = field_of(text + at, name);

        if (field && field->dropped)
            return 1;
    }
    return 0;
}

/* ---- reading it ---- */

/* Calls tell() for the addresses of one field, whose value is unfolded. */
static int tell_field(const struct field *field, char *value, size_t len, address_fn *tell, void *ctx,
                      struct fault *fault)
{
    char where[32];

    for (size_t i = 0; i < len; i++)
        if (value[i] == '\r' || value[i] == '\n')
            value[i] = ' ';
    snprintf(where, sizeof where, "the field %s", field->name);
    return addresses_read(where, value, len, tell, ctx, fault);
}

static int read_field(const struct field *field, const char *value, size_t len, address_fn *tell, void *ctx,
                      struct fault *fault)
{
    char *copy;
    int rc;

    if (!field || !tell || (!field->refused && !field->told))
        return 0;
    if (field->refused)
        return fault_set(fault, EXIT_DATA, ENVOI_E_CONTENT,
                         "the message has a field %s, which --read-recipients does not read; give --to instead",
                         field->name);
    copy = malloc(len + 1);
    if (!copy)
        return fault_set(fault, EXIT_LOCAL, ENVOI_E_MEMORY, "out of memory");
    memcpy(copy, value, len);
    rc = tell_field(field, copy, len, tell, ctx, fault);
    free(copy);
    return rc;
}

int header_read(char *text, size_t len, size_t *kept, address_fn *tell, void *ctx, struct fault *fault)
{
    size_t to = 0;
    int rc = 0;

    for (size_t at = 0, end; !rc && at < len; at = end) {
        size_t value = 0, name = name_length(text, len, at, &value);
        const struct field *field = field_of(text + at, name);

        end = next_field(text, len, at);
        if (line_end(text, len, at))
            end = len; /* the empty line behind the header */
        else if (!name)
            rc =
                refuse_line(text, len, at, "a line of the header is no field",
                            "nobody can tell whom such a header names: remove the line, or put an empty line before it "
                            "if the text begins there",
                            fault);
        else
            rc = read_field(field, text + value, end - value, tell, ctx, fault);
        if (field && field->dropped)
            continue;
        memmove(text + to, text + at, end - at);
        to += end - at;
    }
    *kept = to;
    return rc;
}

/* SPDX-License-Identifier: MIT */
#include "header.h"

#include "exit_code.h"
#include <envoi/envoi.h>
#include <gmime/gmime.h>
#include <stdlib.h>
#include <string.h>

/* Per field: its addresses are told, the field is removed, or the message is refused. */
static const struct {
    const char *name;
    int told, dropped, refused;
} fields[] = {
    {"To", 1, 0, 0},        {"Cc", 1, 0, 0},        {"Bcc", 1, 1, 0},
    {"Resent-To", 0, 0, 1}, {"Resent-Cc", 0, 0, 1}, {"Resent-Bcc", 0, 0, 1},
};
#define FIELDS (sizeof fields / sizeof *fields)

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

/* Returns the row of the field text[0..len), FIELDS if there is none. *value is the offset of its value. */
static size_t field_row(const char *text, size_t len, size_t *value)
{
    const char *colon = memchr(text, ':', len);
    size_t name = colon ? (size_t)(colon - text) : 0;

    *value = name + 1;
    /* RFC 5322 section 4.5.8: obsolete syntax allows blanks before the colon. */
    while (name > 0 && (text[name - 1] == ' ' || text[name - 1] == '\t'))
        name--;
    for (size_t i = 0; name > 0 && i < FIELDS; i++)
        if (strlen(fields[i].name) == name && !strncasecmp(text, fields[i].name, name))
            return i;
    return FIELDS;
}

static void count_warning(gint64 offset, GMimeParserWarning warning, const gchar *item, gpointer ctx)
{
    (void)offset, (void)item;
    if (warning == GMIME_WARN_INVALID_ADDRESS_LIST)
        (*(int *)ctx)++;
}

static int tell_list(InternetAddressList *list, header_address_fn *tell, void *ctx, struct fault *fault)
{
    int rc = 0;
    int count = list ? internet_address_list_length(list) : 0;

    for (int i = 0; !rc && i < count; i++) {
        InternetAddress *address = internet_address_list_get_address(list, i);

        if (INTERNET_ADDRESS_IS_GROUP(address))
            rc = tell_list(internet_address_group_get_members(INTERNET_ADDRESS_GROUP(address)), tell, ctx, fault);
        else
            rc = tell(ctx, internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(address)), fault);
    }
    return rc;
}

/* Calls tell() for the addresses of one field. A warning of the parser is an error: a part that it skips is a recipient
 * who would get nothing. */
static int tell_field(const char *name, const char *value, size_t len, header_address_fn *tell, void *ctx,
                      struct fault *fault)
{
    GMimeParserOptions *options;
    InternetAddressList *list;
    char *text = strndup(value, len);
    int wrong, rc;

    if (!text)
        return fault_set(fault, EXIT_LOCAL, ENVOI_E_MEMORY, "out of memory");
    for (char *c = text; *c; c++)
        if (*c == '\r' || *c == '\n')
            *c = ' ';
    wrong = strlen(text) != len;
    options = g_mime_parser_options_new();
#if GMIME_CHECK_VERSION(3, 2, 15)
    g_mime_parser_options_set_warning_callback(options, count_warning, &wrong, NULL);
#else
    g_mime_parser_options_set_warning_callback(options, count_warning, &wrong);
#endif
    list = internet_address_list_parse(options, text);
    if (wrong)
        rc = fault_set(fault, EXIT_DATA, ENVOI_E_ADDRESS, "the field %s of the message is no address list: %s", name,
                       text);
    else
        rc = tell_list(list, tell, ctx, fault);
    if (list)
        g_object_unref(list);
    g_mime_parser_options_free(options);
    free(text);
    return rc;
}

int header_read(char *text, size_t len, size_t *kept, header_address_fn *tell, void *ctx, struct fault *fault)
{
    size_t to = 0;
    int rc = 0;

    /* Never shut down: GMime cannot be initialised again after that. */
    g_mime_init();
    for (size_t at = 0, end; !rc && at < len; at = end) {
        size_t value = 0, row;

        end = next_field(text, len, at);
        row = field_row(text + at, end - at, &value);
        if (row < FIELDS && fields[row].refused)
            rc = fault_set(fault, EXIT_DATA, ENVOI_E_CONTENT,
                           "the message has a field %s, which --read-recipients does not read; give --to instead",
                           fields[row].name);
        else if (row < FIELDS && fields[row].told)
            rc = tell_field(fields[row].name, text + at + value, end - at - value, tell, ctx, fault);
        if (row < FIELDS && fields[row].dropped)
            continue;
        memmove(text + to, text + at, end - at);
        to += end - at;
    }
    *kept = to;
    return rc;
}

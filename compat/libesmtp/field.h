/* SPDX-License-Identifier: MIT */
/* The header fields that the program set (smtp_set_header()), and what becomes of those in its message.
 *
 * The library knows some fields by name: the table in field.c. A field of the program's message goes out as it is,
 * unless it is a second one of a kind that there may be once, is prohibited, or is replaced by one that was set. Those
 * that were set and did not come go behind the others. */
#ifndef LIBESMTP_FIELD_H
#define LIBESMTP_FIELD_H

#include "text.h"

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

struct field;
struct field_rule;
struct smtp_message;

struct mailbox {
    struct mailbox *next;
    char *phrase; /* NULL: none */
    char *mailbox;
};

struct field {
    struct field *next;
    char *name;
    const struct field_rule *rule;
    bool listed; /* goes out, if it is not in the message */
    bool seen;   /* was in the message */
    bool override, prohibited;
    /* the value, of the kind that the rule says */
    char *text;
    struct mailbox *boxes;
    time_t when;
};

struct fields {
    struct field *first, *last; /* in the order in which they go out */
};

/* Date, From and Message-Id are in every message. 1; 0: no memory. Does nothing the second time. */
int fields_init(struct fields *fields);
void fields_free(struct fields *fields);
/* Before a message is read: none was seen. */
void fields_rewind(struct fields *fields);

/* Writes what goes out in place of a field of the message, with its line end: nothing, itself or the one that was
 * set. */
void fields_filter(struct smtp_message *message, const char *line, size_t len, struct text *out);
/* Writes the first field behind `after` (NULL: of all) that was not in the message. Returns it; NULL: no more. */
struct field *fields_missing(struct smtp_message *message, struct field *after, struct text *out);

#endif

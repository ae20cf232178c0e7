/* SPDX-License-Identifier: MIT */
#include "field.h"

#include "error.h"
#include "field_value.h"
#include "objects.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- the fields that are known by name ---- */

enum {
    FIELD_ALWAYS = 1,    /* in every message, made if need be */
    FIELD_REQUIRED = 2,  /* ... and cannot be prohibited */
    FIELD_LIST = 4,      /* setting it again adds to its value */
    FIELD_FORBIDDEN = 8, /* of deliveries, or not for others' eyes: does not go out */
    FIELD_KEPT = 16, /* of MIME or of earlier deliveries: goes out as it is, as often as it comes, and cannot be set */
    FIELD_SILENT = 32, /* may be set all the same */
};

struct field_rule {
    const char *name; /* one that ends with "-" stands for all that begin so */
    unsigned flags;
    const struct value_kind *value;
};

static const struct field_rule rules[] = {
    {"Date", FIELD_ALWAYS | FIELD_REQUIRED, &value_date},
    {"From", FIELD_ALWAYS | FIELD_REQUIRED | FIELD_LIST, &value_from},
    {"Message-Id", FIELD_ALWAYS, &value_message_id},
    {"Return-Path", FIELD_FORBIDDEN, NULL},
    {"Original-Recipient", FIELD_FORBIDDEN, NULL},
    {"Resent-Reply-To", FIELD_FORBIDDEN, NULL},
    {"Received", FIELD_KEPT, NULL},
    {"Content-", FIELD_KEPT, NULL},
    {"MIME-", FIELD_KEPT, NULL},
    {"Resent-", FIELD_KEPT, NULL},
    {"Sender", 0, &value_mailboxes},
    {"To", FIELD_LIST, &value_to},
    {"Cc", FIELD_LIST, &value_mailboxes},
    {"Bcc", FIELD_LIST | FIELD_FORBIDDEN | FIELD_SILENT, &value_mailboxes},
    {"Reply-To", FIELD_LIST, &value_mailboxes},
    {"Disposition-Notification-To", 0, &value_from},
};
enum { RULES = sizeof rules / sizeof rules[0] };
static const struct field_rule any_field = {NULL, 0, &value_text};

static bool rule_name_is(const char *name, size_t len, const char *other)
{
    return strlen(other) == len && !strncasecmp(name, other, len);
}

/* NULL: none is known by this name. */
static const struct field_rule *rule_find(const char *name, size_t len)
{
    const char *hyphen = memchr(name, '-', len);

    for (size_t i = 0; i < RULES; i++)
        if (rule_name_is(name, len, rules[i].name))
            return &rules[i];
    for (size_t i = 0; hyphen && i < RULES; i++)
        if (rule_name_is(name, (size_t)(hyphen - name) + 1, rules[i].name))
            return &rules[i];
    return NULL;
}

/* ---- the fields of a message ---- */

static struct field *field_find(const struct fields *fields, const char *name, size_t len)
{
    struct field *f = fields->first;

    while (f && !rule_name_is(name, len, f->name))
        f = f->next;
    return f;
}

static struct field *field_new(struct fields *fields, const char *name, size_t len, const struct field_rule *rule)
{
    struct field *f = calloc(1, sizeof *f);

    if (!f || !(f->name = strndup(name, len))) {
        free(f);
        return NULL;
    }
    f->rule = rule;
    APPEND(fields->first, fields->last, f);
    return f;
}

/* Finds or makes it; NULL: no memory. */
static struct field *field_get(struct fields *fields, const char *name)
{
    const struct field_rule *rule = rule_find(name, strlen(name));
    struct field *f = field_find(fields, name, strlen(name));

    if (!f)
        f = field_new(fields, name, strlen(name), rule ? rule : &any_field);
    return f;
}

/* A field takes its place when it is set, not when an option of it was. */
static void field_list(struct fields *fields, struct field *f)
{
    struct field **at = &fields->first, *before = NULL;

    f->listed = true;
    while (*at != f) {
        before = *at;
        at = &before->next;
    }
    if (!f->next)
        return;
    *at = f->next;
    f->next = NULL;
    APPEND(fields->first, fields->last, f);
}

int fields_init(struct fields *fields)
{
    if (fields->first)
        return 1;
    for (size_t i = 0; i < RULES && rules[i].flags & FIELD_ALWAYS; i++) {
        struct field *f = field_new(fields, rules[i].name, strlen(rules[i].name), &rules[i]);

        if (!f) {
            fields_free(fields);
            return error_set_errno(ENOMEM);
        }
        f->listed = true;
    }
    return 1;
}

static void field_free(struct field *f)
{
    for (struct mailbox *box = f->boxes, *next; box; box = next) {
        next = box->next;
        free(box->phrase);
        free(box->mailbox);
        free(box);
    }
    free(f->text);
    free(f->name);
    free(f);
}

void fields_free(struct fields *fields)
{
    for (struct field *f = fields->first, *next; f; f = next) {
        next = f->next;
        field_free(f);
    }
    *fields = (struct fields){0};
}

/* ---- the setters ---- */

/* The field that a setter names. NULL: the error is set. */
static struct field *field_to_set(smtp_message_t message, const char *header)
{
    struct field *f;

    if (!message || !header) {
        error_set(SMTP_ERR_INVAL);
        return NULL;
    }
    if (!fields_init(&message->fields))
        return NULL;
    f = field_get(&message->fields, header);
    if (!f)
        error_set_errno(ENOMEM);
    return f;
}

int smtp_set_header(smtp_message_t message, const char *header, ...)
{
    struct field *f;
    va_list arguments;
    int done;

    if (!(f = field_to_set(message, header)))
        return 0;
    if (!f->rule->value || f->prohibited || (f->rule->value->is_set(f) && !(f->rule->flags & FIELD_LIST)))
        return error_set(SMTP_ERR_INVAL);
    if (!f->listed)
        field_list(&message->fields, f);
    va_start(arguments, header);
    done = f->rule->value->set(f, &arguments);
    va_end(arguments);
    return done ? 1 : error_set_errno(ENOMEM);
}

int smtp_set_header_option(smtp_message_t message, const char *header, enum header_option option, ...)
{
    struct field *f;
    va_list arguments;
    bool on;

    if (!(f = field_to_set(message, header)))
        return 0;
    va_start(arguments, option);
    on = va_arg(arguments, int);
    va_end(arguments);
    if (!f->rule->value || (option == Hdr_OVERRIDE && f->prohibited))
        return error_set(SMTP_ERR_INVAL);
    if (option == Hdr_OVERRIDE)
        f->override = on;
    else if (option == Hdr_PROHIBIT && !(f->rule->flags & FIELD_REQUIRED))
        f->prohibited = on;
    else
        return error_set(SMTP_ERR_INVAL);
    return 1;
}

int smtp_set_resent_headers(smtp_message_t message, int onoff)
{
    return message && !onoff ? 1 : error_set(SMTP_ERR_INVAL);
}

/* ---- the message on its way ---- */

void fields_rewind(struct fields *fields)
{
    for (struct field *f = fields->first; f; f = f->next)
        f->seen = false;
}

static void field_write(struct smtp_message *message, const struct field *f, struct text *out)
{
    size_t begin = out->len, name;

    if (f->rule->flags & FIELD_FORBIDDEN)
        return;
    text_add_all(out, f->name, ": ", (char *)NULL);
    name = out->len;
    f->rule->value->write(message, f, out);
    if (out->len == name && f->rule->value != &value_text)
        out->len = begin;
    else
        text_add_all(out, "\r\n", (char *)NULL);
}

/* A field that comes in the message; NULL: any number of it may come, and none was set. */
static struct field *field_met(struct smtp_message *message, const char *name, size_t len, struct text *out)
{
    const struct field_rule *rule = rule_find(name, len);
    struct field *f = field_find(&message->fields, name, len);

    if (!f && rule && !(f = field_new(&message->fields, name, len, rule)))
        out->failed = true;
    return f;
}

void fields_filter(struct smtp_message *message, const char *line, size_t len, struct text *out)
{
    const char *colon = memchr(line, ':', len);
    size_t name = colon ? (size_t)(colon - line) : 0;
    const struct field_rule *rule = rule_find(line, name);
    struct field *f = NULL;
    bool again;

    if (rule && rule->flags & FIELD_FORBIDDEN)
        return;
    if (!rule || !(rule->flags & FIELD_KEPT))
        f = field_met(message, line, name, out);
    again = f && f->seen;
    if (f)
        f->seen = true;
    if (again || (f && f->prohibited))
        return;
    if (f && f->override && f->listed)
        field_write(message, f, out);
    else
        text_add(out, line, len);
}

struct field *fields_missing(struct smtp_message *message, struct field *after, struct text *out)
{
    struct field *f = after ? after->next : message->fields.first;

    while (f && (f->seen || !f->listed))
        f = f->next;
    if (f)
        field_write(message, f, out);
    return f;
}

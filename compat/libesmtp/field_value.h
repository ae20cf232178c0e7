/* SPDX-License-Identifier: MIT */
/* The values of header fields: taken from the arguments of smtp_set_header(), and written. */
#ifndef LIBESMTP_FIELD_VALUE_H
#define LIBESMTP_FIELD_VALUE_H

#include "field.h"

#include <stdarg.h>

/* What a rule says of a kind of value. */
struct value_kind {
    /* Takes the arguments behind the name. 1; 0: no memory. */
    int (*set)(struct field *field, va_list *arguments);
    bool (*is_set)(const struct field *field);
    /* Writes the value, without a line end. Nothing written: the field does not go out. */
    void (*write)(struct smtp_message *message, const struct field *field, struct text *out);
};

/* const char *; the same, where NULL means one that is made; const time_t *; const char *phrase, const char *mailbox:
 * a list of them, for From (NULL, NULL: the reverse path), for To (NULL, NULL: the recipients) and for others. */
extern const struct value_kind value_text, value_message_id, value_date, value_from, value_to, value_mailboxes;

#endif

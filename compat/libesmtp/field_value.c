/* SPDX-License-Identifier: MIT */
#include "field_value.h"

#include "objects.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/utsname.h>
#include <unistd.h>

/* ---- texts ---- */

static int value_set_text(struct field *field, va_list *arguments)
{
    return set_text(&field->text, va_arg(*arguments, const char *));
}

static bool value_has_text(const struct field *field)
{
    return field->text;
}

static void value_write_text(struct smtp_message *message, const struct field *field, struct text *out)
{
    text_add_all(out, field->text ? field->text : "", (char *)NULL);
}

const struct value_kind value_text = {value_set_text, value_has_text, value_write_text};

/* ---- Message-Id ---- */

static void value_write_message_id(struct smtp_message *message, const struct field *field, struct text *out)
{
    const char *host = message->session->hostname;
    struct utsname machine = {0};
    struct timeval now = {0};
    char made[64] = "";

    if (!field->text) {
        (void)gettimeofday(&now, NULL);
        (void)snprintf(made, sizeof made, "%lld.%06ld.%ld@", (long long)now.tv_sec, (long)now.tv_usec, (long)getpid());
        if (!host)
            host = uname(&machine) < 0 ? "localhost" : machine.nodename;
    }
    text_add_all(out, "<", field->text ? field->text : made, field->text ? "" : host, ">", (char *)NULL);
}

const struct value_kind value_message_id = {value_set_text, value_has_text, value_write_message_id};

/* ---- Date ---- */

static int value_set_date(struct field *field, va_list *arguments)
{
    const time_t *when = va_arg(*arguments, const time_t *);

    field->when = when ? *when : 0;
    return 1;
}

static bool value_has_date(const struct field *field)
{
    return field->when;
}

/* RFC 5322 section 3.3. strftime() would use the words of the program's locale. */
static void value_write_date(struct smtp_message *message, const struct field *field, struct text *out)
{
    static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t when = field->when ? field->when : time(NULL);
    struct tm t;
    long minutes;
    char line[96];

    if (!localtime_r(&when, &t))
        return;
    minutes = labs(t.tm_gmtoff) / 60;
    (void)snprintf(line, sizeof line, "%s, %02d %s %d %02d:%02d:%02d %c%02ld%02ld", days[t.tm_wday], t.tm_mday,
                   months[t.tm_mon], t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec, t.tm_gmtoff < 0 ? '-' : '+',
                   minutes / 60, minutes % 60);
    text_add_all(out, line, (char *)NULL);
}

const struct value_kind value_date = {value_set_date, value_has_date, value_write_date};

/* ---- mailboxes ---- */

/* A list grows at the front, as libESMTP's does. */
static int value_add_mailbox(struct field *field, const char *phrase, const char *mailbox)
{
    struct mailbox *box = calloc(1, sizeof *box);

    if (!box || !set_text(&box->phrase, phrase) || !set_text(&box->mailbox, mailbox)) {
        if (box)
            free(box->phrase);
        free(box);
        return 0;
    }
    box->next = field->boxes;
    field->boxes = box;
    return 1;
}

/* Without a mailbox the value stays as it is. */
static int value_set_mailboxes(struct field *field, va_list *arguments)
{
    const char *phrase = va_arg(*arguments, const char *);
    const char *mailbox = va_arg(*arguments, const char *);

    return mailbox ? value_add_mailbox(field, phrase, mailbox) : 1;
}

static bool value_has_mailboxes(const struct field *field)
{
    return field->boxes;
}

static void value_write_mailboxes(struct smtp_message *message, const struct field *field, struct text *out)
{
    for (const struct mailbox *box = field->boxes; box; box = box->next) {
        if (box->phrase)
            text_add_all(out, "\"", box->phrase, "\" <", box->mailbox, ">", (char *)NULL);
        else
            text_add_all(out, *box->mailbox ? box->mailbox : "<>", (char *)NULL);
        if (box->next)
            text_add_all(out, ",\r\n    ", (char *)NULL);
    }
}

static void value_write_from(struct smtp_message *message, const struct field *field, struct text *out)
{
    const char *sender = message->reverse_path;

    if (field->boxes)
        value_write_mailboxes(message, field, out);
    else
        text_add_all(out, sender && *sender ? sender : "<>", (char *)NULL);
}

static void value_write_to(struct smtp_message *message, const struct field *field, struct text *out)
{
    if (field->boxes) {
        value_write_mailboxes(message, field, out);
        return;
    }
    for (const struct smtp_recipient *r = message->recipients; r; r = r->next)
        text_add_all(out, r->mailbox, r->next ? ",\r\n\t" : "", (char *)NULL);
}

const struct value_kind value_mailboxes = {value_set_mailboxes, value_has_mailboxes, value_write_mailboxes};
const struct value_kind value_from = {value_set_mailboxes, value_has_mailboxes, value_write_from};
const struct value_kind value_to = {value_set_mailboxes, value_has_mailboxes, value_write_to};

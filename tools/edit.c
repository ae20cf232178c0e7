/* SPDX-License-Identifier: MIT */
#include "edit.h"

#include "accounts/exit_code.h"
#include "accounts/header.h"
#include "phrase.h"
#include "portable/random.h"

#include <envoi/envoi.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Per field: whether -t reads it, it never leaves, its local names become addresses, or an added one is not needed. */
static const struct rule {
    const char *name;
    int told, resent_told, dropped, qualified;
} rules[] = {
    {"From", 0, 0, 0, 1},       {"Sender", 0, 0, 0, 1},      {"Reply-To", 0, 0, 0, 1},       {"To", 1, 0, 0, 1},
    {"Cc", 1, 0, 0, 1},         {"Bcc", 1, 0, 1, 0},         {"Resent-To", 0, 1, 0, 0},      {"Resent-Cc", 0, 1, 0, 0},
    {"Resent-Bcc", 0, 1, 1, 0}, {"Return-Path", 0, 0, 1, 0}, {"Content-Length", 0, 0, 1, 0},
};

static const struct rule *rule_of(const struct header_field *field)
{
    static const struct rule none = {0};

    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (header_field_is(field, rules[i].name))
            return &rules[i];
    return &none;
}

static int is_resent(const struct header_field *field)
{
    return field->name_len > 7 && !strncasecmp(field->name, "Resent-", 7);
}

/* ---- where it ends ---- */

int edit_find_end(const char *text, size_t len, int whole, size_t *header, size_t *body)
{
    struct header_field field;
    size_t at = 0;
    int known = 0, more;

    while ((more = header_next(text, len, whole, at, &field)) > 0) {
        known |= header_is_known(field.name, field.name_len);
        at = field.end;
    }
    if (more < 0 || (at + 1 == len && text[at] == '\r' && !whole))
        return 0;
    *header = *body = at;
    if (at && !known)
        *header = *body = 0;
    else if (at < len && text[at] == '\r')
        *body += at + 1 < len && text[at + 1] == '\n' ? 2 : 1;
    else if (at < len && text[at] == '\n')
        *body += 1;
    return 1;
}

/* ---- addresses ---- */

/* A field's value in one line, of the same length. NULL: memory ran out. */
static char *unfold(const char *text, const struct header_field *field)
{
    size_t len = field->end - field->value;
    char *value = malloc(len + 1);

    if (!value)
        return NULL;
    memcpy(value, text + field->value, len);
    for (size_t i = 0; i < len; i++)
        if (value[i] == '\r' || value[i] == '\n')
            value[i] = ' ';
    value[len] = '\0';
    return value;
}

struct teller {
    address_fn *tell;
    void *ctx;
};

static int teller_tell(void *ctx, const char *address, size_t end, struct fault *fault)
{
    const struct teller *teller = ctx;

    (void)end;
    return teller->tell(teller->ctx, address, fault);
}

static int tell_addresses(const char *text, const struct header_field *field, address_fn *tell, void *ctx,
                          struct fault *fault)
{
    struct teller teller = {tell, ctx};
    char *value = unfold(text, field), where[32];

    if (!value)
        return fault_memory(fault);
    snprintf(where, sizeof where, "the field %.*s", (int)field->name_len, field->name);
    addresses_locate(where, value, field->end - field->value, teller_tell, &teller, fault);
    free(value);
    return fault->exit;
}

int edit_recipients(const char *text, size_t len, address_fn *tell, void *ctx, struct fault *fault)
{
    struct header_field field;
    int resent = 0, in_block = 0, over = 0, rc = 0;

    for (size_t at = 0; header_next(text, len, 1, at, &field) > 0; at = field.end)
        resent |= rule_of(&field)->resent_told;
    for (size_t at = 0; !rc && header_next(text, len, 1, at, &field) > 0; at = field.end) {
        const struct rule *rule = rule_of(&field);

        over |= in_block && !is_resent(&field);
        in_block |= resent && is_resent(&field);
        if (resent ? rule->resent_told && !over : rule->told)
            rc = tell_addresses(text, &field, tell, ctx, fault);
    }
    return rc;
}

static int take_first(void *ctx, const char *address, struct fault *fault)
{
    char **first = ctx;

    if (!*first && !(*first = strdup(address)))
        return fault_memory(fault);
    return 0;
}

int edit_sender(const char *text, size_t len, char **out, struct fault *fault)
{
    struct header_field field;

    *out = NULL;
    for (size_t at = 0; !*out && header_next(text, len, 1, at, &field) > 0; at = field.end)
        if (header_field_is(&field, "From") && tell_addresses(text, &field, take_first, out, fault) == EXIT_LOCAL)
            return fault->exit;
    *fault = (struct fault){0};
    return 0;
}

/* ---- the new header ---- */

struct writer {
    FILE *out;
    const char *text;
    const struct edit *edit;
    const char *value; /* of the field at hand */
    size_t done;       /* of it */
    int has_date, has_from, has_id, has_reply_to;
};

static int writer_qualify(void *ctx, const char *address, size_t end, struct fault *fault)
{
    struct writer *w = ctx;

    (void)fault;
    if (strchr(address, '@'))
        return 0;
    fwrite(w->value + w->done, 1, end - w->done, w->out);
    fprintf(w->out, "@%s", w->edit->domain);
    w->done = end;
    return 0;
}

static int pass_over(void *ctx, const char *address, size_t end, struct fault *fault)
{
    (void)ctx;
    (void)address;
    (void)end;
    (void)fault;
    return 0;
}

/* Writes the value of a field. If it is no list of addresses, it stays as it is. */
static int writer_put_value(struct writer *w, const struct header_field *field)
{
    size_t len = field->end - field->value;
    struct fault unused = {0};
    char *value;

    if (!rule_of(field)->qualified || !w->edit->domain) {
        fwrite(w->text + field->value, 1, len, w->out);
        return 0;
    }
    if (!(value = unfold(w->text, field)))
        return -1;
    w->value = w->text + field->value;
    w->done = 0;
    if (!addresses_locate("", value, len, pass_over, NULL, &unused))
        addresses_locate("", value, len, writer_qualify, w, &unused);
    fwrite(w->value + w->done, 1, len - w->done, w->out);
    free(value);
    return 0;
}

static int writer_put_field(struct writer *w, const struct header_field *field)
{
    char last;

    if (rule_of(field)->dropped)
        return 0;
    if (w->edit->rule == FROM_ALWAYS && header_field_is(field, "From")) {
        if (w->has_reply_to)
            return 0;
        w->has_reply_to = 1;
        fputs("Reply-To:", w->out);
    } else {
        fwrite(field->name, 1, (size_t)(w->text + field->value - field->name), w->out);
    }
    if (writer_put_value(w, field))
        return -1;
    last = w->text[field->end - 1];
    if (last != '\n' && last != '\r')
        fputs("\r\n", w->out);
    return 0;
}

static void writer_add_date(struct writer *w)
{
    char date[64];
    time_t now = time(NULL);
    struct tm parts;

    /* The program sets no locale, so the names are English. */
    if (localtime_r(&now, &parts) && strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S %z", &parts))
        fprintf(w->out, "Date: %s\r\n", date);
}

static void writer_add_from(struct writer *w)
{
    fputs("From: ", w->out);
    if (w->edit->name && *w->edit->name)
        phrase_write(w->edit->name, sizeof "From: " - 1, w->out);
    fprintf(w->out, w->edit->name && *w->edit->name ? " <%s>\r\n" : "%s\r\n", w->edit->from);
}

static void writer_add_id(struct writer *w)
{
    uint64_t number[2] = {0};

    if (!random_draw(number, sizeof number))
        number[0] = (uint64_t)time(NULL);
    fprintf(w->out, "Message-ID: <%016" PRIx64 "%016" PRIx64 "@%s>\r\n", number[0], number[1], w->edit->id_domain);
}

static void writer_look(struct writer *w, const struct header_field *field)
{
    w->has_date |= header_field_is(field, "Date");
    w->has_from |= header_field_is(field, "From");
    w->has_id |= header_field_is(field, "Message-ID");
    w->has_reply_to |= header_field_is(field, "Reply-To");
}

static int writer_run(struct writer *w, size_t len)
{
    struct header_field field;

    for (size_t at = 0; header_next(w->text, len, 1, at, &field) > 0; at = field.end)
        writer_look(w, &field);
    for (size_t at = 0; header_next(w->text, len, 1, at, &field) > 0; at = field.end)
        if (writer_put_field(w, &field))
            return -1;
    if (w->edit->rule == FROM_ALWAYS || (w->edit->rule == FROM_AUTO && !w->has_from))
        writer_add_from(w);
    if (!w->has_date)
        writer_add_date(w);
    if (!w->has_id)
        writer_add_id(w);
    fputs("\r\n", w->out);
    return 0;
}

int edit_write(const char *text, size_t len, const struct edit *edit, char **out, size_t *out_len, struct fault *fault)
{
    struct writer w = {.text = text, .edit = edit};
    int failed;

    *out = NULL;
    w.out = open_memstream(out, out_len);
    if (!w.out)
        return fault_memory(fault);
    failed = writer_run(&w, len);
    failed |= ferror(w.out);
    failed |= fclose(w.out);
    if (!failed)
        return 0;
    free(*out);
    *out = NULL;
    return fault_memory(fault);
}

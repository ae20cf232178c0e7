/* SPDX-License-Identifier: MIT */
#include "content.h"

#include <string.h>

/* A field is held as a whole, and so is a line of the body, up to these bounds. */
#define FIELD_MAX (1u << 20)
#define PIECE_MAX (1u << 16)

void content_begin(struct content *c, struct smtp_message *message)
{
    *c = (struct content){.message = message};
}

void content_end(struct content *c)
{
    source_end(&c->source);
    text_free(&c->line);
    text_free(&c->out);
}

/* Tells the program of what goes out now. */
static void content_tell(struct content *c, bool header)
{
    struct smtp_session *s = c->message->session;
    int len = (int)c->out.len;

    if (!len)
        return;
    EVENT(s, SMTP_EV_MESSAGEDATA, c->message, len);
    if (header && s->monitor && s->monitor_headers)
        s->monitor(c->out.data, len, SMTP_CB_HEADERS, s->monitor_arg);
}

static void content_start(struct content *c)
{
    source_begin(&c->source, c->message->content, c->message->content_arg);
    fields_rewind(&c->message->fields);
    c->state = CONTENT_HEADER;
}

/* One field, with its further lines; the empty line ends the header. */
static void content_header(struct content *c)
{
    int next;

    text_clear(&c->line);
    if (!source_line(&c->source, &c->line, FIELD_MAX) || (c->line.len == 2 && *c->line.data == '\r')) {
        c->state = CONTENT_MISSING;
        return;
    }
    while (c->line.len < FIELD_MAX && ((next = source_peek(&c->source)) == ' ' || next == '\t'))
        (void)source_line(&c->source, &c->line, FIELD_MAX);
    c->out.failed = c->line.failed;
    if (!c->out.failed)
        fields_filter(c->message, c->line.data, c->line.len, &c->out);
    content_tell(c, true);
}

static void content_missing(struct content *c)
{
    c->field = fields_missing(c->message, c->field, &c->out);
    content_tell(c, true);
    if (c->field)
        return;
    text_add(&c->out, "\r\n", 2);
    c->state = CONTENT_BODY;
}

static void content_body(struct content *c)
{
    bool binary = c->message->body == E8bitmime_BINARYMIME;

    if (binary ? source_block(&c->source, &c->out) : source_line(&c->source, &c->out, PIECE_MAX))
        content_tell(c, false);
    else
        c->state = CONTENT_END;
}

/* Makes what comes next. ENVOI_OK or the failure. */
static int content_step(struct content *c)
{
    static void (*const steps[])(struct content *) = {
        [CONTENT_NEW] = content_start,
        [CONTENT_HEADER] = content_header,
        [CONTENT_MISSING] = content_missing,
        [CONTENT_BODY] = content_body,
    };

    text_clear(&c->out);
    c->sent = 0;
    steps[c->state](c);
    if (c->out.failed)
        return ENVOI_E_MEMORY;
    return c->source.error ? ENVOI_E_CONTENT : ENVOI_OK;
}

int content_pull(void *ctx, void *buf, size_t cap, size_t *len)
{
    struct content *c = ctx;
    int rc = ENVOI_OK;

    *len = 0;
    while (!rc && *len < cap && (c->sent < c->out.len || c->state != CONTENT_END)) {
        size_t left = c->out.len - c->sent, room = cap - *len, part = left < room ? left : room;

        if (part)
            memcpy((char *)buf + *len, c->out.data + c->sent, part);
        c->sent += part;
        *len += part;
        if (c->sent == c->out.len && c->state != CONTENT_END)
            rc = content_step(c);
    }
    return rc;
}

/* SPDX-License-Identifier: MIT */
#include "engine/reply.h"

#include "base/text.h"

#include <envoi/error.h>
#include <string.h>

int envoi_reply_code(const struct envoi_reply *reply)
{
    return reply ? reply->code : 0;
}

const char *envoi_reply_text(const struct envoi_reply *reply)
{
    return reply && reply->text.len ? (const char *)buf_head(&reply->text) : "";
}

const char *envoi_reply_enhanced(const struct envoi_reply *reply)
{
    return reply ? reply->enhanced : "";
}

void reply_init(struct envoi_reply *r)
{
    r->code = 0;
    r->enhanced[0] = '\0';
    buf_init(&r->text, 0, false);
}

void reply_free(struct envoi_reply *r)
{
    buf_free(&r->text);
    reply_init(r);
}

void reply_clear(struct envoi_reply *r)
{
    r->code = 0;
    r->enhanced[0] = '\0';
    buf_reset(&r->text);
}

void reply_swap(struct envoi_reply *a, struct envoi_reply *b)
{
    struct envoi_reply kept = *a;

    *a = *b;
    *b = kept;
}

int reply_copy(struct envoi_reply *to, const struct envoi_reply *from)
{
    reply_clear(to);
    if (buf_append(&to->text, buf_head(&from->text), from->text.len)) {
        reply_clear(to);
        return ENVOI_E_MEMORY;
    }
    to->code = from->code;
    memcpy(to->enhanced, from->enhanced, sizeof to->enhanced);
    return ENVOI_OK;
}

int reply_class(const struct envoi_reply *r)
{
    return r->code / 100;
}

void reply_parser_init(struct reply_parser *p)
{
    buf_init(&p->line, REPLY_LINE_MAX, true);
    reply_init(&p->reply);
    p->lines = 0;
    p->octets = 0;
    p->problem = "";
}

void reply_parser_free(struct reply_parser *p)
{
    buf_free(&p->line);
    reply_free(&p->reply);
}

void reply_parser_reset(struct reply_parser *p)
{
    buf_reset(&p->line);
    reply_clear(&p->reply);
    p->lines = 0;
    p->octets = 0;
}

bool reply_parser_busy(const struct reply_parser *p)
{
    return p->line.len > 0 || p->lines > 0;
}

static int malformed(struct reply_parser *p, const char *problem)
{
    p->problem = problem;
    return ENVOI_E_PROTOCOL;
}

/* Digits of one part of an enhanced status code: one to three (RFC 3463 section 2). */
static size_t part_length(const char *text, size_t len)
{
    size_t n = 0;

    while (n < len && n < 4 && text_is_digit(text[n]))
        n++;
    return n >= 1 && n <= 3 ? n : 0;
}

/* The length of an enhanced status code (RFC 2034) at the head of text, 0 when there is none for this code. */
static size_t enhanced_length(const char *text, size_t len, int code)
{
    size_t subject, detail;

    if (len < 5 || text[0] != '0' + code / 100 || text[1] != '.')
        return 0;
    subject = part_length(text + 2, len - 2);
    if (!subject || 2 + subject >= len || text[2 + subject] != '.')
        return 0;
    detail = part_length(text + 3 + subject, len - 3 - subject);
    if (!detail || (3 + subject + detail < len && text[3 + subject + detail] != ' '))
        return 0;
    return 3 + subject + detail;
}

static int code_of(const char *line, size_t len)
{
    if (len < 3 || line[0] < '2' || line[0] > '5' || line[1] < '0' || line[1] > '5' || !text_is_digit(line[2]))
        return 0;
    return (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
}

/* Takes one whole line, without its line end. */
static int take_line(struct reply_parser *p, const char *line, size_t len, bool *complete)
{
    bool control = text_has_control(line, len);
    struct buf *text = &p->reply.text;
    int code = code_of(line, len);
    size_t skip;

    if (control && memchr(line, '\0', len))
        return malformed(p, "a NUL octet in a reply");

    if (!code || (len > 3 && line[3] != ' ' && line[3] != '-'))
        return malformed(p, "a line that is no reply");
    if (p->lines && code != p->reply.code)
        return malformed(p, "different codes within one reply");
    if (++p->lines > REPLY_LINES_MAX)
        return malformed(p, "a reply of too many lines");
    *complete = len == 3 || line[3] == ' ';
    p->reply.code = code;
    text->secret = code == 334; /* a challenge may hold one */

    line += len == 3 ? 3 : 4;
    len -= len == 3 ? 3 : 4;
    skip = enhanced_length(line, len, code);
    if (skip && skip < REPLY_ENHANCED_MAX) {
        memcpy(p->reply.enhanced, line, skip);
        p->reply.enhanced[skip] = '\0';
        skip += skip < len ? 1 : 0;
        line += skip;
        len -= skip;
    }
    if ((p->lines > 1 && buf_append(text, "\n", 1)) || buf_append(text, line, len))
        return ENVOI_E_MEMORY;
    if (control)
        text_make_printable((char *)text->data + text->head + text->len - len, len, "");
    return *complete ? buf_append(text, "", 1) : ENVOI_OK;
}

int reply_parse(struct reply_parser *p, const char *data, size_t len, size_t *used, bool *complete, reply_line_fn *line,
                void *ctx)
{
    *used = 0;
    *complete = false;
    if (!reply_parser_busy(p))
        reply_parser_reset(p);
    while (*used < len && !*complete) {
        const char *at = data + *used, *end = memchr(at, '\n', len - *used);
        size_t take = end ? (size_t)(end - at) + 1 : len - *used, n;
        const char *text = at;
        int rc = ENVOI_OK;

        if ((p->octets += take) > REPLY_OCTETS_MAX)
            return malformed(p, "a reply that is too long");
        if (p->line.len + take > REPLY_LINE_MAX)
            return malformed(p, "a reply line that is too long");
        if (p->line.len || !end) { /* a line in pieces is put together; a whole one is read where it lies */
            if ((rc = buf_append(&p->line, at, take)))
                return rc;
            text = (const char *)buf_head(&p->line);
            take = p->line.len;
        }
        *used = end ? (size_t)(end - data) + 1 : len;
        if (!end)
            break;
        n = take - 1;
        if (n && text[n - 1] == '\r')
            n--;
        if (line)
            line(ctx, text, n);
        rc = take_line(p, text, n, complete);
        if (p->line.len)
            buf_reset(&p->line);
        if (rc)
            return rc;
    }
    if (*complete) {
        p->lines = 0;
        p->octets = 0;
    }
    return ENVOI_OK;
}

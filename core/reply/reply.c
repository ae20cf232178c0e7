/* SPDX-License-Identifier: MIT */
#include "reply/reply.h"

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
    *r = (struct envoi_reply){0};
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

void reply_parser_init(struct reply_parser *p, struct envoi_reply *reply)
{
    *p = (struct reply_parser){.reply = reply, .problem = ""};
    buf_init(&p->line, REPLY_LINE_MAX, true);
    reply_init(reply);
}

void reply_parser_free(struct reply_parser *p)
{
    buf_free(&p->line);
    reply_free(p->reply);
}

void reply_parser_reset(struct reply_parser *p)
{
    if (p->line.len)
        buf_reset(&p->line);
    reply_clear(p->reply);
    p->lines = 0;
    p->octets = 0;
}

bool reply_parser_busy(const struct reply_parser *p)
{
    return p->line.len > 0 || p->lines > 0;
}

static int reply_malformed(struct reply_parser *p, const char *problem)
{
    p->problem = problem;
    return ENVOI_E_PROTOCOL;
}

/* Digits of one part of an enhanced status code: one to three (RFC 3463 section 2). */
static size_t enhanced_part_length(const char *text, size_t len)
{
    size_t n = 0;

    while (n < len && n < 4 && text_is_digit(text[n]))
        n++;
    return n >= 1 && n <= 3 ? n : 0;
}

/* The length of the enhanced status code (RFC 2034) of this class ('2', '4', '5') at the head of text; 0: there is
 * none. */
static size_t enhanced_length(const char *text, size_t len, char class_)
{
    size_t subject, detail;

    if (len < 5 || text[0] != class_ || text[1] != '.')
        return 0;
    subject = enhanced_part_length(text + 2, len - 2);
    if (!subject || 2 + subject >= len || text[2 + subject] != '.')
        return 0;
    detail = enhanced_part_length(text + 3 + subject, len - 3 - subject);
    if (!detail || (3 + subject + detail < len && text[3 + subject + detail] != ' '))
        return 0;
    return 3 + subject + detail;
}

/* Takes the enhanced status code at the head of a line, if there is one. Returns where the text after it begins. */
static inline size_t reply_take_enhanced(struct reply_parser *p, const char *text, size_t len, char class_)
{
    char *to = p->reply->enhanced;
    size_t n;

    if (len > 5 && text[0] == class_ && text[1] == '.' && text_is_digit(text[2]) && text[3] == '.' &&
        text_is_digit(text[4]) && text[5] == ' ') { /* nearly all are this short */
        memcpy(to, text, 5);
        to[5] = '\0';
        return 6;
    }
    if (!(n = enhanced_length(text, len, class_)))
        return 0;
    memcpy(to, text, n);
    to[n] = '\0';
    return n < len ? n + 1 : n;
}

static inline int reply_code_of(const char *line, size_t len)
{
    if (len < 3 || line[0] < '2' || line[0] > '5' || line[1] < '0' || line[1] > '5' || !text_is_digit(line[2]))
        return 0;
    return (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
}

/* Appends the text of a line to that of the lines before it. control: see reply_take_line(). */
static inline int reply_keep_text(struct reply_parser *p, const char *line, size_t len, bool control, bool last)
{
    struct buf *text = &p->reply->text;
    uint8_t *at;
    int rc = buf_reserve(text, len + 2, &at);

    if (rc)
        return rc;
    if (p->lines > 1) {
        *at++ = '\n';
        text->len++;
    }
    memcpy(at, line, len);
    if (control)
        text_make_printable((char *)at, len, "");
    at[len] = '\0';
    text->len += len + (last ? 1 : 0);
    return ENVOI_OK;
}

/* Takes a whole line, without its line end. control: it may hold control characters. */
static int reply_take_line(struct reply_parser *p, const char *line, size_t len, bool control, bool *complete)
{
    const char class_ = len ? line[0] : '\0';
    int code = reply_code_of(line, len);
    size_t skip;

    if (control && memchr(line, '\0', len))
        return reply_malformed(p, "a NUL octet in a reply");
    if (!code || (len > 3 && line[3] != ' ' && line[3] != '-'))
        return reply_malformed(p, "a line that is no reply");
    if (p->lines && code != p->reply->code)
        return reply_malformed(p, "different codes within one reply");
    if (++p->lines > REPLY_LINES_MAX)
        return reply_malformed(p, "a reply of too many lines");
    *complete = len == 3 || line[3] == ' ';
    p->reply->code = code;
    p->reply->text.secret = code == 334 || p->secret; /* a challenge may hold one, or an echo */
    line += len == 3 ? 3 : 4;
    len -= len == 3 ? 3 : 4;
    skip = reply_take_enhanced(p, line, len, class_);
    return reply_keep_text(p, line + skip, len - skip, control, *complete);
}

/* The fast way for nearly every reply: one line, whole and well formed. Returns its length; 0: it is not of this
 * kind. */
static size_t reply_take_simple(struct reply_parser *p, const char *data, size_t len)
{
    size_t n = text_plain_length(data, len), skip = 4;
    int code = reply_code_of(data, n);

    if (!code || n < skip || data[3] != ' ' || n + 2 > len || n + 2 > REPLY_LINE_MAX || data[n] != '\r' ||
        data[n + 1] != '\n')
        return 0;
    p->reply->code = code;
    p->reply->text.secret = code == 334 || p->secret; /* a challenge may hold one, or an echo */
    skip += reply_take_enhanced(p, data + skip, n - skip, data[0]);
    if (!reply_keep_text(p, data + skip, n - skip, false, true))
        return n + 2;
    buf_reset(&p->reply->text); /* out of memory: the slow way tries once more */
    return 0;
}

/* Finds the line at the head of data; *line is its length with the line end. *control: see reply_take_line(). False:
 * the line end is not there yet, and *line is len. */
static bool reply_find_line(const char *data, size_t len, size_t *line, bool *control)
{
    size_t plain = text_plain_length(data, len);
    const char *end;

    *control = false;
    *line = plain + 2;
    if (*line <= len && data[plain] == '\r' && data[plain + 1] == '\n') /* well formed */
        return true;
    end = memchr(data + plain, '\n', len - plain);
    *control = true;
    *line = end ? (size_t)(end - data) + 1 : len;
    return end;
}

/* Puts together a line that arrives in pieces. */
static int reply_join_pieces(struct reply_parser *p, const char **data, size_t *len)
{
    int rc = buf_append(&p->line, *data, *len);

    if (rc) {
        buf_reset(&p->line); /* its failure must not outlive the connection */
        return rc;
    }
    *data = (const char *)buf_head(&p->line);
    *len = p->line.len;
    return ENVOI_OK;
}

/* Takes the octets of one line that are there. */
static int reply_take_some(struct reply_parser *p, const char *text, size_t len, size_t *used, bool *complete,
                           reply_line_fn *line, void *ctx)
{
    size_t take;
    bool control, pieces = p->line.len > 0, whole = reply_find_line(text, len, &take, &control);
    int rc;

    if ((p->octets += take) > REPLY_OCTETS_MAX)
        return reply_malformed(p, "a reply that is too long");
    if (p->line.len + take > REPLY_LINE_MAX)
        return reply_malformed(p, "a reply line that is too long");
    *used += take;
    if ((pieces || !whole) && (rc = reply_join_pieces(p, &text, &take)))
        return rc;
    if (!whole)
        return ENVOI_OK;
    take -= take > 1 && text[take - 2] == '\r' ? 2 : 1;
    if (line)
        line(ctx, text, take);
    rc = reply_take_line(p, text, take, control || pieces, complete);
    if (pieces)
        buf_reset(&p->line);
    return rc;
}

int reply_parse(struct reply_parser *p, const char *data, size_t len, size_t *used, bool *complete, reply_line_fn *line,
                void *ctx)
{
    size_t at = 0;
    bool done = false;
    int rc = ENVOI_OK;

    if (!reply_parser_busy(p)) {
        reply_parser_reset(p);
        if (!line && (at = reply_take_simple(p, data, len))) {
            *used = at;
            *complete = true;
            return ENVOI_OK;
        }
    }
    while (!rc && !done && at < len)
        rc = reply_take_some(p, data + at, len - at, &at, &done, line, ctx);
    if (done)
        p->lines = 0;
    *used = at;
    *complete = done && !rc;
    return rc;
}

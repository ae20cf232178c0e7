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
    if (!reply || !reply->raw.len)
        return "";
    return reply->text.len ? (const char *)buf_head(&reply->text) : (const char *)buf_head(&reply->raw) + reply->skip;
}

size_t envoi_reply_lines(const struct envoi_reply *reply)
{
    return reply ? reply->lines : 0;
}

/* The line that begins at `at` in raw; returns its length. Only a line that is alone can have a NUL in it. */
static size_t reply_line_length(const struct envoi_reply *r, size_t at)
{
    const char *line = (const char *)buf_head(&r->raw) + at;

    return r->lines == 1 ? r->raw.len - 1 : strlen(line);
}

const char *envoi_reply_line(const struct envoi_reply *reply, size_t index, size_t *len)
{
    size_t at = 0;

    if (len)
        *len = 0;
    if (!reply || index >= reply->lines)
        return NULL;
    while (index--)
        at += reply_line_length(reply, at) + 1;
    if (len)
        *len = reply_line_length(reply, at);
    return (const char *)buf_head(&reply->raw) + at;
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
    buf_free(&r->raw);
    buf_free(&r->text);
    reply_init(r);
}

void reply_clear_text(struct envoi_reply *r)
{
    r->lines = 0;
    buf_reset(&r->raw);
    if (r->text.len)
        buf_reset(&r->text);
}

void reply_clear(struct envoi_reply *r)
{
    r->code = 0;
    r->enhanced[0] = '\0';
    reply_clear_text(r);
}

int reply_copy(struct envoi_reply *to, const struct envoi_reply *from)
{
    reply_clear(to);
    buf_append(&to->raw, buf_head(&from->raw), from->raw.len);
    buf_append(&to->text, buf_head(&from->text), from->text.len);
    if (buf_failed(&to->raw) || buf_failed(&to->text)) {
        buf_reset(&to->text); /* it may be empty and failed */
        reply_clear(to);
        return ENVOI_E_MEMORY;
    }
    to->code = from->code;
    to->lines = from->lines;
    to->skip = from->skip;
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
static inline size_t reply_take_enhanced(struct envoi_reply *r, const char *text, size_t len, char class_)
{
    char *to = r->enhanced;
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

/* ---- the text ---- */

/* Makes the text of all lines. Their enhanced codes are not repeated in it; the last one counts. */
static int reply_make_text(struct envoi_reply *r)
{
    struct buf *text = &r->text;
    char class_ = r->code > 0 ? (char)('0' + reply_class(r)) : '\n'; /* a line has no LF */
    const char *line;
    size_t len, skip;

    r->skip = 0;
    for (size_t i = 0; (line = envoi_reply_line(r, i, &len)); i++) {
        skip = reply_take_enhanced(r, line, len, class_);
        if (r->lines == 1 && text_plain_length(line, len) == len) {
            r->skip = (unsigned)skip;
            return ENVOI_OK;
        }
        if (i)
            buf_append(text, "\n", 1);
        buf_append(text, line + skip, len - skip);
    }
    if (text->len)
        text_make_printable((char *)(uintptr_t)buf_head(text), text->len, r->lines > 1 ? "\n" : "");
    if (buf_append(text, "", 1)) {
        buf_reset(text); /* reply_clear_text() does not look for failures */
        return ENVOI_E_MEMORY;
    }
    return ENVOI_OK;
}

void reply_set_broken(struct envoi_reply *r, const char *line, size_t len)
{
    reply_clear(r);
    r->code = ENVOI_E_PROTOCOL;
    if (len > REPLY_BROKEN_MAX)
        len = REPLY_BROKEN_MAX;
    buf_append(&r->raw, line, len);
    r->lines = 1;
    if (buf_append(&r->raw, "", 1) || reply_make_text(r)) /* out of memory: the code has to do */
        reply_clear_text(r);
}

const char *reply_quote(const struct envoi_reply *r, char out[REPLY_QUOTED_MAX])
{
    const char *text = r->code == 334 ? "..." : envoi_reply_text(r);
    char code[8] = "";
    size_t len = 1;

    if (r->code > 0)
        (void)text_print(code, sizeof code, "", "%d%s", r->code, *text || *r->enhanced ? " " : "");
    out[0] = '"';
    len += text_print(out + 1, REPLY_QUOTED_MAX - 2, "\n", "%s%s%s%s", code, r->enhanced,
                      *text && *r->enhanced ? " " : "", text);
    memcpy(out + len, "\"", 2);
    return out;
}

/* ---- lines ---- */

static int reply_malformed(struct reply_parser *p, const char *problem, const char *line, size_t len)
{
    p->problem = problem;
    reply_set_broken(p->reply, line, len);
    return ENVOI_E_PROTOCOL;
}

/* The code at the head of a line; 0: there is none. The second digits of 2yz and 3yz are those of RFC 5321. Of a
 * failure the first digit decides (section 4.2.1), and servers do make up the others. */
static inline int reply_code_of(const char *line, size_t len)
{
    unsigned first, second, third;

    if (len < 3)
        return 0;
    first = (unsigned)(line[0] - '0');
    second = (unsigned)(line[1] - '0');
    third = (unsigned)(line[2] - '0');
    if (first < 2 || first > 5 || second > (first < 4 ? 5 : 9) || third > 9)
        return 0;
    return (int)(first * 100 + second * 10 + third);
}

/* Keeps the octets behind code and separator. */
static inline int reply_keep(struct envoi_reply *r, const char *rest, size_t len)
{
    struct buf *raw = &r->raw;
    uint8_t *at;
    int rc = buf_reserve(raw, len + 1, &at);

    if (rc)
        return rc;
    memcpy(at, rest, len);
    at[len] = '\0';
    raw->len += len + 1;
    return ENVOI_OK;
}

static void reply_set_secret(struct reply_parser *p, int code)
{
    p->reply->raw.secret = p->reply->text.secret = code == 334 || p->secret; /* a challenge may hold one, or an echo */
}

/* The code of one more line of a reply. Lines that differ are a fault of the server; a failure behind other lines, such
 * as a 521 behind the first half of a greeting, is believed, if it is not milder than they are. False: not this one. */
static bool reply_take_code(struct envoi_reply *r, int code)
{
    if (!r->code || code == r->code || (code >= 400 && code / 100 >= reply_class(r))) {
        r->code = code;
        return true;
    }
    return code >= 400; /* both are failures: the graver one stays */
}

/* Takes a whole line, without its line end. control: it may hold control characters. */
static int reply_take_line(struct reply_parser *p, const char *line, size_t len, bool control, bool *complete)
{
    int code = reply_code_of(line, len);
    size_t head = len == 3 ? 3 : 4;
    const char *problem = NULL;
    int rc;

    if (control && memchr(line, '\0', len))
        problem = "a NUL octet in a reply";
    else if (control && memchr(line, '\r', len))
        problem = "a CR within a line of a reply";
    else if (!code || (len > 3 && line[3] != ' ' && line[3] != '-'))
        problem = "a line that is no reply";
    else if (++p->lines > REPLY_LINES_MAX)
        problem = "a reply of too many lines";
    else if (!reply_take_code(p->reply, code))
        problem = "different codes within one reply";
    if (problem)
        return reply_malformed(p, problem, line, len);
    reply_set_secret(p, code);
    if ((rc = reply_keep(p->reply, line + head, len - head)))
        return rc;
    p->reply->lines = p->lines;
    *complete = len == 3 || line[3] == ' ';
    return *complete ? reply_make_text(p->reply) : ENVOI_OK;
}

/* The fast way for nearly every reply: one line, whole and well formed, in printable ASCII. Returns its length; 0: it
 * is not of this kind. */
static size_t reply_take_simple(struct reply_parser *p, const char *data, size_t len)
{
    size_t n = text_plain_length(data, len);
    struct envoi_reply *r = p->reply;
    int code = reply_code_of(data, n);

    if (!code || n < 4 || data[3] != ' ' || n + 2 > len || n + 2 > REPLY_LINE_MAX || data[n] != '\r' ||
        data[n + 1] != '\n')
        return 0;
    reply_clear(r);
    r->raw.secret = code == 334 || p->secret; /* as reply_set_secret(); there is no text */
    if (reply_keep(r, data + 4, n - 4))       /* out of memory: the slow way tries once more */
        return 0;
    r->code = code;
    r->lines = 1;
    r->skip = (unsigned)reply_take_enhanced(r, data + 4, n - 4, data[0]);
    return n + 2;
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

/* A handshake or an alert of TLS: no line end will come. */
static bool reply_is_tls(const char *line, size_t len)
{
    return len > 1 && (line[0] == 0x15 || line[0] == 0x16) && line[1] == 0x03;
}

/* The head of the line is shown. */
static int reply_too_long(struct reply_parser *p, const char *text, size_t len)
{
    size_t room = p->line.len < REPLY_BROKEN_MAX ? REPLY_BROKEN_MAX - p->line.len : 0;

    (void)buf_append(&p->line, text, len < room ? len : room);
    return reply_malformed(p, "a reply line that is too long", (const char *)buf_head(&p->line), p->line.len);
}

/* Takes the octets of one line that are there. */
static int reply_take_some(struct reply_parser *p, const char *text, size_t len, size_t *used, bool *complete,
                           reply_line_fn *line, void *ctx)
{
    size_t take;
    bool control, pieces = p->line.len > 0, whole = reply_find_line(text, len, &take, &control);
    int rc;

    if ((p->octets += take) > REPLY_OCTETS_MAX)
        return reply_malformed(p, "a reply that is too long", text, take);
    if (p->line.len + take > REPLY_LINE_MAX)
        return reply_too_long(p, text, take);
    *used += take;
    if ((pieces || !whole) && (rc = reply_join_pieces(p, &text, &take)))
        return rc;
    if (!whole)
        return reply_is_tls(text, take) ? reply_malformed(p, "a line that is no reply", text, take) : ENVOI_OK;
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
        if (!line && (at = reply_take_simple(p, data, len))) {
            *used = at;
            *complete = true;
            return ENVOI_OK;
        }
        reply_parser_reset(p);
    }
    while (!rc && !done && at < len)
        rc = reply_take_some(p, data + at, len - at, &at, &done, line, ctx);
    if (done)
        p->lines = 0;
    *used = at;
    *complete = done && !rc;
    return rc;
}

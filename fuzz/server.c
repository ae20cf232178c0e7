/* SPDX-License-Identifier: MIT */
#include "server.h"

#include "support/fake_tls.h"
#include "support/toy_mech.h"

#include <stdlib.h>
#include <string.h>

#define RECORD_HEAD 3

static void heard_free(struct heard *h)
{
    free(h->path);
    fuzz_bytes_free(&h->content);
}

static void forget_recipients(struct server *s)
{
    for (size_t i = 0; i < s->recipient_count; i++)
        free(s->recipients[i]);
    s->recipient_count = 0;
    s->mail = s->chunk_refused = false;
    fuzz_clear(&s->chunks);
}

static void forget_connection(struct server *s)
{
    /* One more whose chunk is not all there. */
    for (size_t i = 0; i < s->count + (s->listens == LISTENS_CHUNK); i++)
        heard_free(&s->queue[s->first + i]);
    s->first = s->count = 0;
    forget_recipients(s);
    bytes_clear(&s->up);
    bytes_clear(&s->up_sasl);
    bytes_clear(&s->down);
    bytes_clear(&s->down_sasl);
    fuzz_clear(&s->line);
    fuzz_clear(&s->said);
    s->code[0] = '\0';
}

void server_free(struct server *s)
{
    forget_connection(s);
    for (size_t i = 0; i < s->delivery_count; i++) {
        free(s->deliveries[i].sender);
        free(s->deliveries[i].recipient);
        fuzz_bytes_free(&s->deliveries[i].content);
    }
    free(s->deliveries);
    free(s->queue);
    free(s->recipients);
    free(s->sender);
    bytes_free(&s->up);
    bytes_free(&s->up_sasl);
    bytes_free(&s->down);
    bytes_free(&s->down_sasl);
    fuzz_bytes_free(&s->line);
    fuzz_bytes_free(&s->said);
    fuzz_bytes_free(&s->chunks);
}

static struct heard *hear_command(struct server *s, enum heard_kind kind)
{
    if (s->first + s->count == s->room && s->first > s->count) {
        memcpy(s->queue, s->queue + s->first, s->count * sizeof *s->queue);
        s->first = 0;
    } else if (s->first + s->count == s->room) {
        s->queue = bytes_grow(s->queue, s->room, sizeof *s->queue); /* which doubles it */
        s->room = s->room ? 2 * s->room : 1;
    }
    s->queue[s->first + s->count] = (struct heard){.kind = kind, .by_verb = s->app.by_verb(s->app.ctx)};
    return &s->queue[s->first + s->count++];
}

void server_begin(struct server *s, bool implicit_tls)
{
    forget_connection(s);
    s->listens = LISTENS_COMMAND;
    s->tls = implicit_tls;
    s->layer = s->goodbye = s->broken = false;
    hear_command(s, HEARD_GREETING);
}

/* ---- listening ---- */

/* The path of MAIL FROM:<...> and RCPT TO:<...>, as a server that knows quoting finds its end. */
static char *path_of(const char *line)
{
    const char *path = strchr(line, '<') + 1;
    bool quoted = false;
    size_t i = 0;

    for (; path[i] && (quoted || path[i] != '>'); i++) {
        if (path[i] == '"')
            quoted = !quoted;
        else if (quoted && path[i] == '\\' && path[i + 1])
            i++;
    }
    FUZZ_CHECK(path[i] == '>' && (!path[i + 1] || path[i + 1] == ' '), "a path without an end: %s", line);
    return bytes_strndup(path, i);
}

static void hear_auth(struct server *s, const char *line)
{
    const char *initial = strchr(line + strlen("AUTH "), ' ');
    struct heard *h = hear_command(s, HEARD_AUTH);

    h->layered = s->auth_layered = s->app.layers(s->app.ctx) && strcmp(line, "AUTH GSSAPI dG9rZW4=") == 0;
    FUZZ_CHECK(strlen(line) + 2 <= 512, "an AUTH command of %zu octets", strlen(line));
    if (initial)
        s->app.response(s->app.ctx, initial + 1, s->tls);
}

static void hear_bdat(struct server *s, const char *line)
{
    char *end = NULL;
    unsigned long long n = strtoull(line + strlen("BDAT "), &end, 10);
    struct heard *h = hear_command(s, HEARD_BDAT);

    FUZZ_CHECK(end != line + strlen("BDAT ") && (!*end || strcmp(end, " LAST") == 0), "%s", line);
    h->last = *end != '\0';
    s->chunk_left = (size_t)n;
    if (n) {
        s->listens = LISTENS_CHUNK;
        s->count--; /* not before its last octet has come */
    }
}

static bool begins_with(const char *line, const char *start)
{
    return strncmp(line, start, strlen(start)) == 0;
}

/* One line where a command stands. Whatever is not known here was smuggled in. */
static void hear_line(struct server *s, const char *line)
{
    static const struct {
        const char *word;
        enum heard_kind kind;
    } words[] = {{"DATA", HEARD_DATA}, {"RSET", HEARD_RSET}, {"STARTTLS", HEARD_STARTTLS}, {"QUIT", HEARD_OTHER}};

    FUZZ_CHECK(!fuzz_has_control(line), "a command with a control character: %s", line);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(line, words[i].word) == 0) {
            hear_command(s, words[i].kind);
            return;
        }
    if (begins_with(line, "MAIL FROM:<"))
        hear_command(s, HEARD_MAIL)->path = path_of(line);
    else if (begins_with(line, "RCPT TO:<"))
        hear_command(s, HEARD_RCPT)->path = path_of(line);
    else if (begins_with(line, "BDAT "))
        hear_bdat(s, line);
    else if (begins_with(line, "AUTH "))
        hear_auth(s, line);
    else {
        bool hello = begins_with(line, "EHLO ") || begins_with(line, "HELO ") || begins_with(line, "LHLO ");

        FUZZ_CHECK(hello ? !strchr(line + 5, ' ') : s->app.may_say(s->app.ctx, line),
                   "a command that nobody wanted: %s", line);
        hear_command(s, HEARD_OTHER);
    }
}

static void hear_line_octet(struct server *s, uint8_t octet)
{
    char *line;

    fuzz_add_octet(&s->line, octet);
    FUZZ_CHECK(s->line.len <= 70000, "a command without an end");
    if (octet != '\n')
        return;
    FUZZ_CHECK(s->line.len >= 2 && s->line.data[s->line.len - 2] == '\r', "a command that ends in a bare LF");
    FUZZ_CHECK(!memchr(s->line.data, 0, s->line.len), "a NUL in a command");
    line = fuzz_string(s->line.data, s->line.len - 2);
    fuzz_clear(&s->line);
    if (s->listens == LISTENS_RESPONSE) {
        s->listens = LISTENS_COMMAND;
        hear_command(s, HEARD_AUTH)->layered = s->auth_layered;
        s->app.response(s->app.ctx, line, s->tls);
    } else {
        hear_line(s, line);
    }
    fuzz_free(line);
}

/* RFC 5321 section 4.5.2. The content is built in the line. */
static void hear_content_octet(struct server *s, uint8_t octet)
{
    static const char end[] = ".\r\n";
    struct fuzz_bytes *text = &s->line;
    bool at_start = !text->len || text->data[text->len - 1] == '\n';
    bool behind_cr = text->len && text->data[text->len - 1] == '\r';

    if (s->dot == 0 && at_start && octet == '.') {
        s->dot = 1;
        return;
    }
    if (s->dot && octet == (uint8_t)end[s->dot]) {
        if (++s->dot == 3) {
            struct heard *h = hear_command(s, HEARD_CONTENT);
            h->content = *text;
            *text = (struct fuzz_bytes){0};
            s->listens = LISTENS_COMMAND;
        }
        return;
    }
    FUZZ_CHECK(s->dot != 2, "a bare CR behind a lone dot");
    FUZZ_CHECK(s->dot != 1 || octet == '.', "a dot that is not doubled");
    FUZZ_CHECK(s->dot || behind_cr == (octet == '\n'), "a bare CR or LF in the content");
    s->dot = 0;
    fuzz_add_octet(text, octet);
}

static void hear_chunk(struct server *s, const uint8_t *data, size_t len)
{
    fuzz_add(&s->queue[s->first + s->count].content, data, len);
    s->chunk_left -= len;
    if (!s->chunk_left) {
        s->count++;
        s->listens = LISTENS_COMMAND;
    }
}

static void hear_clear(struct server *s, const uint8_t *data, size_t len)
{
    for (size_t n; len; data += n, len -= n) {
        n = 1;
        if (s->listens == LISTENS_CHUNK)
            hear_chunk(s, data, n = len < s->chunk_left ? len : s->chunk_left);
        else if (s->listens == LISTENS_CONTENT)
            hear_content_octet(s, *data);
        else
            hear_line_octet(s, *data);
    }
}

void server_hear(struct server *s, const void *data, size_t len)
{
    struct bytes clear = {0};
    char type;
    int got;

    bytes_add(&s->up, data, len);
    while (s->tls) {
        struct bytes payload = {0};

        got = fake_tls_take(&s->up, &type, &payload);
        FUZZ_CHECK(got >= 0, "the client talks in clear where TLS is wanted");
        s->goodbye |= got > 0 && type == FAKE_TLS_CLOSE;
        if (got > 0 && type == FAKE_TLS_DATA)
            bytes_add(&s->up_sasl, payload.data, payload.len);
        bytes_free(&payload);
        if (got <= 0)
            break;
    }
    if (!s->tls) {
        bytes_add(&s->up_sasl, s->up.data, s->up.len);
        bytes_clear(&s->up);
    }
    while (s->layer && (got = toy_layer_take(&s->up_sasl, &clear)) > 0)
        ;
    FUZZ_CHECK(!s->layer || got >= 0, "the client talks without the security layer");
    if (!s->layer) {
        bytes_add(&clear, s->up_sasl.data, s->up_sasl.len);
        bytes_clear(&s->up_sasl);
    }
    hear_clear(s, clear.data, clear.len);
    bytes_free(&clear);
}

/* ---- speaking ---- */

static void deliver(struct server *s, const char *recipient, const struct fuzz_bytes *content, bool chunked)
{
    struct delivery *d;

    s->deliveries = bytes_grow(s->deliveries, s->delivery_count, sizeof *s->deliveries);
    d = &s->deliveries[s->delivery_count++];
    *d = (struct delivery){.sender = bytes_strndup(s->sender, strlen(s->sender)),
                           .recipient = bytes_strndup(recipient, strlen(recipient)),
                           .chunked = chunked};
    fuzz_add(&d->content, content->data, content->len);
    s->app.delivered(s->app.ctx, d);
}

/* A reply to the whole content. False: more are owed. */
static bool answer_content(struct server *s, struct heard *h, const struct fuzz_bytes *content, bool good)
{
    size_t owed = !s->lmtp || s->chunk_refused ? 1 : h->by_verb ? s->verb_accepted : s->recipient_count;
    size_t from = s->lmtp ? h->replies : 0, to = s->lmtp ? h->replies + 1 : s->recipient_count;

    if (h->by_verb) {
        if (good && !h->replies)
            s->app.verb_content(s->app.ctx, content);
    } else
        for (size_t i = from; good && i < to && i < s->recipient_count; i++)
            deliver(s, s->recipients[i], content, h->kind == HEARD_BDAT);
    if (++h->replies < owed)
        return false;
    forget_recipients(s);
    return true;
}

static bool answer_bdat(struct server *s, struct heard *h, bool good)
{
    if (!h->replies) /* LMTP: not with the second one to the same chunk */
        fuzz_add(&s->chunks, h->content.data, h->content.len);
    if (!h->last) {
        s->chunk_refused |= !good;
        return true;
    }
    return answer_content(s, h, &s->chunks, good && !s->chunk_refused);
}

static void answer_mail(struct server *s, const struct heard *h, bool good)
{
    forget_recipients(s);
    s->mail = good;
    free(s->sender);
    s->sender = bytes_strndup(h->path, strlen(h->path));
}

static void answer_rcpt(struct server *s, const struct heard *h, bool good)
{
    s->verb_accepted += h->by_verb && good;
    if (!good || !s->mail)
        return;
    s->recipients = bytes_grow(s->recipients, s->recipient_count, sizeof *s->recipients);
    s->recipients[s->recipient_count++] = bytes_strndup(h->path, strlen(h->path));
}

/* The server's next reply belongs to this. False: so does the one behind it. */
static bool answer(struct server *s, struct heard *h, int code)
{
    bool good = code / 100 == 2;

    if (good && h->by_verb && (h->kind == HEARD_MAIL || h->kind == HEARD_RSET))
        s->verb_accepted = 0;
    switch (h->kind) {
    case HEARD_MAIL:
        answer_mail(s, h, good);
        break;
    case HEARD_RCPT:
        answer_rcpt(s, h, good);
        break;
    case HEARD_RSET:
        if (good)
            forget_recipients(s);
        break;
    case HEARD_DATA:
        if (code == 354)
            s->listens = LISTENS_CONTENT;
        s->dot = 0;
        break;
    case HEARD_CONTENT:
        return answer_content(s, h, &h->content, good);
    case HEARD_BDAT:
        return answer_bdat(s, h, good);
    case HEARD_STARTTLS:
        s->tls |= code == 220;
        break;
    case HEARD_AUTH:
        if (code == 334)
            s->listens = LISTENS_RESPONSE;
        s->layer |= code == 235 && h->layered;
        break;
    default:
        break;
    }
    return true;
}

static void say_reply(struct server *s, int code)
{
    struct heard h;

    if (!s->count) {
        s->broken = true;
        return;
    }
    if (!answer(s, &s->queue[s->first], code))
        return;
    h = s->queue[s->first++];
    s->count--;
    heard_free(&h);
}

/* One line, without its line end. */
static void say_line(struct server *s, const uint8_t *line, size_t len)
{
    bool more = len > 3 && line[3] == '-';
    int code;

    if (len < 3 || memchr(line, 0, len) || memchr(line, '\r', len) || !memchr("2345", line[0], 4) ||
        !memchr("0123456789", line[1], line[0] < '4' ? 6 : 10) || line[2] < '0' || line[2] > '9' ||
        (len > 3 && line[3] != ' ' && !more) || (s->code[0] && memcmp(s->code, line, 3) != 0 && line[0] < '4')) {
        s->broken = true;
        return;
    }
    if (!s->code[0] || line[0] >= s->code[0]) /* a failure behind other lines counts, if it is not milder */
        memcpy(s->code, line, 3);
    if (more)
        return;
    code = (s->code[0] - '0') * 100 + (s->code[1] - '0') * 10 + (s->code[2] - '0');
    s->code[0] = '\0';
    say_reply(s, code);
}

static void say_clear(struct server *s, const uint8_t *data, size_t len)
{
    bool tls = s->tls, layer = s->layer;

    for (size_t i = 0; i < len && !s->broken; i++) {
        if (s->tls != tls || s->layer != layer) { /* behind the reply that changes them nothing may stand */
            s->broken = true;
            return;
        }
        if (data[i] != '\n') {
            fuzz_add_octet(&s->said, data[i]);
            continue;
        }
        say_line(s, s->said.data, s->said.len && s->said.data[s->said.len - 1] == '\r' ? s->said.len - 1 : s->said.len);
        fuzz_clear(&s->said);
    }
}

void server_say(struct server *s, const void *data, size_t len)
{
    struct bytes clear = {0};
    char type;
    int got = 1;

    if (s->broken)
        return;
    bytes_add(&s->down, data, len);
    while (s->tls) {
        struct bytes payload = {0};

        got = fake_tls_take(&s->down, &type, &payload);
        if (got > 0 && type == FAKE_TLS_DATA)
            bytes_add(&s->down_sasl, payload.data, payload.len);
        bytes_free(&payload);
        if (got <= 0)
            break;
    }
    if (!s->tls) {
        bytes_add(&s->down_sasl, s->down.data, s->down.len);
        bytes_clear(&s->down);
    }
    s->broken = s->tls && got < 0;
    while (s->layer && (got = toy_layer_take(&s->down_sasl, &clear)) > 0)
        ;
    s->broken |= s->layer && got < 0;
    if (!s->layer) {
        bytes_add(&clear, s->down_sasl.data, s->down_sasl.len);
        bytes_clear(&s->down_sasl);
    }
    say_clear(s, clear.data, clear.len);
    bytes_free(&clear);
}

size_t server_piece(const struct server *s, const uint8_t *data, size_t len)
{
    uint8_t head[RECORD_HEAD] = {0};
    size_t have = s->down.len, left;

    if (!s->tls)
        return len;
    for (size_t i = 0; i < RECORD_HEAD; i++) {
        if (i >= have + len)
            return len;
        head[i] = i < have ? s->down.data[i] : data[i - have];
    }
    left = RECORD_HEAD + ((size_t)head[1] << 8 | head[2]) - have;
    return left < len ? left : len;
}

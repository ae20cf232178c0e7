/* SPDX-License-Identifier: MIT */
#include "smtp_server.h"

#include "smtp_path.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A command with its line end. RFC 5321 section 4.5.3.1.4 wants 512 octets, RFC 3461 section 5 and RFC 6531 section 3.4
 * want more for parameters. */
#define LINE_CAP   4096
/* A client that does nothing right is not listened to for ever. */
#define ERRORS_MAX 20

/* What comes next. The last five are places in the content: only what follows CR LF is the begin of a line. */
enum place_in {
    IN_COMMAND,
    IN_LONG_COMMAND, /* its rest is skipped */
    IN_LINE_BEGIN,
    IN_LINE,
    IN_CR,
    IN_DOT,
    IN_DOT_CR,
};

struct smtp_server {
    const struct smtp_server_settings *settings;
    enum place_in in;
    char line[LINE_CAP + 1]; /* a command, as far as it came */
    size_t line_len;
    int has_greeted, has_sender, is_over;
    unsigned errors;
    size_t recipients; /* accepted ones */
    uint64_t size;     /* of the content */
    char *out;
    size_t out_len, out_cap;
};

/* ---- replies ---- */

void smtp_reply_set(struct smtp_reply *reply, int code, const char *enhanced, const char *format, ...)
{
    size_t len;
    va_list args;

    *reply = (struct smtp_reply){.code = code};
    (void)snprintf(reply->enhanced, sizeof reply->enhanced, "%s", enhanced);
    va_start(args, format);
    (void)vsnprintf(reply->text, sizeof reply->text, format, args);
    va_end(args);
    len = strlen(reply->text);
    /* Not in the middle of a character. */
    if (len == sizeof reply->text - 1)
        while (len > 0 && ((unsigned char)reply->text[len - 1] & 0x80))
            reply->text[--len] = '\0';
    for (char *at = reply->text; *at; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            *at = ' ';
}

static int reply_is_good(const struct smtp_reply *reply)
{
    return reply->code / 100 == 2;
}

static void server_write(struct smtp_server *s, const char *text, size_t len)
{
    if (!len)
        return;
    if (len > s->out_cap - s->out_len) {
        size_t cap = (s->out_len + len) * 2;
        char *out = realloc(s->out, cap);

        if (!out) {
            s->is_over = 1;
            return;
        }
        s->out = out;
        s->out_cap = cap;
    }
    memcpy(s->out + s->out_len, text, len);
    s->out_len += len;
}

static void server_reply(struct smtp_server *s, const struct smtp_reply *reply)
{
    char line[SMTP_REPLY_TEXT + 64];
    int n;

    if (!reply->code) {
        s->is_over = 1;
        return;
    }
    if (*reply->enhanced)
        n = snprintf(line, sizeof line, "%03d %s %s\r\n", reply->code, reply->enhanced, reply->text);
    else if (reply->code / 100 == 3)
        n = snprintf(line, sizeof line, "%03d %s\r\n", reply->code, reply->text);
    else
        n = snprintf(line, sizeof line, "%03d %d.0.0 %s\r\n", reply->code, reply->code / 100, reply->text);
    server_write(s, line, n > 0 ? (size_t)n : 0);
    if (reply->code == 421)
        s->is_over = 1;
}

static void server_say(struct smtp_server *s, int code, const char *enhanced, const char *text)
{
    struct smtp_reply reply;

    smtp_reply_set(&reply, code, enhanced, "%s", text);
    server_reply(s, &reply);
}

/* A refusal for which the client is to blame. */
static void server_refuse(struct smtp_server *s, int code, const char *enhanced, const char *text)
{
    server_say(s, code, enhanced, text);
    if (++s->errors >= ERRORS_MAX)
        smtp_server_close(s, "too many errors");
}

static void server_reset(struct smtp_server *s)
{
    s->has_sender = 0;
    s->recipients = 0;
    s->settings->calls->reset(s->settings->ctx);
}

/* ---- commands ---- */

/* Answers EHLO, LHLO or HELO. `extensions`: the lines behind the first one; NULL: there are none. */
static void server_greet(struct smtp_server *s, const char *argument, const char *extensions)
{
    char text[512];
    int n;

    if (!*argument) {
        server_refuse(s, 501, "5.5.4", "a name is missing");
        return;
    }
    server_reset(s);
    s->has_greeted = 1;
    n = snprintf(text, sizeof text, "250%c%.200s\r\n%s", extensions ? '-' : ' ', s->settings->name,
                 extensions ? extensions : "");
    server_write(s, text, n > 0 ? (size_t)n : 0);
}

static void do_hello(struct smtp_server *s, char *argument)
{
    char extensions[256];

    (void)snprintf(extensions, sizeof extensions,
                   "250-PIPELINING\r\n250-SIZE %" PRIu64
                   "\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-DSN\r\n250 ENHANCEDSTATUSCODES\r\n",
                   s->settings->size_max);
    server_greet(s, argument, extensions);
}

static void do_helo(struct smtp_server *s, char *argument)
{
    server_greet(s, argument, NULL);
}

/* Takes an argument "FROM:<address> parameters" apart. Returns 0, or -1 after a refusal. */
static int server_read_path(struct smtp_server *s, char *argument, const char *word, enum smtp_path_kind kind,
                            struct smtp_path *path)
{
    struct smtp_reply reply = {0};

    if (!smtp_path_read(argument, word, kind, s->settings->size_max, path, &reply))
        return 0;
    server_refuse(s, reply.code, reply.enhanced, reply.text);
    return -1;
}

static void do_mail(struct smtp_server *s, char *argument)
{
    struct smtp_path path;
    struct smtp_reply reply;

    if (s->has_sender) {
        server_refuse(s, 503, "5.5.1", "there is a sender already");
        return;
    }
    if (server_read_path(s, argument, "FROM:", SMTP_PATH_SENDER, &path))
        return;
    smtp_reply_set(&reply, 250, "2.1.0", "ok");
    s->settings->calls->mail(s->settings->ctx, path.address, path.options, &reply);
    s->has_sender = reply_is_good(&reply);
    server_reply(s, &reply);
}

static void do_rcpt(struct smtp_server *s, char *argument)
{
    struct smtp_path path;
    struct smtp_reply reply;

    if (!s->has_sender) {
        server_refuse(s, 503, "5.5.1", "MAIL comes first");
        return;
    }
    if (s->recipients >= s->settings->recipients_max) {
        server_say(s, 452, "4.5.3", "too many recipients");
        return;
    }
    if (server_read_path(s, argument, "TO:", SMTP_PATH_RECIPIENT, &path))
        return;
    smtp_reply_set(&reply, 250, "2.1.5", "ok");
    s->settings->calls->recipient(s->settings->ctx, path.address, path.options, &reply);
    s->recipients += (size_t)reply_is_good(&reply);
    server_reply(s, &reply);
}

static void do_data(struct smtp_server *s, char *argument)
{
    struct smtp_reply reply;

    if (*argument) {
        server_refuse(s, 501, "5.5.4", "DATA takes no argument");
        return;
    }
    /* RFC 2033 section 4.2: 503 without a recipient. */
    if (!s->recipients) {
        server_refuse(s, 503, "5.5.1", "there is no recipient");
        return;
    }
    smtp_reply_set(&reply, 354, "", "end with a line that has a dot alone");
    s->settings->calls->begin(s->settings->ctx, &reply);
    if (reply.code == 354) {
        s->in = IN_LINE_BEGIN;
        s->size = 0;
    }
    server_reply(s, &reply);
}

static void do_rset(struct smtp_server *s, char *argument)
{
    (void)argument;
    server_reset(s);
    server_say(s, 250, "2.0.0", "ok");
}

static void do_noop(struct smtp_server *s, char *argument)
{
    (void)argument;
    server_say(s, 250, "2.0.0", "ok");
}

/* RFC 5321 section 3.5.3: it is tried when a message comes. */
static void do_vrfy(struct smtp_server *s, char *argument)
{
    (void)argument;
    server_say(s, 252, "2.5.0", "send a message, and it is tried");
}

static void do_quit(struct smtp_server *s, char *argument)
{
    (void)argument;
    server_say(s, 221, "2.0.0", "bye");
    s->is_over = 1;
}

/* Where a command is understood. */
enum { BY_SMTP = 1, BY_LMTP = 2, AFTER_HELLO = 4 };

static const struct verb {
    const char *name;
    unsigned where;
    void (*run)(struct smtp_server *s, char *argument);
} verbs[] = {
    {"EHLO", BY_SMTP, do_hello},
    {"HELO", BY_SMTP, do_helo},
    {"LHLO", BY_LMTP, do_hello},
    {"MAIL", BY_SMTP | BY_LMTP | AFTER_HELLO, do_mail},
    {"RCPT", BY_SMTP | BY_LMTP | AFTER_HELLO, do_rcpt},
    {"DATA", BY_SMTP | BY_LMTP | AFTER_HELLO, do_data},
    {"RSET", BY_SMTP | BY_LMTP, do_rset},
    {"NOOP", BY_SMTP | BY_LMTP, do_noop},
    {"VRFY", BY_SMTP | BY_LMTP, do_vrfy},
    {"QUIT", BY_SMTP | BY_LMTP, do_quit},
};

static void server_run(struct smtp_server *s, char *line)
{
    size_t len = strcspn(line, " ");
    char *argument = line + len + strspn(line + len, " ");
    const struct verb *verb = NULL;

    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (strlen(verbs[i].name) == len && !strncasecmp(line, verbs[i].name, len) &&
            (verbs[i].where & (s->settings->lmtp ? BY_LMTP : BY_SMTP)))
            verb = &verbs[i];
    for (size_t end = strlen(argument); end > 0 && argument[end - 1] == ' '; end--)
        argument[end - 1] = '\0';
    if (!verb)
        server_refuse(s, 500, "5.5.1", "no such command");
    else if ((verb->where & AFTER_HELLO) && !s->has_greeted)
        server_refuse(s, 503, "5.5.1", s->settings->lmtp ? "LHLO comes first" : "EHLO comes first");
    else
        verb->run(s, argument);
}

/* A whole line is in s->line, with its LF. */
static void server_take_line(struct smtp_server *s)
{
    size_t len = s->line_len;

    s->line_len = 0;
    if (len < 2 || s->line[len - 2] != '\r') {
        server_refuse(s, 500, "5.5.2", "a line ends with CR LF");
        return;
    }
    len -= 2;
    s->line[len] = '\0';
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)s->line[i] < ' ' || s->line[i] == 0x7f) {
            server_refuse(s, 500, "5.5.2", "a control character in a command");
            return;
        }
    server_run(s, s->line);
}

/* Reads a part of a command. Returns the number of octets. */
static size_t server_feed_command(struct smtp_server *s, const char *data, size_t len)
{
    const char *end = memchr(data, '\n', len);
    size_t part = end ? (size_t)(end - data) + 1 : len;

    if (s->in == IN_COMMAND && part > LINE_CAP - s->line_len)
        s->in = IN_LONG_COMMAND;
    if (s->in == IN_COMMAND) {
        memcpy(s->line + s->line_len, data, part);
        s->line_len += part;
        if (end)
            server_take_line(s);
    } else if (end) {
        s->in = IN_COMMAND;
        s->line_len = 0;
        server_refuse(s, 500, "5.5.2", "the line is too long");
    }
    return part;
}

/* ---- content ---- */

static void server_put(struct smtp_server *s, const char *data, size_t len)
{
    s->size += len;
    if (len && s->size <= s->settings->size_max)
        s->settings->calls->content(s->settings->ctx, data, len);
}

/* The replies to the content. */
static void server_conclude(struct smtp_server *s)
{
    size_t count = s->recipients;
    int is_long = s->size > s->settings->size_max;
    struct smtp_reply reply, first = {0};

    s->in = IN_COMMAND;
    if (!is_long)
        s->settings->calls->deliver(s->settings->ctx);
    for (size_t i = 0; i < count && !s->is_over; i++) {
        smtp_reply_set(&reply, 552, "5.3.4", "the message is larger than %" PRIu64 " octets", s->settings->size_max);
        if (!is_long)
            s->settings->calls->verdict(s->settings->ctx, i, &reply);
        if (s->settings->lmtp)
            server_reply(s, &reply);
        else if (i == 0 || (reply_is_good(&first) && !reply_is_good(&reply)))
            first = reply;
    }
    if (!s->settings->lmtp)
        server_reply(s, &first);
    server_reset(s);
}

/* Reads an octet of the content that decides something. */
static void server_feed_octet(struct smtp_server *s, char c)
{
    enum place_in before = s->in;

    if (before == IN_DOT_CR && c == '\n') {
        server_conclude(s);
        return;
    }
    if (before == IN_LINE_BEGIN && c == '.') {
        s->in = IN_DOT;
        return;
    }
    if (before == IN_DOT && c == '\r') {
        s->in = IN_DOT_CR;
        return;
    }
    /* The dot of another line is that of the transfer. The CR behind it is not. */
    if (before == IN_DOT_CR)
        server_put(s, "\r", 1);
    server_put(s, &c, 1);
    if (c == '\r')
        s->in = IN_CR;
    else
        s->in = c == '\n' && before == IN_CR ? IN_LINE_BEGIN : IN_LINE;
}

/* Reads a part of the content. Returns the number of octets. */
static size_t server_feed_content(struct smtp_server *s, const char *data, size_t len)
{
    const char *cr = s->in == IN_LINE ? memchr(data, '\r', len) : data;
    size_t plain = cr ? (size_t)(cr - data) : len;

    if (plain) {
        server_put(s, data, plain);
        return plain;
    }
    server_feed_octet(s, *data);
    return 1;
}

/* ---- life ---- */

struct smtp_server *smtp_server_new(const struct smtp_server_settings *settings)
{
    struct smtp_server *s = calloc(1, sizeof *s);
    char text[256];
    int n;

    if (!s)
        return NULL;
    s->settings = settings;
    n = snprintf(text, sizeof text, "220 %.200s %s\r\n", settings->name, settings->lmtp ? "LMTP" : "ESMTP");
    server_write(s, text, n > 0 ? (size_t)n : 0);
    if (!s->is_over)
        return s;
    free(s);
    return NULL;
}

void smtp_server_free(struct smtp_server *s)
{
    if (!s)
        return;
    server_reset(s);
    free(s->out);
    free(s);
}

void smtp_server_feed(struct smtp_server *s, const void *data, size_t len)
{
    const char *at = data;

    for (size_t n; len > 0 && !s->is_over; at += n, len -= n)
        n = s->in <= IN_LONG_COMMAND ? server_feed_command(s, at, len) : server_feed_content(s, at, len);
}

void smtp_server_close(struct smtp_server *s, const char *text)
{
    if (!s->is_over)
        server_say(s, 421, "4.3.2", text);
}

const char *smtp_server_output(const struct smtp_server *s, size_t *len)
{
    *len = s->out_len;
    return s->out;
}

void smtp_server_sent(struct smtp_server *s, size_t len)
{
    s->out_len -= len;
    memmove(s->out, s->out + len, s->out_len);
}

int smtp_server_is_over(const struct smtp_server *s)
{
    return s->is_over;
}

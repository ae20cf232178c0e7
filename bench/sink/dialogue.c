/* SPDX-License-Identifier: MIT */
/* SMTP as the sink speaks it: all is well, but for what it was told to refuse. */
#include "dialogue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define LINE_MAX_OCTETS 8192

static void refuse(struct connection *c, const char *text)
{
    c->counters.refused++;
    connection_reply(c, text);
}

static void forget_transaction(struct connection *c)
{
    c->mail = c->content_begun = false;
    c->recipients = 0;
}

/* ---- content ---- */

static void begin_content(struct connection *c)
{
    if (!c->content_begun)
        content_begin(&c->content, &c->sink->model);
    c->content_begun = true;
}

static void take(struct connection *c, const uint8_t *data, size_t len)
{
    c->counters.content += len;
    content_take(&c->content, data, len);
}

static void end_content(struct connection *c)
{
    bool right = content_end(&c->content);

    if (right)
        c->counters.messages++;
    else
        c->counters.wrong++;
    connection_reply(c, right ? "250 2.0.0 taken\r\n" : "250 2.0.0 taken, but it is not what was expected\r\n");
    forget_transaction(c);
}

/* The dots are looked for, not the lines: there are fewer of them. Returns how much was used up. */
static size_t take_data(struct connection *c, const uint8_t *data, size_t len)
{
    size_t from = 0, at = 0;

    while (at < len) {
        const uint8_t *dot = memchr(data + at, '.', len - at);
        size_t i = dot ? (size_t)(dot - data) : len;
        bool starts;

        if (!dot)
            break;
        if (i >= 2)
            starts = data[i - 2] == '\r' && data[i - 1] == '\n';
        else
            starts = (i == 1 ? c->before[1] : c->before[0]) == '\r' && (i == 1 ? data[0] : c->before[1]) == '\n';
        if (!starts) {
            at = i + 1;
            continue;
        }
        take(c, data + from, i - from);
        if (len - i < 3) { /* what it is shows when more comes */
            if (i >= 1) {
                c->before[0] = '\r';
                c->before[1] = '\n';
            }
            return i;
        }
        if (data[i + 1] == '\r' && data[i + 2] == '\n') {
            c->state = STATE_COMMAND;
            end_content(c);
            return i + 3;
        }
        from = at = i + 1; /* it was doubled */
    }
    take(c, data + from, len - from);
    if (len >= 2) {
        c->before[0] = data[len - 2];
        c->before[1] = data[len - 1];
    } else if (len == 1) {
        c->before[0] = c->before[1];
        c->before[1] = data[0];
    }
    return len;
}

static size_t take_chunk(struct connection *c, const uint8_t *data, size_t len)
{
    size_t n = len < c->chunk_left ? len : (size_t)c->chunk_left;

    if (c->recipients)
        take(c, data, n);
    c->chunk_left -= n;
    if (c->chunk_left)
        return n;
    c->state = STATE_COMMAND;
    if (!c->recipients)
        refuse(c, "503 5.5.1 no recipients\r\n");
    else if (c->chunk_last)
        end_content(c);
    else
        connection_reply(c, "250 2.0.0 octets taken\r\n");
    if (c->chunk_last)
        forget_transaction(c);
    return n;
}

/* ---- commands ---- */

static void do_hello(struct connection *c, const char *arguments)
{
    char text[256];

    (void)arguments;
    forget_transaction(c);
    snprintf(text, sizeof text,
             "250-sink\r\n%s%s%s250-SIZE 104857600\r\n250-8BITMIME\r\n250-DSN\r\n250 ENHANCEDSTATUSCODES\r\n",
             c->sink->pipelining ? "250-PIPELINING\r\n" : "", c->sink->chunking ? "250-CHUNKING\r\n" : "",
             c->sink->tls && !c->ssl ? "250-STARTTLS\r\n" : "");
    connection_reply(c, text);
}

static void do_old_hello(struct connection *c, const char *arguments)
{
    (void)arguments;
    forget_transaction(c);
    connection_reply(c, "250 sink\r\n");
}

static void do_mail(struct connection *c, const char *arguments)
{
    (void)arguments;
    if (c->mail) {
        refuse(c, "503 5.5.1 one at a time\r\n");
        return;
    }
    c->mail = true;
    connection_reply(c, "250 2.1.0 sender welcome\r\n");
}

static bool is_refused(const struct sink *sink, const char *arguments)
{
    const char *open = strchr(arguments, '<');

    for (const char **name = sink->refused; open && *name; name++)
        if (strncmp(open + 1, *name, strlen(*name)) == 0 && open[1 + strlen(*name)] == '@')
            return true;
    return false;
}

static void do_rcpt(struct connection *c, const char *arguments)
{
    if (!c->mail) {
        refuse(c, "503 5.5.1 MAIL first\r\n");
    } else if (is_refused(c->sink, arguments)) {
        refuse(c, "550 5.1.1 no such user\r\n");
    } else {
        c->recipients++;
        c->counters.recipients++;
        connection_reply(c, "250 2.1.5 recipient welcome\r\n");
    }
}

static void do_data(struct connection *c, const char *arguments)
{
    (void)arguments;
    if (!c->recipients) {
        refuse(c, "503 5.5.1 no recipients\r\n");
        return;
    }
    begin_content(c);
    c->before[0] = '\r';
    c->before[1] = '\n';
    c->state = STATE_DATA;
    connection_reply(c, "354 go on\r\n");
}

static void do_bdat(struct connection *c, const char *arguments)
{
    char *end = NULL;

    c->chunk_left = strtoull(arguments, &end, 10);
    c->chunk_last = strcasecmp(end, " LAST") == 0;
    c->state = STATE_BDAT;
    if (c->recipients)
        begin_content(c);
    if (c->chunk_left == 0)
        (void)take_chunk(c, (const uint8_t *)"", 0);
}

static void do_rset(struct connection *c, const char *arguments)
{
    (void)arguments;
    forget_transaction(c);
    connection_reply(c, "250 2.0.0 forgotten\r\n");
}

static void do_noop(struct connection *c, const char *arguments)
{
    (void)arguments;
    connection_reply(c, "250 2.0.0 done\r\n");
}

static void do_starttls(struct connection *c, const char *arguments)
{
    (void)arguments;
    if (!c->sink->tls || c->ssl) {
        refuse(c, "503 5.5.1 not now\r\n");
        return;
    }
    c->state = STATE_STARTTLS;
    connection_reply(c, "220 2.0.0 go on\r\n");
}

static void do_quit(struct connection *c, const char *arguments)
{
    (void)arguments;
    c->state = STATE_QUIT;
    connection_reply(c, "221 2.0.0 bye\r\n");
}

/* For bench/run: the counters of all connections but this one, on one line. */
static void do_report(struct connection *c, const char *arguments)
{
    struct sink *sink = c->sink;
    struct counters live = {0};
    uint64_t count = 0;
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    (void)arguments;
    c->control = true;
    for (struct connection *o = sink->first; o; o = o->next)
        if (!o->control) {
            counters_add(&live, &o->counters);
            count++;
        }
    if (!out)
        return;
    fputs("250 ", out);
    tally_print(&sink->tally, &live, count, out);
    fputs("\r\n", out);
    if (fclose(out) == 0)
        connection_reply(c, text);
    free(text);
}

static void do_reset(struct connection *c, const char *arguments)
{
    (void)arguments;
    c->control = true;
    tally_reset(&c->sink->tally);
    for (struct connection *o = c->sink->first; o; o = o->next)
        o->counters = (struct counters){0};
    connection_reply(c, "250 2.0.0 all is zero\r\n");
}

static const struct verb {
    const char *name;
    void (*run)(struct connection *c, const char *arguments);
} verbs[] = {
    {"EHLO", do_hello}, {"HELO", do_old_hello}, {"MAIL", do_mail},         {"RCPT", do_rcpt},
    {"DATA", do_data},  {"BDAT", do_bdat},      {"RSET", do_rset},         {"NOOP", do_noop},
    {"QUIT", do_quit},  {"XREPORT", do_report}, {"STARTTLS", do_starttls}, {"XRESET", do_reset},
};

static void run_line(struct connection *c, char *line)
{
    size_t len = strcspn(line, " ");
    const char *arguments = line[len] ? line + len + 1 : line + len;

    c->counters.commands++;
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (strlen(verbs[i].name) == len && strncasecmp(verbs[i].name, line, len) == 0) {
            verbs[i].run(c, arguments);
            return;
        }
    refuse(c, "500 5.5.1 what is that?\r\n");
}

/* Returns how much was used up, 0: the line is not whole, -1: it never will be. */
static int take_line(struct connection *c, uint8_t *data, size_t len)
{
    uint8_t *end = memchr(data, '\n', len);

    if (!end)
        return len > LINE_MAX_OCTETS ? -1 : 0;
    if (end == data || end[-1] != '\r' || end - data > LINE_MAX_OCTETS)
        return -1;
    end[-1] = '\0';
    run_line(c, (char *)data);
    return (int)(end + 1 - data);
}

bool dialogue_run(struct connection *c)
{
    size_t at = 0;

    while (at < c->held && c->state != STATE_QUIT) {
        size_t left = c->held - at, used = 0;

        if (c->state == STATE_STARTTLS) /* nothing may come between the command and the handshake */
            return false;
        if (c->state == STATE_DATA) {
            used = take_data(c, c->block + at, left);
        } else if (c->state == STATE_BDAT) {
            used = take_chunk(c, c->block + at, left);
        } else {
            int n = take_line(c, c->block + at, left);

            if (n < 0)
                return false;
            used = (size_t)n;
        }
        if (used == 0)
            break;
        at += used;
    }
    if (c->state == STATE_QUIT)
        at = c->held;
    memmove(c->block, c->block + at, c->held - at);
    c->held -= at;
    return true;
}

/* SPDX-License-Identifier: MIT */
/* Commands and their replies, and the entries into the ledger. */
#include "mta_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- a transaction ---- */

static void reset(struct peer *p)
{
    p->mail = false;
    p->rcpt_count = p->asked = p->domain_count = p->content_len = 0;
}

/* -1: the mark is not there, or has no number after it. */
static long number_behind(const char *text, size_t len, const char *mark)
{
    const char *at = memmem(text, len, mark, strlen(mark));
    long n = 0;

    if (!at)
        return -1;
    at += strlen(mark);
    if (at == text + len || *at < '0' || *at > '9')
        return -1;
    for (; at < text + len && *at >= '0' && *at <= '9'; at++)
        n = 10 * n + (*at - '0');
    return n;
}

static bool may_be_told(const struct peer *p)
{
    return p->mail && p->rcpt_count;
}

static void refuse_content(struct peer *p)
{
    mta_say(p, p->mail ? "554 5.5.1 no valid recipients" : "503 5.5.1 MAIL first");
}

/* ---- the content ---- */

void mta_answer_content(struct mta *m, struct peer *p)
{
    mta_say(p, "250 2.0.0 queued");
    p->untold = true;
    if (p->messages == m->config.close_after)
        p->dying = true;
    if (p->messages == m->config.silent_after)
        p->mute = true;
    reset(p);
}

/* Is the content whole, and that of this envelope? */
static void check_content(struct mta *m, const struct peer *p, long id)
{
    static const char mark[] = "X-Sum: ", end[] = "\r\n\r\n";
    const char *sum = memmem(p->content, p->content_len, mark, sizeof mark - 1);
    const char *body = memmem(p->content, p->content_len, end, sizeof end - 1);

    if (p->sender >= 0 && p->sender != id)
        mta_wrong(m, "message %ld under the sender of message %ld", id, p->sender);
    if (!sum || !body || sum > body)
        return;
    body += sizeof end - 1;
    if (ledger_sum(body, p->content_len - (size_t)(body - p->content)) != strtoull(sum + sizeof mark - 1, NULL, 16))
        mta_wrong(m, "message %ld is not what it was", id);
}

static void enter(struct mta *m, struct peer *p, long id)
{
    for (size_t i = 0; i < p->rcpt_count; i++)
        if (id < 0 || !ledger_add(m->config.ledger, (size_t)id, p->rcpts[i]))
            mta_wrong(m, "message %ld, recipient %zu: no such one", id, p->rcpts[i]);
    if (m->config.auth && id % 2 != p->user % 2)
        mta_wrong(m, "message %ld came over the connection of user %ld", id, p->user);
    check_content(m, p, id);
    m->report.messages++;
    if (++p->messages > m->report.most_messages)
        m->report.most_messages = p->messages;
}

void mta_take_content(struct mta *m, struct peer *p)
{
    long id = number_behind(p->content, p->content_len, "Message-ID: <");

    p->mode = COMMANDS;
    if (!may_be_told(p)) {
        refuse_content(p);
        reset(p);
        return;
    }
    if (mta_goes_wrong(m, p, AT_CONTENT)) {
        reset(p);
        return;
    }
    enter(m, p, id);
    if (m->config.restarts && mta_chance(m, 1000000) < m->config.restarts)
        m->restart_due = true;
    if (m->config.cut_content && p->messages == 1)
        p->dying = true; /* taken, not answered */
    else if (m->report.most_at_once < m->config.gate)
        p->waits = true;
    else
        mta_answer_content(m, p);
}

void mta_take_chunk(struct mta *m, struct peer *p)
{
    p->mode = COMMANDS;
    if (!may_be_told(p)) {
        refuse_content(p);
        p->content_len = 0;
    } else if (mta_goes_wrong(m, p, AT_CHUNK)) {
        reset(p); /* the chunks that follow are refused, too (RFC 3030 section 2) */
    } else {
        mta_say(p, "250 2.0.0 more");
    }
}

/* ---- commands ---- */

/* A server that takes one transaction at a time, and has not answered the content of the one before. */
static bool refuses_unseen(const struct mta *m, struct peer *p)
{
    if (!m->config.strict_after || m->report.messages < m->config.strict_after || !p->untold)
        return false;
    mta_say(p, "503 5.5.0 pipelined behind the content");
    return true;
}

static void do_mail(struct mta *m, struct peer *p, const char *line)
{
    if (refuses_unseen(m, p))
        return;
    if (p->mail)
        mta_wrong(m, "MAIL in a transaction");
    if (m->config.auth && !p->user)
        mta_wrong(m, "MAIL without a login");
    if (p->limited && m->mail_max && p->mails >= m->mail_max)
        mta_wrong(m, "MAIL number %u", p->mails + 1);
    p->mails++;
    if (m->config.goodbye_after && p->messages >= m->config.goodbye_after) {
        mta_say(p, "421 4.7.0 enough of you");
        p->dying = true;
        return;
    }
    if (mta_goes_wrong(m, p, AT_MAIL))
        return;
    p->sender = number_behind(line, strlen(line), "FROM:<m");
    p->mail = true;
    mta_say(p, "250 2.1.0 ok");
}

static void note_domain(struct mta *m, struct peer *p, const char *line)
{
    const char *at = strchr(line, '@'), *end = at ? strchr(at, '>') : NULL;
    char domain[64];

    snprintf(domain, sizeof domain, "%.*s", at && end ? (int)(end - at) : 0, at ? at : "");
    for (size_t i = 0; i < p->domain_count; i++)
        if (strcasecmp(p->domains[i], domain) == 0)
            return;
    if (p->domain_count < MTA_DOMAINS)
        memcpy(p->domains[p->domain_count++], domain, sizeof domain);
    if (p->limited && m->domain_max && p->domain_count > m->domain_max)
        mta_wrong(m, "%zu domains in one transaction", p->domain_count);
}

static void do_rcpt(struct mta *m, struct peer *p, const char *line)
{
    long n = number_behind(line, strlen(line), "TO:<r");

    if (!p->mail) {
        mta_say(p, "503 5.5.1 MAIL first");
        return;
    }
    if (p->limited && m->rcpt_max && ++p->asked > m->rcpt_max)
        mta_wrong(m, "RCPT number %zu", p->asked);
    note_domain(m, p, line);
    if (strstr(line, ".refuse") || n < 0)
        mta_say(p, "550 5.1.1 no such user");
    else if (strstr(line, ".defer"))
        mta_say(p, "451 4.2.0 not now");
    else if (p->rcpt_count == (m->config.takes ? m->config.takes : sizeof p->rcpts / sizeof p->rcpts[0]))
        mta_say(p, "452 4.5.3 too many recipients");
    else if (!mta_goes_wrong(m, p, AT_RCPT)) {
        p->rcpts[p->rcpt_count++] = (size_t)n;
        mta_say(p, "250 2.1.5 ok");
    }
}

static void do_data(struct mta *m, struct peer *p, const char *line)
{
    (void)line;
    if (!may_be_told(p)) {
        refuse_content(p);
        return;
    }
    if (mta_goes_wrong(m, p, AT_DATA))
        return;
    mta_say(p, "354 go");
    p->mode = DATA;
}

static void do_bdat(struct mta *m, struct peer *p, const char *line)
{
    if (!p->chunking)
        mta_wrong(m, "BDAT, which was not offered");
    if (m->config.no_bdat) {
        mta_say(p, "502 5.5.1 what?");
        return;
    }
    p->chunk = (size_t)strtoul(line + 5, NULL, 10);
    p->last = strstr(line, "LAST") != NULL;
    p->mode = BDAT;
}

static void do_hello(struct mta *m, struct peer *p, const char *line)
{
    const struct mta_config *c = &m->config;

    (void)line;
    reset(p);
    p->dying = c->hello_ends;
    if (c->hello) {
        mta_say(p, "%s", c->hello);
        return;
    }
    if (mta_goes_wrong(m, p, AT_HELLO))
        return;
    mta_say(p, "250-here");
    if (p->pipelining)
        mta_say(p, "250-PIPELINING");
    if (p->chunking)
        mta_say(p, "250-CHUNKING");
    p->limited = true;
    if (c->limits)
        mta_say(p, "250-LIMITS %s", c->limits);
    if (c->auth)
        mta_say(p, "250-AUTH %s", c->mechanisms ? c->mechanisms : "PLAIN");
    mta_say(p, "250 ENHANCEDSTATUSCODES");
}

static void do_helo(struct mta *m, struct peer *p, const char *line)
{
    (void)m;
    (void)line;
    reset(p);
    p->pipelining = p->chunking = p->limited = false;
    mta_say(p, "250 here");
}

/* base64 of "\0u1\0pw" and "\0u2\0pw" */
static void do_auth(struct mta *m, struct peer *p, const char *line)
{
    m->report.logins++;
    if (m->config.auth_reply) {
        mta_say(p, "%s", m->config.auth_reply);
        p->dying = m->config.auth_ends;
        return;
    }
    p->user = strstr(line, "AHUxAHB3") ? 1 : strstr(line, "AHUyAHB3") ? 2 : 0;
    mta_say(p, p->user ? "235 2.7.0 welcome" : "535 5.7.8 who?");
    p->dying = !p->user && m->config.auth_ends;
}

static void do_rset(struct mta *m, struct peer *p, const char *line)
{
    (void)line;
    if (refuses_unseen(m, p))
        return;
    reset(p);
    if (!mta_goes_wrong(m, p, AT_RSET))
        mta_say(p, "250 2.0.0 ok");
}

static void do_quit(struct mta *m, struct peer *p, const char *line)
{
    (void)line;
    if (!mta_goes_wrong(m, p, AT_QUIT))
        mta_say(p, "221 2.0.0 bye");
    p->dying = true;
}

static const struct {
    const char *verb;
    void (*act)(struct mta *m, struct peer *p, const char *line);
} verbs[] = {
    {"EHLO ", do_hello}, {"MAIL ", do_mail}, {"RCPT ", do_rcpt}, {"DATA", do_data},  {"BDAT ", do_bdat},
    {"RSET", do_rset},   {"QUIT", do_quit},  {"AUTH ", do_auth}, {"HELO ", do_helo},
};

void mta_take_line(struct mta *m, struct peer *p, char *line)
{
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
        if (strncmp(line, verbs[i].verb, strlen(verbs[i].verb)) == 0) {
            verbs[i].act(m, p, line);
            return;
        }
    mta_wrong(m, "no such command: %.60s", line);
    mta_say(p, "500 5.5.2 what?");
}

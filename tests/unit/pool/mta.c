/* SPDX-License-Identifier: MIT */
#include "mta.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BUFFER  131072u
#define DOMAINS 64

/* ---- the ledger ---- */

struct ledger {
    size_t messages, recipients;
    uint8_t *counts;
};

struct ledger *ledger_new(size_t messages, size_t recipients)
{
    struct ledger *l = calloc(1, sizeof *l);

    l->messages = messages;
    l->recipients = recipients;
    l->counts = calloc(messages, recipients);
    return l;
}

void ledger_free(struct ledger *l)
{
    free(l->counts);
    free(l);
}

unsigned ledger_count(const struct ledger *l, size_t message, size_t recipient)
{
    return __atomic_load_n(&l->counts[message * l->recipients + recipient], __ATOMIC_RELAXED);
}

static bool ledger_add(struct ledger *l, size_t message, size_t recipient)
{
    if (message >= l->messages || recipient >= l->recipients)
        return false;
    __atomic_add_fetch(&l->counts[message * l->recipients + recipient], 1, __ATOMIC_RELAXED);
    return true;
}

/* ---- the server ---- */

enum mode {
    COMMANDS,
    DATA,
    BDAT,
};

struct peer {
    struct peer *next, *prev;
    int fd;
    char *in;
    size_t len;
    char out[16384];
    size_t out_len;
    enum mode mode;
    size_t chunk; /* octets of a BDAT that are to come */
    bool last;
    bool mail, sender_refused, chunked, bad_chunk, said_hello;
    long user; /* who is logged in, 0: nobody */
    size_t rcpts[1024], rcpt_count, asked;
    char domains[DOMAINS][64];
    size_t domain_count;
    char *content;
    size_t content_len;
    unsigned mails, messages;
    bool mute, dying, waits; /* waits: the answer to a content is held back */
    int64_t since;
};

struct mta {
    struct mta_config config;
    size_t mail_max, rcpt_max, domain_max;
    pthread_t thread;
    pthread_mutex_t lock;
    int listener, epoll, stop;
    struct peer *peers;
    size_t open;
    uint64_t random;
    struct mta_report report;
    char where[32];
    uint16_t port;
};

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void wrong(struct mta *m, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void wrong(struct mta *m, const char *format, ...)
{
    va_list args;

    if (m->report.wrong[0])
        return;
    va_start(args, format);
    vsnprintf(m->report.wrong, sizeof m->report.wrong, format, args);
    va_end(args);
}

static unsigned chance(struct mta *m, unsigned below)
{
    m->random = m->random * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(m->random >> 33) % below;
}

/* Does this one go wrong? */
static bool fault(struct mta *m)
{
    return m->config.faults && chance(m, 1000) < m->config.faults;
}

/* ---- replies ---- */

static void flush(struct peer *p)
{
    for (size_t done = 0; done < p->out_len;) {
        ssize_t n = send(p->fd, p->out + done, p->out_len - done, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break; /* the client has gone */
        done += (size_t)n;
    }
    p->out_len = 0;
}

static void say(struct peer *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(struct peer *p, const char *format, ...)
{
    va_list args;

    if (p->mute)
        return;
    if (p->out_len > sizeof p->out - 512)
        flush(p);
    va_start(args, format);
    p->out_len += (size_t)vsnprintf(p->out + p->out_len, sizeof p->out - p->out_len - 2, format, args);
    va_end(args);
    memcpy(p->out + p->out_len, "\r\n", 2);
    p->out_len += 2;
}

/* ---- a transaction ---- */

static void reset(struct peer *p)
{
    p->mail = p->sender_refused = p->chunked = p->bad_chunk = false;
    p->rcpt_count = p->asked = p->domain_count = p->content_len = 0;
}

static long number_behind(const char *text, size_t len, const char *mark)
{
    const char *at = memmem(text, len, mark, strlen(mark));
    long n = 0;

    if (!at)
        return -1;
    for (at += strlen(mark); at < text + len && *at >= '0' && *at <= '9'; at++)
        n = 10 * n + (*at - '0');
    return n;
}

static void answer_content(struct mta *m, struct peer *p)
{
    say(p, "250 2.0.0 queued");
    if (p->messages == m->config.close_after)
        p->dying = true;
    if (p->messages == m->config.silent_after)
        p->mute = true;
    reset(p);
}

static void enter(struct mta *m, struct peer *p, long id)
{
    for (size_t i = 0; i < p->rcpt_count; i++)
        if (id < 0 || !ledger_add(m->config.ledger, (size_t)id, p->rcpts[i]))
            wrong(m, "message %ld, recipient %zu: no such one", id, p->rcpts[i]);
    if (m->config.auth && id % 2 != p->user % 2)
        wrong(m, "message %ld came over the connection of user %ld", id, p->user);
    m->report.messages++;
    if (++p->messages > m->report.most_messages)
        m->report.most_messages = p->messages;
}

/* The content is there. */
static void take_content(struct mta *m, struct peer *p)
{
    long id = number_behind(p->content, p->content_len, "Message-ID: <");
    bool bad = fault(m);
    unsigned how = bad ? chance(m, 5) : 9;

    p->mode = COMMANDS;
    if (!p->rcpt_count) {
        say(p, "554 5.5.1 no valid recipients");
        reset(p);
    } else if (how == 0) {
        say(p, "451 4.3.0 try again");
        reset(p);
    } else if (how == 1) {
        say(p, "421 4.3.2 going down");
        p->dying = true;
    } else if (how == 2) {
        p->dying = true; /* not taken, not answered */
    } else {
        enter(m, p, id);
        if (how == 3 || (m->config.cut_content && p->messages == 1))
            p->dying = true; /* taken, not answered */
        else if (m->report.most_at_once < m->config.gate)
            p->waits = true;
        else
            answer_content(m, p);
        if (how == 4) {
            p->out_len -= 4; /* the end of the reply is missing */
            p->dying = true;
        }
    }
}

static void do_mail(struct mta *m, struct peer *p, const char *line)
{
    (void)line;
    if (p->mail)
        wrong(m, "MAIL in a transaction");
    if (m->config.auth && !p->user)
        wrong(m, "MAIL without a login");
    if (m->mail_max && p->mails >= m->mail_max)
        wrong(m, "MAIL number %u", p->mails + 1);
    p->mails++;
    if (m->config.goodbye_after && p->messages >= m->config.goodbye_after) {
        say(p, "421 4.7.0 enough of you");
        p->dying = true;
        return;
    }
    if (fault(m)) {
        unsigned how = chance(m, 4);

        if (how == 0)
            say(p, "421 4.7.0 enough of you");
        p->dying = how < 2;
        if (p->dying)
            return;
        p->sender_refused = true;
        say(p, how == 2 ? "550 5.7.1 not you" : "450 4.7.1 not you now");
        return;
    }
    p->mail = true;
    say(p, "250 2.1.0 ok");
}

static void note_domain(struct mta *m, struct peer *p, const char *line)
{
    const char *at = strchr(line, '@'), *end = at ? strchr(at, '>') : NULL;
    char domain[64];

    snprintf(domain, sizeof domain, "%.*s", at && end ? (int)(end - at) : 0, at ? at : "");
    for (size_t i = 0; i < p->domain_count; i++)
        if (strcasecmp(p->domains[i], domain) == 0)
            return;
    if (p->domain_count < DOMAINS)
        memcpy(p->domains[p->domain_count++], domain, sizeof domain);
    if (m->domain_max && p->domain_count > m->domain_max)
        wrong(m, "%zu domains in one transaction", p->domain_count);
}

static void do_rcpt(struct mta *m, struct peer *p, const char *line)
{
    long n = number_behind(line, strlen(line), "TO:<r");

    if (!p->mail) {
        say(p, "503 5.5.1 MAIL first");
        return;
    }
    if (m->rcpt_max && ++p->asked > m->rcpt_max)
        wrong(m, "RCPT number %zu", p->asked);
    note_domain(m, p, line);
    if (strstr(line, ".refuse") || n < 0)
        say(p, "550 5.1.1 no such user");
    else if (strstr(line, ".defer"))
        say(p, "451 4.2.0 not now");
    else if (p->rcpt_count == sizeof p->rcpts / sizeof p->rcpts[0])
        say(p, "452 4.5.3 too many recipients");
    else if (fault(m) && chance(m, 2))
        p->dying = true;
    else {
        p->rcpts[p->rcpt_count++] = (size_t)n;
        say(p, "250 2.1.5 ok");
    }
}

static void do_data(struct mta *m, struct peer *p, const char *line)
{
    (void)m;
    (void)line;
    if (!p->mail || !p->rcpt_count) {
        say(p, p->mail ? "554 5.5.1 no valid recipients" : "503 5.5.1 MAIL first");
        return;
    }
    say(p, "354 go");
    p->mode = DATA;
}

static void do_bdat(struct mta *m, struct peer *p, const char *line)
{
    (void)m;
    p->chunk = (size_t)strtoul(line + 5, NULL, 10);
    p->last = strstr(line, "LAST") != NULL;
    p->mode = BDAT;
}

static void do_hello(struct mta *m, struct peer *p, const char *line)
{
    const struct mta_config *c = &m->config;

    (void)line;
    reset(p);
    if (c->hello) {
        say(p, "%s", c->hello);
        return;
    }
    say(p, "250-here");
    if (!c->no_pipelining)
        say(p, "250-PIPELINING");
    if (!c->no_chunking)
        say(p, "250-CHUNKING");
    if (c->limits)
        say(p, "250-LIMITS %s", c->limits);
    if (c->auth)
        say(p, "250-AUTH PLAIN");
    say(p, "250 ENHANCEDSTATUSCODES");
}

/* base64 of "\0u1\0pw" and "\0u2\0pw" */
static void do_auth(struct mta *m, struct peer *p, const char *line)
{
    m->report.logins++;
    if (m->config.auth_reply) {
        say(p, "%s", m->config.auth_reply);
        return;
    }
    p->user = strstr(line, "AHUxAHB3") ? 1 : strstr(line, "AHUyAHB3") ? 2 : 0;
    say(p, p->user ? "235 2.7.0 welcome" : "535 5.7.8 who?");
}

static void do_rset(struct mta *m, struct peer *p, const char *line)
{
    (void)m;
    (void)line;
    reset(p);
    say(p, "250 2.0.0 ok");
}

static void do_quit(struct mta *m, struct peer *p, const char *line)
{
    (void)m;
    (void)line;
    say(p, "221 2.0.0 bye");
    p->dying = true;
}

static const struct {
    const char *verb;
    void (*act)(struct mta *m, struct peer *p, const char *line);
} verbs[] = {
    {"EHLO ", do_hello}, {"MAIL ", do_mail}, {"RCPT ", do_rcpt}, {"DATA", do_data},   {"BDAT ", do_bdat},
    {"RSET", do_rset},   {"QUIT", do_quit},  {"AUTH ", do_auth}, {"HELO ", do_hello},
};

static void take_line(struct mta *m, struct peer *p, char *line)
{
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
        if (strncmp(line, verbs[i].verb, strlen(verbs[i].verb)) == 0) {
            verbs[i].act(m, p, line);
            return;
        }
    wrong(m, "no such command: %.60s", line);
    say(p, "500 5.5.2 what?");
}

/* ---- octets ---- */

static void keep(struct peer *p, const char *data, size_t len)
{
    p->content = realloc(p->content, p->content_len + len + 1);
    memcpy(p->content + p->content_len, data, len);
    p->content_len += len;
}

/* Each returns how many octets it took; 0: there is no more to be done with what is there. */
static size_t take_chunk(struct mta *m, struct peer *p)
{
    size_t n = p->len < p->chunk ? p->len : p->chunk;

    keep(p, p->in, n);
    p->chunk -= n;
    if (p->chunk)
        return n;
    p->mode = COMMANDS;
    if (!p->mail || !p->rcpt_count) {
        say(p, p->mail ? "554 5.5.1 no valid recipients" : "503 5.5.1 MAIL first");
        p->content_len = 0;
    } else if (p->last) {
        take_content(m, p);
    } else {
        say(p, "250 2.0.0 more");
    }
    return n;
}

static size_t take_data(struct mta *m, struct peer *p)
{
    char *end = memmem(p->in, p->len, "\r\n.\r\n", 5);

    if (!end)
        return 0;
    keep(p, p->in, (size_t)(end + 2 - p->in));
    end += 5;
    take_content(m, p);
    return (size_t)(end - p->in);
}

static size_t take_command(struct mta *m, struct peer *p)
{
    char *end = memmem(p->in, p->len, "\r\n", 2);

    if (!end)
        return 0;
    *end = '\0';
    take_line(m, p, p->in);
    return (size_t)(end + 2 - p->in);
}

static void take(struct mta *m, struct peer *p)
{
    while (!p->dying && !p->waits && (p->len || (p->mode == BDAT && !p->chunk))) {
        bool bdat = p->mode == BDAT;
        size_t n = bdat ? take_chunk(m, p) : p->mode == DATA ? take_data(m, p) : take_command(m, p);

        if (!n && !bdat)
            break;
        p->len -= n;
        memmove(p->in, p->in + n, p->len);
    }
    flush(p);
}

/* ---- connections ---- */

static void end_peer(struct mta *m, struct peer *p)
{
    *(p->prev ? &p->prev->next : &m->peers) = p->next;
    if (p->next)
        p->next->prev = p->prev;
    m->open--;
    close(p->fd);
    free(p->in);
    free(p->content);
    free(p);
}

/* What is still unread would make a RST of the end, and a RST would take along what was said: so it is read first. */
static void hang_up(struct mta *m, struct peer *p)
{
    char rest[4096];

    flush(p);
    shutdown(p->fd, SHUT_WR);
    while (recv(p->fd, rest, sizeof rest, MSG_DONTWAIT) > 0)
        ;
    end_peer(m, p);
}

static void open_gate(struct mta *m)
{
    if (!m->config.gate || m->report.most_at_once < m->config.gate)
        return;
    for (struct peer *p = m->peers, *next; p; p = next) {
        next = p->next;
        if (!p->waits)
            continue;
        p->waits = false;
        answer_content(m, p);
        take(m, p);
        if (p->dying)
            hang_up(m, p);
    }
}

static void accept_peer(struct mta *m)
{
    struct epoll_event e = {.events = EPOLLIN};
    struct peer *p;
    int fd = accept4(m->listener, NULL, NULL, SOCK_CLOEXEC), on = 1;

    if (fd < 0)
        return;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    p = calloc(1, sizeof *p);
    p->fd = fd;
    p->in = malloc(BUFFER);
    p->since = now_ms();
    p->next = m->peers;
    if (m->peers)
        m->peers->prev = p;
    m->peers = p;
    m->report.connections++;
    if (++m->open > m->report.most_at_once)
        m->report.most_at_once = m->open;
    e.data.ptr = p;
    epoll_ctl(m->epoll, EPOLL_CTL_ADD, fd, &e);
    say(p, "%s", m->config.greeting ? m->config.greeting : "220 here");
    flush(p);
    if (m->config.greeting)
        hang_up(m, p);
    open_gate(m);
}

static void read_peer(struct mta *m, struct peer *p)
{
    ssize_t n = recv(p->fd, p->in + p->len, BUFFER - p->len, MSG_DONTWAIT);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        end_peer(m, p);
        return;
    }
    p->since = now_ms();
    p->len += (size_t)n;
    take(m, p);
    if (p->dying)
        hang_up(m, p);
}

static void close_idle(struct mta *m)
{
    int64_t now = now_ms();

    if (!m->config.idle_ms)
        return;
    for (struct peer *p = m->peers, *next; p; p = next) {
        next = p->next;
        if (!p->mail && !p->len && now - p->since >= m->config.idle_ms)
            hang_up(m, p);
    }
}

static void *serve(void *ctx)
{
    struct mta *m = ctx;
    struct epoll_event events[64];

    for (;;) {
        int n = epoll_wait(m->epoll, events, 64, m->config.idle_ms ? 10 : -1);
        bool stop = false;

        pthread_mutex_lock(&m->lock);
        for (int i = 0; i < n; i++) {
            if (events[i].data.ptr == &m->stop)
                stop = true;
            else if (events[i].data.ptr == &m->listener)
                continue;
            else
                read_peer(m, events[i].data.ptr);
        }
        for (int i = 0; i < n; i++) /* last: no event of this batch may be for a peer that is made or freed here */
            if (events[i].data.ptr == &m->listener)
                accept_peer(m);
        close_idle(m);
        pthread_mutex_unlock(&m->lock);
        if (stop)
            return NULL;
    }
}

/* ---- life ---- */

static void watch(struct mta *m, int *fd)
{
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = fd};

    epoll_ctl(m->epoll, EPOLL_CTL_ADD, *fd, &e);
}

static size_t limit_of(const char *limits, const char *name)
{
    long n = limits ? number_behind(limits, strlen(limits), name) : 0;

    return n > 0 ? (size_t)n : 0;
}

struct mta *mta_start(const struct mta_config *config)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(config->port)};
    struct mta *m = calloc(1, sizeof *m);
    socklen_t len = sizeof at;
    int on = 1;

    m->config = *config;
    m->mail_max = limit_of(config->limits, "MAILMAX=");
    m->rcpt_max = limit_of(config->limits, "RCPTMAX=");
    m->domain_max = limit_of(config->limits, "RCPTDOMAINMAX=");
    m->random = config->seed;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    m->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(m->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    m->epoll = epoll_create1(EPOLL_CLOEXEC);
    m->stop = eventfd(0, EFD_CLOEXEC);
    if (bind(m->listener, (struct sockaddr *)&at, sizeof at) || listen(m->listener, 4096) ||
        getsockname(m->listener, (struct sockaddr *)&at, &len))
        abort();
    m->port = ntohs(at.sin_port);
    snprintf(m->where, sizeof m->where, "127.0.0.1:%u", m->port);
    watch(m, &m->listener);
    watch(m, &m->stop);
    pthread_mutex_init(&m->lock, NULL);
    if (pthread_create(&m->thread, NULL, serve, m))
        abort();
    return m;
}

const char *mta_where(const struct mta *m)
{
    return m->where;
}

uint16_t mta_port(const struct mta *m)
{
    return m->port;
}

struct mta_report mta_report(struct mta *m)
{
    struct mta_report report;

    pthread_mutex_lock(&m->lock);
    report = m->report;
    pthread_mutex_unlock(&m->lock);
    return report;
}

struct mta_report mta_stop(struct mta *m)
{
    struct mta_report report;
    uint64_t one = 1;

    (void)!write(m->stop, &one, sizeof one);
    pthread_join(m->thread, NULL);
    while (m->peers)
        end_peer(m, m->peers);
    close(m->listener);
    close(m->epoll);
    close(m->stop);
    report = m->report;
    pthread_mutex_destroy(&m->lock);
    free(m);
    return report;
}

/* SPDX-License-Identifier: MIT */
/* Connections, octets, and the life of the server. */
#include "mta_inside.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BUFFER 131072u

int64_t mta_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void mta_wrong(struct mta *m, const char *format, ...)
{
    va_list args;

    if (m->report.wrong[0])
        return;
    va_start(args, format);
    vsnprintf(m->report.wrong, sizeof m->report.wrong, format, args);
    va_end(args);
}

/* ---- replies ---- */

void mta_flush(struct peer *p)
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
    p->untold = false;
}

void mta_say(struct peer *p, const char *format, ...)
{
    va_list args;

    if (p->mute)
        return;
    if (p->out_len > sizeof p->out - 512)
        mta_flush(p);
    p->reply_at = p->out_len;
    va_start(args, format);
    p->out_len += (size_t)vsnprintf(p->out + p->out_len, sizeof p->out - p->out_len - 2, format, args);
    va_end(args);
    memcpy(p->out + p->out_len, "\r\n", 2);
    p->out_len += 2;
}

/* ---- octets ---- */

static void keep(struct peer *p, const char *data, size_t len)
{
    if (p->content_len + len > p->content_room) {
        p->content_room = 2 * (p->content_len + len);
        p->content = realloc(p->content, p->content_room);
    }
    memcpy(p->content + p->content_len, data, len);
    p->content_len += len;
}

/* Each returns how many octets it took; 0: more must come first. */
static size_t take_chunk(struct mta *m, struct peer *p)
{
    size_t n = p->len < p->chunk ? p->len : p->chunk;

    keep(p, p->in, n);
    p->chunk -= n;
    if (p->chunk)
        return n;
    if (p->last)
        mta_take_content(m, p);
    else
        mta_take_chunk(m, p);
    return n;
}

/* Lines that begin with a dot lose it (RFC 5321 section 4.5.2). */
static void take_dots_off(struct peer *p)
{
    const char *from = p->content, *end = p->content + p->content_len;
    char *to = p->content;

    while (from < end) {
        const char *line_end = memmem(from, (size_t)(end - from), "\r\n", 2);
        const char *next = line_end ? line_end + 2 : end;

        if (*from == '.')
            from++;
        memmove(to, from, (size_t)(next - from));
        to += next - from;
        from = next;
    }
    p->content_len = (size_t)(to - p->content);
}

static size_t take_data(struct mta *m, struct peer *p)
{
    const char *end = memmem(p->in, p->len, "\r\n.\r\n", 5);
    size_t n;

    if (!end) { /* the last four octets may belong to the end */
        n = p->len > 4 ? p->len - 4 : 0;
        keep(p, p->in, n);
        return n;
    }
    n = (size_t)(end - p->in) + 5;
    keep(p, p->in, n - 3);
    take_dots_off(p);
    mta_take_content(m, p);
    return n;
}

static size_t take_command(struct mta *m, struct peer *p)
{
    char *end = memmem(p->in, p->len, "\r\n", 2);
    size_t n;

    if (!end)
        return 0;
    *end = '\0';
    n = (size_t)(end + 2 - p->in);
    mta_take_line(m, p, p->in);
    if (n < p->len && !p->pipelining && p->mode != BDAT && !p->dying)
        mta_wrong(m, "\"%.30s\" ahead of the reply to \"%.30s\", without PIPELINING", end + 2, p->in);
    return n;
}

static size_t take_one(struct mta *m, struct peer *p)
{
    size_t n = p->mode == BDAT ? take_chunk(m, p) : p->mode == DATA ? take_data(m, p) : take_command(m, p);

    mta_after(m, p);
    return n;
}

static void take(struct mta *m, struct peer *p)
{
    size_t done = 0;

    while (!p->dying && !p->waits && !p->asleep && (p->len || (p->mode == BDAT && !p->chunk))) {
        bool bdat = p->mode == BDAT;
        size_t n = take_one(m, p);

        if (!n && !bdat)
            break;
        p->len -= n;
        p->in += n;
        done += n;
    }
    p->in -= done;
    memmove(p->in, p->in + done, p->len);
}

/* ---- connections ---- */

static void listen_to(struct mta *m, struct peer *p, bool on)
{
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = p};

    epoll_ctl(m->epoll, on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, p->fd, &e);
}

static void end_peer(struct mta *m, struct peer *p)
{
    *(p->prev ? &p->prev->next : &m->peers) = p->next;
    if (p->next)
        p->next->prev = p->prev;
    m->open--;
    m->sleepers -= p->asleep;
    close(p->fd);
    free(p->in);
    free(p->content);
    free(p);
}

/* Unread octets would turn the end into a RST, which might discard replies that were sent: so they are read first. */
static void hang_up(struct mta *m, struct peer *p)
{
    struct linger now = {.l_onoff = 1};
    char rest[4096];

    mta_flush(p);
    if (p->reset) {
        setsockopt(p->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    } else {
        shutdown(p->fd, SHUT_WR);
        while (recv(p->fd, rest, sizeof rest, MSG_DONTWAIT) > 0)
            ;
    }
    end_peer(m, p);
}

/* After octets were taken: ends the connection if a fault says so, else sends the replies. */
static void go_on(struct mta *m, struct peer *p)
{
    if (p->fuse == 0) { /* burnt down: some of the replies leave, and no more */
        p->dying = true;
        p->out_len = mta_chance(m, (unsigned)p->out_len + 1);
    }
    if (p->dying) {
        hang_up(m, p);
        return;
    }
    if (!p->holds)
        mta_flush(p);
    if (p->asleep)
        listen_to(m, p, false);
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
        mta_answer_content(m, p);
        take(m, p);
        go_on(m, p);
    }
}

static void greet(struct mta *m, struct peer *p)
{
    size_t number = m->report.connections;
    bool full = number <= m->config.hangs + m->config.full;

    p->mute = number <= m->config.hangs;
    if (full || !mta_goes_wrong(m, p, AT_GREETING))
        mta_say(p, "%s", full ? "421 too many connections" : m->config.greeting ? m->config.greeting : "220 here");
    mta_after(m, p);
    p->dying = p->dying || m->config.greeting || (full && !p->mute);
    if (!m->config.late_ms)
        return;
    p->asleep = p->holds = true;
    p->awake_at = mta_now() + m->config.late_ms;
    m->sleepers++;
}

static void accept_peer(struct mta *m)
{
    struct peer *p;
    int fd = accept4(m->listener, NULL, NULL, SOCK_CLOEXEC), on = 1;

    if (fd < 0)
        return;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    p = calloc(1, sizeof *p);
    p->fd = fd;
    p->in = malloc(BUFFER);
    p->since = mta_now();
    p->next = m->peers;
    if (m->peers)
        m->peers->prev = p;
    m->peers = p;
    m->report.connections++;
    if (++m->open > m->report.most_at_once)
        m->report.most_at_once = m->open;
    mta_draw(m, p);
    listen_to(m, p, true);
    greet(m, p);
    go_on(m, p);
    open_gate(m);
}

static void read_peer(struct mta *m, struct peer *p)
{
    size_t room = BUFFER - p->len;
    ssize_t n;

    if (p->fuse > 0 && room > (size_t)p->fuse)
        room = (size_t)p->fuse;
    n = recv(p->fd, p->in + p->len, room, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        end_peer(m, p);
        return;
    }
    p->since = mta_now();
    p->len += (size_t)n;
    if (p->fuse > 0)
        p->fuse -= n;
    take(m, p);
    go_on(m, p);
}

static void close_idle(struct mta *m)
{
    int64_t now = mta_now();

    if (!m->config.idle_ms)
        return;
    for (struct peer *p = m->peers, *next; p; p = next) {
        next = p->next;
        if (!p->mail && !p->len && now - p->since >= m->config.idle_ms)
            hang_up(m, p);
    }
}

/* ---- time ---- */

static void wake(struct mta *m)
{
    int64_t now = mta_now();

    for (struct peer *p = m->peers, *next; p && m->sleepers; p = next) {
        next = p->next;
        if (!p->asleep || now < p->awake_at)
            continue;
        p->asleep = p->holds = false;
        m->sleepers--;
        listen_to(m, p, true);
        take(m, p);
        go_on(m, p);
    }
}

/* The holder keeps the port and never listens. */
static int open_socket(struct sockaddr_in *at)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    socklen_t len = sizeof *at;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)at, sizeof *at) || getsockname(fd, (struct sockaddr *)at, &len))
        abort();
    return fd;
}

static void watch(struct mta *m, int *fd)
{
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = fd};

    epoll_ctl(m->epoll, EPOLL_CTL_ADD, *fd, &e);
}

static void come_up(struct mta *m)
{
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons(m->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

    m->listener = open_socket(&at);
    if (listen(m->listener, 4096))
        abort();
    watch(m, &m->listener);
}

/* All connections end, some with unread octets; for a while no port listens. */
static void go_down(struct mta *m)
{
    m->restart_due = false;
    m->report.restarts++;
    while (m->peers) {
        struct peer *p = m->peers;

        p->reset = mta_chance(m, 2);
        if (mta_chance(m, 2))
            p->out_len = 0;
        hang_up(m, p);
    }
    close(m->listener);
    m->listener = -1;
    m->up_at = mta_now() + mta_chance(m, 20);
}

static void look_at_the_clock(struct mta *m)
{
    if (m->restart_due)
        go_down(m);
    if (m->listener < 0 && mta_now() >= m->up_at)
        come_up(m);
    wake(m);
    close_idle(m);
}

static void *serve(void *ctx)
{
    struct mta *m = ctx;
    struct epoll_event events[64];

    for (;;) {
        int n = epoll_wait(m->epoll, events, 64, m->sleepers || m->listener < 0 ? 1 : m->config.idle_ms ? 10 : -1);
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
        look_at_the_clock(m);
        pthread_mutex_unlock(&m->lock);
        if (stop)
            return NULL;
    }
}

/* ---- life ---- */

static size_t limit_of(const char *limits, const char *name)
{
    const char *at = limits ? strstr(limits, name) : NULL;

    return at ? strtoul(at + strlen(name), NULL, 10) : 0;
}

struct mta *mta_start(const struct mta_config *config)
{
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons(config->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct mta *m = calloc(1, sizeof *m);

    m->config = *config;
    m->mail_max = limit_of(config->limits, "MAILMAX=");
    m->rcpt_max = limit_of(config->limits, "RCPTMAX=");
    m->domain_max = limit_of(config->limits, "RCPTDOMAINMAX=");
    m->random = config->seed;
    m->holder = open_socket(&at);
    m->port = ntohs(at.sin_port);
    snprintf(m->where, sizeof m->where, "127.0.0.1:%u", m->port);
    m->epoll = epoll_create1(EPOLL_CLOEXEC);
    m->stop = eventfd(0, EFD_CLOEXEC);
    come_up(m);
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
    if (m->listener >= 0)
        close(m->listener);
    close(m->holder);
    close(m->epoll);
    close(m->stop);
    report = m->report;
    pthread_mutex_destroy(&m->lock);
    free(m);
    return report;
}

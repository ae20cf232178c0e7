/* SPDX-License-Identifier: MIT */
#include "dns.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define NAMES_MAX 64

struct packet {
    uint8_t data[8192];
    size_t len;
};

struct question {
    struct sockaddr_in from;
    struct packet p;  /* becomes the answer */
    size_t asked_len; /* of the packet as it came */
    char name[256];
    int type;
    int by_tcp;
};

static struct {
    pthread_t thread;
    pthread_mutex_t lock;
    int fd;
    int listener; /* TCP, the same port */
    int tcp;      /* its one connection; -1: none */
    int stop[2];
    const struct dns_row *rows;
    char where[32];
    int questions;
    char names[NAMES_MAX][256];
    struct question late; /* held for a_first */
    struct question held; /* until it is released */
    int is_held, is_released;
    int rcode; /* of the released answers; DNS_RECORDS: they have their records */
    pthread_cond_t holds;
} server = {.lock = PTHREAD_MUTEX_INITIALIZER, .holds = PTHREAD_COND_INITIALIZER};

static void put16(struct packet *p, unsigned value)
{
    p->data[p->len++] = (uint8_t)(value >> 8);
    p->data[p->len++] = (uint8_t)value;
}

/* The question's name as text. Returns the offset of its type; 0: the packet is malformed. */
static size_t read_name(const struct packet *p, char *name)
{
    size_t at = 12, len = 0;

    while (at < p->len && p->data[at]) {
        size_t label = p->data[at];

        if (label > 63 || at + 1 + label >= p->len || len + label + 1 > 255)
            return 0;
        if (len)
            name[len++] = '.';
        memcpy(name + len, p->data + at + 1, label);
        len += label;
        at += 1 + label;
    }
    name[len] = '\0';
    return at + 5 <= p->len ? at + 1 : 0;
}

#define TYPE_CNAME 5
#define TYPE_MX    15
#define TYPE_SRV   33

/* What stands before the data of a record, whose length is set by end_record(). */
static size_t begin_record(struct packet *p, int type)
{
    put16(p, 0xc00c); /* the name of the question */
    put16(p, (unsigned)type);
    put16(p, 1);
    put16(p, 0);
    put16(p, 60);
    put16(p, 0);
    return p->len;
}

static void end_record(struct packet *p, size_t from)
{
    unsigned count = (unsigned)(p->data[6] << 8 | p->data[7]), len = (unsigned)(p->len - from);

    p->data[from - 2] = (uint8_t)(len >> 8);
    p->data[from - 1] = (uint8_t)len;
    count++;
    p->data[6] = (uint8_t)(count >> 8);
    p->data[7] = (uint8_t)count;
}

static void put_name(struct packet *p, const char *name)
{
    while (*name && strcmp(name, ".") != 0) {
        size_t len = strcspn(name, ".");

        p->data[p->len++] = (uint8_t)len;
        memcpy(p->data + p->len, name, len);
        p->len += len;
        name += len + (name[len] == '.');
    }
    p->data[p->len++] = 0;
}

/* A record of numbers and a host. */
static void add_host(struct packet *p, int type, const char *text)
{
    size_t from = begin_record(p, type);

    for (int i = type == TYPE_SRV ? 3 : type == TYPE_MX; i > 0; i--) {
        char *end;

        put16(p, (unsigned)strtoul(text, &end, 10));
        text = end + 1;
    }
    put_name(p, text);
    end_record(p, from);
}

static void add_hosts(struct packet *p, const struct dns_row *row, int type)
{
    const char *const *list = type == TYPE_SRV ? row->srv : row->mx;
    char more[64];

    if (row->cname)
        add_host(p, TYPE_CNAME, row->cname);
    for (int i = 0; (type == TYPE_SRV || type == TYPE_MX) && i < DNS_ROW_MAX && list[i]; i++)
        add_host(p, type, list[i]);
    for (int i = 1; type == TYPE_SRV && i <= row->srv_more; i++) {
        snprintf(more, sizeof more, "1 0 %d many.example", i);
        add_host(p, type, more);
    }
}

static void add_record(struct packet *p, int type, const char *address)
{
    uint8_t raw[16];
    unsigned len = type == 1 ? 4 : 16;
    size_t from;

    inet_pton(type == 1 ? AF_INET : AF_INET6, address, raw);
    from = begin_record(p, type);
    memcpy(p->data + p->len, raw, len);
    p->len += len;
    end_record(p, from);
}

/* False: no answer. */
static int answer(struct packet *p, const char *name, int type)
{
    const struct dns_row *row = server.rows;
    const char *const *list;

    while (row->name && strcasecmp(row->name, name) != 0)
        row++;
    p->data[2] |= 0x80;
    p->data[3] = (uint8_t)(0x80 | (row->name ? 0 : 3));
    p->data[6] = p->data[7] = p->data[8] = p->data[9] = p->data[10] = p->data[11] = 0;
    if (!row->name)
        return 1;
    if (row->silent || (type == 1 && row->silent_a) || (type == 28 && row->silent_aaaa))
        return 0;
    add_hosts(p, row, type);
    list = type == 1 ? row->a : row->aaaa;
    for (int i = 0; (type == 1 || type == 28) && i < DNS_ROW_MAX && list[i]; i++)
        add_record(p, type, list[i]);
    return 1;
}

static const struct dns_row *row_of(const struct question *q)
{
    const struct dns_row *row = server.rows;

    while (row->name && strcasecmp(row->name, q->name) != 0)
        row++;
    return row;
}

static int waits_for_a(const struct question *q)
{
    return row_of(q)->name && row_of(q)->a_first && q->type == 28;
}

static int waits_for_release(const struct question *q)
{
    const struct dns_row *row = row_of(q);

    return row->name && ((row->hold_a && q->type == 1) || (row->hold_aaaa && q->type == 28));
}

static void reply(struct question *q)
{
    if (!answer(&q->p, q->name, q->type))
        return;
    if ((server.rcode && waits_for_release(q)) || row_of(q)->rcode) {
        q->p.data[3] = (uint8_t)(0x80 | (row_of(q)->rcode ? row_of(q)->rcode : server.rcode));
        q->p.data[6] = q->p.data[7] = 0;
        q->p.len = q->asked_len;
    }
    if (q->by_tcp) {
        uint8_t length[2] = {(uint8_t)(q->p.len >> 8), (uint8_t)q->p.len};

        send(server.tcp, length, sizeof length, MSG_NOSIGNAL | MSG_MORE);
        send(server.tcp, q->p.data, q->p.len, MSG_NOSIGNAL);
        return;
    }
    if (row_of(q)->name && row_of(q)->truncated) {
        q->p.data[2] |= 0x02;
        q->p.data[6] = q->p.data[7] = 0;
        q->p.len = q->asked_len;
    }
    sendto(server.fd, q->p.data, q->p.len, 0, (struct sockaddr *)&q->from, sizeof q->from);
}

static void take(struct question *q)
{
    memcpy(server.names[server.questions % NAMES_MAX], q->name, sizeof q->name);
    server.questions++;
    if (waits_for_a(q)) {
        server.late = *q;
    } else if (waits_for_release(q) && !server.is_released) {
        server.held = *q;
        server.is_held = 1;
        pthread_cond_signal(&server.holds);
    } else {
        reply(q);
        if (server.late.p.len)
            reply(&server.late);
        server.late.p.len = 0;
    }
}

static void serve(struct question *q, ssize_t n)
{
    size_t at;

    if (n < 12)
        return;
    q->p.len = (size_t)n;
    if (!(at = read_name(&q->p, q->name)))
        return;
    q->type = q->p.data[at] << 8 | q->p.data[at + 1];
    q->p.len = q->asked_len = at + 4;
    pthread_mutex_lock(&server.lock);
    take(q);
    pthread_mutex_unlock(&server.lock);
}

static void serve_udp(void)
{
    struct question q = {0};
    socklen_t len = sizeof q.from;

    serve(&q, recvfrom(server.fd, q.p.data, 512, 0, (struct sockaddr *)&q.from, &len));
}

/* One question, or the end of the connection. */
static void serve_tcp(void)
{
    struct question q = {.by_tcp = 1};
    uint8_t length[2];
    size_t len;

    if (recv(server.tcp, length, sizeof length, MSG_WAITALL) == sizeof length) {
        len = (size_t)length[0] << 8 | length[1];
        if (len <= 512 && recv(server.tcp, q.p.data, len, MSG_WAITALL) == (ssize_t)len) {
            serve(&q, (ssize_t)len);
            return;
        }
    }
    close(server.tcp);
    server.tcp = -1;
}

static void take_connection(void)
{
    struct timeval patience = {.tv_sec = 5};

    if (server.tcp >= 0)
        close(server.tcp);
    server.tcp = accept4(server.listener, NULL, NULL, SOCK_CLOEXEC);
    if (server.tcp >= 0)
        setsockopt(server.tcp, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
}

void dns_release(int rcode)
{
    pthread_mutex_lock(&server.lock);
    while (!server.is_held)
        pthread_cond_wait(&server.holds, &server.lock);
    server.is_released = 1;
    server.rcode = rcode;
    reply(&server.held);
    pthread_mutex_unlock(&server.lock);
}

static void *run(void *unused)
{
    struct pollfd fds[] = {{.fd = server.stop[0], .events = POLLIN},
                           {.fd = server.fd, .events = POLLIN},
                           {.fd = server.listener, .events = POLLIN},
                           {.fd = -1, .events = POLLIN}};

    (void)unused;
    while (poll(fds, 4, -1) > 0 && !fds[0].revents) {
        if (fds[1].revents)
            serve_udp();
        if (fds[3].revents)
            serve_tcp();
        if (fds[2].revents)
            take_connection();
        fds[3].fd = server.tcp;
    }
    return NULL;
}

/* Both sockets on one port that is free for both. */
static int listen_at(struct sockaddr_in *at)
{
    for (int i = 0; i < 20; i++) {
        socklen_t len = sizeof *at;

        *at = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        server.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        server.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (!bind(server.fd, (struct sockaddr *)at, len) && !getsockname(server.fd, (struct sockaddr *)at, &len) &&
            !bind(server.listener, (struct sockaddr *)at, len) && !listen(server.listener, 8))
            return 1;
        close(server.fd);
        close(server.listener);
    }
    return 0;
}

const char *dns_start(const struct dns_row *rows)
{
    struct sockaddr_in at;

    server.rows = rows;
    server.questions = server.is_held = server.is_released = server.rcode = 0;
    server.late.p.len = 0;
    server.tcp = -1;
    if (!listen_at(&at) || pipe(server.stop) < 0 || pthread_create(&server.thread, NULL, run, NULL))
        return NULL;
    snprintf(server.where, sizeof server.where, "127.0.0.1:%u", ntohs(at.sin_port));
    return server.where;
}

int dns_questions(void)
{
    int n;

    pthread_mutex_lock(&server.lock);
    n = server.questions;
    pthread_mutex_unlock(&server.lock);
    return n;
}

int dns_asked(const char *name)
{
    int n = 0;

    pthread_mutex_lock(&server.lock);
    for (int i = 0; i < server.questions && i < NAMES_MAX; i++)
        n += strcasecmp(server.names[i], name) == 0;
    pthread_mutex_unlock(&server.lock);
    return n;
}

void dns_stop(void)
{
    (void)!write(server.stop[1], "x", 1);
    pthread_join(server.thread, NULL);
    close(server.fd);
    close(server.listener);
    if (server.tcp >= 0)
        close(server.tcp);
    close(server.stop[0]);
    close(server.stop[1]);
}

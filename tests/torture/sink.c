/* SPDX-License-Identifier: MIT */
#include "sink.h"

#include "sink_own.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define LINE_SIZE ((size_t)1024)
#define NOBODY    SIZE_MAX

/* What both processes see. */
struct ledger {
    uint8_t taken[SINK_LETTERS][SINK_RECIPIENTS];
    char wrong[256];
};

struct sink {
    unsigned flags;
    int listener, control; /* each process has its end of control: an octet there, and one back, is sink_settle() */
    pid_t pid;
    unsigned port;
    struct sockaddr_storage at;
    socklen_t at_len;
    char where[64], dir[32];
    struct ledger *ledger;
    /* in its own process */
    struct sink_tls *tls;
    pthread_mutex_t lock;
    pthread_cond_t less;
    unsigned live; /* connections */
};

struct connection {
    struct sink *sink;
    int fd;
    struct sink_tls_connection *tls;
    char in[8192];
    size_t len;
    bool failed, authenticated;
    /* the transaction */
    size_t number; /* NOBODY: none */
    bool wanted[SINK_RECIPIENTS];
    size_t accepted;
    char content[2 * SINK_LETTER_MAX];
    size_t content_len;
};

static void complain(struct sink *s, const char *what, const char *line)
{
    pthread_mutex_lock(&s->lock);
    if (!s->ledger->wrong[0])
        snprintf(s->ledger->wrong, sizeof s->ledger->wrong, "%s: \"%.200s\"", what, line);
    pthread_mutex_unlock(&s->lock);
}

size_t sink_letter(size_t number, char *buf)
{
    int n = snprintf(buf, SINK_LETTER_MAX, "Message-ID: <%zu>\r\nSubject: torture\r\n\r\n.a dot in front\r\n", number);
    size_t len = (size_t)n;

    for (int i = 0; i < 12; i++)
        len += (size_t)snprintf(buf + len, SINK_LETTER_MAX - len, "%d: nothing of this may be lost or doubled\r\n", i);
    return len + (size_t)snprintf(buf + len, SINK_LETTER_MAX - len, "..\r\nthe end of %zu\r\n", number);
}

/* ---- octets ---- */

static void put(struct connection *c, const char *text)
{
    size_t len = strlen(text);

    if (!c->failed)
        c->failed = c->tls ? !sink_tls_put(c->tls, text, len) : send(c->fd, text, len, MSG_NOSIGNAL) != (ssize_t)len;
}

static bool fill(struct connection *c)
{
    size_t room = sizeof c->in - c->len, n;
    ssize_t got;

    if (c->failed || !room)
        return false;
    if (c->tls) {
        n = sink_tls_get(c->tls, c->in + c->len, room);
    } else {
        got = recv(c->fd, c->in + c->len, room, 0);
        n = got > 0 ? (size_t)got : 0;
    }
    c->len += n;
    return n > 0;
}

static void drop(struct connection *c, size_t len)
{
    c->len -= len;
    memmove(c->in, c->in + len, c->len);
}

static bool get_line(struct connection *c, char line[LINE_SIZE])
{
    char *end;

    while (!(end = memmem(c->in, c->len, "\r\n", 2)))
        if (!fill(c))
            return false;
    snprintf(line, LINE_SIZE, "%.*s", (int)(end - c->in), c->in);
    drop(c, (size_t)(end + 2 - c->in));
    return true;
}

/* ---- content ---- */

static void add(struct connection *c, const char *data, size_t len)
{
    if (len > sizeof c->content - c->content_len) {
        complain(c->sink, "too much content", "");
        len = sizeof c->content - c->content_len;
    }
    memcpy(c->content + c->content_len, data, len);
    c->content_len += len;
}

static bool get_data(struct connection *c)
{
    char line[LINE_SIZE];

    while (get_line(c, line)) {
        if (strcmp(line, ".") == 0)
            return true;
        add(c, line + (line[0] == '.'), strlen(line) - (line[0] == '.'));
        add(c, "\r\n", 2);
    }
    return false;
}

static bool get_chunk(struct connection *c, size_t len)
{
    while (len) {
        size_t n = c->len < len ? c->len : len;

        if (!n && !fill(c))
            return false;
        add(c, c->in, n);
        drop(c, n);
        len -= n;
    }
    return true;
}

static void forget(struct connection *c)
{
    c->number = NOBODY;
    memset(c->wanted, 0, sizeof c->wanted);
    c->accepted = c->content_len = 0;
}

/* The ledger has it before the client is told. */
static void take(struct connection *c)
{
    char letter[SINK_LETTER_MAX];
    size_t len = sink_letter(c->number, letter);
    bool lmtp = c->sink->flags & SINK_LMTP;

    if (len != c->content_len || memcmp(letter, c->content, len) != 0)
        complain(c->sink, "the content is not that of the letter", letter);
    pthread_mutex_lock(&c->sink->lock);
    for (size_t k = 0; k < SINK_RECIPIENTS; k++)
        if (c->wanted[k])
            c->sink->ledger->taken[c->number][k]++;
    pthread_mutex_unlock(&c->sink->lock);
    for (size_t k = lmtp ? c->accepted : 1; k > 0; k--)
        put(c, "250 2.0.0 taken\r\n");
    forget(c);
}

/* ---- commands ---- */

static void do_ehlo(struct connection *c, const char *arguments)
{
    unsigned flags = c->sink->flags;
    char reply[256];

    (void)arguments;
    forget(c);
    snprintf(reply, sizeof reply, "250-sink.example.test\r\n%s%s%s%s250 ENHANCEDSTATUSCODES\r\n",
             flags & SINK_PIPELINING ? "250-PIPELINING\r\n" : "", flags & SINK_CHUNKING ? "250-CHUNKING\r\n" : "",
             flags & SINK_STARTTLS && !c->tls ? "250-STARTTLS\r\n" : "",
             flags & SINK_AUTH ? "250-AUTH PLAIN LOGIN CRAM-MD5\r\n" : "");
    put(c, reply);
}

static void do_starttls(struct connection *c, const char *arguments)
{
    (void)arguments;
    put(c, "220 go\r\n");
    if (c->len)
        complain(c->sink, "octets before the handshake", c->in);
    c->tls = sink_tls_accept(c->sink->tls, c->fd);
    c->failed = !c->tls;
}

static void do_auth(struct connection *c, const char *arguments)
{
    static const char *const challenges[] = {"334 VXNlcm5hbWU6\r\n", "334 UGFzc3dvcmQ6\r\n"};
    char line[LINE_SIZE];
    size_t count = strncmp(arguments, "LOGIN", 5) == 0 ? 2 : !strchr(arguments, ' ');

    if (c->sink->flags & SINK_NO_PLAIN && strncmp(arguments, "PLAIN", 5) == 0)
        complain(c->sink, "a mechanism that is forbidden", "PLAIN");
    for (size_t i = 0; i < count; i++) {
        put(c, strncmp(arguments, "CRAM", 4) == 0 ? "334 PDEuMkBoZXJlPg==\r\n" : challenges[i]);
        if (!get_line(c, line)) {
            c->failed = true;
            return;
        }
        if (strcmp(line, "*") == 0) {
            put(c, "501 5.7.0 cancelled\r\n");
            return;
        }
    }
    c->authenticated = true;
    put(c, "235 2.7.0 in\r\n");
}

static void do_mail(struct connection *c, const char *arguments)
{
    size_t number;

    forget(c);
    if (c->sink->flags & SINK_AUTH && !c->authenticated) {
        complain(c->sink, "mail before the login", arguments);
        put(c, "530 5.7.0 log in\r\n");
    } else if (c->sink->flags & SINK_STARTTLS && !c->tls) {
        complain(c->sink, "mail in clear", arguments);
        put(c, "530 5.7.0 STARTTLS\r\n");
    } else if (sscanf(arguments, "FROM:<s%zu@", &number) != 1 || number >= SINK_LETTERS) {
        put(c, "550 5.1.7 not from there\r\n");
    } else {
        c->number = number;
        put(c, "250 2.1.0 ok\r\n");
    }
}

static void do_rcpt(struct connection *c, const char *arguments)
{
    size_t k, number;

    if (c->number == NOBODY) {
        put(c, "503 5.5.1 MAIL first\r\n");
    } else if (sscanf(arguments, "TO:<r%zu.%zu@", &k, &number) != 2 || k >= SINK_RECIPIENTS || number != c->number) {
        put(c, "550 5.1.1 nobody\r\n");
    } else {
        c->wanted[k] = true;
        c->accepted++;
        put(c, "250 2.1.5 ok\r\n");
    }
}

static void do_data(struct connection *c, const char *arguments)
{
    (void)arguments;
    if (!c->accepted) {
        put(c, "503 5.5.1 RCPT first\r\n");
        return;
    }
    put(c, "354 go\r\n");
    if (get_data(c))
        take(c);
    else
        c->failed = true;
}

static void do_bdat(struct connection *c, const char *arguments)
{
    size_t len;

    if (sscanf(arguments, "%zu", &len) != 1 || !get_chunk(c, len)) {
        c->failed = true;
        return;
    }
    if (!c->accepted) {
        c->content_len = 0;
        put(c, "503 5.5.1 RCPT first\r\n");
    } else if (strstr(arguments, "LAST")) {
        take(c);
    } else {
        put(c, "250 2.0.0 more\r\n");
    }
}

static void do_rset(struct connection *c, const char *arguments)
{
    (void)arguments;
    forget(c);
    put(c, "250 2.0.0 forgotten\r\n");
}

static void do_quit(struct connection *c, const char *arguments)
{
    (void)arguments;
    put(c, "221 2.0.0 bye\r\n");
    c->failed = true;
}

static const struct command {
    const char *verb;
    void (*run)(struct connection *c, const char *arguments);
} commands[] = {{"EHLO", do_ehlo}, {"LHLO", do_ehlo}, {"STARTTLS", do_starttls}, {"AUTH", do_auth}, {"MAIL", do_mail},
                {"RCPT", do_rcpt}, {"DATA", do_data}, {"BDAT", do_bdat},         {"RSET", do_rset}, {"QUIT", do_quit}};

#define COMMANDS (sizeof commands / sizeof commands[0])

static void obey(struct connection *c, const char *line)
{
    size_t len = strcspn(line, " ");

    for (size_t i = 0; i < COMMANDS; i++)
        if (strlen(commands[i].verb) == len && strncmp(line, commands[i].verb, len) == 0) {
            commands[i].run(c, line + len + (line[len] == ' '));
            return;
        }
    complain(c->sink, "not a command", line);
    put(c, "500 5.5.2 what?\r\n");
}

/* ---- connections ---- */

static void talk(struct connection *c)
{
    char line[LINE_SIZE];

    if (c->sink->flags & SINK_TLS && !(c->tls = sink_tls_accept(c->sink->tls, c->fd)))
        return;
    put(c, "220 sink.example.test\r\n");
    while (!c->failed && get_line(c, line))
        obey(c, line);
}

static void *serve(void *ctx)
{
    struct connection *c = ctx;
    struct sink *s = c->sink;

    forget(c);
    talk(c);
    sink_tls_end(c->tls);
    close(c->fd);
    free(c);
    pthread_mutex_lock(&s->lock);
    s->live--;
    pthread_cond_broadcast(&s->less);
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

static void die(const char *what)
{
    perror(what);
    _Exit(1);
}

static void take_connection(struct sink *s, int fd)
{
    struct connection *c = calloc(1, sizeof *c);
    pthread_attr_t attr;
    pthread_t thread;
    int on = 1;

    if (!c || pthread_attr_init(&attr))
        die("sink: memory");
    c->sink = s;
    c->fd = fd;
    (void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    pthread_mutex_lock(&s->lock);
    s->live++;
    pthread_mutex_unlock(&s->lock);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    if (pthread_create(&thread, &attr, serve, c))
        die("sink: thread");
    pthread_attr_destroy(&attr);
}

/* All who have connected are known by then, as the listener does not block. */
static void settle(struct sink *s)
{
    pthread_mutex_lock(&s->lock);
    while (s->live)
        pthread_cond_wait(&s->less, &s->lock);
    pthread_mutex_unlock(&s->lock);
    if (send(s->control, "", 1, MSG_NOSIGNAL) != 1)
        die("sink: settle");
}

/* Ends with the process that started it. */
static _Noreturn void run(struct sink *s, const char *pki)
{
    struct pollfd fds[] = {{.fd = s->control, .events = POLLIN}, {.fd = s->listener, .events = POLLIN}};
    char octet;
    int fd;

    (void)signal(SIGPIPE, SIG_IGN); /* SSL_write() knows no MSG_NOSIGNAL */
    if (s->flags & (SINK_TLS | SINK_STARTTLS))
        s->tls = sink_tls_new(s->flags & SINK_TLS12, s->flags & SINK_CLIENT, pki);
    for (;;) {
        if (poll(fds, 2, -1) < 0)
            die("sink: poll");
        while ((fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0)
            take_connection(s, fd);
        if (fds[0].revents && recv(s->control, &octet, 1, 0) != 1)
            _Exit(0);
        if (fds[0].revents)
            settle(s);
    }
}

/* ---- life ---- */

static void bind_tcp(struct sink *s)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

    memcpy(&s->at, &in, sizeof in);
    s->at_len = sizeof in;
    if ((s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) < 0 ||
        bind(s->listener, (struct sockaddr *)&s->at, s->at_len) < 0 ||
        getsockname(s->listener, (struct sockaddr *)&s->at, &s->at_len) < 0)
        die("sink: bind");
    memcpy(&in, &s->at, sizeof in);
    s->port = ntohs(in.sin_port);
    snprintf(s->where, sizeof s->where, "127.0.0.1:%u", s->port);
}

static void bind_unix(struct sink *s)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};

    snprintf(s->dir, sizeof s->dir, "/tmp/envoi-test-XXXXXX");
    if (!mkdtemp(s->dir))
        die("sink: mkdtemp");
    snprintf(s->where, sizeof s->where, "%s/sink", s->dir);
    snprintf(un.sun_path, sizeof un.sun_path, "%s", s->where);
    memcpy(&s->at, &un, sizeof un);
    s->at_len = sizeof un;
    if ((s->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) < 0 ||
        bind(s->listener, (struct sockaddr *)&s->at, s->at_len) < 0)
        die("sink: bind");
}

struct sink *sink_start(unsigned flags, const char *pki)
{
    struct sink *s = calloc(1, sizeof *s);
    int ends[2];

    if (!s || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        die("sink");
    s->flags = flags;
    s->ledger = mmap(NULL, sizeof *s->ledger, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (s->ledger == MAP_FAILED || pthread_mutex_init(&s->lock, NULL) || pthread_cond_init(&s->less, NULL))
        die("sink");
    if (flags & SINK_UNIX)
        bind_unix(s);
    else
        bind_tcp(s);
    if (listen(s->listener, 64) < 0 || (s->pid = fork()) < 0)
        die("sink: listen, fork");
    s->control = ends[s->pid == 0];
    close(ends[s->pid != 0]);
    if (s->pid == 0)
        run(s, pki);
    close(s->listener);
    return s;
}

const char *sink_where(const struct sink *s)
{
    return s->where;
}

unsigned sink_port(const struct sink *s)
{
    return s->port;
}

bool sink_settle(struct sink *s)
{
    struct pollfd answer = {.fd = s->control, .events = POLLIN};
    char octet;

    return send(s->control, "", 1, MSG_NOSIGNAL) == 1 && poll(&answer, 1, 30000) == 1 &&
           recv(s->control, &octet, 1, 0) == 1;
}

unsigned sink_taken(const struct sink *s, size_t number, size_t k)
{
    return s->ledger->taken[number][k];
}

const char *sink_wrong(const struct sink *s)
{
    return s->ledger->wrong[0] ? s->ledger->wrong : NULL;
}

void sink_stop(struct sink *s)
{
    kill(s->pid, SIGKILL);
    close(s->control);
    waitpid(s->pid, NULL, 0);
    if (s->dir[0]) {
        unlink(s->where);
        rmdir(s->dir);
    }
    munmap(s->ledger, sizeof *s->ledger);
    free(s);
}

/* SPDX-License-Identifier: MIT */
/* The sink: an SMTP server that takes all mail, checks it, counts and forgets. See usage(). */
#include "connection.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define EVENTS_AT_ONCE 64

static int usage(FILE *out)
{
    fputs("usage: sink --port-file FILE [options]\n"
          "Listens on a free port of 127.0.0.1 and writes it to FILE. Prints its counters as JSON when it gets "
          "SIGUSR1, and\n"
          "at its end (SIGTERM); a client asks for them with XREPORT, and sets them to zero with XRESET.\n"
          "  --expect FILE         every message must be FILE; else it counts as wrong\n"
          "  --digest HEX          ... must have this SHA-256; with neither, that of the first message\n"
          "  --certificate FILE    a PEM chain; announces STARTTLS\n"
          "  --key FILE            its key\n"
          "  --delay MS            holds each reply so long from the arrival of its command\n"
          "  --refuse LOCAL-PART   refuses this recipient with 550; may be given often\n"
          "  --no-chunking, --no-pipelining   does not announce that\n",
          out);
    return out == stdout ? 0 : 64;
}

static int64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static SSL_CTX *tls_context(const char *certificate, const char *key)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

    if (!ctx)
        return NULL;
    SSL_CTX_set_num_tickets(ctx, 0); /* with tickets libESMTP stalled after the handshake */
    SSL_CTX_set_read_ahead(ctx, 1);
    SSL_CTX_set_default_read_buffer_len(ctx, CONNECTION_BLOCK);
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    if (SSL_CTX_use_certificate_chain_file(ctx, certificate) == 1 &&
        SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) == 1)
        return ctx;
    SSL_CTX_free(ctx);
    return NULL;
}

static bool write_port(const char *path, int port)
{
    char temporary[4096];
    FILE *out;

    snprintf(temporary, sizeof temporary, "%s.new", path);
    if (!(out = fopen(temporary, "w")))
        return false;
    fprintf(out, "%d\n", port);
    return fclose(out) == 0 && rename(temporary, path) == 0;
}

static int listen_anywhere(const char *port_file)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd >= 0 && bind(fd, (struct sockaddr *)&at, len) == 0 && listen(fd, 1024) == 0 &&
        getsockname(fd, (struct sockaddr *)&at, &len) == 0 && write_port(port_file, ntohs(at.sin_port)))
        return fd;
    return -1;
}

static int signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

static void report(const struct sink *sink)
{
    struct counters live = {0};
    uint64_t count = 0;

    for (const struct connection *c = sink->first; c; c = c->next)
        if (!c->control) {
            counters_add(&live, &c->counters);
            count++;
        }
    tally_print(&sink->tally, &live, count, stdout);
    putchar('\n');
    fflush(stdout);
}

/* ---- the loop ---- */

struct loop {
    struct sink *sink;
    int epoll, listener, signals;
    bool over;
};

static void watch(const struct loop *loop, struct connection *c)
{
    unsigned events = EPOLLIN | (c->writing ? EPOLLOUT : 0);
    struct epoll_event event = {.events = events, .data.ptr = c};

    if (events != c->events)
        epoll_ctl(loop->epoll, c->events ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, c->fd, &event);
    c->events = events;
}

static void step(const struct loop *loop, struct connection *c, bool readable)
{
    if (connection_step(c, readable, now_ns()))
        watch(loop, c);
    else
        connection_free(c);
}

static void welcome(const struct loop *loop)
{
    int fd, on = 1;

    while ((fd = accept4(loop->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct connection *c = connection_new(loop->sink, fd, now_ns());

        if (!c) {
            close(fd);
            continue;
        }
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        step(loop, c, false);
    }
}

static void obey(struct loop *loop)
{
    struct signalfd_siginfo info;

    while (read(loop->signals, &info, sizeof info) == sizeof info) {
        if (info.ssi_signo == SIGUSR1)
            report(loop->sink);
        else
            loop->over = true;
    }
}

/* Replies whose time has come. Returns milliseconds until the next one, -1: none. */
static int deliver(const struct loop *loop)
{
    int64_t next = -1, now = now_ns();
    struct connection *c = loop->sink->first;

    while (c) {
        struct connection *following = c->next;
        int64_t due = c->writing ? -1 : replies_due(&c->replies);

        if (due >= 0 && due <= now)
            step(loop, c, false);
        else if (due >= 0 && (next < 0 || due < next))
            next = due;
        c = following;
    }
    /* What step() left owed is due later than what it sent; the next turn finds it. */
    return next < 0 ? -1 : (int)((next - now + 999999) / 1000000);
}

static bool some_owed(const struct sink *sink)
{
    for (const struct connection *c = sink->first; c; c = c->next)
        if (!c->writing && !replies_none(&c->replies))
            return true;
    return false;
}

static void run(struct loop *loop)
{
    while (!loop->over) {
        struct epoll_event events[EVENTS_AT_ONCE];
        int timeout = loop->sink->delay ? deliver(loop) : -1, n;

        if (timeout < 0 && loop->sink->delay && some_owed(loop->sink))
            timeout = 0;
        n = epoll_wait(loop->epoll, events, EVENTS_AT_ONCE, timeout);
        for (int i = 0; i < n; i++) {
            void *who = events[i].data.ptr;

            if (who == &loop->listener)
                welcome(loop);
            else if (who == &loop->signals)
                obey(loop);
            else
                step(loop, who, true);
        }
    }
}

static int serve(struct sink *sink, const char *port_file)
{
    struct loop loop = {.sink = sink, .epoll = epoll_create1(EPOLL_CLOEXEC), .signals = signals()};
    struct epoll_event listener = {.events = EPOLLIN, .data.ptr = &loop.listener};
    struct epoll_event signal_event = {.events = EPOLLIN, .data.ptr = &loop.signals};

    loop.listener = listen_anywhere(port_file);
    if (loop.epoll < 0 || loop.signals < 0 || loop.listener < 0 ||
        epoll_ctl(loop.epoll, EPOLL_CTL_ADD, loop.listener, &listener) ||
        epoll_ctl(loop.epoll, EPOLL_CTL_ADD, loop.signals, &signal_event)) {
        fprintf(stderr, "sink: %s\n", strerror(errno));
        return 1;
    }
    run(&loop);
    while (sink->first)
        connection_free(sink->first);
    report(sink);
    return 0;
}

enum option_id {
    OPT_PORT_FILE,
    OPT_EXPECT,
    OPT_DIGEST,
    OPT_CERTIFICATE,
    OPT_KEY,
    OPT_DELAY,
    OPT_REFUSE,
    OPT_NO_CHUNKING,
    OPT_NO_PIPELINING,
    OPT_HELP
};

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"port-file", required_argument, NULL, OPT_PORT_FILE},
        {"expect", required_argument, NULL, OPT_EXPECT},
        {"digest", required_argument, NULL, OPT_DIGEST},
        {"certificate", required_argument, NULL, OPT_CERTIFICATE},
        {"key", required_argument, NULL, OPT_KEY},
        {"delay", required_argument, NULL, OPT_DELAY},
        {"refuse", required_argument, NULL, OPT_REFUSE},
        {"no-chunking", no_argument, NULL, OPT_NO_CHUNKING},
        {"no-pipelining", no_argument, NULL, OPT_NO_PIPELINING},
        {"help", no_argument, NULL, OPT_HELP},
        {0},
    };
    const char *values[OPT_HELP + 1] = {0};
    struct sink sink = {.chunking = true, .pipelining = true};
    size_t refused = 0;
    int option;

    sink.refused = calloc((size_t)argc + 1, sizeof *sink.refused);
    while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
        if (option == '?' || option == OPT_HELP)
            return usage(option == '?' ? stderr : stdout);
        values[option] = optarg;
        if (option == OPT_REFUSE)
            sink.refused[refused++] = optarg;
        sink.chunking = sink.chunking && option != OPT_NO_CHUNKING;
        sink.pipelining = sink.pipelining && option != OPT_NO_PIPELINING;
    }
    if (!values[OPT_PORT_FILE] || optind < argc)
        return usage(stderr);
    if (values[OPT_DELAY])
        sink.delay = strtoll(values[OPT_DELAY], NULL, 10) * 1000000;
    if ((values[OPT_EXPECT] && !model_map(&sink.model, values[OPT_EXPECT])) ||
        (values[OPT_DIGEST] && !model_set_digest(&sink.model, values[OPT_DIGEST])) ||
        (values[OPT_CERTIFICATE] && !(sink.tls = tls_context(values[OPT_CERTIFICATE], values[OPT_KEY])))) {
        fputs("sink: the expected file, the digest, or the certificate and key cannot be used\n", stderr);
        return 1;
    }
    return serve(&sink, values[OPT_PORT_FILE]);
}

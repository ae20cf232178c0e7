/* SPDX-License-Identifier: MIT */
/* What was tried for the octets between engine and socket, each way beside the one that envoi has: a client sends
 * messages over a TCP connection of 127.0.0.1, a child of it reads them and answers. Prints a line of Markdown. */
#include <errno.h>
#include <liburing.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A message goes out in pieces of at most so many octets, as those of envoi do. */
#define PIECE     ((size_t)768 * 1024)
#define REPLY     "250 2.0.0 taken\r\n"
#define REPLY_LEN (sizeof REPLY - 1)

struct work {
    int fd;
    const char *message;
    size_t len;
    struct io_uring ring;
    unsigned zerocopy; /* sends whose pages the kernel may still read */
};

static void must(bool right, const char *what)
{
    if (right)
        return;
    perror(what);
    exit(1);
}

static void wait_for(int fd, short events)
{
    struct pollfd p = {.fd = fd, .events = events};

    must(poll(&p, 1, -1) == 1, "poll");
}

static size_t piece_of(const struct work *w, size_t done)
{
    return w->len - done < PIECE ? w->len - done : PIECE;
}

/* ---- the ways ---- */

/* envoi's: never a call that could wait, poll() when there is nothing to do. */
static void send_polled(struct work *w, int flags)
{
    for (size_t done = 0; done < w->len;) {
        ssize_t n = send(w->fd, w->message + done, piece_of(w, done), MSG_NOSIGNAL | MSG_DONTWAIT | flags);

        if (n < 0 && errno == EAGAIN)
            wait_for(w->fd, POLLOUT);
        else if (n < 0 && errno == ENOBUFS && flags & MSG_ZEROCOPY)
            wait_for(w->fd, 0); /* POLLERR: a notification frees some */
        else
            must(n > 0, "send");
        done += n > 0 ? (size_t)n : 0;
        w->zerocopy += n > 0 && flags & MSG_ZEROCOPY;
    }
}

static void reply_polled(struct work *w)
{
    char reply[64];

    wait_for(w->fd, POLLIN);
    must(recv(w->fd, reply, sizeof reply, MSG_DONTWAIT) == (ssize_t)REPLY_LEN, "recv");
}

static void way_polled(struct work *w)
{
    send_polled(w, 0);
    reply_polled(w);
}

/* No poll(): the socket waits. Nothing but the kernel's own timer could end that, and no other descriptor. */
static void way_blocking(struct work *w)
{
    char reply[64];

    for (size_t done = 0; done < w->len;) {
        ssize_t n = send(w->fd, w->message + done, piece_of(w, done), MSG_NOSIGNAL);

        must(n > 0, "send");
        done += (size_t)n;
    }
    must(recv(w->fd, reply, sizeof reply, 0) == (ssize_t)REPLY_LEN, "recv");
}

/* The memory belongs to the caller again when the kernel has said so for each send. */
static void zerocopy_settle(struct work *w)
{
    char control[128];

    while (w->zerocopy) {
        struct msghdr m = {.msg_control = control, .msg_controllen = sizeof control};
        struct sock_extended_err *e;

        if (recvmsg(w->fd, &m, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) {
            must(errno == EAGAIN, "recvmsg");
            wait_for(w->fd, 0);
            continue;
        }
        e = (struct sock_extended_err *)(void *)CMSG_DATA(CMSG_FIRSTHDR(&m));
        w->zerocopy -= e->ee_data - e->ee_info + 1;
    }
}

static void way_zerocopy(struct work *w)
{
    send_polled(w, MSG_ZEROCOPY);
    zerocopy_settle(w);
    reply_polled(w);
}

/* One io_uring_enter() for the message and its reply, if the message is one piece. */
static void way_uring(struct work *w)
{
    char reply[64];

    for (size_t done = 0; done < w->len;) {
        size_t n = piece_of(w, done);
        bool last = done + n == w->len;
        struct io_uring_sqe *out = io_uring_get_sqe(&w->ring);
        struct io_uring_cqe *cqe;

        io_uring_prep_send(out, w->fd, w->message + done, n, MSG_NOSIGNAL | MSG_WAITALL);
        if (last) {
            out->flags |= IOSQE_IO_LINK;
            io_uring_prep_recv(io_uring_get_sqe(&w->ring), w->fd, reply, sizeof reply, 0);
        }
        must(io_uring_submit_and_wait(&w->ring, last ? 2 : 1) >= 0, "io_uring");
        for (int i = 0; i < (last ? 2 : 1); i++) {
            must(io_uring_wait_cqe(&w->ring, &cqe) == 0 && cqe->res == (int)(i ? REPLY_LEN : n), "io_uring");
            io_uring_cqe_seen(&w->ring, cqe);
        }
        done += n;
    }
}

static const struct {
    const char *name;
    void (*send)(struct work *w);
} ways[] = {
    {"poll", way_polled},
    {"blocking", way_blocking},
    {"zerocopy", way_zerocopy},
    {"uring", way_uring},
};

/* ---- the peer ---- */

static void peer(int fd, size_t len, unsigned count)
{
    static char block[1 << 20];

    for (unsigned i = 0; i < count; i++) {
        for (size_t done = 0; done < len;) {
            ssize_t n = recv(fd, block, len - done < sizeof block ? len - done : sizeof block, 0);

            must(n > 0, "peer");
            done += (size_t)n;
        }
        must(send(fd, REPLY, REPLY_LEN, MSG_NOSIGNAL) == (ssize_t)REPLY_LEN, "peer");
    }
}

/* Returns the client's end; the other one is a child's. */
static int peer_begin(size_t len, unsigned count)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof at;
    int listener = socket(AF_INET, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    pid_t child;

    must(bind(listener, (void *)&at, size) == 0 && listen(listener, 1) == 0, "listen");
    must(getsockname(listener, (void *)&at, &size) == 0 && connect(fd, (void *)&at, size) == 0, "connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    must((child = fork()) >= 0, "fork");
    if (child == 0) {
        close(fd);
        peer(accept(listener, NULL, NULL), len, count);
        _exit(0);
    }
    close(listener);
    return fd;
}

/* ---- measuring ---- */

static double cpu(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e3 +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e3;
}

static double clock_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* socket WAY OCTETS COUNT: prints the CPU of the client and the time, each in milliseconds for a message. */
int main(int argc, char **argv)
{
    struct work w = {.len = argc > 3 ? strtoul(argv[2], NULL, 10) : 0};
    unsigned count = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 0;
    char *message = malloc(w.len + 1);
    double cpu_began, began;
    size_t way = 0;
    int on = 1;

    while (way < sizeof ways / sizeof *ways && (argc < 4 || strcmp(argv[1], ways[way].name) != 0))
        way++;
    if (way == sizeof ways / sizeof *ways || !w.len || !count || !message) {
        fputs("usage: socket poll|blocking|zerocopy|uring OCTETS COUNT\n", stderr);
        return 64;
    }
    memset(message, 'x', w.len);
    w.message = message;
    w.fd = peer_begin(w.len, count);
    must(io_uring_queue_init(8, &w.ring, 0) == 0, "io_uring");
    must(way != 2 || setsockopt(w.fd, SOL_SOCKET, SO_ZEROCOPY, &on, sizeof on) == 0, "SO_ZEROCOPY");
    cpu_began = cpu();
    began = clock_ms();
    for (unsigned i = 0; i < count; i++)
        ways[way].send(&w);
    printf("%.5f %.5f\n", (cpu() - cpu_began) / count, (clock_ms() - began) / count);
    io_uring_queue_exit(&w.ring);
    free(message);
    close(w.fd);
    wait(NULL);
    return 0;
}

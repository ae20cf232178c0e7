/* SPDX-License-Identifier: MIT */
#include "server.h"

#include "net.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

struct server {
    pthread_t thread;
    const char *const *script;
    int listener, fd;
    int stop[2];
    char where[128];
    char in[8192];
    size_t len;
    char wrong[512];
};

static char last_wrong[512];

static bool fail(struct server *s, const char *step, const char *what)
{
    if (!s->wrong[0])
        snprintf(s->wrong, sizeof s->wrong, "step \"%s\": %s", step, what);
    return false;
}

/* Waits for events of fd; false when the test stops the server, or after `timeout` ms. */
static bool wait_for(struct server *s, int fd, short events, int timeout)
{
    struct pollfd fds[2] = {{.fd = fd, .events = events}, {.fd = s->stop[0], .events = POLLIN}};

    return poll(fds, 2, timeout) > 0 && !fds[1].revents;
}

static bool do_accept(struct server *s, const char *step)
{
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
    s->len = 0;
    if (!wait_for(s, s->listener, POLLIN, -1))
        return fail(s, step, "no connection came");
    s->fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);
    return s->fd >= 0;
}

static bool do_send(struct server *s, const char *step, const char *text, size_t len)
{
    while (len) {
        ssize_t n;

        if (!wait_for(s, s->fd, POLLOUT, -1) || (n = send(s->fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT)) <= 0)
            return fail(s, step, "cannot send");
        text += n;
        len -= (size_t)n;
    }
    return true;
}

/* 1: octets came; 0: the end; -1: stopped or broken. */
static int fill(struct server *s)
{
    ssize_t n;

    if (s->len == sizeof s->in || !wait_for(s, s->fd, POLLIN, -1))
        return -1;
    n = recv(s->fd, s->in + s->len, sizeof s->in - s->len, 0);
    if (n > 0)
        s->len += (size_t)n;
    return n > 0 ? 1 : (int)n;
}

/* The next line, without its end, in `line`. */
static bool read_line(struct server *s, const char *step, char *line, size_t size)
{
    char *end;

    while (!(end = memmem(s->in, s->len, "\r\n", 2)))
        if (fill(s) != 1)
            return fail(s, step, "the client sent no (whole) line");
    snprintf(line, size, "%.*s", (int)(end - s->in), s->in);
    s->len -= (size_t)(end + 2 - s->in);
    memmove(s->in, end + 2, s->len);
    return true;
}

static bool do_expect(struct server *s, const char *step, const char *text)
{
    char line[2048], what[256];

    if (!read_line(s, step, line, sizeof line))
        return false;
    if (strncmp(line, text, strlen(text)) == 0)
        return true;
    snprintf(what, sizeof what, "the client sent \"%.200s\"", line);
    return fail(s, step, what);
}

static bool do_content(struct server *s, const char *step)
{
    char line[2048];

    do
        if (!read_line(s, step, line, sizeof line))
            return false;
    while (strcmp(line, ".") != 0);
    return true;
}

static bool do_close(struct server *s, bool hard)
{
    struct linger linger = {.l_onoff = 1};

    if (hard)
        setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    close(s->fd);
    s->fd = -1;
    return true;
}

static bool do_gone(struct server *s)
{
    int rc;

    do {
        s->len = 0;
        rc = fill(s);
    } while (rc == 1);
    return true;
}

static bool do_drip(struct server *s, const char *text)
{
    for (; *text; text++) {
        if (send(s->fd, text, 1, MSG_NOSIGNAL) != 1)
            return true;
        if (wait_for(s, s->fd, POLLIN, 40))
            return do_gone(s);
    }
    return do_gone(s);
}

static const struct {
    const char *command;
    const char *reply;
} polite[] = {
    {"EHLO", "250-here\r\n250-PIPELINING\r\n250 8BITMIME\r\n"},
    {"DATA", "354 go\r\n"},
    {"QUIT", "221 bye\r\n"},
    {"", "250 ok\r\n"},
};

static void serve_politely(struct server *s)
{
    char line[2048];
    size_t i;

    if (!do_send(s, "polite", "220 here\r\n", 10))
        return;
    while (read_line(s, "polite", line, sizeof line)) {
        for (i = 0; strncmp(line, polite[i].command, strlen(polite[i].command)) != 0;)
            i++;
        if (!do_send(s, "polite", polite[i].reply, strlen(polite[i].reply)) || line[0] == 'Q')
            break;
        if (line[0] == 'D' && (!do_content(s, "polite") || !do_send(s, "polite", "250 queued\r\n", 12)))
            break;
    }
}

/* Clients may close as they like: that is no failure. */
static bool do_polite(struct server *s)
{
    do
        serve_politely(s);
    while (do_accept(s, "polite"));
    s->wrong[0] = '\0';
    return true;
}

static bool do_step(struct server *s, const char *step)
{
    if (strcmp(step, "polite") == 0)
        return do_polite(s);
    if (strcmp(step, "accept") == 0)
        return do_accept(s, step);
    if (strncmp(step, ">> ", 3) == 0)
        return do_send(s, step, step + 3, strlen(step + 3));
    if (strncmp(step, "> ", 2) == 0)
        return do_send(s, step, step + 2, strlen(step + 2)) && do_send(s, step, "\r\n", 2);
    if (strncmp(step, "< ", 2) == 0)
        return do_expect(s, step, step + 2);
    if (strncmp(step, "drip ", 5) == 0)
        return do_drip(s, step + 5);
    if (strcmp(step, ".") == 0)
        return do_content(s, step);
    if (strcmp(step, "eof") == 0)
        return s->len || fill(s) != 0 ? fail(s, step, "there is more") : true;
    if (strcmp(step, "close") == 0 || strcmp(step, "reset") == 0)
        return do_close(s, step[0] == 'r');
    if (strcmp(step, "gone") == 0)
        return do_gone(s);
    if (strcmp(step, "still") == 0) {
        wait_for(s, s->fd, POLLHUP, -1);
        return true;
    }
    return fail(s, step, "no such step");
}

static void *run(void *ctx)
{
    struct server *s = ctx;

    if (!do_accept(s, "accept"))
        return NULL;
    for (const char *const *step = s->script; *step && do_step(s, *step); step++)
        ;
    return NULL;
}

static struct server *start(int listener, const char *where, const char *const *script)
{
    struct server *s = calloc(1, sizeof *s);

    s->script = script;
    s->fd = -1;
    s->listener = listener;
    snprintf(s->where, sizeof s->where, "%s", where);
    if (listener < 0 || pipe2(s->stop, O_CLOEXEC) < 0 || pthread_create(&s->thread, NULL, run, s))
        abort();
    return s;
}

struct server *server_start(const char *const *script)
{
    uint16_t port = 0;
    int listener = net_listen("127.0.0.1", &port, 8);
    char where[32];

    snprintf(where, sizeof where, "127.0.0.1:%u", port);
    return start(listener, where, script);
}

struct server *server_start_at(const char *path, const char *const *script)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
    if (bind(fd, (struct sockaddr *)&at, sizeof at) < 0 || listen(fd, 8) < 0)
        abort();
    return start(fd, path, script);
}

const char *server_where(const struct server *s)
{
    return s->where;
}

/* A server whose script is done has ended by itself; one that waits is stopped. */
const char *server_stop(struct server *s)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    if (!s->script[0] || strcmp(s->script[0], "polite") != 0)
        until.tv_sec += 2;
    if (pthread_timedjoin_np(s->thread, NULL, &until)) {
        (void)!write(s->stop[1], "x", 1);
        pthread_join(s->thread, NULL);
    }
    if (s->fd >= 0)
        close(s->fd);
    close(s->listener);
    close(s->stop[0]);
    close(s->stop[1]);
    snprintf(last_wrong, sizeof last_wrong, "%s", s->wrong);
    free(s);
    return last_wrong[0] ? last_wrong : NULL;
}

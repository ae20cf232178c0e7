/* SPDX-License-Identifier: MIT */
#include "relay.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int connect_to(const char *where)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    to.sin_port = htons((uint16_t)atoi(strchr(where, ':') + 1));
    if (connect(fd, (struct sockaddr *)&to, sizeof to) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* False: from has ended, or to is gone. */
static bool copy(int from, int to)
{
    char block[16384];
    ssize_t n = read(from, block, sizeof block);

    for (ssize_t at = 0, w; at < n; at += w)
        if ((w = write(to, block + at, (size_t)(n - at))) <= 0)
            return false;
    return n > 0;
}

/* In the child: from descriptor 0 to the server, from the server to descriptor 1. */
static void carry(const char *where)
{
    struct pollfd fds[2] = {{.fd = 0, .events = POLLIN}};
    int server = connect_to(where);

    fds[1] = (struct pollfd){.fd = server, .events = POLLIN};
    signal(SIGPIPE, SIG_IGN);
    while (server >= 0 && poll(fds, 2, -1) > 0)
        if ((fds[0].revents && !copy(0, server)) || (fds[1].revents && !copy(server, 1)))
            break;
}

struct relay relay_start(enum relay_kind kind, const char *where)
{
    struct relay r = {0};
    int there[2], back[2];

    if (kind == RELAY_TCP) {
        r.in = r.out = connect_to(where);
        return r;
    }
    if (kind == RELAY_SOCKETPAIR ? socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, there)
                                 : pipe2(there, O_CLOEXEC) || pipe2(back, O_CLOEXEC))
        abort();
    if (kind == RELAY_SOCKETPAIR) {
        back[0] = there[1];
        back[1] = there[0];
    }
    if ((r.child = fork()) < 0)
        abort();
    if (!r.child) {
        dup2(there[0], 0);
        dup2(back[1], 1);
        close_range(3, ~0u, 0);
        carry(where);
        _exit(0);
    }
    close(there[0]);
    if (kind == RELAY_PIPES)
        close(back[1]);
    r.in = back[0];
    r.out = there[1];
    return r;
}

void relay_break(struct relay *r)
{
    kill(r->child, SIGKILL);
    relay_stop(r);
}

void relay_stop(struct relay *r)
{
    while (r->child && waitpid(r->child, NULL, 0) < 0 && errno == EINTR)
        ;
    r->child = 0;
}

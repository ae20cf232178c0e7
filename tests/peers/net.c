/* SPDX-License-Identifier: MIT */
#include "net.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

int64_t net_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static socklen_t address(const char *host, uint16_t port, struct sockaddr_storage *out)
{
    struct sockaddr_in *in = (struct sockaddr_in *)out;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;

    memset(out, 0, sizeof *out);
    if (inet_pton(AF_INET, host, &in->sin_addr) == 1) {
        in->sin_family = AF_INET;
        in->sin_port = htons(port);
        return sizeof *in;
    }
    inet_pton(AF_INET6, host, &in6->sin6_addr);
    in6->sin6_family = AF_INET6;
    in6->sin6_port = htons(port);
    return sizeof *in6;
}

int net_listen(const char *host, uint16_t *port, int backlog)
{
    struct sockaddr_storage at;
    socklen_t len = address(host, *port, &at);
    int fd = socket(at.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&at, len) < 0 || listen(fd, backlog) < 0 ||
        getsockname(fd, (struct sockaddr *)&at, &len) < 0) {
        close(fd);
        return -1;
    }
    *port = ntohs(((struct sockaddr_in *)&at)->sin_port); /* in the same place in both families */
    return fd;
}

uint16_t net_closed_port(void)
{
    uint16_t port = 0;
    int fd = net_listen("127.0.0.1", &port, 1);

    close(fd);
    return port;
}

int net_black_hole(const char *host, uint16_t port, int fds[3])
{
    struct sockaddr_storage at;
    socklen_t len = address(host, port, &at);

    if ((fds[0] = net_listen(host, &port, 0)) < 0)
        return 0;
    for (int i = 1; i < 3; i++) { /* the first is queued, the second gets no answer any more */
        fds[i] = socket(at.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (connect(fds[i], (struct sockaddr *)&at, len) == 0 || errno == EINPROGRESS)
            poll(&(struct pollfd){.fd = fds[i], .events = POLLOUT}, 1, 50);
    }
    return 3;
}

int net_count_fds(void)
{
    DIR *dir = opendir("/proc/self/fd");
    int n = -1; /* that of the directory itself */

    while (dir) {
        struct dirent *e = readdir(dir);

        if (!e)
            break;
        n += e->d_name[0] != '.';
    }
    closedir(dir);
    return n;
}

bool net_is_nonblocking(int fd)
{
    return fcntl(fd, F_GETFL) & O_NONBLOCK;
}

bool net_is_cloexec(int fd)
{
    return fcntl(fd, F_GETFD) & FD_CLOEXEC;
}

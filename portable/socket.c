/* SPDX-License-Identifier: MIT */
#include "portable/socket.h"

#include "portable/sigpipe.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdint.h>
#include <unistd.h>

#ifndef HAVE_SOCK_CLOEXEC
static int socket_keep(int fd)
{
    int found;

    if (fd < 0 || (fcntl(fd, F_SETFL, O_NONBLOCK) == 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) == 0))
        return fd;
    found = errno;
    (void)close(fd);
    errno = found;
    return -1;
}
#endif

int socket_open(int family, int type, int protocol)
{
#ifdef HAVE_SOCK_CLOEXEC
    return socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
#else
    return socket_keep(socket(family, type, protocol));
#endif
}

int socket_accept(int fd)
{
#ifdef HAVE_ACCEPT4
    return accept4(fd, NULL, NULL, SOCK_CLOEXEC);
#else
    int one = accept(fd, NULL, NULL);

    if (one >= 0)
        (void)fcntl(one, F_SETFD, FD_CLOEXEC); /* fails only for what is not open */
    return one;
#endif
}

/* POSIX has an int for the number of pieces, glibc a size_t. */
ssize_t socket_send(int fd, const struct iovec *pieces, size_t count, const struct sockaddr *to, socklen_t to_len)
{
    struct msghdr message = {.msg_name = (void *)(uintptr_t)to,
                             .msg_namelen = to_len,
                             .msg_iov = (struct iovec *)(uintptr_t)pieces,
                             .msg_iovlen = (__typeof__(message.msg_iovlen))count};
#ifdef HAVE_MSG_NOSIGNAL

    return sendmsg(fd, &message, MSG_NOSIGNAL);
#else
    struct sigpipe held;
    ssize_t n;

    sigpipe_hold(&held);
    n = sendmsg(fd, &message, 0);
    sigpipe_release(&held, n < 0 && errno == EPIPE);
    return n;
#endif
}

void socket_bind_late(int fd)
{
#ifdef IP_BIND_ADDRESS_NO_PORT
    int on = 1;

    (void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
#else
    (void)fd;
#endif
}

bool socket_find_peer(int fd, struct socket_peer *peer)
{
#ifdef HAVE_SO_PEERCRED
    struct ucred owner;
    socklen_t len = sizeof owner;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &owner, &len) < 0)
        return false;
    *peer = (struct socket_peer){.uid = owner.uid, .pid = owner.pid};
    return true;
#elif defined HAVE_GETPEEREID
    gid_t gid;

    peer->pid = 0;
    return !getpeereid(fd, &peer->uid, &gid);
#else
    (void)fd;
    (void)peer;
    errno = ENOTSUP;
    return false;
#endif
}

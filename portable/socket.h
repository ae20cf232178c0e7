/* SPDX-License-Identifier: MIT */
#ifndef PORTABLE_SOCKET_H
#define PORTABLE_SOCKET_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

/* socket(2), never blocking and not inherited by programs that are executed. */
int socket_open(int family, int type, int protocol);
/* accept(2), not inherited. Whether it blocks differs between systems if the listening socket does not: set it. */
int socket_accept(int fd);
/* sendmsg(2) without SIGPIPE. to: NULL if the socket is connected. */
ssize_t socket_send(int fd, const struct iovec *pieces, size_t count, const struct sockaddr *to, socklen_t to_len);
/* Lets bind(2) with port 0 choose the port when the destination is known, where that can be. */
void socket_bind_late(int fd);

/* The process at the other end of a unix socket, as the kernel noted it in connect(2) or listen(2). */
struct socket_peer {
    uid_t uid;
    pid_t pid; /* 0: the system does not say */
};
/* False: it is not known. */
bool socket_find_peer(int fd, struct socket_peer *peer);

#endif

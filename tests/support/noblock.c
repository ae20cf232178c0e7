/* SPDX-License-Identifier: MIT */
#include "noblock.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

static _Thread_local unsigned depth;

EXPORT void noblock_enter(void)
{
    depth++;
}

EXPORT void noblock_leave(void)
{
    depth--;
}

static void refuse(const char *function, int fd, const char *why)
{
    char text[160];
    int n = snprintf(text, sizeof text, "noblock: %s(%d): %s\n", function, fd, why);

    depth = 0;
    if (noblock_refused)
        noblock_refused(function, fd, why);
    syscall(SYS_write, STDERR_FILENO, text, (size_t)n);
    abort();
}

static void forbid(const char *function)
{
    if (depth)
        refuse(function, -1, "called in the non-blocking face");
}

static void check(const char *function, int fd, int flags)
{
    int kept = errno, mode;
    struct stat st;

    if (!depth || flags & MSG_DONTWAIT)
        return;
    mode = fcntl(fd, F_GETFL);
    if (mode >= 0 && !(mode & O_NONBLOCK) && !(fstat(fd, &st) == 0 && S_ISREG(st.st_mode)))
        refuse(function, fd, "the descriptor may block");
    errno = kept;
}

/* Looked up at every call: speed does not matter here. The checked names of _FORTIFY_SOURCE are in no header. */
#define WRAP(type, name, parameters, arguments, test)                                                                  \
    EXPORT type name parameters;                                                                                       \
    EXPORT type name parameters                                                                                        \
    {                                                                                                                  \
        type(*real) parameters = (type(*) parameters)dlsym(RTLD_NEXT, #name);                                          \
                                                                                                                       \
        test;                                                                                                          \
        return real arguments;                                                                                         \
    }
#define FORBID(type, name, parameters, arguments) WRAP(type, name, parameters, arguments, forbid(#name))
#define CHECK(name, flags, parameters, arguments) WRAP(ssize_t, name, parameters, arguments, check(#name, fd, flags))

/* ---- waiting ---- */

FORBID(int, poll, (struct pollfd * fds, nfds_t n, int timeout), (fds, n, timeout))
FORBID(int, __poll_chk, (struct pollfd * fds, nfds_t n, int timeout, size_t size), (fds, n, timeout, size))
FORBID(int, ppoll, (struct pollfd * fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask),
       (fds, n, timeout, mask))
FORBID(int, __ppoll_chk,
       (struct pollfd * fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask, size_t size),
       (fds, n, timeout, mask, size))
FORBID(int, select, (int n, fd_set *in, fd_set *out, fd_set *other, struct timeval *timeout),
       (n, in, out, other, timeout))
FORBID(int, pselect,
       (int n, fd_set *in, fd_set *out, fd_set *other, const struct timespec *timeout, const sigset_t *mask),
       (n, in, out, other, timeout, mask))
FORBID(int, epoll_wait, (int fd, struct epoll_event *events, int n, int timeout), (fd, events, n, timeout))
FORBID(int, epoll_pwait, (int fd, struct epoll_event *events, int n, int timeout, const sigset_t *mask),
       (fd, events, n, timeout, mask))
FORBID(unsigned, sleep, (unsigned seconds), (seconds))
FORBID(int, usleep, (useconds_t time), (time))
FORBID(int, nanosleep, (const struct timespec *time, struct timespec *left), (time, left))
FORBID(int, clock_nanosleep, (clockid_t id, int flags, const struct timespec *time, struct timespec *left),
       (id, flags, time, left))
FORBID(int, pause, (void), ())
FORBID(pid_t, wait, (int *status), (status))
FORBID(pid_t, waitpid, (pid_t pid, int *status, int flags), (pid, status, flags))
FORBID(int, system, (const char *command), (command))

/* ---- names ---- */

FORBID(int, getaddrinfo, (const char *name, const char *port, const struct addrinfo *hints, struct addrinfo **out),
       (name, port, hints, out))
FORBID(int, getnameinfo,
       (const struct sockaddr *at, socklen_t len, char *host, socklen_t hlen, char *port, socklen_t plen, int flags),
       (at, len, host, hlen, port, plen, flags))
FORBID(struct hostent *, gethostbyname, (const char *name), (name))
FORBID(struct hostent *, gethostbyname2, (const char *name, int family), (name, family))
FORBID(int, gethostbyname_r,
       (const char *name, struct hostent *host, char *buf, size_t len, struct hostent **out, int *error),
       (name, host, buf, len, out, error))
FORBID(int, gethostbyname2_r,
       (const char *name, int family, struct hostent *host, char *buf, size_t len, struct hostent **out, int *error),
       (name, family, host, buf, len, out, error))
FORBID(struct hostent *, gethostbyaddr, (const void *at, socklen_t len, int family), (at, len, family))

/* ---- octets ---- */

CHECK(read, 0, (int fd, void *data, size_t len), (fd, data, len))
CHECK(__read_chk, 0, (int fd, void *data, size_t len, size_t size), (fd, data, len, size))
CHECK(readv, 0, (int fd, const struct iovec *pieces, int n), (fd, pieces, n))
CHECK(recv, flags, (int fd, void *data, size_t len, int flags), (fd, data, len, flags))
CHECK(__recv_chk, flags, (int fd, void *data, size_t len, size_t size, int flags), (fd, data, len, size, flags))
CHECK(recvfrom, flags, (int fd, void *data, size_t len, int flags, struct sockaddr *from, socklen_t *from_len),
      (fd, data, len, flags, from, from_len))
CHECK(__recvfrom_chk, flags,
      (int fd, void *data, size_t len, size_t size, int flags, struct sockaddr *from, socklen_t *from_len),
      (fd, data, len, size, flags, from, from_len))
CHECK(recvmsg, flags, (int fd, struct msghdr *message, int flags), (fd, message, flags))
CHECK(write, 0, (int fd, const void *data, size_t len), (fd, data, len))
CHECK(writev, 0, (int fd, const struct iovec *pieces, int n), (fd, pieces, n))
CHECK(send, flags, (int fd, const void *data, size_t len, int flags), (fd, data, len, flags))
CHECK(sendto, flags, (int fd, const void *data, size_t len, int flags, const struct sockaddr *to, socklen_t to_len),
      (fd, data, len, flags, to, to_len))
CHECK(sendmsg, flags, (int fd, const struct msghdr *message, int flags), (fd, message, flags))
CHECK(sendfile, 0, (int fd, int from, off_t *offset, size_t len), (fd, from, offset, len))
WRAP(int, sendmmsg, (int fd, struct mmsghdr *list, unsigned n, int flags), (fd, list, n, flags),
     check("sendmmsg", fd, flags))
WRAP(int, recvmmsg, (int fd, struct mmsghdr *list, unsigned n, int flags, struct timespec *timeout),
     (fd, list, n, flags, timeout), check("recvmmsg", fd, flags))
WRAP(int, connect, (int fd, const struct sockaddr *to, socklen_t len), (fd, to, len), check("connect", fd, 0))
WRAP(int, accept, (int fd, struct sockaddr *from, socklen_t *len), (fd, from, len), check("accept", fd, 0))
WRAP(int, accept4, (int fd, struct sockaddr *from, socklen_t *len, int flags), (fd, from, len, flags),
     check("accept4", fd, 0))

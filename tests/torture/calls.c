/* SPDX-License-Identifier: MIT */
#include "calls.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* The sanitizers call some of these before they are ready for code that they watch. */
#define PLAIN __attribute__((no_sanitize("address", "undefined")))

static _Thread_local bool armed;

static struct {
    const struct fault *fault;
    size_t nth;
    bool for_ever;
    size_t made[CALL_KINDS];
    const char *wrong;
} state;

#define F(call, how, error, once, for_ever)                                                                            \
    {                                                                                                                  \
        CALL_##call, HOW_##how, error, EFFECT_##once, EFFECT_##for_ever, false                                         \
    }
#define LASTS(call, how, error)                                                                                        \
    {                                                                                                                  \
        CALL_##call, HOW_##how, error, EFFECT_FAIR, EFFECT_FAIR, true                                                  \
    }

/* What a socket or a wait says to a signal is a matter of a deadline. A file that is read waits for nothing that has
 * one, so no system interrupts it for ever. c-ares 1.34 asks no name server by a socket without a name of its own. */
const struct fault calls_faults[] = {
    F(socket, FAIL, EMFILE, FAIR, FAIR),
    F(socket, FAIL, ENOBUFS, FAIR, FAIR),
    F(connect, FAIL, ECONNREFUSED, FAIR, FAIR),
    F(connect, FAIL, EADDRNOTAVAIL, FAIR, FAIR),
    F(connect, FAIL, EAGAIN, FAIR, FAIR),
    F(connect, DONE, EINTR, NONE, NONE),
    F(setsockopt, FAIL, ENOBUFS, NONE, NONE),
    F(getsockopt, FAIL, ENOBUFS, FAIR, FAIR),
    F(getsockopt, PENDING, ECONNREFUSED, FAIR, FAIR),
    F(getpeername, FAIL, ENOBUFS, FAIR, FAIR),
    F(getsockname, FAIL, ENOBUFS, NONE, FAIR),
    F(gethostname, FAIL, EFAULT, NONE, NONE),
    F(poll, FAIL, EINTR, NONE, FAIR),
    F(poll, FAIL, ENOMEM, NONE, FAIR),
    F(poll, FAIL, EINVAL, FAIR, FAIR),
    F(poll, NOTHING, 0, NONE, FAIR),
    F(recv, FAIL, ECONNRESET, FAIR, FAIR),
    F(recv, FAIL, ENOMEM, FAIR, FAIR),
    F(recv, FAIL, EINTR, NONE, FAIR),
    F(recv, FAIL, EAGAIN, NONE, FAIR),
    F(recv, NOTHING, 0, FAIR, FAIR),
    F(recv, SHORT, 0, NONE, NONE),
    F(recvfrom, FAIL, ECONNREFUSED, FAIR, FAIR),
    F(recvfrom, FAIL, EINTR, FAIR, FAIR),
    F(recvfrom, FAIL, EAGAIN, FAIR, FAIR),
    F(sendmsg, FAIL, ECONNRESET, FAIR, FAIR),
    F(sendmsg, FAIL, ENOBUFS, FAIR, FAIR),
    F(sendmsg, FAIL, EINTR, NONE, FAIR),
    F(sendmsg, FAIL, EAGAIN, NONE, FAIR),
    F(sendmsg, GONE, 0, FAIR, FAIR),
    F(sendmsg, SHORT, 0, NONE, NONE),
    F(read, FAIL, EIO, FAIR, FAIR),
    F(read, FAIL, EINTR, NONE, SKIP),
    F(read, FAIL, EAGAIN, FAIR, FAIR),
    F(read, SHORT, 0, NONE, NONE),
    LASTS(read, NOTHING, 0),
    F(lseek, FAIL, EIO, FAIR, FAIR),
    F(fstat, FAIL, EIO, FAIR, FAIR),
    F(stat, FAIL, EIO, NONE, NONE),
    F(open, FAIL, EMFILE, FAIR, FAIR),
    F(open, FAIL, EINTR, NONE, SKIP),
    F(openat, FAIL, EMFILE, FAIR, FAIR),
    F(openat, FAIL, ENOMEM, FAIR, FAIR),
    F(openat, FAIL, EINTR, NONE, SKIP),
    F(readlinkat, FAIL, EIO, FAIR, FAIR),
    F(fdopendir, FAIL, EMFILE, FAIR, FAIR),
    F(readdir, FAIL, EIO, FAIR, FAIR),
    F(close, DONE, EINTR, NONE, NONE),
    F(close, DONE, EIO, NONE, NONE),
    LASTS(dlopen, FAIL, EMFILE),
    LASTS(dlsym, FAIL, 0),
    F(pthread_mutex_init, FAIL, EAGAIN, FAIR, FAIR),
    F(epoll_create1, FAIL, EMFILE, FAIR, FAIR),
    F(epoll_ctl, FAIL, ENOSPC, FAIR, FAIR),
    F(epoll_wait, FAIL, EINTR, NONE, FAIR),
    F(epoll_wait, FAIL, EINVAL, FAIR, FAIR),
    F(epoll_wait, NOTHING, 0, NONE, FAIR),
};
const size_t calls_fault_count = sizeof calls_faults / sizeof calls_faults[0];

const char *calls_fault_text(const struct fault *f)
{
    static const char *const names[] = {
#define X(name) #name,
        CALLS(X)
#undef X
    };
    static const char *const ways[] = {
        [HOW_DONE] = " although done", [HOW_SHORT] = "one octet",     [HOW_NOTHING] = "nothing",
        [HOW_GONE] = "shut down",      [HOW_PENDING] = " is pending",
    };
    static char text[96];
    const char *why = f->error ? strerrorname_np(f->error) : "";

    snprintf(text, sizeof text, "%s: %s%s", names[f->call], why, ways[f->how] ? ways[f->how] : "");
    return text;
}

bool calls_fault_waits(const struct fault *f)
{
    return f->error == EINTR || f->error == EAGAIN || f->call == CALL_poll || f->call == CALL_epoll_wait;
}

void calls_begin(const struct fault *f, size_t nth, bool for_ever)
{
    memset(&state, 0, sizeof state);
    state.fault = f;
    state.nth = nth;
    state.for_ever = for_ever;
    armed = true;
}

void calls_end(void)
{
    armed = false;
}

size_t calls_made(enum call call)
{
    return state.made[call];
}

const char *calls_wrong(void)
{
    return state.wrong;
}

/* ---- the rules ---- */

static void demand(bool kept, const char *rule)
{
    if (!kept && !state.wrong)
        state.wrong = rule;
}

static int opened(int fd, const char *rule)
{
    if (armed && fd >= 0)
        demand(fcntl(fd, F_GETFD) & FD_CLOEXEC, rule);
    return fd;
}

/* ---- the faults ---- */

/* What interrupts or is not there yet is so at once: a process that is interrupted without a pause would test the
 * patience of the machine. */
static void pause_a_while(const struct fault *f)
{
    struct timespec a_while = {.tv_nsec = 1000000};

    if (calls_fault_waits(f))
        nanosleep(&a_while, NULL);
}

/* Counts. The fault that is due, NULL: none. */
PLAIN static const struct fault *due(enum call call)
{
    const struct fault *f = state.fault;

    if (!armed)
        return NULL;
    state.made[call]++;
    if (!f || f->call != call)
        return NULL;
    if (!(state.for_ever ? state.made[call] >= state.nth : state.made[call] == state.nth))
        return NULL;
    if (state.for_ever && f->how != HOW_SHORT)
        pause_a_while(f);
    return f;
}

/* The function, and the real one behind it. */
#define WRAP(type, name, parameters)                                                                                   \
    type __real_##name parameters;                                                                                     \
    type __wrap_##name parameters;                                                                                     \
    PLAIN type __wrap_##name parameters

/* For a call that either fails or does what it does. */
#define FAILS(type, name, parameters, arguments, failed)                                                               \
    WRAP(type, name, parameters)                                                                                       \
    {                                                                                                                  \
        const struct fault *f = due(CALL_##name);                                                                      \
                                                                                                                       \
        if (!f)                                                                                                        \
            return __real_##name arguments;                                                                            \
        errno = f->error;                                                                                              \
        return failed;                                                                                                 \
    }

FAILS(int, setsockopt, (int fd, int level, int name, const void *value, socklen_t len), (fd, level, name, value, len),
      -1)
FAILS(int, getpeername, (int fd, struct sockaddr *at, socklen_t *len), (fd, at, len), -1)
FAILS(int, getsockname, (int fd, struct sockaddr *at, socklen_t *len), (fd, at, len), -1)
FAILS(int, gethostname, (char *name, size_t len), (name, len), -1)
FAILS(off_t, lseek, (int fd, off_t offset, int whence), (fd, offset, whence), -1)
FAILS(int, fstat, (int fd, struct stat *st), (fd, st), -1)
FAILS(int, stat, (const char *path, struct stat *st), (path, st), -1)
FAILS(ssize_t, readlinkat, (int fd, const char *path, char *text, size_t size), (fd, path, text, size), -1)
FAILS(DIR *, fdopendir, (int fd), (fd), NULL)
FAILS(struct dirent *, readdir, (DIR * dir), (dir), NULL)
FAILS(void *, dlopen, (const char *path, int flags), (path, flags), NULL)
FAILS(void *, dlsym, (void *handle, const char *name), (handle, name), NULL)
FAILS(int, pthread_mutex_init, (pthread_mutex_t * m, const pthread_mutexattr_t *attr), (m, attr), f->error)
FAILS(int, epoll_ctl, (int epoll, int op, int fd, struct epoll_event *event), (epoll, op, fd, event), -1)

WRAP(int, socket, (int family, int type, int protocol))
{
    const struct fault *f = due(CALL_socket);

    if (f) {
        errno = f->error;
        return -1;
    }
    if (armed)
        demand(type & SOCK_NONBLOCK, "a socket without O_NONBLOCK");
    return opened(__real_socket(family, type, protocol), "a socket without O_CLOEXEC");
}

int __real_getsockopt(int fd, int level, int name, void *value, socklen_t *len);

/* A datagram moves as a whole. */
static bool is_stream(int fd)
{
    int type = 0;
    socklen_t size = sizeof type;

    return __real_getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM;
}

WRAP(int, connect, (int fd, const struct sockaddr *to, socklen_t len))
{
    const struct fault *f = due(CALL_connect);

    if (!f || (f->how == HOW_DONE && !is_stream(fd))) /* which waits for nothing that could be interrupted */
        return __real_connect(fd, to, len);
    if (f->how == HOW_DONE)
        (void)__real_connect(fd, to, len);
    errno = f->error;
    return -1;
}

WRAP(int, getsockopt, (int fd, int level, int name, void *value, socklen_t *len))
{
    const struct fault *f = due(CALL_getsockopt);
    int rc;

    if (!f)
        return __real_getsockopt(fd, level, name, value, len);
    errno = f->error;
    if (f->how != HOW_PENDING)
        return -1;
    rc = __real_getsockopt(fd, level, name, value, len);
    memcpy(value, &f->error, sizeof f->error);
    return rc;
}

WRAP(int, poll, (struct pollfd * fds, nfds_t count, int timeout))
{
    const struct fault *f = due(CALL_poll);

    if (!f)
        return __real_poll(fds, count, timeout);
    errno = f->error;
    return f->how == HOW_NOTHING ? 0 : -1;
}

WRAP(ssize_t, recv, (int fd, void *data, size_t len, int flags))
{
    const struct fault *f = due(CALL_recv);

    if (!f || f->how == HOW_SHORT)
        return __real_recv(fd, data, f ? 1 : len, flags);
    errno = f->error;
    return f->how == HOW_NOTHING ? 0 : -1;
}

WRAP(ssize_t, recvfrom, (int fd, void *data, size_t len, int flags, struct sockaddr *from, socklen_t *from_len))
{
    const struct fault *f = due(CALL_recvfrom);

    if (!f)
        return __real_recvfrom(fd, data, len, flags, from, from_len);
    errno = f->error;
    return -1;
}

WRAP(ssize_t, sendmsg, (int fd, const struct msghdr *message, int flags))
{
    const struct fault *f = due(CALL_sendmsg);

    if (armed)
        demand(flags & MSG_NOSIGNAL, "a write to a socket without MSG_NOSIGNAL");
    if (f && f->how == HOW_SHORT && is_stream(fd)) {
        struct iovec one = {message->msg_iov->iov_base, message->msg_iov->iov_len ? 1 : 0};
        struct msghdr less = *message;

        less.msg_iov = &one;
        less.msg_iovlen = 1;
        return __real_sendmsg(fd, &less, flags);
    }
    if (f && f->how == HOW_FAIL) {
        errno = f->error;
        return -1;
    }
    if (f && f->how == HOW_GONE)
        shutdown(fd, SHUT_RDWR);
    return __real_sendmsg(fd, message, flags);
}

WRAP(ssize_t, read, (int fd, void *data, size_t len))
{
    const struct fault *f = due(CALL_read);

    if (!f || f->how == HOW_SHORT)
        return __real_read(fd, data, f && len ? 1 : len);
    errno = f->error;
    return f->how == HOW_NOTHING ? 0 : -1;
}

WRAP(int, open, (const char *path, int flags, ...))
{
    const struct fault *f = due(CALL_open);
    mode_t mode = 0;
    va_list args;

    if (f) {
        errno = f->error;
        return -1;
    }
    if (flags & (O_CREAT | __O_TMPFILE)) {
        va_start(args, flags);
        mode = va_arg(args, mode_t);
        va_end(args);
    }
    return opened(__real_open(path, flags, mode), "open() without O_CLOEXEC");
}

WRAP(int, openat, (int dir, const char *path, int flags, ...))
{
    const struct fault *f = due(CALL_openat);

    if (f) {
        errno = f->error;
        return -1;
    }
    if (armed)
        demand(!(flags & O_CREAT), "a file is made");
    return opened(__real_openat(dir, path, flags), "openat() without O_CLOEXEC");
}

WRAP(int, close, (int fd))
{
    const struct fault *f = due(CALL_close);
    int rc = __real_close(fd);

    if (armed)
        demand(rc == 0, "a descriptor is closed that is not open");
    if (!f)
        return rc;
    errno = f->error;
    return -1;
}

WRAP(int, epoll_create1, (int flags))
{
    const struct fault *f = due(CALL_epoll_create1);

    if (f) {
        errno = f->error;
        return -1;
    }
    return opened(__real_epoll_create1(flags), "an epoll without O_CLOEXEC");
}

WRAP(int, epoll_wait, (int epoll, struct epoll_event *events, int count, int timeout))
{
    const struct fault *f = due(CALL_epoll_wait);

    if (!f)
        return __real_epoll_wait(epoll, events, count, timeout);
    errno = f->error;
    return f->how == HOW_NOTHING ? 0 : -1;
}

/* SPDX-License-Identifier: MIT */
/* The calls that envoi makes of the system, between envoi and the C library: the linker hands them to us (--wrap). On a
 * thread between calls_begin() and calls_end() they are counted and held against the rules of the house, and the nth
 * one of a kind goes wrong, once or for ever. Whatever a shared library calls (OpenSSL, GnuTLS, Cyrus, c-ares, the C
 * library itself) is not seen. */
#ifndef TORTURE_CALLS_H
#define TORTURE_CALLS_H

#include <stdbool.h>
#include <stddef.h>

/* X(name): all that are wrapped. CMakeLists.txt has the same list. */
#define CALLS(X)                                                                                                       \
    X(socket)                                                                                                          \
    X(connect)                                                                                                         \
    X(setsockopt)                                                                                                      \
    X(getsockopt)                                                                                                      \
    X(getpeername)                                                                                                     \
    X(getsockname)                                                                                                     \
    X(gethostname)                                                                                                     \
    X(poll)                                                                                                            \
    X(recv)                                                                                                            \
    X(recvfrom)                                                                                                        \
    X(sendmsg)                                                                                                         \
    X(read)                                                                                                            \
    X(lseek)                                                                                                           \
    X(fstat)                                                                                                           \
    X(stat)                                                                                                            \
    X(open)                                                                                                            \
    X(openat)                                                                                                          \
    X(readlinkat)                                                                                                      \
    X(fdopendir)                                                                                                       \
    X(readdir)                                                                                                         \
    X(close)                                                                                                           \
    X(dlopen)                                                                                                          \
    X(dlsym)                                                                                                           \
    X(pthread_mutex_init)                                                                                              \
    X(epoll_create1)                                                                                                   \
    X(epoll_ctl)                                                                                                       \
    X(epoll_wait)

enum call {
#define X(name) CALL_##name,
    CALLS(X)
#undef X
        CALL_KINDS,
};

/* How a call goes wrong. */
enum how {
    HOW_FAIL,    /* with the errno; nothing was done */
    HOW_DONE,    /* with the errno, although it was done: close(), and a connect() that a signal interrupts */
    HOW_SHORT,   /* one octet */
    HOW_NOTHING, /* 0: the end of what is read, a time-out that is early */
    HOW_GONE,    /* the connection is shut down first, so that the kernel says EPIPE, and sends SIGPIPE to who asks */
    HOW_PENDING, /* getsockopt(): the errno is what SO_ERROR is said to be */
};

/* What has to come of it, once and for ever. */
enum effect {
    EFFECT_FAIR, /* success, or a failure that is told */
    EFFECT_NONE, /* success */
    EFFECT_SKIP, /* not tried: no system does that */
};

struct fault {
    enum call call;
    enum how how;
    int error;
    enum effect once, for_ever;
    bool
        lasts; /* a library object keeps what came of it, rightly: a plugin that cannot be loaded, a file that is empty */
};

/* All the faults there are. */
extern const struct fault calls_faults[];
extern const size_t calls_fault_count;
/* "recv: Connection reset by peer" */
const char *calls_fault_text(const struct fault *f);

/* Is it a deadline that ends what it begins, when it lasts for ever? */
bool calls_fault_waits(const struct fault *f);

/* From now on; f NULL: calls are only counted. */
void calls_begin(const struct fault *f, size_t nth, bool for_ever);
void calls_end(void);
/* How many there were since calls_begin(). */
size_t calls_made(enum call call);
/* Which rule was broken since calls_begin(); NULL: none. */
const char *calls_wrong(void);

#endif

/* SPDX-License-Identifier: MIT */
#include "portable/wait.h"

#include <time.h>
#ifdef HAVE_PPOLL
#include <poll.h>
#else
#include <errno.h>
#include <sys/select.h>
#endif

int wait_readable(int fd, int ms, const sigset_t *mask)
{
    struct timespec limit = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};
    const struct timespec *until = ms < 0 ? NULL : &limit;
#ifdef HAVE_PPOLL
    struct pollfd item = {.fd = fd, .events = POLLIN};

    return ppoll(&item, 1, until, mask);
#else
    fd_set set;

    FD_ZERO(&set);
    if (fd >= FD_SETSIZE) {
        errno = EMFILE;
        return -1;
    }
    if (fd >= 0)
        FD_SET(fd, &set);
    return pselect(fd + 1, &set, NULL, NULL, until, mask);
#endif
}

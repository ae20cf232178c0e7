/* SPDX-License-Identifier: MIT */
#include "portable/wakeup.h"

#include "portable/pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>
#ifdef HAVE_EVENTFD
#include <sys/eventfd.h>
#endif

int wakeup_open(int ends[2])
{
#ifdef HAVE_EVENTFD
    ends[0] = ends[1] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return ends[0] < 0 ? -1 : 0;
#else
    int error;

    if (pipe_open(ends) < 0)
        return -1;
    if (fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0 && fcntl(ends[1], F_SETFL, O_NONBLOCK) == 0)
        return 0;
    error = errno;
    wakeup_close(ends);
    errno = error;
    return -1;
#endif
}

void wakeup_close(const int ends[2])
{
    (void)close(ends[0]);
    if (ends[1] != ends[0])
        (void)close(ends[1]);
}

/* By write(2), which POSIX calls async-signal-safe, and not eventfd_write(). A pipe that is full is readable. */
void wakeup_ring(int end)
{
    const uint64_t one = 1;
    int found = errno;

    (void)!write(end, &one, sizeof one);
    errno = found;
}

void wakeup_drain(int end)
{
    uint64_t rung[64];

    /* One read empties an eventfd; it is read again only if the room was filled, which is a pipe. */
    while (read(end, rung, sizeof rung) == (ssize_t)sizeof rung)
        ;
}

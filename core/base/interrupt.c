/* SPDX-License-Identifier: MIT */
#include "base/interrupt.h"

#include "base/process.h"

#include <errno.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

void interrupt_init(struct interrupt *i)
{
    atomic_init(&i->asked, false);
    atomic_init(&i->fd, -1);
    i->process = 0;
}

void interrupt_free(struct interrupt *i)
{
    int fd = atomic_exchange(&i->fd, -1);

    if (fd >= 0)
        (void)close(fd);
}

/* By write(2), which POSIX calls async-signal-safe, and not eventfd_write(). */
void interrupt_ask(struct interrupt *i)
{
    const uint64_t one = 1;
    int found = errno, fd;

    atomic_store(&i->asked, true);
    if ((fd = atomic_load(&i->fd)) >= 0)
        (void)!write(fd, &one, sizeof one);
    errno = found;
}

int interrupt_fd(struct interrupt *i)
{
    int fd = atomic_load(&i->fd);

    if (fd >= 0 && i->process == process_number())
        return fd;
    interrupt_free(i);
    if ((fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) >= 0) {
        i->process = process_number();
        atomic_store(&i->fd, fd);
    }
    return fd;
}

void interrupt_drain(struct interrupt *i)
{
    eventfd_t count;

    (void)eventfd_read(atomic_load(&i->fd), &count);
}

bool interrupt_asked(const struct interrupt *i)
{
    return atomic_load(&i->asked);
}

bool interrupt_take(struct interrupt *i)
{
    return atomic_load(&i->asked) && atomic_exchange(&i->asked, false);
}

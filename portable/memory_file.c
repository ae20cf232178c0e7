/* SPDX-License-Identifier: MIT */
#include "portable/memory_file.h"

#include <errno.h>
#include <unistd.h>
#ifdef HAVE_MEMFD_CREATE
#include <sys/mman.h>
#else
#include "portable/pipe.h"

#include <fcntl.h>
#endif

#ifdef HAVE_MEMFD_CREATE
int memory_file_open(const void *data, size_t len)
{
    int fd = memfd_create("input", MFD_CLOEXEC), found;

    if (fd < 0 || (write(fd, data, len) == (ssize_t)len && lseek(fd, 0, SEEK_SET) == 0))
        return fd;
    found = errno;
    (void)close(fd);
    errno = found;
    return -1;
}

void memory_file_close(int fd)
{
    int emptied = ftruncate(fd, 0);

    (void)emptied; /* a file in memory that is ours can be cut */
    (void)close(fd);
}
#else
int memory_file_open(const void *data, size_t len)
{
    int ends[2], found = 0;
    ssize_t n;

    if (pipe_open(ends) < 0)
        return -1;
    if (fcntl(ends[1], F_SETFL, O_NONBLOCK) < 0 || (n = write(ends[1], data, len)) < 0)
        found = errno;
    else if (n < (ssize_t)len)
        found = EAGAIN;
    (void)close(ends[1]);
    if (!found)
        return ends[0];
    (void)close(ends[0]);
    errno = found;
    return -1;
}

void memory_file_close(int fd)
{
    char left[512];

    if (fcntl(fd, F_SETFL, O_NONBLOCK) == 0)
        while (read(fd, left, sizeof left) > 0)
            ;
    (void)close(fd);
}
#endif

/* SPDX-License-Identifier: MIT */
#include "sendmail/source.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

ssize_t source_read(struct source *source, char *buf, size_t cap)
{
    ssize_t n = 0;

    if (source->ended)
        return 0;
    do
        n = read(source->fd, buf, cap);
    while (n < 0 && errno == EINTR);
    /* A terminal gives one line at a time. */
    if (source->stops_at_dot && !source->in_line && n == 2 && !memcmp(buf, ".\n", 2))
        n = 0;
    if (n > 0)
        source->in_line = buf[n - 1] != '\n';
    source->ended = n == 0;
    return n;
}

void source_of_file(struct source *source, int fd)
{
    struct stat status;
    int regular = fstat(fd, &status) == 0 && S_ISREG(status.st_mode);

    *source = (struct source){.fd = fd, .start = -1, .size = -1};
    if (regular)
        source->start = lseek(fd, 0, SEEK_CUR);
    if (source->start >= 0)
        source->size = status.st_size > source->start ? status.st_size - source->start : 0;
}

void source_of_input(struct source *source, int ignore_dots)
{
    source_of_file(source, STDIN_FILENO);
    source->stops_at_dot = !ignore_dots && isatty(STDIN_FILENO);
}

int source_seek(struct source *source, int64_t offset)
{
    source->ended = 0;
    return source->start >= 0 && lseek(source->fd, source->start + offset, SEEK_SET) >= 0 ? 0 : -1;
}

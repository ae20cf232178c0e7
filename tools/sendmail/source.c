/* SPDX-License-Identifier: MIT */
#include "sendmail/source.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static ssize_t source_read_input(struct source *source, char *buf, size_t cap)
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

void source_of_input(struct source *source, int ignore_dots)
{
    struct stat status;
    int regular = fstat(STDIN_FILENO, &status) == 0 && S_ISREG(status.st_mode);

    *source = (struct source){.read = source_read_input, .fd = STDIN_FILENO, .start = -1, .size = -1};
    source->stops_at_dot = !ignore_dots && isatty(STDIN_FILENO);
    if (regular)
        source->start = lseek(STDIN_FILENO, 0, SEEK_CUR);
    if (source->start >= 0)
        source->size = status.st_size > source->start ? status.st_size - source->start : 0;
}

int source_seek(struct source *source, int64_t offset)
{
    source->ended = 0;
    return source->start >= 0 && lseek(source->fd, source->start + offset, SEEK_SET) >= 0 ? 0 : -1;
}

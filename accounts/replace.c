/* SPDX-License-Identifier: MIT */
#include "accounts/replace.h"

#include "portable/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int write_all(int fd, const char *text, size_t len)
{
    while (len) {
        ssize_t n = write(fd, text, len);

        if (n < 0 && errno != EINTR)
            return -1;
        text += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
    return fsync(fd);
}

/* The new file has the group of this process, for which the mode may not be meant. */
static int set_mode(int fd, const char *path, mode_t mode)
{
    struct stat status;

    if (!stat(path, &status) && fchown(fd, (uid_t)-1, status.st_gid))
        mode &= ~(mode_t)S_IRWXG;
    return fchmod(fd, mode);
}

int replace_file(const char *path, mode_t mode, const char *text, size_t len)
{
    char *temporary = NULL;
    sigset_t all, before;
    int fd, error = 0;

    if (memory_print(&temporary, "%s.XXXXXX", path) < 0)
        return ENOMEM;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before);
    fd = mkstemp(temporary); /* with mode 0600; no program is executed meanwhile */
    if (fd < 0 || set_mode(fd, path, mode) < 0 || write_all(fd, text, len) < 0 || rename(temporary, path) < 0)
        error = errno;
    if (error && fd >= 0)
        unlink(temporary);
    if (fd >= 0)
        close(fd);
    sigprocmask(SIG_SETMASK, &before, NULL);
    free(temporary);
    return error;
}

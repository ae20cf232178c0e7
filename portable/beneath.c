/* SPDX-License-Identifier: MIT */
#include "portable/beneath.h"

#include "portable/path.h"
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#ifdef HAVE_OPENAT2
#include <linux/openat2.h>
#include <sys/syscall.h>
#endif

#define BENEATH_NAME 256 /* NAME_MAX and a NUL */

/* Is the name at `path` "..", up to '/' or the end? */
static bool beneath_is_parent(const char *path)
{
    return path[0] == '.' && path[1] == '.' && (path[2] == '/' || !path[2]);
}

static bool beneath_leads_out(const char *path)
{
    if (*path == '/')
        return true;
    for (const char *name = path; name; name = strchr(name, '/')) {
        name += *name == '/';
        if (beneath_is_parent(name))
            return true;
    }
    return false;
}

/* Opens each directory in the one above it. */
static int beneath_walk(int directory, const char *path, int flags)
{
    int at = directory, next;

    for (const char *slash; (slash = strchr(path, '/')); path = slash + 1 + strspn(slash + 1, "/")) {
        char name[BENEATH_NAME];
        size_t len = (size_t)(slash - path);

        if (len >= sizeof name) {
            next = -1;
            errno = ENAMETOOLONG;
        } else {
            memcpy(name, path, len);
            name[len] = '\0';
            next = openat(at, name, PATH_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        }
        if (at != directory)
            close(at);
        if (next < 0)
            return -1;
        at = next;
    }
    next = openat(at, *path ? path : ".", flags | O_NOFOLLOW | O_CLOEXEC);
    if (at != directory)
        close(at);
    return next;
}

/* Returns a descriptor or -1, as beneath_open(). ENOSYS: the system has no such call. */
static int beneath_ask(int directory, const char *path, int flags)
{
#ifdef HAVE_OPENAT2
    struct open_how how = {.flags = (unsigned)(flags | O_CLOEXEC),
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};

    return (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
#else
    (void)directory;
    (void)path;
    (void)flags;
    errno = ENOSYS;
    return -1;
#endif
}

int beneath_open(int directory, const char *path, int flags)
{
    int fd;

    if (!*path || beneath_leads_out(path)) {
        errno = *path ? EXDEV : ENOENT;
        return -1;
    }
    fd = beneath_ask(directory, path, flags);
    /* A kernel before 5.6 does not have it, and a filter of system calls may not know it. */
    if (fd >= 0 || (errno != ENOSYS && errno != EPERM))
        return fd;
    return beneath_walk(directory, path, flags);
}

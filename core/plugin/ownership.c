/* SPDX-License-Identifier: MIT */
#include "plugin/ownership.h"

#include "base/mem.h"
#include "portable/errno_text.h"
#include "portable/path.h"

#include <envoi/error.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINKS_MAX  40
#define SHARED_DIR "the directory can be written by its group or by others"

/* The walk along the path to a directory. */
struct walk {
    int fd;                  /* the directory reached */
    char done[PATH_MAX];     /* its path; "" is the root */
    char todo[2 * PATH_MAX]; /* the components to come, with room to put the text of a link before them */
    unsigned links;          /* links followed */
    struct envoi_errctx *why;
};

static int ownership_refuse(struct envoi_errctx *why, const char *path, const char *what)
{
    return fault_set(why, ENVOI_E_PLUGIN, 0, "%.300s: %s", *path ? path : "/", what);
}

/* Does the errno concern the file? All others concern the machine. */
static bool is_of_the_file(int err)
{
    static const int errors[] = {EACCES, EPERM, ENOTDIR, EISDIR, ELOOP, ENAMETOOLONG, ENXIO};

    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
        if (errors[i] == err)
            return true;
    return false;
}

int ownership_failure(struct envoi_errctx *why, const char *path, int err)
{
    if (err == ENOMEM)
        return ENVOI_E_MEMORY;
    (void)ownership_refuse(why, path, errno_text_of_libc(err));
    if (why)
        why->library_code = err;
    if (err == ENOENT)
        return ENVOI_E_END;
    if (is_of_the_file(err))
        return ENVOI_E_PLUGIN;
    if (why)
        why->code = ENVOI_E_SYSTEM;
    return ENVOI_E_SYSTEM;
}

int ownership_open_at(int dir, const char *name, int flags)
{
    int fd;

    do
        fd = openat(dir, name, flags | O_CLOEXEC);
    while (fd < 0 && errno == EINTR);
    return fd;
}

static bool is_ours(const struct stat *st)
{
    return st->st_uid == 0 || st->st_uid == geteuid();
}

/* Covers access control lists: if a list lets further users write, the write bit of the group is set. */
static bool is_shared(const struct stat *st)
{
    return (st->st_mode & (S_IWGRP | S_IWOTH)) != 0;
}

static int check_dir(const char *path, const struct stat *st, struct envoi_errctx *why)
{
    if (!is_ours(st))
        return ownership_refuse(why, path, "the directory belongs neither to root nor to you");
    if (is_shared(st) && !(st->st_mode & S_ISVTX))
        return ownership_refuse(why, path, SHARED_DIR);
    return ENVOI_OK;
}

/* Takes the next component off todo; false if there is none. A name that is too long is cut, and then does not
 * exist. */
static bool walk_next(struct walk *w, char name[NAME_MAX + 2])
{
    size_t skip = strspn(w->todo, "/"), len = strcspn(w->todo + skip, "/");

    if (len == 0)
        return false;
    (void)snprintf(name, NAME_MAX + 2, "%.*s", (int)len, w->todo + skip);
    memmove(w->todo, w->todo + skip + len, strlen(w->todo + skip + len) + 1);
    return true;
}

static int walk_enter(struct walk *w, int fd, const char *name)
{
    size_t len = strlen(w->done);

    close(w->fd);
    w->fd = fd;
    if (strcmp(name, "..") == 0) {
        char *slash = strrchr(w->done, '/');

        if (slash)
            *slash = '\0';
        return ENVOI_OK;
    }
    if (len + strlen(name) + 2 > sizeof w->done)
        return ownership_refuse(w->why, w->done, "the path is too long");
    w->done[len] = '/';
    memcpy(w->done + len + 1, name, strlen(name) + 1);
    return ENVOI_OK;
}

static int walk_to_root(struct walk *w)
{
    int fd = ownership_open_at(AT_FDCWD, "/", PATH_DIRECTORY);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0) {
        int err = errno;

        if (fd >= 0)
            close(fd);
        return ownership_failure(w->why, "/", err);
    }
    if (w->fd >= 0)
        close(w->fd);
    w->fd = fd;
    w->done[0] = '\0';
    return check_dir("/", &st, w->why);
}

/* Puts the text of a symbolic link before todo. Nobody else can have put another one in its place: it is ours, and so
 * is the directory, or it is sticky. */
static int walk_link(struct walk *w, const char *name, const struct stat *st, const char *at)
{
    char text[PATH_MAX];
    ssize_t n;
    size_t len, rest = strlen(w->todo);

    if (!is_ours(st))
        return ownership_refuse(w->why, at, "the link belongs neither to root nor to you");
    if (++w->links > LINKS_MAX)
        return ownership_refuse(w->why, at, "too many links");
    if ((n = readlinkat(w->fd, name, text, sizeof text - 1)) < 0)
        return ownership_failure(w->why, at, errno);
    len = (size_t)n;
    if (len == 0 || len + rest + 2 > sizeof w->todo)
        return ownership_refuse(w->why, at, "the path is too long");
    memmove(w->todo + len + 1, w->todo, rest + 1);
    memcpy(w->todo, text, len);
    w->todo[len] = '/';
    return text[0] == '/' ? walk_to_root(w) : ENVOI_OK;
}

/* The component cannot be opened as a directory. error: why. */
static int walk_around(struct walk *w, const char *name, const char *at, int error)
{
    struct stat st;

    if (fstatat(w->fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || S_ISDIR(st.st_mode))
        return ownership_failure(w->why, at, error);
    if (S_ISLNK(st.st_mode))
        return walk_link(w, name, &st, at);
    return ownership_refuse(w->why, at, "not a directory");
}

static int walk_step(struct walk *w, const char *name)
{
    int fd = ownership_open_at(w->fd, name, PATH_DIRECTORY | O_NOFOLLOW);
    char at[PATH_MAX + NAME_MAX + 4];
    struct stat st;
    int rc;

    (void)snprintf(at, sizeof at, "%s/%s", w->done, name);
    if (fd < 0)
        return walk_around(w, name, at, errno);
    if (fstat(fd, &st) < 0)
        rc = ownership_failure(w->why, at, errno);
    else if (!(rc = check_dir(at, &st, w->why)))
        return walk_enter(w, fd, name);
    close(fd);
    return rc;
}

/* Files are taken from the directory that was reached, so nobody else may put any there: the sticky bit is not enough.
 * A file of another user is refused, but in the administrator's directory it disables a plugin; and a hard link to a
 * file of root's has its owner. */
static int walk_check_last(const struct walk *w)
{
    struct stat st;

    if (fstat(w->fd, &st) < 0)
        return ownership_failure(w->why, w->done, errno);
    return is_shared(&st) ? ownership_refuse(w->why, w->done, SHARED_DIR) : ENVOI_OK;
}

int ownership_open_dir(const char *path, struct ownership_dir *out, struct envoi_errctx *why)
{
    struct walk *w = mem_zalloc(sizeof *w);
    char name[NAME_MAX + 2];
    int rc;

    *out = (struct ownership_dir){.fd = -1};
    if (!w)
        return ENVOI_E_MEMORY;
    w->fd = -1;
    w->why = why;
    if (path[0] != '/' || strlen(path) >= PATH_MAX)
        rc = ownership_refuse(why, path, "not an absolute path of a sensible length");
    else {
        memcpy(w->todo, path, strlen(path) + 1);
        rc = walk_to_root(w);
    }
    while (!rc && walk_next(w, name))
        if (strcmp(name, ".") != 0)
            rc = walk_step(w, name);
    if (!rc)
        rc = walk_check_last(w);
    if (!rc && !(out->path = mem_strdup(*w->done ? w->done : "/")))
        rc = ENVOI_E_MEMORY;
    if (!rc)
        out->fd = w->fd;
    else if (w->fd >= 0)
        close(w->fd);
    mem_free(w);
    return rc;
}

void ownership_close_dir(struct ownership_dir *dir)
{
    if (dir->fd >= 0)
        close(dir->fd);
    mem_free(dir->path);
    *dir = (struct ownership_dir){.fd = -1};
}

/* All checks are made on the descriptor that is read afterwards, so the file cannot be replaced in between. O_NONBLOCK:
 * the open must not wait if the file is a fifo. */
int ownership_open_file(const struct ownership_dir *dir, const char *name, int *out, struct envoi_errctx *why)
{
    int fd = ownership_open_at(dir->fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    char at[PATH_MAX + NAME_MAX + 4];
    struct stat st;
    int rc = ENVOI_OK;

    *out = -1;
    (void)snprintf(at, sizeof at, "%s/%s", strcmp(dir->path, "/") == 0 ? "" : dir->path, name);
    if (fd < 0 && errno == ELOOP)
        return ownership_refuse(why, at, "a symbolic link is not taken");
    if (fd < 0 || fstat(fd, &st) < 0)
        rc = ownership_failure(why, at, errno);
    else if (!S_ISREG(st.st_mode))
        rc = ownership_refuse(why, at, "not a regular file");
    else if (!is_ours(&st))
        rc = ownership_refuse(why, at, "the file belongs neither to root nor to you");
    else if (is_shared(&st))
        rc = ownership_refuse(why, at, "the file can be written by its group or by others");
    if (!rc)
        *out = fd;
    else if (fd >= 0)
        close(fd);
    return rc;
}

/* SPDX-License-Identifier: MIT */
#include "plugin/scan.h"

#include "base/mem.h"
#include "plugin/ownership.h"

#include <dirent.h>
#include <envoi/error.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WARN_SIZE (PATH_MAX + NAME_MAX + 256)

struct names {
    char **at;
    size_t count, cap;
};

static void names_free(struct names *names)
{
    for (size_t i = 0; i < names->count; i++)
        mem_free(names->at[i]);
    mem_free(names->at);
}

static int names_add(struct names *names, const char *name)
{
    if (names->count == names->cap) {
        size_t cap = names->cap ? 2 * names->cap : 16;
        char **at = mem_realloc(names->at, cap * sizeof *at);

        if (!at)
            return ENVOI_E_MEMORY;
        names->at = at;
        names->cap = cap;
    }
    if (!(names->at[names->count] = mem_strdup(name)))
        return ENVOI_E_MEMORY;
    names->count++;
    return ENVOI_OK;
}

static int names_compare(const void *a, const void *b)
{
    const char *const *x = a, *const *y = b;

    return strcmp(*x, *y);
}

/* Files whose names do not end in .plugin are ignored: README, *.plugin.dpkg-old, backup copies of editors. */
static int scan_has_suffix(const char *name)
{
    size_t len = strlen(name), tail = strlen(DESCRIPTOR_SUFFIX);

    return len >= tail && strcmp(name + len - tail, DESCRIPTOR_SUFFIX) == 0;
}

/* Sorted, so that the warnings do not depend on the file system. */
static int names_list(const struct ownership_dir *dir, struct names *names, struct envoi_errctx *why)
{
    int fd = ownership_open_at(dir->fd, ".", O_RDONLY | O_DIRECTORY), rc = ENVOI_OK, err;
    DIR *stream = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *item;

    if (!stream) {
        err = errno;
        if (fd >= 0)
            close(fd);
        return ownership_failure(why, dir->path, err);
    }
    while (errno = 0, !rc && (item = readdir(stream)))
        if (scan_has_suffix(item->d_name))
            rc = names_add(names, item->d_name);
    err = errno; /* 0: readdir() came to the end */
    closedir(stream);
    if (!rc && err)
        rc = ownership_failure(why, dir->path, err);
    if (names->count)
        qsort(names->at, names->count, sizeof *names->at, names_compare);
    return rc;
}

/* Reads up to one octet more than is allowed, so that descriptor_parse() sees that a file is too long. */
static int scan_read_text(const struct ownership_dir *dir, const char *name, char *text, size_t *len,
                          struct envoi_errctx *why)
{
    int fd, err, rc = ownership_open_file(dir, name, &fd, why);
    char path[PATH_MAX + NAME_MAX + 4];
    ssize_t n = 0;

    *len = 0;
    if (rc)
        return rc == ENVOI_E_END ? ENVOI_E_PLUGIN : rc;
    while (*len < DESCRIPTOR_TEXT_MAX + 1 && (n = read(fd, text + *len, DESCRIPTOR_TEXT_MAX + 1 - *len)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            break;
        *len += (size_t)n;
    }
    err = errno;
    close(fd);
    (void)snprintf(path, sizeof path, "%s/%s", dir->path, name);
    return n < 0 ? ownership_failure(why, path, err) : ENVOI_OK;
}

static int scan_read_file(const struct ownership_dir *dir, const char *name, char *text, const struct scan_sink *sink,
                          struct envoi_errctx *why)
{
    char id[DESCRIPTOR_ID_MAX + 1], path[PATH_MAX + NAME_MAX + 4], say[WARN_SIZE];
    struct descriptor *d = NULL;
    size_t len;
    int rc;

    (void)snprintf(path, sizeof path, "%s/%s", dir->path, name);
    if (!descriptor_id(name, id)) {
        (void)snprintf(say, sizeof say, "%s: the name is not one of a plugin (a-z, 0-9, _ and -, at most %d)", path,
                       DESCRIPTOR_ID_MAX);
        return sink->warn(sink->ctx, say);
    }
    rc = scan_read_text(dir, name, text, &len, why);
    if (!rc)
        rc = descriptor_parse(id, path, true, text, len, sink->warn, sink->ctx, &d);
    else if (rc == ENVOI_E_PLUGIN)
        rc = descriptor_new_bad(id, path, why->text, &d);
    return rc ? rc : sink->found(sink->ctx, d);
}

/* Does the path exist, or may it? ownership_open_dir() stops at the first directory that is not trusted, and does not
 * see whether there is one below. A link is there, wherever it leads: to a file system that is not mounted, perhaps. */
static bool scan_is_there(const char *path)
{
    struct stat st;

    return !lstat(path, &st) || (errno != ENOENT && errno != ENOTDIR);
}

int scan_dir(const char *path, bool whole, const struct scan_sink *sink, struct envoi_errctx *why)
{
    struct names names = {0};
    struct ownership_dir dir;
    char *text = NULL;
    int rc = ownership_open_dir(path, &dir, why);

    if (!rc)
        rc = names_list(&dir, &names, why);
    else if (rc == ENVOI_E_END && whole && scan_is_there(path)) /* why has the path, and that it does not exist */
        rc = ENVOI_E_PLUGIN;
    if (rc == ENVOI_E_END || (rc == ENVOI_E_PLUGIN && !(whole && scan_is_there(path)))) {
        rc = rc == ENVOI_E_END ? ENVOI_OK : sink->warn(sink->ctx, why->text);
        goto out;
    }
    if (!rc && !(text = mem_alloc(DESCRIPTOR_TEXT_MAX + 1)))
        rc = ENVOI_E_MEMORY;
    for (size_t i = 0; !rc && i < names.count; i++)
        rc = scan_read_file(&dir, names.at[i], text, sink, why);
out:
    mem_free(text);
    names_free(&names);
    ownership_close_dir(&dir);
    return rc;
}

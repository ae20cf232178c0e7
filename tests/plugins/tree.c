/* SPDX-License-Identifier: MIT */
#include "tree.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[64];

void tree_make(void)
{
    (void)umask(022);
    (void)snprintf(root, sizeof root, "/tmp/envoi-test-XXXXXX");
    cr_assert_not_null(mkdtemp(root));
    cr_assert_eq(chmod(root, 0755), 0);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

void tree_remove(void)
{
    (void)nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *tree_path(const char *format, ...)
{
    static char paths[16][PATH_MAX];
    static unsigned next;
    char *path = paths[next++ % 16], name[PATH_MAX / 2];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(name, sizeof name, format, args);
    va_end(args);
    (void)snprintf(path, PATH_MAX, *name ? "%s/%s" : "%s%s", root, name);
    return path;
}

void tree_dir(const char *name)
{
    cr_assert_eq(mkdir(tree_path("%s", name), 0755), 0, "mkdir %s", name);
}

void tree_write(const char *name, const void *data, size_t len)
{
    const char *path = tree_path("%s", name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    cr_assert_geq(fd, 0, "open %s", path);
    cr_assert_eq(write(fd, data, len), (ssize_t)len);
    close(fd);
    cr_assert_eq(chmod(path, 0644), 0);
}

void tree_text(const char *name, const char *text)
{
    tree_write(name, text, strlen(text));
}

void tree_copy(const char *from, const char *name)
{
    struct stat st;
    int fd = open(from, O_RDONLY | O_CLOEXEC);
    char *data;

    cr_assert_geq(fd, 0, "open %s", from);
    cr_assert_eq(fstat(fd, &st), 0);
    data = malloc((size_t)st.st_size + 1);
    cr_assert_eq(read(fd, data, (size_t)st.st_size), st.st_size);
    close(fd);
    tree_write(name, data, (size_t)st.st_size);
    free(data);
}

void tree_copy_all(const char *from, const char *name)
{
    DIR *dir = opendir(from);
    struct dirent *item;

    cr_assert_not_null(dir, "opendir %s", from);
    while ((item = readdir(dir))) {
        char path[PATH_MAX];

        if (item->d_name[0] == '.')
            continue;
        (void)snprintf(path, sizeof path, "%s/%s", from, item->d_name);
        tree_copy(path, tree_path("%s/%s", name, item->d_name) + strlen(root) + 1);
    }
    closedir(dir);
}

void tree_mode(const char *name, mode_t mode)
{
    cr_assert_eq(chmod(tree_path("%s", name), mode), 0);
}

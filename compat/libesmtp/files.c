/* SPDX-License-Identifier: MIT */
#include "files.h"

#include "error.h"
#include "objects.h"
#include "portable/environment.h"
#include "portable/memory.h"
#include "tls.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX (8u << 20)

/* ---- where they are ---- */

enum place { PLACE_XDG, PLACE_OLD };

/* The directory; false: there is none. In set-uid programs the environment is somebody else's. */
static bool files_place(enum place place, char path[PATH_MAX])
{
    const char *xdg = environment_get("XDG_CONFIG_DIR"), *home = environment_get("HOME");
    int n;

    if (place == PLACE_XDG && xdg)
        n = snprintf(path, PATH_MAX, "%s/libesmtp", xdg);
    else if (!home)
        return false;
    else
        n = snprintf(path, PATH_MAX, "%s/%s", home, place == PLACE_XDG ? ".config/libesmtp" : ".authenticate");
    return n > 0 && n < PATH_MAX;
}

/* Joins the two; false: too long. */
static bool files_join(char path[PATH_MAX], const char *directory, const char *name)
{
    int n = snprintf(path, PATH_MAX, "%s/%s", directory, name);

    return n > 0 && n < PATH_MAX;
}

/* Opens a file or directory that is the caller's own, and no one else's to read. -1: errno is ENOENT, or says why it
 * cannot be used. */
static int files_open(const char *path, bool directory)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), kind = directory ? S_IFDIR : S_IFREG;
    struct stat st;

    if (fd < 0) {
        errno = errno == ENOTDIR ? ENOENT : errno;
        return -1;
    }
    if (!fstat(fd, &st) && ((int)st.st_mode & S_IFMT) == kind && !(st.st_mode & (S_IRWXG | S_IRWXO)) &&
        st.st_uid == getuid())
        return fd;
    (void)close(fd);
    errno = EPERM;
    return -1;
}

/* ---- reading them ---- */

/* Adds all of a file. 1; 0: errno says why not. */
static int files_read(const char *path, struct text *text)
{
    char block[4096];
    ssize_t n = 0;
    int fd = files_open(path, false);

    if (fd < 0)
        return 0;
    while (text->len < FILE_MAX && (n = read(fd, block, sizeof block)) > 0)
        text_add(text, block, (size_t)n);
    text_add(text, "\n", 1);
    if (n > 0)
        errno = EFBIG;
    if (text->failed)
        errno = ENOMEM;
    (void)close(fd);
    return n == 0 && !text->failed;
}

/* Adds the files of a directory of CA certificates. */
static int files_read_directory(const char *path, struct text *text)
{
    int fd = files_open(path, true), done = 1;
    DIR *directory = fd < 0 ? NULL : fdopendir(fd);
    char file[PATH_MAX];
    struct dirent *entry;

    if (!directory) {
        if (fd >= 0)
            (void)close(fd);
        return 0;
    }
    while (done && (entry = readdir(directory)))
        if (*entry->d_name != '.' && files_join(file, path, entry->d_name))
            done = files_read(file, text);
    (void)closedir(directory);
    return done;
}

/* Says of a file that is there and cannot be used why; returns 0. One that is not there: 1. */
static int files_fault(struct smtp_session *s, int event, const char *path)
{
    if (errno == ENOENT)
        return 1;
    if (errno == EPERM)
        error_set_text(ENVOI_E_TLS, "%s: it has to be a regular file or a directory of yours that others cannot read",
                       path);
    else
        error_set_text(ENVOI_E_TLS, "%s: %m", path);
    EVENT(s, event, NULL);
    return 0;
}

/* ---- CA certificates ---- */

static int files_ca_of(struct smtp_session *s, const char *directory, struct text *pem)
{
    char path[PATH_MAX];

    if (files_join(path, directory, "ca.pem") && !files_read(path, pem) &&
        !files_fault(s, SMTP_EV_UNUSABLE_CA_LIST, path))
        return 0;
    if (files_join(path, directory, "ca") && !files_read_directory(path, pem) &&
        !files_fault(s, SMTP_EV_UNUSABLE_CA_LIST, path))
        return 0;
    return 1;
}

static int files_ca(struct smtp_session *s)
{
    static const enum place order[] = {PLACE_XDG, PLACE_OLD};
    char directory[PATH_MAX];
    struct text pem = {0};
    int done = 1;

    for (size_t i = 0; done && !pem.len && i < sizeof order / sizeof order[0]; i++)
        if (files_place(order[i], directory))
            done = files_ca_of(s, directory, &pem);
    if (done && pem.len)
        done = envoi_session_set_ca_pem(s->envoi, pem.data, pem.len) ? error_set_envoi(s->envoi, ENVOI_E_TLS) : 1;
    text_free(&pem);
    return done;
}

/* ---- the client's certificate ---- */

/* Finds the file; 0: one is there and cannot be used. pem is empty if there is none. */
static int files_find_client(struct smtp_session *s, struct text *pem)
{
    static const struct {
        enum place place;
        const char *before, *after; /* around the host; NULL: it is not part of the name */
    } names[] = {
        {PLACE_XDG, "private/", ".pem"},
        {PLACE_XDG, "private/smtp-starttls.pem", NULL},
        {PLACE_OLD, "", "/private/smtp-starttls.pem"},
        {PLACE_OLD, "private/smtp-starttls.pem", NULL},
    };
    char directory[PATH_MAX], name[512], path[PATH_MAX];

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if ((names[i].after && strchr(s->host, '/')) || !files_place(names[i].place, directory))
            continue;
        (void)snprintf(name, sizeof name, "%s%s%s", names[i].before, names[i].after ? s->host : "",
                       names[i].after ? names[i].after : "");
        if (!files_join(path, directory, name))
            continue;
        if (files_read(path, pem))
            return 1;
        if (!files_fault(s, SMTP_EV_UNUSABLE_CLIENT_CERTIFICATE, path))
            return 0;
        text_clear(pem);
    }
    return 1;
}

static int files_client(struct smtp_session *s)
{
    struct text pem = {0};
    int rc = ENVOI_OK, done = files_find_client(s, &pem);

    if (done && pem.len) {
        bool encrypted = memory_find(pem.data, pem.len, "ENCRYPTED", 9);

        rc = envoi_session_set_client_certificate_pem(s->envoi, pem.data, pem.len, NULL, 0);
        if (!rc && encrypted)
            rc = tls_ask_passphrase(s);
    }
    if (pem.data)
        memory_wipe(pem.data, pem.room);
    text_free(&pem);
    return rc ? error_set_envoi(s->envoi, rc) : done;
}

int files_apply(struct smtp_session *s)
{
    return files_ca(s) && files_client(s);
}

/* SPDX-License-Identifier: MIT */
#include "accounts/secret_file.h"

#include "accounts/exit_code.h"
#include "portable/environment.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONTAINER_SECRETS "/run/secrets"

/* May others see or change it? A group may read a file of root's: so an administrator gives it to a service. */
static int secret_file_is_exposed(const struct stat *status)
{
    mode_t others = S_IRWXG | S_IRWXO;

    if (!status->st_uid)
        others &= ~(mode_t)S_IRGRP;
    if (!S_ISREG(status->st_mode))
        return 0;
    return (status->st_mode & others & ~(mode_t)(S_IXGRP | S_IXOTH)) ||
           (status->st_uid != geteuid() && status->st_uid != 0 && geteuid() != 0);
}

/* Opens a file. With `own` it must not be exposed. Returns the descriptor, or -1 with *fault filled. */
static int secret_file_open(struct secret *secret, const struct secret_request *request, const char *path, int own,
                            struct stat *status, struct fault *fault)
{
    /* Not blocking: it may be a named pipe that nobody writes to. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

    if (fd < 0 || fstat(fd, status) < 0)
        secret_refuse(secret, request, fault, "cannot read '%s': %s", path, strerror(errno));
    else if (S_ISDIR(status->st_mode))
        secret_refuse(secret, request, fault, "cannot read '%s': %s", path, strerror(EISDIR));
    else if (own && secret_file_is_exposed(status))
        secret_refuse(secret, request, fault,
                      "others have access to '%s' (owner %u, mode %04o, we are %u); run: chmod 600 '%s', as its owner "
                      "or root",
                      path, (unsigned)status->st_uid, (unsigned)status->st_mode & 07777, (unsigned)geteuid(), path);
    else
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

static int secret_file_read(struct secret *secret, const struct secret_request *request, const char *path, int own,
                            struct fault *fault)
{
    struct stat status = {0};
    int fd = secret_file_open(secret, request, path, own, &status, fault);
    int rc;

    if (fd < 0)
        return EXIT_CONFIG;
    rc = secret_read(secret, fd, secret_deadline(request));
    close(fd);
    if (rc)
        return secret_refuse(secret, request, fault, "cannot read '%s': %s", path, secret_read_error(rc));
    rc = secret_finish(secret, request, "", fault);
    /* An empty regular file is an error. /dev/null means an empty password on purpose. */
    if (!rc && !secret->len && S_ISREG(status.st_mode))
        return secret_refuse(secret, request, fault, "'%s' is empty", path);
    return rc;
}

static int secret_file_look(const struct secret_request *request, const char *path, int own, struct fault *fault)
{
    struct stat status = {0};
    int fd = secret_file_open(NULL, request, path, own, &status, fault);

    if (fd < 0)
        return EXIT_CONFIG;
    close(fd);
    return S_ISREG(status.st_mode) && !status.st_size ? secret_refuse(NULL, request, fault, "'%s' is empty", path) : 0;
}

int secret_file_fetch(struct secret *secret, const struct secret_request *request, struct fault *fault)
{
    return secret_file_read(secret, request, request->value, 1, fault);
}

int secret_file_check(const struct secret_request *request, struct fault *fault)
{
    return secret_file_look(request, request->value, 1, fault);
}

/* ---- credentials ---- */

static int credential_path(const struct secret_request *request, char *path, size_t size, struct fault *fault)
{
    const char *id = request->value;
    const char *directory = environment_get("CREDENTIALS_DIRECTORY");
    int n;

    if (!*id || strchr(id, '/') || !strcmp(id, ".") || !strcmp(id, ".."))
        return secret_refuse(NULL, request, fault, "it takes the ID of a credential, without a slash");
    if (!directory && access(CONTAINER_SECRETS, F_OK) < 0)
        return secret_refuse(NULL, request, fault,
                             "there are no credentials: $CREDENTIALS_DIRECTORY is not set, and " CONTAINER_SECRETS
                             " is not there; does the unit have LoadCredential=%s:FILE?",
                             id);
    n = snprintf(path, size, "%s/%s", directory ? directory : CONTAINER_SECRETS, id);
    return n > 0 && (size_t)n < size ? 0 : secret_refuse(NULL, request, fault, "the ID is too long");
}

int secret_credential_fetch(struct secret *secret, const struct secret_request *request, struct fault *fault)
{
    char path[4096];
    int rc = credential_path(request, path, sizeof path, fault);

    return rc ? rc : secret_file_read(secret, request, path, 0, fault);
}

int secret_credential_check(const struct secret_request *request, struct fault *fault)
{
    char path[4096];
    int rc = credential_path(request, path, sizeof path, fault);

    return rc ? rc : secret_file_look(request, path, 0, fault);
}

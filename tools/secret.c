/* SPDX-License-Identifier: MIT */
#include "secret.h"

#include "exit_code.h"
#include <envoi/envoi.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

void secret_wipe(struct secret *secret)
{
    explicit_bzero(secret, sizeof *secret);
}

/* Wipes the octets that were read and stores the failure. */
#define REFUSE(secret, fault, ...) (secret_wipe(secret), fault_set(fault, EXIT_CONFIG, ENVOI_E_SYSTEM, __VA_ARGS__))

/* Reads to the end. Returns 0, or an errno: EFBIG if it is longer than SECRET_MAX. */
static int read_all(struct secret *secret, int fd)
{
    secret->len = 0;
    for (;;) {
        /* Room for one octet more than SECRET_MAX, to see that it is too long. */
        ssize_t n = read(fd, secret->text + secret->len, sizeof secret->text - secret->len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno;
        if (n == 0)
            return 0;
        secret->len += (size_t)n;
        if (secret->len > SECRET_MAX)
            return EFBIG;
    }
}

static const char *reading_failed(int error)
{
    return error == EFBIG ? "it is too long for a secret" : strerror(error);
}

static int strip_and_check(struct secret *secret, const char *option, struct fault *fault)
{
    if (secret->len > 0 && secret->text[secret->len - 1] == '\n') {
        secret->len--;
        if (secret->len > 0 && secret->text[secret->len - 1] == '\r')
            secret->len--;
    }
    /* The line end is wiped as well, so no octet after the text is a part of the secret. */
    explicit_bzero(secret->text + secret->len, sizeof secret->text - secret->len);
    if (memchr(secret->text, '\0', secret->len) || memchr(secret->text, '\n', secret->len))
        return REFUSE(secret, fault, "%s: a secret is one line without NUL octets, and there is more", option);
    return 0;
}

static void warn_if_shared(const char *option, const char *path, const struct stat *status)
{
    if (S_ISREG(status->st_mode) && (status->st_mode & (S_IRGRP | S_IROTH)))
        complain("warning: %s: others can read '%s'; run: chmod 600 '%s'", option, path, path);
}

int secret_from_file(struct secret *secret, const char *option, const char *path, struct fault *fault)
{
    struct stat status = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    int rc;

    if (fd < 0 || fstat(fd, &status) < 0) {
        int saved = errno;

        if (fd >= 0)
            close(fd);
        return REFUSE(secret, fault, "%s: cannot read '%s': %s", option, path, strerror(saved));
    }
    warn_if_shared(option, path, &status);
    rc = read_all(secret, fd);
    close(fd);
    if (rc)
        return REFUSE(secret, fault, "%s: cannot read '%s': %s", option, path, reading_failed(rc));
    rc = strip_and_check(secret, option, fault);
    /* An empty regular file is an error. /dev/null means an empty password on purpose. */
    if (!rc && !secret->len && S_ISREG(status.st_mode))
        return REFUSE(secret, fault, "%s: '%s' is empty", option, path);
    return rc;
}

/* Runs in the child: executes the command, with the pipe as its standard output. */
_Noreturn static void become_command(const char *command, int output)
{
    int empty = open("/dev/null", O_RDONLY | O_CLOEXEC);

    signal(SIGPIPE, SIG_DFL);
    if (empty >= 0 && dup2(empty, STDIN_FILENO) >= 0 && dup2(output, STDOUT_FILENO) >= 0)
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(127);
}

static int wait_for(pid_t child)
{
    int status = 0;

    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    return status;
}

int secret_from_command(struct secret *secret, const char *option, const char *command, struct fault *fault)
{
    int ends[2], saved, status, rc;
    pid_t child;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return REFUSE(secret, fault, "%s: %s", option, strerror(errno));
    child = fork();
    if (child == 0)
        become_command(command, ends[1]);
    saved = errno;
    close(ends[1]);
    rc = child < 0 ? saved : read_all(secret, ends[0]);
    close(ends[0]);
    status = child < 0 ? -1 : wait_for(child);
    if (rc)
        return REFUSE(secret, fault, "%s: %s", option, reading_failed(rc));
    if (status == -1 || WIFSIGNALED(status))
        return REFUSE(secret, fault, "%s: the command was killed", option);
    if (WEXITSTATUS(status) != 0)
        return REFUSE(secret, fault, "%s: the command failed with exit code %d", option, WEXITSTATUS(status));
    rc = strip_and_check(secret, option, fault);
    if (!rc && !secret->len)
        return REFUSE(secret, fault, "%s: the command printed nothing", option);
    return rc;
}

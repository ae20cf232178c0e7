/* SPDX-License-Identifier: MIT */
#include "secret.h"

#include "accounts/exit_code.h"
#include <envoi/envoi.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

void secret_wipe(struct secret *secret)
{
    explicit_bzero(secret, sizeof *secret);
}

/* Wipes the octets that were read and stores the failure. */
#define REFUSE(secret, fault, ...) (secret_wipe(secret), fault_set(fault, EXIT_CONFIG, ENVOI_E_SYSTEM, __VA_ARGS__))

void secret_forbid_core_dump(void)
{
    const struct rlimit none = {0};

    prctl(PR_SET_DUMPABLE, 0);
    setrlimit(RLIMIT_CORE, &none);
}

static int64_t clock_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Waits for octets or the end. Returns 0, or an errno: ETIMEDOUT. */
static int wait_readable(int fd, int64_t until)
{
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    int n;

    do {
        int64_t left = until - clock_ms();

        if (left <= 0)
            return ETIMEDOUT;
        n = poll(&ready, 1, left < INT32_MAX ? (int)left : INT32_MAX);
    } while (n == 0 || (n < 0 && errno == EINTR));
    return n < 0 ? errno : 0;
}

/* Reads to the end. Returns 0, or an errno: EFBIG if it is longer than SECRET_MAX, ETIMEDOUT. */
static int read_all(struct secret *secret, int fd, int64_t timeout)
{
    int64_t until = clock_ms() + (timeout ? timeout : SECRET_TIMEOUT_MS);
    ssize_t n;
    int rc;

    secret->len = 0;
    for (;;) {
        if ((rc = wait_readable(fd, until)))
            return rc;
        /* Room for one octet more than SECRET_MAX, to see that it is too long. */
        n = read(fd, secret->text + secret->len, sizeof secret->text - secret->len);

        if (n < 0 && (errno == EINTR || errno == EAGAIN))
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
    if (error == ETIMEDOUT)
        return "it did not end in time; --timeout gives it longer";
    return error == EFBIG ? "it is too long for a secret" : strerror(error);
}

/* Octets that no secret has; an editor puts the first two in front of a file. */
static const struct {
    const char *octets;
    size_t len;
    int first; /* only at the beginning */
    const char *text;
} unwanted[] = {
    {"\xef\xbb\xbf", 3, 1, "it begins with a byte order mark; save it without one"},
    {"\xff\xfe", 2, 1, "it is UTF-16; save it as UTF-8"},
    {"\xfe\xff", 2, 1, "it is UTF-16; save it as UTF-8"},
    {"", 1, 0, "a secret has no NUL octet"},
    {"\n", 1, 0, "a secret is one line, and there are more"},
    {"\r", 1, 0, "a secret has no carriage return; does a line end in CR alone?"},
};

static int strip_and_check(struct secret *secret, const char *option, struct fault *fault)
{
    if (secret->len > 0 && secret->text[secret->len - 1] == '\n') {
        secret->len--;
        if (secret->len > 0 && secret->text[secret->len - 1] == '\r')
            secret->len--;
    }
    /* The line end is wiped as well, so no octet after the text is a part of the secret. */
    explicit_bzero(secret->text + secret->len, sizeof secret->text - secret->len);
    for (size_t i = 0; i < sizeof unwanted / sizeof *unwanted; i++) {
        const void *found = memmem(secret->text, secret->len, unwanted[i].octets, unwanted[i].len);

        if (found && (found == secret->text || !unwanted[i].first))
            return REFUSE(secret, fault, "%s: %s", option, unwanted[i].text);
    }
    return 0;
}

static void warn_if_shared(const char *option, const char *path, const struct stat *status)
{
    if (S_ISREG(status->st_mode) && (status->st_mode & (S_IRGRP | S_IROTH)))
        complain("warning: %s: others can read '%s'; run: chmod 600 '%s'", option, path, path);
}

int secret_from_file(struct secret *secret, const char *option, const char *path, int64_t timeout, struct fault *fault)
{
    struct stat status = {0};
    /* Not blocking: it may be a named pipe that nobody writes to. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    int rc;

    if (fd < 0 || fstat(fd, &status) < 0) {
        int saved = errno;

        if (fd >= 0)
            close(fd);
        return REFUSE(secret, fault, "%s: cannot read '%s': %s", option, path, strerror(saved));
    }
    warn_if_shared(option, path, &status);
    rc = read_all(secret, fd, timeout);
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

int secret_from_command(struct secret *secret, const char *option, const char *command, int64_t timeout,
                        struct fault *fault)
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
    rc = child < 0 ? saved : read_all(secret, ends[0], timeout);
    close(ends[0]);
    if (child > 0 && rc)
        kill(child, SIGKILL);
    status = child < 0 ? -1 : wait_for(child);
    if (rc)
        return REFUSE(secret, fault, "%s: the command: %s", option, reading_failed(rc));
    if (status == -1 || WIFSIGNALED(status))
        return REFUSE(secret, fault, "%s: the command was killed", option);
    if (WEXITSTATUS(status) != 0)
        return REFUSE(secret, fault, "%s: the command failed with exit code %d", option, WEXITSTATUS(status));
    rc = strip_and_check(secret, option, fault);
    if (!rc && !secret->len)
        return REFUSE(secret, fault, "%s: the command printed nothing", option);
    return rc;
}

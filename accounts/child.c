/* SPDX-License-Identifier: MIT */
#include "accounts/child.h"

#include "portable/memory_file.h"
#include "portable/pipe.h"
#include "portable/self.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define WAIT_STEP_MS 5 /* between looks at a program that has closed its output and goes on */

struct child {
    pid_t pid;
    int alone; /* it leads a process group of its own */
    int input; /* can be written before anybody reads */
    int output;
};

int child_may_ask(void)
{
    int terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    int yes = terminal >= 0 && tcgetpgrp(terminal) == getpgrp();

    if (terminal >= 0)
        close(terminal);
    return yes;
}

int child_exists(const char *program)
{
    const char *path = getenv("PATH");
    char file[4096];

    for (size_t len; path && *path; path += len + (path[len] == ':')) {
        int n;

        len = strcspn(path, ":");
        n = snprintf(file, sizeof file, "%.*s/%s", (int)len, path, program);
        if (n > 0 && (size_t)n < sizeof file && access(file, X_OK) == 0)
            return 1;
    }
    return 0;
}

/* Runs in the child. */
_Noreturn static void child_become(const struct child *child, int output, const char *const *argv)
{
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    /* Who ends this program by a signal means this one too, which the signal of a group does not reach. */
    self_follow_parent();
    if (child->alone)
        setpgid(0, 0);
    if (dup2(child->input, STDIN_FILENO) >= 0 && dup2(output, STDOUT_FILENO) >= 0)
        execvp(argv[0], (char *const *)(uintptr_t)argv);
    _exit(errno == ENOENT ? CHILD_NOT_FOUND : 126);
}

/* Returns 0 or an errno. */
static int child_start(struct child *child, const char *const *argv, const struct secret *input)
{
    int ends[2] = {-1, -1}, error = 0;

    child->alone = !child_may_ask();
    child->input = memory_file_open(input ? input->text : "", input ? input->len : 0);
    if (child->input < 0 || pipe_open(ends) < 0 || (child->pid = fork()) < 0)
        error = errno;
    else if (child->pid == 0)
        child_become(child, ends[1], argv);
    else if (child->alone)
        setpgid(child->pid, child->pid); /* the child does the same; who comes first does it */
    if (ends[1] >= 0)
        close(ends[1]);
    child->output = ends[0];
    return error;
}

/* Waits for the end. Returns 0 or an errno. */
static int child_wait(const struct child *child, int64_t deadline, int *status)
{
    pid_t ended;

    while ((ended = waitpid(child->pid, status, WNOHANG)) <= 0) {
        int left = secret_time_left(deadline);

        if (ended < 0 && errno != EINTR)
            return errno;
        if (!left)
            return ETIMEDOUT;
        poll(NULL, 0, left < WAIT_STEP_MS ? left : WAIT_STEP_MS);
    }
    return 0;
}

static void child_kill(const struct child *child)
{
    int status;

    kill(child->alone ? -child->pid : child->pid, SIGKILL);
    while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
        ;
}

static void child_close(const struct child *child)
{
    if (child->input >= 0)
        memory_file_close(child->input);
    if (child->output >= 0)
        close(child->output);
}

int child_run(const char *const *argv, const struct secret *input, const struct secret_request *request,
              struct secret *output, int *code, struct fault *fault)
{
    int64_t deadline = secret_deadline(request);
    struct child child = {.pid = -1};
    int status = 0;
    int error = child_start(&child, argv, input);

    if (!error)
        error = secret_read(output, child.output, deadline);
    if (!error)
        error = child_wait(&child, deadline, &status);
    /* ECHILD: the system has removed it already, and its number may be another program's. */
    if (error && error != ECHILD && child.pid > 0)
        child_kill(&child);
    child_close(&child);
    if (error)
        return secret_refuse(output, request, fault, "the command: %s", secret_read_error(error));
    if (WIFSIGNALED(status))
        return secret_refuse(output, request, fault, "the command was killed");
    *code = WEXITSTATUS(status);
    return 0;
}

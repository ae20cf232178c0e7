/* SPDX-License-Identifier: MIT */
#include "terminal.h"

#include <criterion/criterion.h>
#include <pty.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define PROMPT "The password: "

/* In a process with a terminal of its own: asks, and tells by its exit code what came. */
static void ask(const char *expected)
{
    static struct secret secret;
    struct fault fault = {0};
    int rc = secret_from_terminal(&secret, PROMPT, &fault);
    _exit(rc ? rc : strcmp(secret.text, expected) ? 1 : 0);
}

/* Starts that, and returns when the prompt is there. */
static pid_t start(const char *expected, int *terminal)
{
    char seen[256];
    size_t len = 0;
    pid_t child = forkpty(terminal, NULL, NULL, NULL);
    cr_assert_geq(child, 0);
    if (child == 0)
        ask(expected);
    for (memset(seen, 0, sizeof seen); !strstr(seen, PROMPT);) {
        ssize_t n = read(*terminal, seen + len, sizeof seen - 1 - len);
        cr_assert_gt(n, 0);
        len += (size_t)n;
    }
    return child;
}

static int echoes(int terminal)
{
    struct termios mode;
    cr_assert_eq(tcgetattr(terminal, &mode), 0);
    return (mode.c_lflag & ECHO) != 0;
}

static int end(pid_t child)
{
    int status = 0;
    cr_assert_eq(waitpid(child, &status, 0), child);
    return status;
}

Test(terminal, line_without_echo, .timeout = 20)
{
    int terminal = -1;
    pid_t child = start("s3cret pass", &terminal);
    cr_assert_not(echoes(terminal));
    cr_assert_eq(write(terminal, "s3cret pass\n", 12), 12);
    int status = end(child);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %x", (unsigned)status);
    cr_assert(echoes(terminal));
    close(terminal);
}

Test(terminal, end_of_file, .timeout = 20)
{
    int terminal = -1;
    pid_t child = start("", &terminal);
    cr_assert_eq(write(terminal, "\x04", 1), 1);
    int status = end(child);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 78, "status %x", (unsigned)status);
    cr_assert(echoes(terminal));
    close(terminal);
}

/* Control-C, and a signal from elsewhere: both end the program, with the terminal as it was. */
Test(terminal, signals, .timeout = 20)
{
    for (int from_outside = 0; from_outside < 2; from_outside++) {
        int terminal = -1;
        pid_t child = start("", &terminal);
        if (from_outside)
            cr_assert_eq(kill(child, SIGTERM), 0);
        else
            cr_assert_eq(write(terminal, "\x03", 1), 1);
        int status = end(child);
        cr_assert(WIFSIGNALED(status), "status %x", (unsigned)status);
        cr_assert_eq(WTERMSIG(status), from_outside ? SIGTERM : SIGINT);
        cr_assert(echoes(terminal));
        close(terminal);
    }
}

/* SPDX-License-Identifier: MIT */
#include "terminal.h"
#include "accounts/exit_code.h"
#include "portable/wait.h"
#include <envoi/envoi.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* The signals by which a terminal ends or stops a program. */
static const int signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP};
#define SIGNALS (sizeof signals / sizeof *signals)

static volatile sig_atomic_t caught;

static void catch_signal(int number)
{
    caught = number;
}

/* The state to restore. */
struct guard {
    int tty;
    struct termios mode;
    sigset_t mask;
    struct sigaction actions[SIGNALS];
};

/* Restores the state. A signal that arrived is raised again here, which may end the program. */
static void guard_end(struct guard *guard)
{
    tcsetattr(guard->tty, TCSAFLUSH, &guard->mode);
    for (size_t i = 0; i < SIGNALS; i++)
        sigaction(signals[i], &guard->actions[i], NULL);
    if (caught)
        raise(caught);
    sigprocmask(SIG_SETMASK, &guard->mask, NULL);
}

/* Turns echo off. The signals are blocked except during the wait, so none can arrive unnoticed before it. */
static int guard_begin(struct guard *guard)
{
    struct sigaction action = {.sa_handler = catch_signal};
    struct termios silent;
    sigset_t held;
    int saved;

    if (tcgetattr(guard->tty, &guard->mode) < 0)
        return -1;
    sigemptyset(&action.sa_mask);
    sigemptyset(&held);
    for (size_t i = 0; i < SIGNALS; i++)
        sigaddset(&held, signals[i]);
    sigprocmask(SIG_BLOCK, &held, &guard->mask);
    for (size_t i = 0; i < SIGNALS; i++)
        sigaction(signals[i], &action, &guard->actions[i]);
    caught = 0;
    silent = guard->mode;
    silent.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
    if (tcsetattr(guard->tty, TCSAFLUSH, &silent) == 0)
        return 0;
    saved = errno;
    guard_end(guard);
    errno = saved;
    return -1;
}

static int write_text(int fd, const char *text)
{
    return write(fd, text, strlen(text)) == (ssize_t)strlen(text) ? 0 : -1;
}

/* Waits for a line. Returns its length, or -1 with errno; EINTR if a signal arrived. */
static ssize_t read_line(struct guard *guard, struct secret *secret)
{
    if (wait_readable(guard->tty, -1, &guard->mask) < 0)
        return -1;
    return read(guard->tty, secret->text, SECRET_MAX);
}

int secret_from_terminal(struct secret *secret, const char *prompt, struct fault *fault)
{
    struct guard guard = {.tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)};
    ssize_t n = -1;
    int failure = guard.tty < 0 ? errno : 0;

    while (!failure) {
        int saved;

        if (guard_begin(&guard) < 0) {
            failure = errno;
            break;
        }
        /* The prompt comes after echo is off, so nothing typed after it is shown. */
        n = write_text(guard.tty, prompt) < 0 ? -1 : read_line(&guard, secret);
        saved = n < 0 ? errno : 0;
        write_text(guard.tty, "\n");
        guard_end(&guard);
        if (n >= 0)
            break;
        if (saved != EINTR)
            failure = saved;
    }
    if (guard.tty >= 0)
        close(guard.tty);
    if (n > 0 && secret->text[n - 1] == '\n') {
        secret->len = (size_t)n - 1;
        secret->text[secret->len] = '\0';
        return 0;
    }
    secret_wipe(secret);
    if (failure)
        return fault_set(fault, EXIT_CONFIG, ENVOI_E_SYSTEM,
                         "no terminal to ask for the password (%s); give --password-file or --password-command",
                         strerror(failure));
    return fault_set(fault, EXIT_CONFIG, ENVOI_E_CANCELLED, "no password was typed");
}

/* SPDX-License-Identifier: MIT */
#include "listener.h"

#include "accounts/exit_code.h"
#include "accounts/fault.h"
#include "client.h"
#include "journal.h"
#include "portable/socket.h"
#include "portable/wait.h"
#include "setup.h"
#include <envoi/error.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#define TOO_MANY "421 4.3.2 too many connections: try again"

struct child {
    pid_t pid;
    uid_t uid;
};

struct listener {
    const struct setup *setup;
    int fd;
    struct child *children; /* setup->clients_max */
    unsigned count;
    sigset_t signals; /* those of a child, and of the wait: nothing is held back */
};

static volatile sig_atomic_t is_to_stop;

static void on_signal(int number)
{
    if (number == SIGTERM)
        is_to_stop = 1;
}

/* SIGTERM and SIGCHLD come in the wait only, so that none is missed. */
static void listener_catch(struct listener *l)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigset_t held;

    sigemptyset(&held);
    sigaddset(&held, SIGTERM);
    sigaddset(&held, SIGCHLD);
    sigprocmask(SIG_BLOCK, &held, &l->signals);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGCHLD, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

/* Forgets the children that have ended. */
static void listener_reap(struct listener *l)
{
    for (pid_t pid; (pid = waitpid(-1, NULL, WNOHANG)) > 0;)
        for (unsigned i = 0; i < l->count; i++)
            if (l->children[i].pid == pid) {
                l->children[i] = l->children[--l->count];
                break;
            }
}

static int listener_is_full(const struct listener *l, uid_t uid)
{
    unsigned own = 0;

    for (unsigned i = 0; i < l->count; i++)
        own += l->children[i].uid == uid;
    return l->count >= l->setup->clients_max || own >= l->setup->per_user_max;
}

/* The child. It never returns. */
static void listener_talk(const struct listener *l, int fd, struct peer *peer)
{
    signal(SIGTERM, SIG_DFL);
    signal(SIGCHLD, SIG_DFL);
    sigprocmask(SIG_SETMASK, &l->signals, NULL);
    close(l->fd);
    client_serve(l->setup, fd, peer);
    close(fd);
    exit(0);
}

static void listener_take(struct listener *l, int fd)
{
    struct peer peer;
    pid_t pid;

    if (peer_of(fd, &peer))
        return;
    if (listener_is_full(l, peer.uid)) {
        journal_write(LOG_WARNING, "uid=%u pid=%d: refused: too many connections (%u)", (unsigned)peer.uid,
                      (int)peer.pid, l->count);
        /* It is empty yet, so this does not wait. */
        (void)!write(fd, TOO_MANY "\r\n", sizeof TOO_MANY "\r\n" - 1);
        return;
    }
    pid = fork();
    if (!pid)
        listener_talk(l, fd, &peer);
    if (pid < 0)
        journal_write(LOG_ERR, "no process for uid=%u: %s", (unsigned)peer.uid, strerror(errno));
    else
        l->children[l->count++] = (struct child){pid, peer.uid};
}

static void listener_accept(struct listener *l)
{
    int fd = socket_accept(l->fd);

    if (fd >= 0) {
        listener_take(l, fd);
        close(fd);
    } else if (errno != EINTR && errno != EAGAIN && errno != ECONNABORTED) {
        /* Too many open files, say: it is not asked again at once. */
        journal_write(LOG_ERR, "accept: %s", strerror(errno));
        (void)wait_readable(-1, 1000, &l->signals);
    }
}

int listener_run(const struct setup *setup, int fd, struct fault *fault)
{
    struct listener l = {.setup = setup, .fd = fd};

    if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
        return fault_set(fault, EXIT_LOCAL, ENVOI_E_SYSTEM, "the socket cannot be used: %s", strerror(errno));
    l.children = calloc(setup->clients_max, sizeof *l.children);
    if (!l.children)
        return fault_memory(fault);
    listener_catch(&l);
    while (!is_to_stop || l.count) {
        int n = wait_readable(is_to_stop ? -1 : fd, -1, &l.signals);

        listener_reap(&l);
        if (n > 0 && !is_to_stop)
            listener_accept(&l);
    }
    free(l.children);
    return 0;
}

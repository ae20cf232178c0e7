/* SPDX-License-Identifier: MIT */
#include "activation.h"

#include "accounts/exit_code.h"
#include "accounts/fault.h"
#include <envoi/error.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* SD_LISTEN_FDS_START */
#define FIRST_FD 3

/* A number that a variable has; -1: there is none. */
static long activation_number(const char *variable)
{
    const char *text = getenv(variable);
    char *end;
    long number = text ? strtol(text, &end, 10) : -1;

    return text && *text && !*end ? number : -1;
}

static int socket_option(int fd, int option)
{
    int value = 0;
    socklen_t len = sizeof value;

    return getsockopt(fd, SOL_SOCKET, option, &value, &len) < 0 ? -1 : value;
}

static int activation_family(int fd)
{
    struct sockaddr_storage name = {.ss_family = AF_UNSPEC};
    socklen_t len = sizeof name;

    return getsockname(fd, (struct sockaddr *)&name, &len) < 0 ? -1 : name.ss_family;
}

int activation_take(int *fd, struct fault *fault)
{
    long pid = activation_number("LISTEN_PID"), count = activation_number("LISTEN_FDS");

    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
    if (pid != (long)getpid() || count < 1)
        return fault_set(
            fault, EXIT_USAGE, ENVOI_E_USAGE,
            "no socket was passed: envoi-submit.socket of systemd starts this program. Where there is no "
            "systemd, a secret is for root and the group envoi: chown root:envoi FILE, chmod 640 FILE, and "
            "nobody else can send by its account");
    if (count > 1)
        return fault_set(fault, EXIT_USAGE, ENVOI_E_USAGE, "%ld sockets were passed, and one is served", count);
    if (activation_family(FIRST_FD) != AF_UNIX || socket_option(FIRST_FD, SO_TYPE) != SOCK_STREAM ||
        socket_option(FIRST_FD, SO_ACCEPTCONN) != 1)
        return fault_set(fault, EXIT_USAGE, ENVOI_E_USAGE,
                         "what was passed is not a listening unix socket: it takes ListenStream=/PATH and Accept=no");
    if (fcntl(FIRST_FD, F_SETFD, FD_CLOEXEC) < 0)
        return fault_set(fault, EXIT_LOCAL, ENVOI_E_SYSTEM, "the socket cannot be used");
    *fd = FIRST_FD;
    return 0;
}

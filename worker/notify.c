/* SPDX-License-Identifier: MIT */
#include "worker/notify.h"

#include "portable/socket.h"
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void notify_send(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct iovec piece = {(void *)(uintptr_t)state, strlen(state)};
    size_t len = path ? strlen(path) : 0;
    int fd;

    if (!len || len >= sizeof address.sun_path || (*path != '/' && *path != '@'))
        return;
    memcpy(address.sun_path, path, len);
    if (*path == '@') /* an abstract socket of Linux */
        *address.sun_path = '\0';
    if ((fd = socket_open(AF_UNIX, SOCK_DGRAM, 0)) < 0)
        return;
    (void)socket_send(fd, &piece, 1, (const struct sockaddr *)&address,
                      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
    close(fd);
}

int64_t notify_watchdog(void)
{
    const char *period = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
    long long microseconds = period ? strtoll(period, NULL, 10) : 0;

    if (microseconds <= 0 || (pid && strtoll(pid, NULL, 10) != (long long)getpid()))
        return -1;
    return microseconds / 2000 > 0 ? microseconds / 2000 : 1;
}

/* SPDX-License-Identifier: MIT */
#include "queue_loop.h"

#include "queue.h"

#include <dirent.h>
#include <limits.h>
#include <time.h>

#define PATIENCE 30000 /* milliseconds */

static int64_t now(void)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    return (int64_t)at.tv_sec * 1000 + at.tv_nsec / 1000000;
}

void loop_watch(void *ctx, int fd, unsigned events)
{
    struct loop *loop = ctx;
    nfds_t i = 0;

    while (i < loop->count && loop->fds[i].fd != fd)
        i++;
    if (!events) {
        if (i < loop->count)
            loop->fds[i] = loop->fds[--loop->count];
        return;
    }
    if (i == LOOP_FDS)
        fail("too many descriptors", "loop");
    if (i == loop->count)
        loop->count++;
    loop->fds[i] = (struct pollfd){.fd = fd};
    loop->fds[i].events =
        (short)((events & ENVOI_EVENT_READ ? POLLIN : 0) | (events & ENVOI_EVENT_WRITE ? POLLOUT : 0));
}

static int wait_time(struct envoi_session *session)
{
    int64_t deadline = envoi_session_deadline(session), left = deadline - now();

    return deadline < 0 ? -1 : left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}

int loop_finish(struct loop *loop, struct envoi_session *session, int rc)
{
    while (loop && rc == ENVOI_E_AGAIN) {
        int ready = poll(loop->fds, loop->count, wait_time(session));
        struct pollfd one = {.fd = -1};
        int64_t before = now();

        for (nfds_t i = 0; ready > 0 && i < loop->count && one.fd < 0; i++)
            if (loop->fds[i].revents)
                one = loop->fds[i];
        rc = envoi_session_process(session, one.fd,
                                   (one.revents & ~POLLOUT ? ENVOI_EVENT_READ : 0) |
                                       (one.revents & ~POLLIN ? ENVOI_EVENT_WRITE : 0));
        if (now() - before > loop->slowest)
            loop->slowest = (long)(now() - before);
    }
    return rc;
}

static int count_threads(void)
{
    DIR *folder = opendir("/proc/self/task");
    int count = 0;

    if (!folder)
        fail("cannot be read", "/proc/self/task");
    for (const struct dirent *entry; (entry = readdir(folder));)
        count += entry->d_name[0] != '.';
    closedir(folder);
    return count;
}

int loop_alone(void)
{
    const struct timespec pause = {.tv_nsec = 5000000};
    int64_t end = now() + PATIENCE;

    while (count_threads() > 1) {
        if (now() > end)
            return 0;
        nanosleep(&pause, NULL);
    }
    return 1;
}

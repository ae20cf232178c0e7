/* SPDX-License-Identifier: MIT */
/* Sends the message on standard input in a loop around epoll(7).
 *
 *   epoll SERVER FROM TO <message */
#include "mail.h"

#include <errno.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <unistd.h>

static void watch(void *ctx, int fd, unsigned events)
{
    int epoll = *(int *)ctx;
    struct epoll_event e = {.data.fd = fd};

    e.events =
        (events & ENVOI_EVENT_READ ? (unsigned)EPOLLIN : 0) | (events & ENVOI_EVENT_WRITE ? (unsigned)EPOLLOUT : 0);
    if (!events)
        epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL);
    else if (epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &e) < 0 && errno == ENOENT)
        epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e);
}

/* One event at a time, because mail_ready() may change the watched descriptors. One that is still ready is reported
 * again. */
static int turn(int epoll, struct mail *mail)
{
    struct epoll_event e = {.data.fd = -1};
    int n = epoll_wait(epoll, &e, 1, mail_timeout(mail));

    if (n <= 0)
        return mail_ready(mail, -1, 0);
    /* An error or a hang-up counts as readable and writable: reading or writing finds the reason. */
    return mail_ready(mail, e.data.fd,
                      (e.events & ~(unsigned)EPOLLOUT ? ENVOI_EVENT_READ : 0) |
                          (e.events & ~(unsigned)EPOLLIN ? ENVOI_EVENT_WRITE : 0));
}

int main(int argc, char **argv)
{
    int epoll = epoll_create1(EPOLL_CLOEXEC), status, rc;
    struct mail mail;

    rc = mail_open(&mail, argc, argv, watch, &epoll);
    if (!rc)
        rc = mail_begin(&mail);
    while (rc == ENVOI_E_AGAIN)
        rc = turn(epoll, &mail);
    status = mail_close(&mail);
    close(epoll);
    return status;
}

/* SPDX-License-Identifier: MIT */
/* Sends the message on standard input without ever blocking in the library: the loop around it is poll(2).
 *
 *   poll SERVER FROM TO <message
 *
 * Any other loop does the same: it keeps the events that the watch function reports, waits no longer than the deadline,
 * and calls envoi_session_process(). */
#include <envoi/envoi.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <time.h>

#define FDS_MAX 64

/* The watched descriptors. */
struct loop {
    struct pollfd fds[FDS_MAX];
    nfds_t count;
};

static void watch(void *ctx, int fd, unsigned events)
{
    struct loop *loop = ctx;
    int wanted = (events & ENVOI_EVENT_READ ? POLLIN : 0) | (events & ENVOI_EVENT_WRITE ? POLLOUT : 0);
    nfds_t i = 0;

    while (i < loop->count && loop->fds[i].fd != fd)
        i++;
    if (!events) {
        if (i < loop->count)
            loop->fds[i] = loop->fds[--loop->count];
    } else if (i < FDS_MAX) {
        if (i == loop->count)
            loop->count++;
        loop->fds[i] = (struct pollfd){.fd = fd, .events = (short)wanted};
    }
}

static int timeout_of(struct envoi_session *session)
{
    int64_t deadline = envoi_session_deadline(session), left;
    struct timespec now;

    if (deadline < 0)
        return -1;
    clock_gettime(CLOCK_MONOTONIC, &now);
    left = deadline - ((int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000);
    if (left < 0)
        return 0;
    return left > INT_MAX ? INT_MAX : (int)left;
}

/* Carries the verb that was just called to its end. */
static int finish(struct loop *loop, struct envoi_session *session, int rc)
{
    while (rc == ENVOI_E_AGAIN) {
        int ready = poll(loop->fds, loop->count, timeout_of(session));
        struct pollfd p = {.fd = -1};

        /* One at a time, because process() may change the list. A descriptor that is still ready is reported again. */
        for (nfds_t i = 0; ready > 0 && i < loop->count; i++)
            if (loop->fds[i].revents) {
                p = loop->fds[i];
                break;
            }
        /* An error or a hang-up counts as readable and writable: reading or writing finds the reason. */
        rc = envoi_session_process(session, p.fd,
                                   (p.revents & ~POLLOUT ? ENVOI_EVENT_READ : 0) |
                                       (p.revents & ~POLLIN ? ENVOI_EVENT_WRITE : 0));
    }
    return rc;
}

static int send_it(struct loop *loop, struct envoi_session *session, const char *server, struct envoi_message *message)
{
    int rc = envoi_session_set_watch(session, watch, loop);

    if (!rc)
        rc = finish(loop, session, envoi_session_connect(session, server));
    if (!rc)
        rc = finish(loop, session, envoi_session_send(session, message));
    for (size_t i = 0; i < envoi_message_recipients(message); i++)
        puts(envoi_message_verdict_text(message, i));
    if (rc)
        fprintf(stderr, "%s: %s\n", envoi_error_name(rc), envoi_session_error(session));
    finish(loop, session, envoi_session_quit(session));
    return rc;
}

int main(int argc, char **argv)
{
    struct loop loop = {.count = 0};
    struct envoi_library *library = NULL;
    struct envoi_session *session = NULL;
    struct envoi_message *message = NULL;
    int rc;

    if (argc != 4) {
        fprintf(stderr, "usage: %s SERVER FROM TO <message\n", argv[0]);
        return 64;
    }
    if ((rc = envoi_library_new(&library)) == ENVOI_OK && (rc = envoi_session_new(library, &session)) == ENVOI_OK &&
        (rc = envoi_message_new(argv[2], &message)) == ENVOI_OK &&
        (rc = envoi_message_add_recipient(message, argv[3])) == ENVOI_OK &&
        (rc = envoi_message_set_file(message, stdin)) == ENVOI_OK)
        rc = send_it(&loop, session, argv[1], message);
    envoi_message_free(message);
    envoi_session_free(session);
    envoi_library_free(library);
    return rc ? 1 : 0;
}

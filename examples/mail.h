/* SPDX-License-Identifier: MIT */
/* What is the same around every event loop: one message, and the verbs that bring it out, one behind the other. */
#ifndef EXAMPLES_MAIL_H
#define EXAMPLES_MAIL_H

#include <envoi/envoi.h>

struct mail {
    struct envoi_library *library;
    struct envoi_session *session;
    struct envoi_message *message;
    const char *server;
    int next;   /* which verb is next */
    int result; /* the first failure */
};

/* Makes a session in the non-blocking face and a message of standard input. The arguments are SERVER FROM TO.
 * ENVOI_OK or a failure, which is told; mail_close() has to follow in any case. */
int mail_open(struct mail *mail, int argc, char **argv, envoi_watch_fn *watch, void *ctx);
/* Begins the first verb. ENVOI_E_AGAIN: the loop has to run; else all is over. */
int mail_begin(struct mail *mail);
/* A descriptor is ready (-1: the time has passed): carries on, and begins the next verb where one has ended. Results as
 * those of mail_begin(). */
int mail_ready(struct mail *mail, int fd, unsigned events);
/* In so many milliseconds mail_ready() is due; -1: no deadline. Ask again after every call. */
int mail_timeout(const struct mail *mail);
/* Frees everything. The exit status of the program. */
int mail_close(struct mail *mail);

#endif

/* SPDX-License-Identifier: MIT */
/* The part that is the same around every event loop: one message, and the verbs that send it, one after the other. */
#ifndef EXAMPLES_MAIL_H
#define EXAMPLES_MAIL_H

#include <envoi/envoi.h>

struct mail {
    struct envoi_library *library;
    struct envoi_session *session;
    struct envoi_message *message;
    const char *server;
    int next;   /* number of the next verb */
    int result; /* the first failure */
};

/* Makes a non-blocking session and a message of standard input. The arguments are SERVER FROM TO. Returns ENVOI_OK or
 * a failure, which it prints; mail_close() must follow in any case. */
int mail_open(struct mail *mail, int argc, char **argv, envoi_watch_fn *watch, void *ctx);
/* Begins the first verb. Returns ENVOI_E_AGAIN if the loop has to run; otherwise all is done. */
int mail_begin(struct mail *mail);
/* Carries on when a descriptor is ready (-1: the time has passed), and begins the next verb if one has ended.
 * Returns the same as mail_begin(). */
int mail_ready(struct mail *mail, int fd, unsigned events);
/* Returns the milliseconds after which mail_ready() is due; -1: no deadline. Ask again after every call. */
int mail_timeout(const struct mail *mail);
/* Frees everything. Returns the exit status of the program. */
int mail_close(struct mail *mail);

#endif

/* SPDX-License-Identifier: MIT */
/* A child process between the client and a TCP server, as `ssh -W` is one: the client has a socketpair or two pipes. */
#ifndef TEST_RELAY_H
#define TEST_RELAY_H

#include <sys/types.h>

enum relay_kind {
    RELAY_TCP,        /* no child: a socket that is connected to the server */
    RELAY_SOCKETPAIR, /* in and out are the same */
    RELAY_PIPES,
    RELAY_KINDS,
};

struct relay {
    int in, out; /* the client's ends, closed on exec */
    pid_t child; /* 0: none */
};

/* where: "127.0.0.1:PORT" */
struct relay relay_start(enum relay_kind kind, const char *where);
/* The child ends in the midst of it. */
void relay_break(struct relay *r);
/* Waits for the child, which ends when the client's ends are closed. */
void relay_stop(struct relay *r);

#endif

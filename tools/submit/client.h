/* SPDX-License-Identifier: MIT */
/* One client: a user of this machine, by the credentials of its socket, and the messages that it hands over. */
#ifndef SUBMIT_CLIENT_H
#define SUBMIT_CLIENT_H

#include <sys/types.h>

struct setup;

struct peer {
    uid_t uid;
    pid_t pid;
    char name[64]; /* of the user; "" until peer_name() */
};

/* Who is at the other end. Returns 0, or -1: the kernel does not say. */
int peer_of(int fd, struct peer *peer);

/* Talks with it by LMTP until it has finished. The descriptor is not closed. */
void client_serve(const struct setup *setup, int fd, struct peer *peer);

#endif

/* SPDX-License-Identifier: MIT */
/* What is known of a server's name: one look-up serves all connections of a pool's route to it. The first one that needs the
 * addresses looks them up, and no other one is begun meanwhile; what it finds is good for the time that the name servers said.
 * A failure is not kept: the pool's back-off stands for that. */
#ifndef NET_KNOWN_H
#define NET_KNOWN_H

#include "net/resolver.h"

#include <stdbool.h>
#include <stdint.h>

struct known {
    struct addresses addresses;
    int64_t until;  /* they are good before that */
    bool looked_up; /* right now somebody does it */
};

/* The addresses, if there are any that are good. */
const struct addresses *known_use(const struct known *k, int64_t now);
/* Keeps what was found, for ttl milliseconds (-1: nobody said) within bounds. */
void known_keep(struct known *k, const struct addresses *found, int64_t ttl, int64_t now);
/* That address is the one to be tried first. It may have been found after known_keep(). */
void known_prefer(struct known *k, const struct endpoint *e);
void known_forget(struct known *k);

#endif

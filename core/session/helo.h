/* SPDX-License-Identifier: MIT */
/* The EHLO name of a client that has not set one. */
#ifndef SESSION_HELO_H
#define SESSION_HELO_H

#include <stdbool.h>

#define HELO_MAX 256

/* The name of the host if it is fully qualified without a look-up; else the address literal of the connection's local
 * end (RFC 5321 section 4.1.3). Without a network address: "localhost" if `local` says that the server is on this
 * machine, else "[127.0.0.1]", because a server elsewhere takes a literal sooner than a name without a dot. */
void helo_default(int fd, bool local, char name[HELO_MAX]);

#endif

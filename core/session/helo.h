/* SPDX-License-Identifier: MIT */
/* The EHLO name of a client that has not set one. */
#ifndef SESSION_HELO_H
#define SESSION_HELO_H

#define HELO_MAX 256

/* The name of the host if it is fully qualified without a look-up; else the address literal of the connection's local
 * end (RFC 5321 section 4.1.3), or "localhost" on a unix socket. */
void helo_default(int fd, char name[HELO_MAX]);

#endif

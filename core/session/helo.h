/* SPDX-License-Identifier: MIT */
/* The name that a client without one of its own says after EHLO. */
#ifndef SESSION_HELO_H
#define SESSION_HELO_H

#define HELO_MAX 256

/* The host's name when it is fully qualified and known without asking anybody; else the address literal of the connection
 * (RFC 5321 section 4.1.3), or "localhost" on a unix socket. */
void helo_default(int fd, char name[HELO_MAX]);

#endif

/* SPDX-License-Identifier: MIT */
/* A mail server for one connection, in a process of its own, that knows STARTTLS with xor's octets and X-REVERSE. */
#ifndef SERVER_H
#define SERVER_H

#include <sys/types.h>

/* Starts it on a free port of 127.0.0.1; the port, or -1. It ends by itself: with 0 when a message was delivered as it
 * should be. */
int server_start(pid_t *pid);

#endif

/* SPDX-License-Identifier: MIT */
/* Sockets for the tests of net, session and pool, all on 127.0.0.0/8, ::1 or in a directory of their own. */
#ifndef TEST_NET_H
#define TEST_NET_H

#include <stdbool.h>
#include <stdint.h>

/* Milliseconds of a clock that does not jump. */
int64_t net_now(void);
/* A listening TCP socket at host. *port 0: a free port, which is stored there. -1: not possible. */
int net_listen(const char *host, uint16_t *port, int backlog);
/* A port at 127.0.0.1 without a listener. */
uint16_t net_closed_port(void);
/* A socket at host:port whose queue of connections is full, so that further attempts get no answer at all. Returns the
 * number of descriptors opened, put in fds (room for 3); 0: not possible. */
int net_black_hole(const char *host, uint16_t port, int fds[3]);
/* How many descriptors this process has open. */
int net_count_fds(void);
/* The file status flags and the descriptor flags that all of our sockets must have. */
bool net_is_nonblocking(int fd);
bool net_is_cloexec(int fd);

#endif

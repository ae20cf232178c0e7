/* SPDX-License-Identifier: MIT */
/* Tells the service manager how it is: the protocol of sd_notify(3), without its library. */
#ifndef WORKER_NOTIFY_H
#define WORKER_NOTIFY_H

#include <stdint.h>

/* Sends a state, such as "READY=1", to the socket of $NOTIFY_SOCKET. Without one it does nothing. */
void notify_send(const char *state);
/* How often "WATCHDOG=1" is due, in milliseconds; -1: never. */
int64_t notify_watchdog(void);

#endif

/* SPDX-License-Identifier: MIT */
/* noblock is a module for LD_PRELOAD. Between noblock_enter() and noblock_leave() of a thread, the process aborts with
 * a message when that thread
 *
 *   - waits or may wait: poll, select, epoll_wait, sleep, ... however short the time-out;
 *   - asks for a name by a function that blocks: getaddrinfo, gethostbyname, ...;
 *   - moves octets, connects or accepts on a descriptor without O_NONBLOCK. Regular files are exempt: nothing can be done
 *     about them, and descriptors, plugins and certificates come from there.
 *
 * A program that is linked with noblock.c instead may have a noblock_refused(), which is called first.
 *
 * What glibc does by itself, and raw system calls, are not seen. A program finds the two functions with dlsym(). */
#ifndef SUPPORT_NOBLOCK_H
#define SUPPORT_NOBLOCK_H

void noblock_enter(void);
void noblock_leave(void);
void noblock_refused(const char *function, int fd, const char *why) __attribute__((weak));

#endif

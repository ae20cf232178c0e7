/* SPDX-License-Identifier: MIT */
/* In which process are we? Told without a system call: what belongs to the parent of a fork() is not to be used by the child
 * as though it were its own. Two processes that write on one TLS connection would use the same keys for different octets. */
#ifndef BASE_PROCESS_H
#define BASE_PROCESS_H

/* To be called before the first number is asked for; once is enough. ENVOI_OK or ENVOI_E_MEMORY. */
int process_watch(void);
/* A number that is another one in each child of fork(). */
unsigned process_number(void);

#endif

/* SPDX-License-Identifier: MIT */
/* Distinguishes a child of fork() from its parent, without a system call. The child must not go on with the parent's
 * connections: if two processes wrote on one TLS connection, they would use the same keys for different octets. */
#ifndef BASE_PROCESS_H
#define BASE_PROCESS_H

/* Call it before the first process_number(). Further calls do nothing. ENVOI_OK or ENVOI_E_MEMORY. */
int process_watch(void);
/* In a child of fork() this number differs from the one in its parent. */
unsigned process_number(void);

#endif

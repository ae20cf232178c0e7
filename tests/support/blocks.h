/* SPDX-License-Identifier: MIT */
/* An allocator for envoi_set_allocator() that counts living blocks, fails on demand, and looks for secrets in blocks
 * that are freed. One per process, one thread. */
#ifndef SUPPORT_BLOCKS_H
#define SUPPORT_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>

/* From now on envoi allocates here. Call it while nothing of envoi is alive. */
void blocks_install(void);
/* How many blocks are alive, how many were asked for since blocks_fail(), the most octets that were alive at once. */
size_t blocks_alive(void);
size_t blocks_asked(void);
size_t blocks_peak(void);
void blocks_reset_peak(void);
/* The nth request (from 1) from now on fails, and all after it too when for_ever; 0: none. */
void blocks_fail(size_t nth, bool for_ever);
/* No block may be given back with this text in it. Forget them all with blocks_forget_secrets(). */
void blocks_add_secret(const void *secret, size_t len);
void blocks_forget_secrets(void);
/* The secret that was found in a freed block since blocks_forget_secrets(), or NULL. */
const char *blocks_leaked(void);
/* Is the text in a block that is alive, but for those that are excepted? */
bool blocks_hold(const void *secret, size_t len, const void *const *except, size_t except_count);

#endif

/* SPDX-License-Identifier: MIT */
/* Checks the server's first message of SCRAM (RFC 5802, 7677) before Cyrus gets it: a bad one could keep Cyrus busy. */
#ifndef BRIDGE_SCRAM_H
#define BRIDGE_SCRAM_H

#include <stddef.h>
#include <stdint.h>

/* RFC 7677: at least 4096 rounds. The upper bound is that of Cyrus, which computes about 0.1 s for it, in the
 * caller's thread or, where the program allows it, in another one. Servers have 4096 to 15,000 by default, GNU SASL
 * 65,536. Those with OWASP's 600,000 cannot be logged in to by Cyrus. */
#define BRIDGE_SCRAM_ROUNDS_MIN 4096u
#define BRIDGE_SCRAM_ROUNDS_MAX 65536u

/* Finds the client's nonce in the client's first message. Returns NULL if there is none. */
const char *bridge_scram_nonce(const char *first, size_t len, size_t *nonce_len);

/* Checks the server's first message. Returns NULL if it is good, or an error text. */
const char *bridge_scram_check(const char *nonce, size_t nonce_len, const char *in, size_t len);

#endif

/* SPDX-License-Identifier: MIT */
/* A look at the messages of SCRAM (RFC 5802, 7677) as they pass, before a server can make Cyrus work on a bad one. */
#ifndef BRIDGE_SCRAM_H
#define BRIDGE_SCRAM_H

#include <stddef.h>
#include <stdint.h>

/* RFC 7677: at least 4096 rounds. The upper bound keeps a server from holding this process for minutes. */
#define BRIDGE_SCRAM_ROUNDS_MIN 4096u
#define BRIDGE_SCRAM_ROUNDS_MAX 1000000u

/* Finds the client's nonce in its first message. Returns NULL when there is none. */
const char *bridge_scram_nonce(const char *first, size_t len, size_t *nonce_len);

/* Checks the server's first message. Returns NULL when it is good, or what is wrong with it. */
const char *bridge_scram_check(const char *nonce, size_t nonce_len, const char *in, size_t len);

#endif

/* SPDX-License-Identifier: MIT */
/* Checks the challenge of DIGEST-MD5 (RFC 2831) before Cyrus gets it. */
#ifndef BRIDGE_DIGEST_H
#define BRIDGE_DIGEST_H

#include <stddef.h>

/* Checks the server's first message. Returns NULL if it is good, or an error text. */
const char *bridge_digest_check(const char *in, size_t len);

#endif

/* SPDX-License-Identifier: MIT */
/* A look at the challenge of DIGEST-MD5 (RFC 2831) before Cyrus sees it. */
#ifndef BRIDGE_DIGEST_H
#define BRIDGE_DIGEST_H

#include <stddef.h>

/* Checks the server's first message. Returns NULL when it is good, or what is wrong with it. */
const char *bridge_digest_check(const char *in, size_t len);

#endif

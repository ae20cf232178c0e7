/* SPDX-License-Identifier: MIT */
/* Base64, strict RFC 4648 section 4: no line ends, no missing or misplaced padding, no stray bits. */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include "base/buf.h"

/* Appends to out. Results as of buf_append(). */
int base64_encode(struct buf *out, const void *data, size_t len);
/* Appends to out. Results as of buf_append(), or ENVOI_E_PROTOCOL if text is not base64: then nothing is appended. */
int base64_decode(struct buf *out, const char *text, size_t len);

#endif

/* SPDX-License-Identifier: MIT */
/* The last failure of a session (or of a library call): what, where, and the text for a person. The text is an array so
 * that running out of memory can be told too. Plugins see it as the opaque struct envoi_errctx. */
#ifndef BASE_FAULT_H
#define BASE_FAULT_H

#include <stdint.h>

#define FAULT_TEXT_MAX 512

struct envoi_errctx {
    int code;             /* ENVOI_E_*, ENVOI_OK: none */
    int phase;            /* ENVOI_PHASE_* */
    int64_t library_code; /* of OpenSSL, GnuTLS, errno ... */
    char text[FAULT_TEXT_MAX];
};

void fault_clear(struct envoi_errctx *fault);
/* Sets everything and returns code, so that a caller can write `return fault_set(...)`. fault may be NULL. */
int fault_set(struct envoi_errctx *fault, int code, int phase, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Puts "text: " before what is there. */
void fault_prefix(struct envoi_errctx *fault, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif

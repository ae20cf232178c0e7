/* SPDX-License-Identifier: MIT */
/* The last failure of a session or of a call to the library: its code, its phase, and a text for a person. The text is
 * an array, so that it needs no memory when memory is short. For plugins struct envoi_errctx is opaque. */
#ifndef BASE_FAULT_H
#define BASE_FAULT_H

#include <stdint.h>

#define FAULT_TEXT_MAX 512

struct envoi_errctx {
    int code;             /* ENVOI_E_*; ENVOI_OK: no failure */
    int phase;            /* ENVOI_PHASE_* */
    int detail;           /* ENVOI_DETAIL_* */
    int64_t library_code; /* an error number of OpenSSL or GnuTLS, an errno ...; 0: none */
    char text[FAULT_TEXT_MAX];
};

void fault_clear(struct envoi_errctx *fault);
/* Sets all members (library_code and detail to 0) and returns code, so that a caller can write `return fault_set(...)`.
 * If fault is NULL, only returns code. The text is made printable (line feeds stay), and ends with "..." if it is too
 * long. The arguments must not lie in fault->text. */
int fault_set(struct envoi_errctx *fault, int code, int phase, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* The same for ENVOI_E_USAGE, with a detail (ENVOI_DETAIL_*). Returns ENVOI_E_USAGE. */
int fault_misuse(struct envoi_errctx *fault, int detail, int phase, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Sets the detail, and returns the code of the fault. */
int fault_detail(struct envoi_errctx *fault, int detail);
/* Appends to the text that is there, whose end is cut if need be. fault may be NULL. */
void fault_append(struct envoi_errctx *fault, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Puts "prefix: " before the text that is there, whose end is cut if need be. fault may be NULL. */
void fault_prefix(struct envoi_errctx *fault, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif

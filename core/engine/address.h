/* SPDX-License-Identifier: MIT */
/* Mail addresses and ESMTP parameters, as they come from the application (RFC 5321 section 4.1.2, RFC 6531). */
#ifndef ENGINE_ADDRESS_H
#define ENGINE_ADDRESS_H

#include "base/fault.h"

#include <stdbool.h>
#include <stddef.h>

#define ADDRESS_LOCAL_MAX  255 /* RFC 5321 says 64; SRS and VERP go beyond it and servers take that */
#define ADDRESS_DOMAIN_MAX 255
#define PARAMETERS_MAX     900 /* of one command: with the path it stays under 1,500 octets */

struct address {
    char *path; /* without <>; "" is the null reverse-path */
    bool utf8;  /* the local part is not ASCII: SMTPUTF8 is needed */
};

/* Parses what the application gave. null_allowed: "" and "<>" are good. ENVOI_OK; ENVOI_E_ADDRESS with the reason in fault
 * (which may be NULL); ENVOI_E_MEMORY. */
int address_parse(const char *text, bool null_allowed, struct envoi_errctx *fault, struct address *out);
void address_free(struct address *a);

/* Are these parameters of MAIL or RCPT (keyword or keyword=value, separated by single or more blanks)? NULL and "" are.
 * ENVOI_OK; ENVOI_E_USAGE with the reason in fault. */
int parameters_check(const char *options, struct envoi_errctx *fault);

#endif

/* SPDX-License-Identifier: MIT */
/* Mail addresses and ESMTP parameters, as they come from the application (RFC 5321 section 4.1.2, RFC 6531). */
#ifndef MESSAGE_ADDRESS_H
#define MESSAGE_ADDRESS_H

#include "base/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ADDRESS_LOCAL_MAX  255 /* RFC 5321 says 64; SRS and VERP go beyond it and servers take that */
#define ADDRESS_DOMAIN_MAX 255
#define ADDRESS_OWN_MAX    45  /* octets of a path that needs no memory of its own, NUL included */
#define PARAMETERS_MAX     900 /* of one command: with the path it stays under 1,500 octets */

/* A path without <>; "" is the null reverse-path. Nearly all are short and lie in the object, which may be moved. */
struct address {
    char *longer; /* NULL: the path is in `own` */
    uint16_t len;
    bool utf8; /* the local part is not ASCII: SMTPUTF8 is needed */
    char own[ADDRESS_OWN_MAX];
};

static inline const char *address_path(const struct address *a)
{
    return a->longer ? a->longer : a->own;
}

/* Parses what the application gave. null_allowed: "" and "<>" are good. ENVOI_OK; ENVOI_E_ADDRESS with the reason in fault
 * (which may be NULL); ENVOI_E_MEMORY. */
int address_parse(const char *text, bool null_allowed, struct envoi_errctx *fault, struct address *out);
void address_free(struct address *a);

/* Are these parameters of MAIL or RCPT (keyword or keyword=value, separated by single or more blanks)? NULL and "" are.
 * ENVOI_OK; ENVOI_E_USAGE with the reason in fault. */
int parameters_check(const char *options, struct envoi_errctx *fault);

#endif

/* SPDX-License-Identifier: MIT */
/* A mail address as the application gives it (RFC 5321 section 4.1.2, RFC 6531). */
#ifndef MESSAGE_ADDRESS_H
#define MESSAGE_ADDRESS_H

#include "base/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ADDRESS_LOCAL_MAX  255 /* RFC 5321 says 64; SRS and VERP make longer ones, and servers take them */
#define ADDRESS_DOMAIN_MAX 255
#define ADDRESS_OWN_MAX    45 /* octets of a path that is stored in the object, NUL included */

/* A path without <>; "" is the null reverse-path. A short one, as nearly all are, lies in the object itself. No pointer
 * leads to it, so the object may be moved in memory. */
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

/* Parses an address; text is not NULL. null_allowed: "" and "<>" are the null reverse-path, not an error. ENVOI_OK:
 * *out must be freed; ENVOI_E_ADDRESS with the reason in fault, which may be NULL; ENVOI_E_MEMORY. */
int address_parse(const char *text, bool null_allowed, struct envoi_errctx *fault, struct address *out);
/* The same for short ASCII addresses of the usual characters. False: it is none, and *out is not set. */
bool address_parse_plain(const char *text, struct address *out);
void address_free(struct address *a);

#endif

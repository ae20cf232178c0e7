/* SPDX-License-Identifier: MIT */
/* Why a certificate is refused, and the text for it, which is the same whichever library refused. */
#ifndef BACKEND_REASON_H
#define BACKEND_REASON_H

#include "text.h"

#include <envoi/plugin.h>

enum backend_reason {
    REASON_NONE,
    REASON_ABSENT,       /* the server sent none */
    REASON_EXPIRED,      /* notAfter has passed */
    REASON_NOT_YET,      /* notBefore is in the future */
    REASON_SELF_SIGNED,  /* its own issuer, and not trusted */
    REASON_ISSUER,       /* no chain to a trusted CA */
    REASON_NOT_CA,       /* the issuer is not a CA */
    REASON_PURPOSE,      /* not for TLS servers */
    REASON_WEAK,         /* key or signature is too weak */
    REASON_REVOKED,      /* on a revocation list */
    REASON_NO_CRL,       /* lists are configured, but none is the issuer's */
    REASON_STALE_CRL,    /* the issuer's list is out of date */
    REASON_OTHER_HOST,   /* it has names, but not this one */
    REASON_NAMELESS,     /* no name at all in the subjectAltName */
    REASON_PIN,          /* its key is not pinned */
    REASON_UNVERIFIABLE, /* any other failure of the library */
};

/* The detail that completes the text of a reason. */
enum backend_detail {
    DETAIL_NOTHING,
    DETAIL_NOT_BEFORE, /* the date */
    DETAIL_NOT_AFTER,  /* the date */
    DETAIL_SUBJECT,    /* of the certificate in question */
    DETAIL_ISSUER,     /* of the certificate in question */
    DETAIL_NAMES,      /* its names, then ", not for " and the expected name */
    DETAIL_HOST,       /* the expected name */
    DETAIL_LIBRARY,    /* the library's error text */
};

/* Returns the text of a reason. *detail follows it. */
const char *backend_reason_text(enum backend_reason reason, enum backend_detail *detail);

/* Adds which certificate of the chain the reason is about and when it is valid: 0 is the server's own, 1 its issuer. */
void backend_reason_place(struct backend_text *text, int index, int64_t not_before, int64_t not_after);

#endif

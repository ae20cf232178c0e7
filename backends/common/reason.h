/* SPDX-License-Identifier: MIT */
/* Why a certificate is refused, and the one wording for it, whichever library found out. */
#ifndef BACKEND_REASON_H
#define BACKEND_REASON_H

#include <envoi/plugin.h>

enum backend_reason {
    REASON_NONE,
    REASON_ABSENT,       /* the server showed none */
    REASON_EXPIRED,      /* notAfter has passed */
    REASON_NOT_YET,      /* notBefore is to come */
    REASON_SELF_SIGNED,  /* its own issuer, and not trusted */
    REASON_ISSUER,       /* no chain to a trusted CA */
    REASON_NOT_CA,       /* the issuer may not issue */
    REASON_PURPOSE,      /* not for TLS servers */
    REASON_WEAK,         /* key or signature are too weak */
    REASON_REVOKED,      /* on a revocation list */
    REASON_NO_CRL,       /* lists were given, none of them is the issuer's */
    REASON_STALE_CRL,    /* the issuer's list is out of date */
    REASON_OTHER_HOST,   /* names, but not this one */
    REASON_NAMELESS,     /* no name at all in the subjectAltName */
    REASON_PIN,          /* not the pinned key */
    REASON_UNVERIFIABLE, /* whatever else the library says */
};

/* What a reason's text is completed with. */
enum backend_detail {
    DETAIL_NOTHING,
    DETAIL_NOT_BEFORE, /* the date */
    DETAIL_NOT_AFTER,  /* the date */
    DETAIL_SUBJECT,    /* of the certificate in question */
    DETAIL_ISSUER,     /* of the certificate in question */
    DETAIL_NAMES,      /* the names it has, ", not for " and the name it should have */
    DETAIL_HOST,       /* the name it should have */
    DETAIL_LIBRARY,    /* the library's own words */
};

/* The text to begin with; *detail is what follows it. */
const char *backend_reason_text(enum backend_reason reason, enum backend_detail *detail);

#endif

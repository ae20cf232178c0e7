/* SPDX-License-Identifier: MIT */
#include "reason.h"

#include <stdio.h>

static const struct {
    const char *text;
    enum backend_detail detail;
} reasons[] = {
    [REASON_NONE] = {"", DETAIL_NOTHING},
    [REASON_ABSENT] = {"the server showed no certificate", DETAIL_NOTHING},
    [REASON_EXPIRED] = {"certificate has expired on ", DETAIL_NOT_AFTER},
    [REASON_NOT_YET] = {"certificate is not valid before ", DETAIL_NOT_BEFORE},
    [REASON_SELF_SIGNED] = {"self-signed certificate: ", DETAIL_SUBJECT},
    [REASON_ISSUER] = {"issuer unknown: ", DETAIL_ISSUER},
    [REASON_NOT_CA] = {"issuer is not a certificate authority: ", DETAIL_SUBJECT},
    [REASON_PURPOSE] = {"certificate is not meant for TLS servers: ", DETAIL_SUBJECT},
    [REASON_WEAK] = {"certificate has a weak key or signature: ", DETAIL_SUBJECT},
    [REASON_REVOKED] = {"certificate is revoked: ", DETAIL_SUBJECT},
    [REASON_NO_CRL] = {"no revocation list is at hand from the issuer ", DETAIL_ISSUER},
    [REASON_STALE_CRL] = {"revocation list is out of date, from the issuer ", DETAIL_ISSUER},
    [REASON_OTHER_HOST] = {"certificate is for ", DETAIL_NAMES},
    [REASON_NAMELESS] = {"certificate names no host (it has no subjectAltName), so it is not for ", DETAIL_HOST},
    [REASON_PIN] = {"certificate has none of the pinned keys: ", DETAIL_SUBJECT},
    [REASON_UNVERIFIABLE] = {"certificate cannot be verified: ", DETAIL_LIBRARY},
};

const char *backend_reason_text(enum backend_reason reason, enum backend_detail *detail)
{
    *detail = reasons[reason].detail;
    return reasons[reason].text;
}

void backend_reason_place(struct backend_text *text, int index, int64_t not_before, int64_t not_after)
{
    char buf[64] = "the server's own";

    if (index > 0)
        (void)snprintf(buf, sizeof buf, "number %d of the chain, above the server's", index + 1);
    backend_text_add(text, " (");
    backend_text_add(text, buf);
    backend_text_add(text, ", valid from ");
    backend_text_add_time(text, not_before);
    backend_text_add(text, " to ");
    backend_text_add_time(text, not_after);
}

/* SPDX-License-Identifier: MIT */
/* What a server answered to one command, in the form of libesmtp.h. */
#ifndef LIBESMTP_STATUS_H
#define LIBESMTP_STATUS_H

#include "libesmtp.h"

#include <stdbool.h>

struct envoi_reply;

/* Takes a reply. enhanced: ENHANCEDSTATUSCODES is announced, so the triplet is taken out of the text. Returns whether
 * one was missing (RFC 2034 section 4). */
bool status_take(struct smtp_status *status, const struct envoi_reply *reply, bool enhanced);
/* The same for an answer that no server gave, such as "5.1.3 not a mail address". */
void status_set(struct smtp_status *status, int code, const char *text, bool enhanced);
void status_reset(struct smtp_status *status);
/* For the program: its text is never NULL, can be written to, and has two octets at least. */
const smtp_status_t *status_show(struct smtp_status *status);

#endif

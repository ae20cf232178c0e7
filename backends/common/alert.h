/* SPDX-License-Identifier: MIT */
/* The words for an alert of the server's, which must not read as a check of our own. */
#ifndef BACKEND_ALERT_H
#define BACKEND_ALERT_H

#include "text.h"

/* Adds "the server's alert: ...". `asked`: the server asked for a client certificate, and none is set. */
void backend_alert_add(struct backend_text *text, unsigned alert, bool asked);

#endif

/* SPDX-License-Identifier: MIT */
/* ESMTP parameters of MAIL and RCPT as the application gives them (RFC 5321 section 4.1.2): "RET=HDRS ENVID=1". */
#ifndef MESSAGE_PARAMETERS_H
#define MESSAGE_PARAMETERS_H

#include "base/fault.h"

#define PARAMETERS_MAX 900 /* octets for one command: with the path the line stays under 1,500 */

/* Checks the syntax: keyword or keyword=value, separated by blanks. NULL and "" are fine. ENVOI_OK; ENVOI_E_USAGE with
 * the reason in fault, which may be NULL. */
int parameters_check(const char *options, struct envoi_errctx *fault);

#endif

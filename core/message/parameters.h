/* SPDX-License-Identifier: MIT */
/* ESMTP parameters of MAIL and RCPT as the application gives them (RFC 5321 section 4.1.2): "RET=HDRS ENVID=1". */
#ifndef MESSAGE_PARAMETERS_H
#define MESSAGE_PARAMETERS_H

#include "base/buf.h"
#include "base/fault.h"

#include <stdbool.h>

#define PARAMETERS_MAX 900 /* octets for one command: with the path the line stays under 1,500 */

/* Checks the syntax: keyword or keyword=value, separated by blanks. NULL and "" are fine. ENVOI_OK; ENVOI_E_USAGE with
 * the reason in fault, which may be NULL. */
int parameters_check(const char *options, struct envoi_errctx *fault);
/* Replaces the parameters with these names, a list that ends with NULL, among the options by others; *words is empty if
 * there shall be none. ENVOI_OK; ENVOI_E_MEMORY; ENVOI_E_USAGE with the reason in fault: the result is not
 * well-formed or too long, and the options are as before. */
int parameters_replace(char **options, const char *const *names, const struct buf *words, struct envoi_errctx *fault);

/* May this character stand for itself in xtext (RFC 3461 section 4)? */
static inline bool parameters_is_xchar(unsigned c)
{
    return c > 32 && c < 127 && c != '+' && c != '=';
}

/* Appends a character as two or more hexadecimal digits, with a text before and behind them. */
void parameters_escape(struct buf *out, const char *before, unsigned c, const char *after);
/* Appends a text as xtext: other characters are "+" and two hexadecimal digits. */
void parameters_xtext(struct buf *out, const char *text);

#endif

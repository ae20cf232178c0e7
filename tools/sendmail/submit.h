/* SPDX-License-Identifier: MIT */
/* Submits one mail, from its octets to its result. */
#ifndef SENDMAIL_SUBMIT_H
#define SENDMAIL_SUBMIT_H

#include "sendmail/arguments.h"
#include "sendmail/result.h"
#include "sendmail/source.h"

/* Called with the result while its texts live. */
typedef void submit_fn(void *ctx, const struct result *result);

/* Sends the mail of the source. The result is logged, and told to `tell`; NULL: it is printed. Returns the exit code.
 * */
int submit_mail(const struct arguments *arguments, struct source *source, submit_fn *tell, void *ctx);

#endif

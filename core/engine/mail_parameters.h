/* SPDX-License-Identifier: MIT */
/* The parameters of MAIL and RCPT: those that the message asks for, checked against the server's extensions. */
#ifndef ENGINE_MAIL_PARAMETERS_H
#define ENGINE_MAIL_PARAMETERS_H

#include "base/buf.h"

#include <stdbool.h>

struct engine;
struct envoi_message;

/* Checks all parameters of the message, those of RCPT included, before MAIL goes out. Fills message->dropped, and
 * appends the parameters of MAIL to `out`. chunked: the content will go by BDAT. ENVOI_OK, or a failure that is
 * reported to the fault; `out` may then have some of the parameters. */
int parameters_of_mail(struct engine *e, struct envoi_message *m, bool chunked, struct buf *out);
/* For MAIL and RCPT by hand: are the options announced that are never dropped? ENVOI_OK, or a failure as above. NULL:
 * none. */
int parameters_check_kept(struct engine *e, const char *options);
/* Appends " NAME=VALUE ..." for those options that the server announces. NULL: none. */
void parameters_append(const struct engine *e, const char *options, struct buf *out);

#endif

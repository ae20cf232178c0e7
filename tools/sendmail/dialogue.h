/* SPDX-License-Identifier: MIT */
/* -bs: SMTP on standard input and output, as a server that passes each mail on before it answers. */
#ifndef SENDMAIL_DIALOGUE_H
#define SENDMAIL_DIALOGUE_H

#include "sendmail/arguments.h"

/* Talks until QUIT or the end of standard input. Returns 0, or an exit code after a failure of its own was printed:
 * what became of a mail is told in the dialogue. */
int dialogue_run(const struct arguments *arguments);

#endif

/* SPDX-License-Identifier: MIT */
/* One message on its way. */
#ifndef LIBESMTP_TRANSACTION_H
#define LIBESMTP_TRANSACTION_H

#include <stdbool.h>

struct smtp_message;

/* Has it a recipient that is not complete? */
bool transaction_is_due(const struct smtp_message *message);
/* Sends it to those, and sets the statuses. 1: the server has answered, whatever it said; 0: the error is set, and the
 * session ends. */
int transaction_run(struct smtp_message *message);

#endif

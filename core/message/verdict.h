/* SPDX-License-Identifier: MIT */
/* From the verdicts of recipients to the result of a message. */
#ifndef MESSAGE_VERDICT_H
#define MESSAGE_VERDICT_H

#include "message/message.h"

/* ENVOI_RESULT_* of the transaction: only the recipients that are due count. */
int verdict_of_transaction(const struct envoi_message *m);
/* That of a send: all recipients count; in a pool, which may need several transactions, only those that are due. */
int verdict_of_send(const struct envoi_message *m);
/* The code that a send returns for ENVOI_RESULT_* of its verdicts. failure: the first failure of the send; ENVOI_OK:
 * there was none. */
int verdict_result(const struct envoi_message *m, int result, int failure);
/* Is it one of the codes of ENVOI_RESULT_REFUSED? */
bool verdict_is_refusal(int code);
/* Writes "<a> for good (550 5.1.1 no such user) and <b> for now (451 ...)", the first ones of the transaction that were
 * refused in the one way and in the other. False: all were refused in the same way. */
bool verdict_tell_both(const struct envoi_message *m, char *text, size_t room);
/* Gives all recipients that have no verdict yet the phase and reason of not having been attempted. */
void verdict_not_attempted(struct envoi_message *m, int phase, const char *why);
/* Not every recipient was accepted, and the message requires it: that is the reason of all that have no verdict. */
void verdict_not_all(struct envoi_message *m);
/* A send is refused before it begins: clears the verdicts of earlier sends and says why these messages were not
 * attempted. Messages that are busy elsewhere, and NULL, are left alone. */
void verdict_not_begun(struct envoi_message *const *messages, size_t count, const char *why);

#endif

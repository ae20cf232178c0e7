/* SPDX-License-Identifier: MIT */
/* A message in several transactions, because the server takes only a part of its recipients in one. It announces
 * LIMITS (RFC 9422), or says "too many recipients" (RFC 5321 section 4.5.3.1.10). Those of a pool begin there.
 *
 * In each transaction one recipient at least gets a verdict that stands, so there are no more of them than recipients.
 */
#ifndef ENGINE_SPLIT_H
#define ENGINE_SPLIT_H

#include <stdbool.h>
#include <stddef.h>

struct engine;
struct envoi_errctx;
struct envoi_message;
struct envoi_reply;
struct job;

/* See engine_pick(). */
int split_pick(const struct engine *e, struct envoi_message *m, struct envoi_errctx *why);
/* Before MAIL: the transaction is for as many recipients as the server takes. ENVOI_OK, or an error that is reported in
 * the fault. */
int split_begin(struct engine *e, struct job *job);
/* The reply is the verdict of one recipient, whose RCPT it refuses. */
void split_rcpt(struct engine *e, struct job *job, size_t index, const struct envoi_reply *reply);
/* All RCPTs are answered, and some were accepted: finds those that were too many, where the server gives no enhanced
 * code. */
void split_surplus(struct engine *e, struct job *job);
/* The next verdict is that of all recipients that are left: there is no further transaction. */
void split_end(struct job *job);
/* Behind a transaction: is another one to follow on this connection? Then its recipients are due. If recipients are
 * left and none can follow, the reason is theirs. */
bool split_goes_on(struct engine *e, struct job *job);

#endif

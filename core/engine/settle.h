/* SPDX-License-Identifier: MIT */
/* From a reply, or the loss of the connection, to the verdicts of recipients. */
#ifndef ENGINE_SETTLE_H
#define ENGINE_SETTLE_H

#include "message/verdict.h"

#include <envoi/reply.h>

struct engine;
struct job;

/* The reply is the verdict of one recipient. */
void settle_one(struct envoi_message *m, size_t index, int phase, const struct envoi_reply *reply);
/* ... of all that are due. */
void settle_all(struct envoi_message *m, int phase, const struct envoi_reply *reply);
/* ... of all that wait for the reply to the content. */
void settle_pending(struct envoi_message *m, int phase, const struct envoi_reply *reply);
/* The server took content that it had refused before: the outcome is unknown for the recipients that were refused in
 * that phase; ENVOI_PHASE_NONE: in any. */
void settle_unknown(struct envoi_message *m, int phase);
/* The message is larger than the server takes, as it has announced (RFC 1870): it is refused, without a reply, for all
 * that have no verdict. */
void settle_too_large(struct engine *e, struct envoi_message *m);
/* The connection is gone, or the job cannot be sent. Recipients without a verdict are unknown if the whole content has
 * left, else not attempted. After a 421 nothing more was processed (RFC 5321 section 3.8): recipients that wait for the
 * reply to the content are deferred. */
void settle_lost(struct engine *e, struct job *job);

#endif

/* SPDX-License-Identifier: MIT */
/* Carries the verb of a session on: round by round for an application's loop, or in a loop around the same rounds. */
#ifndef SESSION_LOOP_H
#define SESSION_LOOP_H

#include "session/session.h"

/* Before a verb: has the server said something, or closed, since the last one? Then that is read first. A message that is
 * written to a connection that is closed is unknown, and a reply that nobody asked for would be taken for the first one. */
void loop_catch_up(struct envoi_session *s);
/* To be called with what the beginning of a verb returned. In the blocking face: the result; else ENVOI_E_AGAIN when there
 * is more to do. */
int loop_run(struct envoi_session *s, int rc);

#endif

/* SPDX-License-Identifier: MIT */
/* Runs the verb of a session: a round for each event of the application's loop, or a blocking loop around the same
 * rounds. */
#ifndef SESSION_LOOP_H
#define SESSION_LOOP_H

#include "session/session.h"

/* Before a verb: if the server has sent something since the last one, or has closed, this is read first. Otherwise a
 * message would be written to a closed connection and end as unknown, or an unsolicited reply would be taken for the
 * first one. */
void loop_catch_up(struct envoi_session *s);
/* The connection was made, and s->peer names it. Begins in the engine; returns as engine_connect(). repeatable: the
 * session can make another one. */
int loop_connected(struct envoi_session *s, bool repeatable);
/* Begins to make a connection to the session's target. ENVOI_E_AGAIN, or an error. */
int loop_dial(struct envoi_session *s);
/* Carries on a verb whose beginning returned rc. Returns its result; in the non-blocking face ENVOI_E_AGAIN if it is
 * not finished. */
int loop_run(struct envoi_session *s, int rc);

#endif

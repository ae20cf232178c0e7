/* SPDX-License-Identifier: MIT */
/* Carries the verb of a session on: round by round for an application's loop, or in a loop around the same rounds. */
#ifndef DRIVER_LOOP_H
#define DRIVER_LOOP_H

#include "driver/session.h"

/* To be called with what the beginning of a verb returned. In the blocking face: the result; else ENVOI_E_AGAIN when there
 * is more to do. */
int loop_run(struct envoi_session *s, int rc);

#endif

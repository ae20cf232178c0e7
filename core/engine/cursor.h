/* SPDX-License-Identifier: MIT */
/* The two cursors over the queue: see command.h. */
#ifndef ENGINE_CURSOR_H
#define ENGINE_CURSOR_H

#include <envoi/reply.h>

struct engine;

/* Moves the written cursor as far as possible: prepares jobs, writes commands, finishes jobs. */
void cursor_pump(struct engine *e);
/* Gives a reply to the command at the answered cursor, and moves that. */
void cursor_answer(struct engine *e, const struct envoi_reply *reply);

#endif

/* SPDX-License-Identifier: MIT */
/* A thread for one task of an engine: what may block, in the non-blocking face. */
#ifndef SESSION_WORKER_H
#define SESSION_WORKER_H

#include "engine/engine.h"
#include "session/library.h"

struct worker;

/* Begins the task. The library is kept until it was run and released. ENVOI_OK; ENVOI_E_SYSTEM with errno: there are no more
 * descriptors or threads; ENVOI_E_MEMORY: nothing was begun. */
int worker_new(struct envoi_library *library, const struct engine_task *task, struct worker **out);
/* Nobody waits for it any more; the task is run to its end all the same. Does not block. NULL: nothing. */
void worker_free(struct worker *w);
/* Readable when the task was run. */
int worker_fd(const struct worker *w);

#endif

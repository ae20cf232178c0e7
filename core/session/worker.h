/* SPDX-License-Identifier: MIT */
/* A thread for one task of an engine that may block, so that the non-blocking face does not wait for it. */
#ifndef SESSION_WORKER_H
#define SESSION_WORKER_H

#include "engine/engine.h"
#include "library/library.h"

struct worker;

/* Starts a thread that runs and releases the task. It holds a reference to the library until then. ENVOI_OK;
 * ENVOI_E_SYSTEM with errno: no descriptor or thread can be had; ENVOI_E_MEMORY. After an error the task was neither
 * run nor released. */
int worker_new(struct envoi_library *library, const struct task *task, struct worker **out);
/* Stops waiting for the worker, which still runs its task to the end. Does not block. NULL is a no-op. */
void worker_free(struct worker *w);
/* Becomes readable when the task has been run and released. */
int worker_fd(const struct worker *w);

#endif

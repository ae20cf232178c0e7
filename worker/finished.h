/* SPDX-License-Identifier: MIT */
/* The jobs that were finished last. When the broker is lost it delivers again all that was not acknowledged, and these
 * are not sent a second time.
 *
 * A job is known by its id, its attempt and the end of the last attempt: a copy that was postponed has the attempt of
 * the job that it is a copy of, but another end. Only what is delivered again is looked for here, so that a producer
 * who uses an id twice loses no mail. */
#ifndef WORKER_FINISHED_H
#define WORKER_FINISHED_H

#include <stddef.h>

#define FINISHED_JOBS 10000

struct job;
struct finished;
struct outcome;

/* A memory of so many jobs: the oldest one makes room. NULL: out of memory. */
struct finished *finished_new(size_t jobs);
void finished_free(struct finished *finished);
/* Remembers a job. The outcome is the memory's from now on; NULL: its copies are confirmed, and it need only be
 * acknowledged. Without memory it is not remembered, and may be sent twice. */
void finished_put(struct finished *finished, const struct job *job, struct outcome *outcome);
/* Returns 0: the job is not known. Returns 1: it was finished, and *outcome is as finished_put() was given it; if it is
 * not NULL, it is the caller's, and the job is forgotten. */
int finished_take(struct finished *finished, const struct job *job, struct outcome **outcome);

#endif

/* SPDX-License-Identifier: MIT */
#include "worker/finished.h"

#include "worker/job.h"
#include "worker/outcome.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define FINISHED_NONE SIZE_MAX

struct finished_entry {
    char *id; /* NULL: empty */
    int64_t attempt, last;
    struct outcome *outcome;
    size_t next; /* in its bucket; FINISHED_NONE: the last one */
};

/* A ring, and chains through it by hash. */
struct finished {
    struct finished_entry *ring;
    size_t *buckets;
    size_t room, oldest;
};

struct finished *finished_new(size_t jobs)
{
    struct finished *finished = calloc(1, sizeof *finished);

    if (!finished)
        return NULL;
    finished->room = jobs;
    finished->ring = calloc(jobs, sizeof *finished->ring);
    finished->buckets = calloc(jobs, sizeof *finished->buckets);
    if (!finished->ring || !finished->buckets) {
        free(finished->ring);
        free(finished->buckets);
        free(finished);
        return NULL;
    }
    for (size_t i = 0; i < jobs; i++)
        finished->buckets[i] = FINISHED_NONE;
    return finished;
}

void finished_free(struct finished *finished)
{
    if (!finished)
        return;
    for (size_t i = 0; i < finished->room; i++) {
        free(finished->ring[i].id);
        outcome_free(finished->ring[i].outcome);
    }
    free(finished->ring);
    free(finished->buckets);
    free(finished);
}

/* FNV-1a. */
static size_t *finished_bucket(struct finished *finished, const char *id, int64_t attempt, int64_t last)
{
    uint64_t hash = 14695981039346656037U;

    for (; *id; id++)
        hash = (hash ^ (unsigned char)*id) * 1099511628211U;
    hash = (hash ^ (uint64_t)attempt) * 1099511628211U;
    hash = (hash ^ (uint64_t)last) * 1099511628211U;
    return &finished->buckets[hash % finished->room];
}

/* The link to the entry of a job; *link is FINISHED_NONE if there is none. */
static size_t *finished_find(struct finished *finished, const char *id, int64_t attempt, int64_t last)
{
    size_t *link = finished_bucket(finished, id, attempt, last);

    while (*link != FINISHED_NONE) {
        struct finished_entry *entry = &finished->ring[*link];

        if (entry->attempt == attempt && entry->last == last && !strcmp(entry->id, id))
            break;
        link = &entry->next;
    }
    return link;
}

static void finished_forget(struct finished *finished, struct finished_entry *entry)
{
    if (!entry->id)
        return;
    *finished_find(finished, entry->id, entry->attempt, entry->last) = entry->next;
    free(entry->id);
    outcome_free(entry->outcome);
    *entry = (struct finished_entry){0};
}

void finished_put(struct finished *finished, const struct job *job, struct outcome *outcome)
{
    size_t *link = finished_find(finished, job->id, job->attempt, job->last);
    struct finished_entry *entry;

    if (*link != FINISHED_NONE)
        finished_forget(finished, &finished->ring[*link]);
    entry = &finished->ring[finished->oldest];
    finished_forget(finished, entry);
    if (!(entry->id = strdup(job->id))) {
        outcome_free(outcome);
        return;
    }
    entry->attempt = job->attempt;
    entry->last = job->last;
    entry->outcome = outcome;
    link = finished_bucket(finished, job->id, job->attempt, job->last);
    entry->next = *link;
    *link = finished->oldest;
    finished->oldest = (finished->oldest + 1) % finished->room;
}

int finished_take(struct finished *finished, const struct job *job, struct outcome **outcome)
{
    size_t at = *finished_find(finished, job->id, job->attempt, job->last);

    *outcome = NULL;
    if (at == FINISHED_NONE)
        return 0;
    *outcome = finished->ring[at].outcome;
    finished->ring[at].outcome = NULL;
    if (*outcome)
        finished_forget(finished, &finished->ring[at]);
    return 1;
}

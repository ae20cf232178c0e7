/* SPDX-License-Identifier: MIT */
/* From the verdicts to the broker: which copies of a job are published where, before the job is acknowledged. A pure
 * function, whose tables are those of envoi-worker(1). */
#ifndef WORKER_PLAN_H
#define WORKER_PLAN_H

#include "worker/topology.h"
#include <stddef.h>
#include <stdint.h>

struct config;
struct job;
struct outcome;

enum plan_cause {
    PLAN_SENT,      /* the job was given to the pool, and has an outcome */
    PLAN_POSTPONED, /* its account cannot send now: no attempt is counted */
    PLAN_PARKED,    /* it was delivered before, and may have been sent (redelivered = park) */
    PLAN_EXPIRED,   /* its time was over before it began */
};

struct plan_facts {
    enum plan_cause cause;
    const struct job *job;
    const struct outcome *outcome; /* PLAN_SENT */
    int is_own_fault; /* PLAN_SENT: the server works for others, so a lost connection is an attempt of this job */
    int64_t now;      /* seconds since 1970 */
    const struct config *config;
};

/* One copy, for the recipients whose flag is set. */
struct plan_copy {
    enum topology_role role;
    size_t delay;              /* TOPOLOGY_WAIT: its index */
    const unsigned char *keep; /* NULL: all recipients */
    int64_t attempt, first, last;
    const char *reason; /* NULL: none, it will be tried again */
};

#define PLAN_COPIES_MAX 6

struct plan {
    struct plan_copy copies[PLAN_COPIES_MAX];
    size_t count;
    int has_result;      /* the producer wants one */
    const char *word;    /* of the job: "sent", "partial", "deferred" ... */
    unsigned char *keep; /* owns the flags */
};

/* Nothing was attempted, with this error: can the account not send now, rather than the job not be sent? */
int plan_blames_account(int error);
/* Has the time of the job passed? */
int plan_is_expired(const struct job *job, int64_t now);
/* Returns 0, or -1 if memory ran out. The caller calls plan_free(). */
int plan_make(const struct plan_facts *facts, struct plan *plan);
void plan_free(struct plan *plan);

#endif

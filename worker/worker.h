/* SPDX-License-Identifier: MIT */
/* The worker: takes jobs from the broker, sends them, and tells the broker what became of them, in one thread. The way
 * of a job, and the files in its order:
 *
 *   consumer.c      the connection to the broker: opened, lost, blocked; its events
 *   taking.c    a delivery becomes a job in hand (job.h), unless it is invalid, or was finished before (finished.h)
 *   sending.c   it waits for its account (smtp.h), goes into the pool, and comes back with verdicts (outcome.h)
 *   settling.c  what follows from these (plan.h) is published and confirmed; then the job is acknowledged
 *   worker.c    the loop, signals and the end
 *
 * Each file uses only those behind it, but consumer.c, which begins anew. */
#ifndef WORKER_WORKER_H
#define WORKER_WORKER_H

#include "worker/breaker.h"
#include "worker/broker.h"
#include "worker/jobs.h"
#include "worker/loop.h"
#include "worker/smtp.h"
#include <stddef.h>
#include <stdint.h>

struct accounts;
struct config;
struct exporter;
struct fault;
struct finished;
struct metrics;

/* What the worker is made of. It outlives the worker. */
struct worker_setup {
    const struct accounts *accounts;
    const struct config *config;
    struct broker *broker;
    struct metrics *metrics;
    struct exporter *exporter;          /* NULL: the metrics are not shown */
    const char *plugins_d, *module_dir; /* NULL: those of the library */
    int content_root;                   /* -1: jobs may not name files */
};

enum worker_phase {
    WORKER_RUNS,
    WORKER_DRAINS, /* takes and begins nothing; what is on the wire is finished, until `end_at` */
    WORKER_ENDS,   /* the pools are stopped; what became of the last jobs is published, until `end_at` */
    WORKER_OVER,
};

/* The connection to the broker. */
struct worker_consumer {
    int is_open, is_blocked;
    int was_open;       /* once: the worker is ready */
    const char *broken; /* why it is closed by the next consumer_step(); NULL: it is not */
    unsigned prefetch;  /* as it takes jobs now; 0: it takes none */
    int64_t opened;     /* when it was opened last */
    int64_t open_at;    /* when it is tried again */
    int64_t pause;      /* before that */
    int64_t give_up_at; /* the first connection is tried until then */
    int64_t consume_at; /* when the queue, which was deleted, is looked for again */
    int64_t consume_pause;
};

struct worker {
    struct worker_setup setup;
    struct smtp_setup smtp_setup;
    struct loop loop;
    int bell[2]; /* rung by signals and by threads */
    enum worker_phase phase;
    int64_t end_at; /* of the phase */
    struct worker_consumer consumer;
    struct jobs jobs;
    struct finished *finished;
    struct smtp *smtps;
};

/* Returns 0, or an exit code with *fault filled; *out is NULL then. */
int worker_new(const struct worker_setup *setup, struct worker **out, struct fault *fault);
/* Jobs in hand are not settled: the broker delivers them again. */
void worker_free(struct worker *worker);
/* Waits ms milliseconds at most (-1: as long as nothing is due) and does what is to be done. Returns 0, or an exit code
 * with *fault filled. The phase is WORKER_OVER after the last step. */
int worker_step(struct worker *worker, int ms, struct fault *fault);
/* Asks it to end: takes no more jobs and finishes those on the wire, up to `grace`. Asked again: now. */
void worker_stop(struct worker *worker);
/* Reads the secrets of the accounts anew, and lets refused ones be tried again. */
void worker_forget_secrets(struct worker *worker);

/* ---- consumer.c ---- */

/* Connects if that is due, and takes all events. Returns 0, or an exit code with *fault filled: there is no first
 * connection. */
int consumer_step(struct worker *worker, struct fault *fault);
int64_t consumer_deadline(const struct worker *worker);
/* Takes as many jobs as the accounts can use now. */
void consumer_adjust(struct worker *worker);
/* This delivery cannot be dealt with: the connection ends soon, and the broker delivers again what is not settled. */
void consumer_fail(struct worker *worker, const char *why);

/* ---- taking.c ---- */

void taking_delivery(struct worker *worker, const struct broker_event *event);

/* ---- sending.c ---- */

/* Chooses the account of a job, for which it waits then. */
void sending_begin(struct worker *worker, struct hand *hand);
/* The `done` of smtp.h. */
void sending_done(void *ctx, struct hand *hand, int result, const char *error);
/* Gives jobs to the pools, or back to the broker. */
void sending_step(struct worker *worker);
/* When sending_step() is due; -1: never, but it is called in each step. */
int64_t sending_deadline(const struct worker *worker);
/* The stage of the account that works best. */
enum breaker_stage sending_stage(const struct worker *worker);
/* Is there an account in BREAKER_PROBES by which a job can be tried now? */
int sending_may_probe(const struct worker *worker);
/* The broker is lost, or the worker ends: what is not on the wire is dropped, without a settlement. */
void sending_drop(struct worker *worker);

/* ---- settling.c ---- */

/* Logs and counts the verdicts in `hand`. */
void settling_tell(const struct worker *worker, const struct hand *hand);
/* The job has come to an end, with the outcome in `hand`. */
void settling_begin(struct worker *worker, struct hand *hand, enum plan_cause cause);
/* The same of a delivery that is no job. */
void settling_invalid(struct worker *worker, struct hand *hand, const struct broker_message *message, const char *text);
/* It needs an acknowledgement only. */
void settling_again(struct worker *worker, struct hand *hand);
/* Publishes what is due. */
void settling_step(struct worker *worker);
int64_t settling_deadline(const struct worker *worker);
/* Is there a publication that the broker should have confirmed long ago? */
int settling_is_late(const struct worker *worker);
void settling_confirmed(struct worker *worker, uint64_t number);
/* No queue took it (`why`). */
void settling_failed(struct worker *worker, uint64_t number, const char *why);
/* The broker is lost: what is not settled is remembered. */
void settling_drop(struct worker *worker);

#endif

/* SPDX-License-Identifier: MIT */
/* What the worker remembers, and what it does when memory runs out. */
#include "tests/worker/life/life.h"
#include "tests/worker/memory.h"
#include "worker/finished.h"
#include "worker/outcome.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(life_memory, .timeout = 120);

/* ---- the last jobs ---- */

static struct job job_of(int id, int64_t attempt, int64_t last)
{
    struct job job = {.attempt = attempt, .last = last};

    snprintf(job.id, sizeof job.id, "job%d", id);
    return job;
}

static struct outcome *outcome_of(int error)
{
    struct outcome *outcome = calloc(1, sizeof *outcome);

    outcome->error = error;
    return outcome;
}

/* -1: it is not known; else the error of its outcome, 0 if it has none. */
static int taken(struct finished *finished, int id, int64_t attempt, int64_t last)
{
    struct job job = job_of(id, attempt, last);
    struct outcome *outcome;
    int error = -1;

    if (finished_take(finished, &job, &outcome))
        error = outcome ? outcome->error : 0;
    outcome_free(outcome);
    return error;
}

Test(life_memory, knows_a_job_by_id_attempt_and_last)
{
    struct finished *finished = finished_new(10);
    struct job job = job_of(1, 2, 3);

    finished_put(finished, &job, outcome_of(7));
    cr_expect_eq(taken(finished, 2, 2, 3), -1);
    cr_expect_eq(taken(finished, 1, 1, 3), -1);
    cr_expect_eq(taken(finished, 1, 2, 4), -1);
    cr_expect_eq(taken(finished, 1, 2, 3), 7);
    cr_expect_eq(taken(finished, 1, 2, 3), -1, "the outcome is taken once");
    finished_put(finished, &job, outcome_of(8));
    finished_put(finished, &job, NULL);
    cr_expect_eq(taken(finished, 1, 2, 3), 0);
    cr_expect_eq(taken(finished, 1, 2, 3), 0, "that it is settled stays known");
    finished_free(finished);
}

Test(life_memory, forgets_the_oldest)
{
    enum { ROOM = 100, MORE = 1000 };
    struct finished *finished = finished_new(ROOM);

    for (int i = 0; i < MORE; i++) {
        struct job job = job_of(i, 1, 0);

        finished_put(finished, &job, i % 2 ? outcome_of(i) : NULL);
    }
    for (int i = 0; i < MORE; i++)
        cr_expect_eq(taken(finished, i, 1, 0), i < MORE - ROOM ? -1 : i % 2 * i, "job %d", i);
    finished_free(finished);
}

/* ---- no memory ---- */

/* A job with a recipient of each kind; the allocation number `n` fails. Returns 0 when there were fewer. */
static int live_with_failure(int n)
{
    size_t jobs = 1, last = 0;
    int failed;

    life_begin("", "");
    memory_until_failure = n;
    life_job_of("m", "one", LIFE_TO("you@example.net", "refuse@example.net", "defer@example.net"));
    for (int i = 0; i < 300 && fake_settled(life.broker) < jobs && !life.exit; i++) {
        life_pass(500);
        life_step();
        /* If it could not even be begun, it was postponed. */
        if (jobs == 1 && fake_published(life.broker, "wait.1m", &last) == 1 &&
            life_number(life_last("wait.1m"), "x-envoi-attempt") == 1)
            fake_return_copy(life.broker, last), jobs++;
    }
    failed = !memory_until_failure;
    memory_until_failure = 0;
    /* Without memory for a descriptor the worker ends, and the broker has the job still. */
    if (!life.exit) {
        cr_expect_eq(fake_settled(life.broker), jobs, "allocation %d: it is not settled", n);
        cr_expect_eq(life.broker->jobs[0].settlement, BROKER_ACK);
        cr_expect_eq(fake_smtp_count(&life.smtp[0], "you@example.net"), 1, "allocation %d: it was sent %zu times", n,
                     fake_smtp_count(&life.smtp[0], "you@example.net"));
        cr_expect_eq(fake_published(life.broker, "dead", NULL), 1, "allocation %d", n);
        cr_expect_eq(fake_published(life.broker, "wait.1m", NULL), jobs, "allocation %d", n);
        cr_expect_eq(life_number(life_last("wait.1m"), "x-envoi-attempt"), 2, "allocation %d", n);
    }
    life_end();
    return failed;
}

Test(life_memory, every_allocation_fails_once)
{
    int n = 1;

    while (live_with_failure(n))
        cr_assert_lt(++n, 2000);
    cr_expect_gt(n, 15, "only %d allocations", n);
}

/* SPDX-License-Identifier: MIT */
#include "worker/worker.h"

#include "accounts/exit_code.h"
#include "accounts/fault.h"
#include "portable/errno_text.h"
#include "portable/wakeup.h"
#include "worker/clock.h"
#include "worker/config.h"
#include "worker/exporter.h"
#include "worker/finished.h"
#include "worker/log.h"
#include "worker/metrics.h"
#include <envoi/envoi.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>

/* How long publications may take after the pools were stopped, and connections to say QUIT. */
#define WORKER_SETTLE_MS 3000

/* ---- life ---- */

int worker_new(const struct worker_setup *setup, struct worker **out, struct fault *fault)
{
    struct worker *worker = calloc(1, sizeof *worker);

    *out = NULL;
    if (!worker)
        return fault_memory(fault);
    worker->setup = *setup;
    worker->bell[0] = worker->bell[1] = -1;
    worker->finished = finished_new(FINISHED_JOBS);
    if (!worker->finished || wakeup_open(worker->bell)) {
        int error = errno;

        worker_free(worker);
        return fault_set(fault, EXIT_LOCAL, ENVOI_E_SYSTEM, "%s", errno_text(error));
    }
    worker->smtp_setup = (struct smtp_setup){
        .accounts = setup->accounts,
        .config = setup->config,
        .plugins_d = setup->plugins_d,
        .module_dir = setup->module_dir,
        .metrics = setup->metrics,
        .loop = &worker->loop,
        .bell = worker->bell[1],
        .done = sending_done,
        .ctx = worker,
    };
    worker->consumer.give_up_at = clock_ms() + setup->config->broker_wait;
    *out = worker;
    return 0;
}

void worker_free(struct worker *worker)
{
    if (!worker)
        return;
    worker->phase = WORKER_OVER;
    for (struct smtp *smtp = worker->smtps; smtp; smtp = smtp->next)
        smtp_stop(smtp);
    while (worker->jobs.first)
        jobs_remove(&worker->jobs, worker->jobs.first);
    while (worker->smtps) {
        struct smtp *next = worker->smtps->next;

        smtp_free(worker->smtps);
        worker->smtps = next;
    }
    if (worker->consumer.is_open)
        worker->setup.broker->functions->close(worker->setup.broker);
    finished_free(worker->finished);
    loop_free(&worker->loop);
    if (worker->bell[0] >= 0)
        wakeup_close(worker->bell);
    free(worker);
}

void worker_forget_secrets(struct worker *worker)
{
    for (struct smtp *smtp = worker->smtps; smtp; smtp = smtp->next)
        smtp_forget_secret(smtp);
    wakeup_ring(worker->bell[1]);
}

/* ---- the end ---- */

void worker_stop(struct worker *worker)
{
    if (worker->phase == WORKER_RUNS) {
        log_write(LOG_NOTICE, "ends: %zu jobs are in hand; those on the wire are finished", worker->jobs.count);
        worker->phase = WORKER_DRAINS;
        worker->end_at = clock_ms() + worker->setup.config->grace;
        sending_drop(worker);
        for (struct smtp *smtp = worker->smtps; smtp; smtp = smtp->next)
            smtp_drain(smtp);
    } else {
        log_write(LOG_NOTICE, "ends now");
        worker->end_at = clock_ms();
    }
    wakeup_ring(worker->bell[1]);
}

/* Jobs that could not be finished come back from the pools, and with them those that may have been delivered. */
static void worker_cut(struct worker *worker)
{
    for (struct smtp *smtp = worker->smtps; smtp; smtp = smtp->next)
        smtp_stop(smtp);
    sending_drop(worker);
    worker->phase = WORKER_ENDS;
    worker->end_at = clock_ms() + WORKER_SETTLE_MS;
}

static int worker_has_connections(const struct worker *worker)
{
    for (const struct smtp *smtp = worker->smtps; smtp; smtp = smtp->next)
        if (smtp_connections(smtp))
            return 1;
    return 0;
}

static void worker_end(struct worker *worker)
{
    int64_t now = clock_ms(), soon = now + WORKER_SETTLE_MS;

    if (worker->phase == WORKER_DRAINS && !worker->jobs.count) {
        if (!worker_has_connections(worker)) {
            worker->phase = WORKER_OVER;
            return;
        }
        if (worker->end_at > soon) /* they say QUIT */
            worker->end_at = soon;
    }
    if (worker->phase == WORKER_DRAINS && now >= worker->end_at)
        worker_cut(worker);
    if (worker->phase == WORKER_ENDS && (!worker->jobs.count || now >= worker->end_at))
        worker->phase = WORKER_OVER;
}

/* ---- the loop ---- */

static int64_t worker_deadline(const struct worker *worker, int64_t others)
{
    int64_t first = clock_first(others, consumer_deadline(worker));

    first = clock_first(first, sending_deadline(worker));
    first = clock_first(first, settling_deadline(worker));
    for (const struct smtp *smtp = worker->smtps; smtp; smtp = smtp->next)
        first = clock_first(first, smtp_deadline(smtp));
    return worker->phase == WORKER_RUNS ? first : clock_first(first, worker->end_at);
}

static int worker_wait_ms(int64_t deadline, int most)
{
    int64_t left = deadline - clock_ms();

    if (deadline < 0)
        return most;
    left = left < 0 ? 0 : left;
    if (most >= 0 && left > most)
        left = most;
    return left > INT_MAX ? INT_MAX : (int)left;
}

static int worker_wait(struct worker *worker, int ms, struct fault *fault)
{
    struct broker *broker = worker->setup.broker;
    struct exporter *exporter = worker->setup.exporter;
    struct pollfd fds[1 + BROKER_FDS + EXPORTER_FDS] = {{.fd = worker->bell[0], .events = POLLIN}};
    int64_t deadline = -1;
    size_t count = 1, shown = 0;

    if (worker->consumer.is_open)
        count += broker->functions->fds(broker, fds + 1, &deadline);
    if (exporter) {
        shown = exporter_fds(exporter, fds + count, EXPORTER_FDS);
        deadline = clock_first(deadline, exporter_deadline(exporter));
    }
    deadline = worker_deadline(worker, deadline);
    if (loop_wait(&worker->loop, fds, count + shown, worker_wait_ms(deadline, ms)))
        return fault_set(fault, EXIT_LOCAL, ENVOI_E_SYSTEM, "poll: %s", errno_text(errno));
    if (worker->loop.failed)
        return fault_memory(fault);
    if (fds[0].revents)
        wakeup_drain(worker->bell[0]);
    if (exporter && exporter_process(exporter, fds + count, shown, clock_ms(), fault))
        log_write(LOG_ERR, "%s", fault->text);
    return 0;
}

/* For /healthz: the worker is well if it has the broker, and its accounts can send. */
static void worker_tell_health(struct worker *worker)
{
    const char *reason = worker->phase != WORKER_RUNS ? "the worker ends" : NULL;

    for (const struct smtp *smtp = worker->smtps; !reason && smtp; smtp = smtp->next)
        if (smtp->breaker.fails)
            reason = "an account cannot send; the log says why";
    if (settling_is_late(worker))
        reason = "the broker does not confirm what is published; the log names the queue";
    if (!worker->consumer.is_open)
        reason = "the broker is not there";
    if (worker->setup.exporter)
        exporter_set_health(worker->setup.exporter, reason);
}

int worker_step(struct worker *worker, int ms, struct fault *fault)
{
    int rc = worker_wait(worker, ms, fault);

    if (!rc)
        rc = consumer_step(worker, fault);
    if (rc)
        return rc;
    for (struct smtp *smtp = worker->smtps; smtp; smtp = smtp->next)
        smtp_step(smtp);
    sending_step(worker);
    settling_step(worker);
    consumer_adjust(worker);
    worker_end(worker);
    worker_tell_health(worker);
    metrics_set(worker->setup.metrics, METRIC_JOBS_IN_FLIGHT, NULL, NULL, (double)worker->jobs.count);
    return 0;
}

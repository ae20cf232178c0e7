/* SPDX-License-Identifier: MIT */
#include "worker/worker.h"

#include "accounts/accounts.h"
#include "accounts/exit_code.h"
#include "accounts/fault.h"
#include "worker/clock.h"
#include "worker/config.h"
#include "worker/log.h"
#include "worker/metrics.h"
#include "worker/outcome.h"
#include <envoi/envoi.h>
#include <stdlib.h>
#include <string.h>

/* A job that is lost with its connection more often than this, while its account works for others, is the cause. */
#define SENDING_LOSSES_MAX 3

/* When a job is looked at again for which there was no memory. */
#define SENDING_AGAIN_MS 1000

#define SENDING_NO_MEMORY "out of memory"

/* ---- the end of an attempt ---- */

/* A job that was not sent comes to its end. Returns -1 if memory ran out. */
static int sending_end(struct worker *worker, struct hand *hand, enum plan_cause cause, int error, const char *text)
{
    hand->outcome = outcome_same(hand->job, ENVOI_VERDICT_NOT_ATTEMPTED, error, text);
    if (!hand->outcome)
        return -1;
    if (cause == PLAN_SENT)
        settling_tell(worker, hand);
    settling_begin(worker, hand, cause);
    return 0;
}

/* Without memory it waits on. */
static void sending_postpone(struct worker *worker, struct hand *hand)
{
    (void)sending_end(worker, hand, PLAN_POSTPONED, hand->smtp->breaker.error, "its account cannot send now");
}

/* Takes a job out of the pool, if it is on no connection. Of a message with many recipients some may have been
 * answered. */
static void sending_take_back(struct hand *hand)
{
    if (smtp_cancel(hand->smtp, hand))
        return;
    hand->state = envoi_message_result(hand->message) == ENVOI_RESULT_NOT_SENT ? HAND_WAITS : HAND_DONE;
    hand->result = ENVOI_E_CANCELLED;
}

/* ---- the account ---- */

/* NULL: out of memory. */
static struct smtp *sending_account(struct worker *worker, const struct account *account)
{
    struct smtp *smtp = worker->smtps;

    while (smtp && smtp->account != account)
        smtp = smtp->next;
    if (!smtp && (smtp = smtp_new(&worker->smtp_setup, account))) {
        smtp->next = worker->smtps;
        worker->smtps = smtp;
        metrics_set(worker->setup.metrics, METRIC_SMTP_UP, account->name, NULL, 1);
    }
    return smtp;
}

void sending_begin(struct worker *worker, struct hand *hand)
{
    struct choice choice = {0};
    struct fault fault = {0};
    int rc = accounts_choose(worker->setup.accounts, hand->job->account, hand->job->from, &choice, &fault);
    int is_done = 0;

    hand->state = HAND_WAITS;
    if (!rc && choice.account)
        is_done = (hand->smtp = sending_account(worker, choice.account)) != NULL;
    else if (rc != EXIT_LOCAL)
        is_done = !sending_end(worker, hand, PLAN_SENT, ENVOI_E_USAGE, rc ? fault.text : "there are no accounts");
    if (!is_done)
        consumer_fail(worker, SENDING_NO_MEMORY);
}

static void sending_failed(struct worker *worker, struct smtp *smtp, int error, const char *text)
{
    int is_login = envoi_error_class(error) == ENVOI_CLASS_AUTH;

    breaker_failed(&smtp->breaker, clock_ms());
    if (is_login)
        smtp_note_refusal(smtp);
    if (smtp->breaker.error != error)
        log_write(LOG_ERR, "account %s: %s; its jobs wait", smtp->account->name, text);
    smtp->breaker.error = error;
    metrics_set(worker->setup.metrics, METRIC_SMTP_UP, smtp->account->name, NULL, 0);
}

static void sending_worked(struct worker *worker, struct smtp *smtp)
{
    smtp->completed++;
    smtp->forget_at = -1;
    if (!breaker_worked(&smtp->breaker))
        return;
    log_write(LOG_NOTICE, "account %s: works again", smtp->account->name);
    metrics_set(worker->setup.metrics, METRIC_SMTP_UP, smtp->account->name, NULL, 1);
}

enum breaker_stage sending_stage(const struct worker *worker)
{
    enum breaker_stage best = worker->smtps ? BREAKER_PROBES : BREAKER_WORKS;
    int64_t now = clock_ms();

    for (const struct smtp *smtp = worker->smtps; smtp; smtp = smtp->next) {
        enum breaker_stage stage = breaker_stage(&smtp->breaker, now);

        if (stage < best)
            best = stage;
    }
    return best;
}

int sending_may_probe(const struct worker *worker)
{
    int64_t now = clock_ms();

    for (const struct smtp *smtp = worker->smtps; smtp; smtp = smtp->next)
        if (breaker_stage(&smtp->breaker, now) == BREAKER_PROBES && (smtp->pool || now >= smtp->make_at))
            return 1;
    return 0;
}

/* ---- out of the pool ---- */

static int sending_is_answered(const struct hand *hand)
{
    return envoi_message_result(hand->message) != ENVOI_RESULT_NOT_SENT;
}

void sending_done(void *ctx, struct hand *hand, int result, const char *error)
{
    struct worker *worker = ctx;

    hand->state = HAND_DONE;
    hand->result = result;
    free(hand->error);
    hand->error = strdup(error);
    if (sending_is_answered(hand))
        sending_worked(worker, hand->smtp);
    metrics_observe(worker->setup.metrics, METRIC_SEND_SECONDS, (double)(clock_ms() - hand->begun) / 1000);
}

static const char *sending_error(const struct hand *hand)
{
    const char *problem = hand->result == ENVOI_E_CONTENT ? job_file_problem(hand->job) : NULL;

    if (problem)
        return problem;
    return hand->error ? hand->error : envoi_error_text(hand->result);
}

/* Nothing was attempted. Is that the end of it, or does the job wait for another try? When the worker ends it is left
 * to the broker. */
static int sending_is_over(struct worker *worker, struct hand *hand)
{
    struct smtp *smtp = hand->smtp;

    if (worker->phase != WORKER_RUNS || hand->is_void)
        return 0;
    if (!plan_blames_account(hand->result))
        return 1;
    if (smtp->completed != hand->completed) {
        hand->is_own_fault = ++hand->losses >= SENDING_LOSSES_MAX;
        return hand->is_own_fault;
    }
    sending_failed(worker, smtp, hand->result, sending_error(hand));
    hand->was_tried = 1;
    return 0;
}

/* Without memory it is tried again in the next step: the message keeps its verdicts. */
static void sending_finish(struct worker *worker, struct hand *hand)
{
    if (!sending_is_answered(hand) && !sending_is_over(worker, hand)) {
        hand->state = HAND_WAITS;
        jobs_move_last(&worker->jobs, hand);
        return;
    }
    hand->outcome = outcome_new(hand->message, hand->result, sending_error(hand));
    if (!hand->outcome)
        return;
    settling_tell(worker, hand);
    settling_begin(worker, hand, PLAN_SENT);
}

int64_t sending_deadline(const struct worker *worker)
{
    for (const struct hand *hand = worker->jobs.first; hand; hand = hand->next)
        if (hand->state == HAND_DONE)
            return clock_ms() + SENDING_AGAIN_MS;
    return -1;
}

/* ---- into the pool ---- */

/* Makes the account's pool and the job's message, unless they are there. Returns 0, or -1: the job waits on, or it has
 * come to its end. */
static int sending_prepare(struct worker *worker, struct hand *hand)
{
    struct fault fault = {0};
    int rc = smtp_make(hand->smtp, &fault);

    if (rc) {
        if (*fault.text)
            sending_failed(worker, hand->smtp, fault.error ? fault.error : ENVOI_E_USAGE, fault.text);
        hand->was_tried = 1;
        return -1;
    }
    if (!hand->message)
        rc = job_make_message(hand->job, &hand->message, &fault);
    if (rc)
        (void)sending_end(worker, hand, PLAN_SENT, rc == EXIT_DATA ? ENVOI_E_ADDRESS : ENVOI_E_MEMORY, fault.text);
    return rc ? -1 : 0;
}

static void sending_submit(struct worker *worker, struct hand *hand)
{
    const struct job *job = hand->job;
    int error;

    if (sending_prepare(worker, hand))
        return;
    hand->completed = hand->smtp->completed;
    error = smtp_submit(hand->smtp, hand);
    if (error == ENVOI_E_AGAIN) /* the pool is full */
        return;
    if (error) {
        (void)sending_end(worker, hand, PLAN_SENT, error, envoi_message_error(hand->message));
        return;
    }
    hand->state = HAND_SENDING;
    if (hand->begun)
        return;
    hand->begun = clock_ms();
    if (!job->first && job->source.timestamp > 0)
        metrics_observe(worker->setup.metrics, METRIC_QUEUE_WAIT_SECONDS,
                        (double)(clock_seconds() - job->source.timestamp));
}

/* May jobs of an account wait here, or do they go back to the broker, because they are in the way of others? */
static int sending_is_crowded(const struct smtp *smtp, enum breaker_stage best, int64_t now)
{
    enum breaker_stage stage = breaker_stage(&smtp->breaker, now);

    return stage == BREAKER_PROBES || (stage == BREAKER_RESTS && best < BREAKER_RESTS);
}

static void sending_step_waiting(struct worker *worker, struct hand *hand, enum breaker_stage best, int64_t now)
{
    struct smtp *smtp = hand->smtp;
    enum breaker_stage stage = breaker_stage(&smtp->breaker, now);
    int is_probe = !smtp->pool || !smtp_pending(smtp);

    if (hand->is_void || worker->phase != WORKER_RUNS) {
        jobs_remove(&worker->jobs, hand);
        return;
    }
    if (stage == BREAKER_WORKS || (is_probe && !(stage == BREAKER_PROBES && hand->was_tried)))
        sending_submit(worker, hand);
    if (hand->state == HAND_WAITS && stage != BREAKER_WORKS && sending_is_crowded(smtp, best, now))
        sending_postpone(worker, hand);
}

/* Of an account that does not work only one job stays in the pool, and not for ever. */
static void sending_step_pool(struct hand *hand, enum breaker_stage best, int64_t now)
{
    struct smtp *smtp = hand->smtp;

    if (!sending_is_crowded(smtp, best, now) || (smtp_pending(smtp) == 1 && now - hand->begun < BREAKER_PROBES_AFTER))
        return;
    hand->was_tried = 1;
    sending_take_back(hand);
}

static void sending_step_hand(struct worker *worker, struct hand *hand, enum breaker_stage best, int64_t now)
{
    if (hand->state == HAND_SENDING)
        sending_step_pool(hand, best, now);
    if (hand->state == HAND_DONE)
        sending_finish(worker, hand);
    else if (hand->state == HAND_WAITS)
        sending_step_waiting(worker, hand, best, now);
}

void sending_step(struct worker *worker)
{
    enum breaker_stage best = sending_stage(worker);
    int64_t now = clock_ms();

    if (!worker->consumer.is_open || worker->consumer.broken || worker->phase != WORKER_RUNS)
        sending_drop(worker);
    for (struct hand *hand = worker->jobs.first, *next; hand; hand = next) {
        next = hand->next;
        sending_step_hand(worker, hand, best, now);
    }
}

void sending_drop(struct worker *worker)
{
    for (struct hand *hand = worker->jobs.first, *next; hand; hand = next) {
        next = hand->next;
        if (hand->state == HAND_SENDING)
            sending_take_back(hand);
        if (hand->state == HAND_WAITS)
            jobs_remove(&worker->jobs, hand);
    }
}

/* SPDX-License-Identifier: MIT */
#include "worker/worker.h"

#include "accounts/accounts.h"
#include "accounts/exit_code.h"
#include "accounts/fault.h"
#include "worker/clock.h"
#include "worker/config.h"
#include "worker/finished.h"
#include "worker/log.h"
#include "worker/metrics.h"
#include "worker/outcome.h"
#include <envoi/envoi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The pause before a publication is tried again, doubled each time. */
#define SETTLING_PAUSE_MS     1000
#define SETTLING_PAUSE_MAX_MS 60000

/* After so long without a confirmation something is wrong with the queue. Only the broker can mend it: published again,
 * the copy would wait for the same queue, and be there twice. */
#define SETTLING_LATE_MS 30000

#define SETTLING_RESULT_TYPE "application/json"

static const char *settling_account(const struct hand *hand)
{
    return hand->smtp ? hand->smtp->account->name : "";
}

/* ---- the letters of a job ---- */

/* What a person is told of a copy: the failure of the whole, or the reply to the first of its recipients. */
static const char *settling_text(const struct hand *hand, const unsigned char *keep)
{
    const struct outcome *outcome = hand->outcome;

    for (size_t i = 0; !*outcome->text && i < outcome->count; i++)
        if ((!keep || keep[i]) && *outcome->verdicts[i].text)
            return outcome->verdicts[i].text;
    return outcome->text;
}

static struct letter *settling_add(const struct worker *worker, struct hand *hand, enum topology_role role,
                                   size_t delay)
{
    struct letter *letter = &hand->letters[hand->letter_count++];

    *letter = (struct letter){.state = LETTER_DUE, .role = role, .pause = SETTLING_PAUSE_MS};
    topology_address(worker->setup.config, role, delay, &letter->to);
    return letter;
}

/* Returns 0, or -1. */
static int settling_add_copy(const struct worker *worker, struct hand *hand, const struct plan_copy *planned)
{
    struct letter *letter = settling_add(worker, hand, planned->role, planned->delay);
    struct job_copy copy = {
        .keep = planned->keep,
        .attempt = planned->attempt,
        .first = planned->first,
        .last = planned->last,
        .reason = planned->reason,
        .text = planned->reason ? settling_text(hand, planned->keep) : NULL,
    };
    json_t *verdicts = planned->reason ? outcome_verdicts(hand->outcome, hand->job, planned->keep) : NULL;
    struct fault fault = {0};
    int rc = planned->reason && !verdicts ? -1 : 0;

    copy.verdicts = verdicts;
    if (!rc)
        rc = job_make_copy(hand->job, &copy, &letter->publication, &fault);
    json_decref(verdicts);
    letter->message = letter->publication.message;
    letter->label = planned->reason ? planned->reason : worker->setup.config->delay_names[planned->delay];
    return rc ? -1 : 0;
}

/* Returns 0, or -1. */
static int settling_add_result(const struct worker *worker, struct hand *hand, const struct plan *plan)
{
    const char *next = "";
    struct letter *letter;
    json_t *result;

    for (size_t i = 0; i < hand->letter_count; i++)
        if (plan->copies[i].role == TOPOLOGY_WAIT)
            next = hand->letters[i].to.queue;
    letter = settling_add(worker, hand, TOPOLOGY_RESULTS, 0);
    result = outcome_result(hand->outcome, hand->job, settling_account(hand), next);
    letter->body = result ? json_dumps(result, JSON_COMPACT) : NULL;
    json_decref(result);
    if (!letter->body)
        return -1;
    letter->message = (struct broker_message){.id = hand->job->id,
                                              .content_type = SETTLING_RESULT_TYPE,
                                              .timestamp = clock_seconds(),
                                              .body = letter->body,
                                              .len = strlen(letter->body)};
    return 0;
}

/* Makes all that is to be published before the job is acknowledged, or nothing. Returns 0, or -1. */
static int settling_make(struct worker *worker, struct hand *hand)
{
    struct plan_facts facts = {
        .cause = hand->cause,
        .job = hand->job,
        .outcome = hand->outcome,
        .is_own_fault = hand->is_own_fault,
        .now = clock_seconds(),
        .config = worker->setup.config,
    };
    struct plan plan;
    int rc = plan_make(&facts, &plan);

    for (size_t i = 0; !rc && i < plan.count; i++)
        rc = settling_add_copy(worker, hand, &plan.copies[i]);
    if (!rc && plan.has_result)
        rc = settling_add_result(worker, hand, &plan);
    hand->word = plan.word;
    plan_free(&plan);
    if (rc)
        jobs_drop_letters(hand);
    hand->has_letters = !rc;
    return rc;
}

/* ---- the begin ---- */

void settling_tell(const struct worker *worker, const struct hand *hand)
{
    const struct outcome *outcome = hand->outcome;
    char reply[32];

    for (size_t i = 0; i < outcome->count; i++) {
        const struct outcome_verdict *verdict = &outcome->verdicts[i];

        *reply = '\0';
        if (verdict->code)
            (void)snprintf(reply, sizeof reply, "%d %s%s", verdict->code, verdict->enhanced,
                           *verdict->enhanced ? " " : "");
        log_write(LOG_INFO, "job %s, attempt %lld, account %s: <%s>: %s: %s%s", hand->job->id,
                  (long long)hand->job->attempt, settling_account(hand), hand->job->to[i].address,
                  envoi_verdict_name(verdict->verdict), reply, verdict->text);
        metrics_add(worker->setup.metrics, METRIC_RECIPIENTS, settling_account(hand),
                    envoi_verdict_name(verdict->verdict), 1);
    }
}

/* Is it of use to know this outcome if the job is delivered again? */
static int settling_is_memorable(const struct hand *hand)
{
    return hand->job && hand->cause == PLAN_SENT && hand->outcome && outcome_is_answered(hand->outcome);
}

static void settling_remember(struct worker *worker, struct hand *hand)
{
    if (settling_is_memorable(hand)) {
        finished_put(worker->finished, hand->job, hand->outcome);
        hand->outcome = NULL;
    }
    jobs_remove(&worker->jobs, hand);
}

void settling_begin(struct worker *worker, struct hand *hand, enum plan_cause cause)
{
    hand->state = HAND_SETTLES;
    hand->cause = cause;
    if (cause != PLAN_SENT)
        log_write(LOG_INFO, "job %s, attempt %lld, account %s: %s", hand->job->id, (long long)hand->job->attempt,
                  settling_account(hand), hand->outcome->text);
    if (hand->is_void)
        settling_remember(worker, hand);
}

static void settling_end(struct worker *worker, struct hand *hand, enum broker_settlement settlement)
{
    struct fault fault = {0};

    /* A failure is that of the connection, which consumer.c will see. */
    (void)worker->setup.broker->functions->settle(worker->setup.broker, hand->tag, settlement, &fault);
    if (hand->word)
        metrics_add(worker->setup.metrics, METRIC_JOBS, settling_account(hand), hand->word, 1);
    if (hand->job)
        finished_put(worker->finished, hand->job, NULL);
    jobs_remove(&worker->jobs, hand);
}

void settling_invalid(struct worker *worker, struct hand *hand, const struct broker_message *message, const char *text)
{
    struct letter *letter = settling_add(worker, hand, TOPOLOGY_DEAD, 0);
    struct fault fault = {0};

    log_write(LOG_WARNING, "job %s is invalid: %s", *message->id ? message->id : "without an id", text);
    hand->state = HAND_SETTLES;
    hand->has_letters = 1;
    hand->word = "invalid";
    letter->label = "invalid";
    if (job_make_invalid(message, text, &letter->publication, &fault))
        settling_end(worker, hand, BROKER_REJECT);
    else
        letter->message = letter->publication.message;
}

void settling_again(struct worker *worker, struct hand *hand)
{
    log_write(LOG_INFO, "job %s, attempt %lld: finished before, now acknowledged", hand->job->id,
              (long long)hand->job->attempt);
    settling_end(worker, hand, BROKER_ACK);
}

/* ---- publications ---- */

static int settling_is_safe(const struct hand *hand)
{
    for (size_t i = 0; i < hand->letter_count; i++)
        if (hand->letters[i].state != LETTER_SAFE)
            return 0;
    return 1;
}

/* It could not be published. A job waits for a better time; of what is no job the broker has the copy. */
static void settling_fail(struct worker *worker, struct hand *hand, struct letter *letter, const char *why)
{
    if (!hand->job) {
        log_write(LOG_ERR, "an invalid job cannot be published to the exchange \"%s\": %s; it is rejected",
                  letter->to.exchange, why);
        settling_end(worker, hand, BROKER_REJECT);
        return;
    }
    if (!hand->was_told)
        log_write(
            LOG_ERR,
            "job %s: it cannot be published to the exchange \"%s\" with the key \"%s\": %s; it is kept, and tried "
            "again",
            hand->job->id, letter->to.exchange, letter->to.routing_key, why);
    hand->was_told = 1;
    letter->state = LETTER_DUE;
    letter->at = clock_ms() + letter->pause;
    letter->pause = letter->pause > SETTLING_PAUSE_MAX_MS / 2 ? SETTLING_PAUSE_MAX_MS : 2 * letter->pause;
}

/* Returns -1 if the hand may be gone. */
static int settling_publish(struct worker *worker, struct hand *hand, struct letter *letter)
{
    struct broker *broker = worker->setup.broker;
    int is_job = hand->job != NULL;
    struct fault fault = {0};
    int rc = broker->functions->publish(broker, letter->to.exchange, letter->to.routing_key, &letter->message,
                                        &letter->number, &fault);

    if (!rc) {
        letter->state = LETTER_SENT;
        letter->at = clock_ms() + SETTLING_LATE_MS;
    }
    if (rc == EXIT_DATA || rc == EXIT_LOCAL) /* otherwise the broker is lost, as the next event tells */
        settling_fail(worker, hand, letter, fault.text);
    return rc && !is_job ? -1 : 0;
}

static int letter_is_late(const struct letter *letter, int64_t now)
{
    return letter->state == LETTER_SENT && now >= letter->at;
}

static void settling_late(struct hand *hand, const struct letter *letter)
{
    log_write(LOG_WARNING,
              "job %s: the broker has not confirmed the copy for the queue %s within %d s; the job stays in hand until "
              "it does",
              hand->job ? hand->job->id : "without an id", letter->to.queue, SETTLING_LATE_MS / 1000);
    hand->was_told = 1;
}

static void settling_step_hand(struct worker *worker, struct hand *hand, int64_t now)
{
    if (!hand->has_letters && now >= hand->letters_at && settling_make(worker, hand)) {
        hand->letters_at = now + SETTLING_PAUSE_MS;
        log_write(LOG_ERR, "job %s: out of memory; it waits", hand->job->id);
    }
    for (size_t i = 0; i < hand->letter_count; i++)
        if (hand->letters[i].state == LETTER_DUE && now >= hand->letters[i].at &&
            settling_publish(worker, hand, &hand->letters[i]))
            return;
    for (size_t i = 0; i < hand->letter_count && !hand->was_told; i++)
        if (letter_is_late(&hand->letters[i], now))
            settling_late(hand, &hand->letters[i]);
    if (hand->has_letters && settling_is_safe(hand))
        settling_end(worker, hand, BROKER_ACK);
}

void settling_step(struct worker *worker)
{
    int64_t now = clock_ms();

    /* To a blocked broker a publication may not return. */
    if (!worker->consumer.is_open || worker->consumer.is_blocked)
        return;
    for (struct hand *hand = worker->jobs.first, *next; hand; hand = next) {
        next = hand->next;
        if (hand->state == HAND_SETTLES)
            settling_step_hand(worker, hand, now);
    }
}

int64_t settling_deadline(const struct worker *worker)
{
    int64_t first = -1;

    if (!worker->consumer.is_open || worker->consumer.is_blocked)
        return -1;
    for (const struct hand *hand = worker->jobs.first; hand; hand = hand->next) {
        if (hand->state != HAND_SETTLES)
            continue;
        if (!hand->has_letters)
            first = clock_first(first, hand->letters_at);
        for (size_t i = 0; i < hand->letter_count; i++)
            if (hand->letters[i].state == LETTER_DUE || (hand->letters[i].state == LETTER_SENT && !hand->was_told))
                first = clock_first(first, hand->letters[i].at);
    }
    return first;
}

int settling_is_late(const struct worker *worker)
{
    int64_t now = clock_ms();

    for (const struct hand *hand = worker->jobs.first; hand; hand = hand->next)
        for (size_t i = 0; i < hand->letter_count; i++)
            if (letter_is_late(&hand->letters[i], now))
                return 1;
    return 0;
}

void settling_confirmed(struct worker *worker, uint64_t number)
{
    struct hand *hand;
    struct letter *letter = jobs_find_letter(&worker->jobs, number, &hand);

    if (!letter)
        return;
    letter->state = LETTER_SAFE;
    if (letter->role == TOPOLOGY_WAIT)
        metrics_add(worker->setup.metrics, METRIC_RETRIES, letter->label, NULL, 1);
    else if (letter->role == TOPOLOGY_DEAD)
        metrics_add(worker->setup.metrics, METRIC_DEAD, letter->label, NULL, 1);
    if (settling_is_safe(hand))
        settling_end(worker, hand, BROKER_ACK);
}

void settling_failed(struct worker *worker, uint64_t number, const char *why)
{
    struct hand *hand;
    struct letter *letter = jobs_find_letter(&worker->jobs, number, &hand);

    if (letter)
        settling_fail(worker, hand, letter, why);
}

void settling_drop(struct worker *worker)
{
    for (struct hand *hand = worker->jobs.first, *next; hand; hand = next) {
        next = hand->next;
        if (hand->state == HAND_SETTLES)
            settling_remember(worker, hand);
    }
}

/* SPDX-License-Identifier: MIT */
#include "worker/worker.h"

#include "accounts/exit_code.h"
#include "accounts/fault.h"
#include "worker/clock.h"
#include "worker/config.h"
#include "worker/finished.h"
#include "worker/metrics.h"
#include "worker/outcome.h"
#include <envoi/envoi.h>

#define TAKING_NO_MEMORY "out of memory"

/* Ends a job that is not sent. */
static void taking_end(struct worker *worker, struct hand *hand, enum plan_cause cause, const char *text)
{
    int is_parked = cause == PLAN_PARKED;

    hand->outcome = outcome_same(hand->job, is_parked ? ENVOI_VERDICT_UNKNOWN : ENVOI_VERDICT_NOT_ATTEMPTED,
                                 is_parked ? ENVOI_E_UNKNOWN : ENVOI_OK, text);
    if (hand->outcome)
        settling_begin(worker, hand, cause);
    else
        consumer_fail(worker, TAKING_NO_MEMORY);
}

/* A job that was delivered before: is more to be done than to go on with it, or to settle it? */
static int taking_is_known(struct worker *worker, struct hand *hand)
{
    struct hand *earlier = jobs_find(&worker->jobs, hand->job);

    if (earlier && earlier->is_void) { /* it is on the wire: it gets the tag by which it can be settled */
        earlier->tag = hand->tag;
        earlier->is_void = 0;
        jobs_remove(&worker->jobs, hand);
        return 1;
    }
    if (!finished_take(worker->finished, hand->job, &hand->outcome))
        return 0;
    if (hand->outcome)
        settling_begin(worker, hand, PLAN_SENT);
    else
        settling_again(worker, hand);
    return 1;
}

static void taking_job(struct worker *worker, struct hand *hand, int is_redelivered)
{
    if (is_redelivered) {
        metrics_add(worker->setup.metrics, METRIC_REDELIVERED, NULL, NULL, 1);
        if (taking_is_known(worker, hand))
            return;
    }
    if (is_redelivered && worker->setup.config->redelivered == CONFIG_REDELIVERED_PARK)
        taking_end(worker, hand, PLAN_PARKED, "it was delivered before, and may have been sent (redelivered = park)");
    else if (plan_is_expired(hand->job, clock_seconds()))
        taking_end(worker, hand, PLAN_EXPIRED, "its time was over before it was begun (not-after)");
    else
        sending_begin(worker, hand);
}

void taking_delivery(struct worker *worker, const struct broker_event *event)
{
    struct hand *hand = jobs_add(&worker->jobs, event->number);
    struct fault fault = {0};
    int rc;

    if (!hand) {
        consumer_fail(worker, TAKING_NO_MEMORY);
        return;
    }
    rc = job_read(&event->message, worker->setup.content_root, &hand->job, &fault);
    if (!rc)
        taking_job(worker, hand, event->redelivered || event->delivery_count > 0);
    else if (rc == EXIT_DATA)
        settling_invalid(worker, hand, &event->message, fault.text);
    else
        consumer_fail(worker, TAKING_NO_MEMORY);
}

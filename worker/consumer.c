/* SPDX-License-Identifier: MIT */
#include "worker/worker.h"

#include "accounts/exit_code.h"
#include "accounts/fault.h"
#include "portable/random.h"
#include "worker/clock.h"
#include "worker/config.h"
#include "worker/log.h"
#include "worker/metrics.h"
#include <string.h>

/* The pause before the next try, doubled each time; up to a quarter more by chance, so that workers do not come all at
 * once. */
#define CONSUMER_PAUSE_MS     INT64_C(1000)
#define CONSUMER_PAUSE_MAX_MS INT64_C(60000)

/* A connection that has lasted for so long was a good one: the pauses begin anew. One that is closed as soon as it is
 * there (the user may not read the queue, say) must not be made once a second. */
#define CONSUMER_GOOD_MS INT64_C(60000)

/* Returns the pause to make now, and doubles *pause. */
static int64_t consumer_pause(int64_t *pause)
{
    unsigned char chance = 0;
    int64_t now = *pause ? *pause : CONSUMER_PAUSE_MS;

    *pause = now > CONSUMER_PAUSE_MAX_MS / 2 ? CONSUMER_PAUSE_MAX_MS : 2 * now;
    (void)random_draw(&chance, sizeof chance);
    return now + now * chance / 1024;
}

/* ---- the end ---- */

static void consumer_lost(struct worker *worker, const char *why)
{
    struct worker_consumer *consumer = &worker->consumer;
    int64_t pause;

    if (clock_ms() - consumer->opened >= CONSUMER_GOOD_MS)
        consumer->pause = 0;
    pause = consumer_pause(&consumer->pause);
    log_write(LOG_ERR, "the broker is lost: %s; the next try is in %lld s", why, (long long)(pause + 999) / 1000);
    consumer->is_open = consumer->is_blocked = 0;
    consumer->prefetch = 0;
    consumer->open_at = clock_ms() + pause;
    metrics_set(worker->setup.metrics, METRIC_BROKER_UP, NULL, NULL, 0);
    for (struct hand *hand = worker->jobs.first; hand; hand = hand->next)
        hand->is_void = 1;
    settling_drop(worker);
    sending_drop(worker);
}

void consumer_fail(struct worker *worker, const char *why)
{
    worker->consumer.broken = why;
}

static void consumer_close(struct worker *worker)
{
    const char *why = worker->consumer.broken;

    worker->consumer.broken = NULL;
    if (!worker->consumer.is_open)
        return;
    worker->setup.broker->functions->close(worker->setup.broker);
    consumer_lost(worker, why);
}

/* ---- the begin ---- */

/* The first connection waits for a broker that is not there yet; a wrong password and the like need a person. */
static int consumer_not_open(struct worker *worker, struct fault *fault)
{
    struct worker_consumer *consumer = &worker->consumer;
    int64_t pause = consumer_pause(&consumer->pause);

    consumer->open_at = clock_ms() + pause;
    if (!consumer->was_open && (fault->exit != EXIT_REFUSED || consumer->open_at >= consumer->give_up_at))
        return fault->exit;
    log_write(LOG_ERR, "%s; the next try is in %lld s", fault->text, (long long)(pause + 999) / 1000);
    return 0;
}

static int consumer_open(struct worker *worker, struct fault *fault)
{
    struct worker_consumer *consumer = &worker->consumer;

    *fault = (struct fault){0};
    /* This blocks, for 10 s at most: meanwhile the servers of the jobs on the wire wait for us. */
    if (worker->setup.broker->functions->open(worker->setup.broker, fault))
        return consumer_not_open(worker, fault);
    if (consumer->was_open)
        metrics_add(worker->setup.metrics, METRIC_BROKER_RECONNECTS, NULL, NULL, 1);
    metrics_set(worker->setup.metrics, METRIC_BROKER_UP, NULL, NULL, 1);
    log_write(LOG_NOTICE, "the broker is there");
    consumer->is_open = consumer->was_open = 1;
    consumer->is_blocked = 0;
    consumer->prefetch = 0;
    consumer->opened = clock_ms();
    consumer->consume_pause = 0;
    consumer->consume_at = 0;
    return 0;
}

/* ---- the consumer ---- */

/* How many jobs it may have in hand, by the stage of the account that works best. */
static unsigned consumer_prefetch(const struct worker *worker)
{
    const unsigned by_stage[] = {
        [BREAKER_WORKS] = worker->setup.config->prefetch,
        [BREAKER_FAILS] = worker->setup.config->prefetch,
        [BREAKER_RESTS] = 0,
        [BREAKER_PROBES] = 1,
    };
    enum breaker_stage stage = sending_stage(worker);

    if (worker->phase != WORKER_RUNS || worker->consumer.is_blocked || worker->consumer.broken)
        return 0;
    return stage == BREAKER_PROBES && !sending_may_probe(worker) ? 0 : by_stage[stage];
}

void consumer_adjust(struct worker *worker)
{
    struct worker_consumer *consumer = &worker->consumer;
    unsigned prefetch = consumer_prefetch(worker);
    struct fault fault = {0};

    if (!consumer->is_open || consumer->prefetch == prefetch || (prefetch && clock_ms() < consumer->consume_at))
        return;
    log_write(LOG_INFO, prefetch ? "takes jobs, %u at once" : "takes no jobs", prefetch);
    /* A failure is that of the connection, which the next event tells. */
    if (!worker->setup.broker->functions->consume(worker->setup.broker, prefetch, &fault))
        consumer->prefetch = prefetch;
}

static void consumer_cancelled(struct worker *worker)
{
    int64_t pause = consumer_pause(&worker->consumer.consume_pause);

    log_write(LOG_ERR, "the broker has ended the consumer: was the queue deleted? The next try is in %lld s",
              (long long)(pause + 999) / 1000);
    worker->consumer.prefetch = 0;
    worker->consumer.consume_at = clock_ms() + pause;
}

/* ---- events ---- */

static void consumer_block(struct worker *worker, const char *why)
{
    worker->consumer.is_blocked = why != NULL;
    if (why)
        log_write(LOG_WARNING, "the broker takes no publications: %s", why);
    else
        log_write(LOG_NOTICE, "the broker takes publications again");
}

/* Returns 0: there are no more. */
static int consumer_event(struct worker *worker)
{
    struct broker_event event = {0};

    worker->setup.broker->functions->take(worker->setup.broker, &event);
    switch (event.kind) {
    case BROKER_NOTHING:
        return 0;
    case BROKER_DELIVERY:
        worker->consumer.consume_pause = 0;
        taking_delivery(worker, &event);
        return 1;
    case BROKER_CONFIRMED:
        settling_confirmed(worker, event.number);
        return 1;
    case BROKER_RETURNED:
        settling_failed(worker, event.number, "no queue is bound there");
        return 1;
    case BROKER_REFUSED:
        settling_failed(worker, event.number, "the queue is full, or the broker has refused it");
        return 1;
    case BROKER_CANCELLED:
        consumer_cancelled(worker);
        return 1;
    case BROKER_BLOCKED:
        consumer_block(worker, event.text && *event.text ? event.text : "it is short of memory or disk");
        return 1;
    case BROKER_UNBLOCKED:
        consumer_block(worker, NULL);
        return 1;
    case BROKER_LOST:
        consumer_lost(worker, event.text && *event.text ? event.text : "the connection was closed");
        return 0;
    }
    return 0;
}

int consumer_step(struct worker *worker, struct fault *fault)
{
    struct worker_consumer *consumer = &worker->consumer;

    if (consumer->broken)
        consumer_close(worker);
    if (!consumer->is_open && worker->phase == WORKER_RUNS && clock_ms() >= consumer->open_at) {
        int rc = consumer_open(worker, fault);

        if (rc)
            return rc;
    }
    while (consumer->is_open && consumer_event(worker))
        ;
    return 0;
}

int64_t consumer_deadline(const struct worker *worker)
{
    const struct worker_consumer *consumer = &worker->consumer;

    if (!consumer->is_open)
        return worker->phase == WORKER_RUNS ? consumer->open_at : -1;
    if (consumer->broken)
        return clock_ms();
    return consumer->consume_at > clock_ms() ? consumer->consume_at : -1;
}

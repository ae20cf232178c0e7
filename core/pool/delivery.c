/* SPDX-License-Identifier: MIT */
#include "pool/delivery.h"

#include "base/mem.h"
#include "message/verdict.h"
#include "pool/lists.h"
#include "pool/server.h"
#include "pool/throttle.h"

#include <envoi/library.h>
#include <stdio.h>
#include <string.h>

/* ---- failures ---- */

/* Keeps the first failure and its text, which is that of the code if it is empty. */
static void delivery_fail(struct pool_delivery *d, int code, const char *text)
{
    static const char maybe[] = "the message may have been delivered: ";
    char whole[sizeof maybe + FAULT_TEXT_MAX];

    if (d->failure)
        return;
    d->failure = code;
    (void)snprintf(whole, sizeof whole, "%s%s", code == ENVOI_E_UNKNOWN ? maybe : "",
                   *text ? text : envoi_error_text(code));
    d->error = mem_strdup(whole);
}

/* By now the session's last failure may belong to a later message, so a verdict's own reason is better. */
void delivery_fail_of(struct pool_delivery *d, int code, const char *otherwise)
{
    const struct envoi_message *m = d->message;
    const struct recipient *r = NULL;
    char text[FAULT_TEXT_MAX];

    for (size_t i = m->due_begin; !r && (i = message_next_due(m, i)) < m->due_end; i++)
        if (m->recipients[i].verdict != ENVOI_VERDICT_ACCEPTED)
            r = &m->recipients[i];
    if (!r || !r->reason) {
        delivery_fail(d, code, otherwise);
        return;
    }
    if (!r->code) {
        delivery_fail(d, code, recipient_reason(r));
        return;
    }
    (void)snprintf(text, sizeof text, "%s: <%s>: %d %s%s%s", envoi_error_text(code),
                   address_path(code == ENVOI_E_SENDER_REFUSED ? &m->sender : &r->address), r->code, r->enhanced,
                   *r->enhanced ? " " : "", recipient_reason(r));
    delivery_fail(d, code, text);
}

static void delivery_forget_failure(struct pool_delivery *d)
{
    mem_free(d->error);
    d->error = NULL;
    d->failure = ENVOI_OK;
}

void delivery_end(struct envoi_pool *p, struct pool_delivery *d, int code, const char *text)
{
    delivery_forget_failure(d);
    delivery_fail(d, code, text);
    verdict_not_attempted(d->message, ENVOI_PHASE_NONE, text);
    d->final = true;
    fifo_push(&p->settled, d);
}

void delivery_begin(struct pool_delivery *d)
{
    struct envoi_pool *p = d->route->pool;

    p->counts.transactions++;
    if (d->begun < 0 && p->now > d->submitted)
        p->counts.queue_ms += (uint64_t)(p->now - d->submitted);
    d->begun = p->now;
    d->spared = false;
}

/* ---- messages that wait while servers fail ---- */

/* Is it too old for another try? */
static bool delivery_is_old(const struct pool_delivery *d)
{
    const struct envoi_pool *p = d->route->pool;
    int64_t most = p->limits[ENVOI_POOL_LIFETIME_MS];

    return most && p->now - d->submitted >= most;
}

/* Counts one try for each message of the list; those that have had `tries` end. */
static void delivery_charge_list(struct pool_route *r, struct pool_fifo *f, int64_t tries, int code, const char *text)
{
    struct pool_fifo all = *f;
    struct pool_delivery *d;

    *f = (struct pool_fifo){0};
    while ((d = fifo_pop(&all))) {
        if (++d->tries >= tries || delivery_is_old(d))
            delivery_end(r->pool, d, code, text);
        else
            fifo_push(f, d);
    }
}

void delivery_charge_all(struct pool_route *r, int64_t begun, int code, const char *text)
{
    const struct pool_connection *oldest = r->lists[POOL_CONNECTING].last;

    if (r->tried < r->usable || r->lists[POOL_IDLE].count || r->lists[POOL_BUSY].count ||
        (oldest && oldest->born <= begun))
        return;
    server_new_turn(r);
    for (size_t i = 0; i < ROUTE_QUEUES; i++)
        delivery_charge_list(r, &r->queues[i], r->pool->limits[ENVOI_POOL_TRIES], code, text);
}

void delivery_end_all(struct pool_route *r, int code, const char *text)
{
    server_new_turn(r);
    for (size_t i = 0; i < ROUTE_QUEUES; i++)
        delivery_charge_list(r, &r->queues[i], 0, code, text);
}

/* ---- after a transaction ---- */

/* Was the last transaction lost, in whole or in part? That a recipient was too many for it is no loss. */
static bool delivery_is_lost(const struct envoi_message *m)
{
    for_each_due (m, i)
        if (recipient_is_open(&m->recipients[i]) && !m->recipients[i].again)
            return true;
    return false;
}

/* Does the message require all recipients, and was one refused by RCPT? */
static bool delivery_has_failed(const struct envoi_message *m)
{
    for (size_t i = 0; m->require_all && i < m->count; i++) {
        const struct recipient *r = &m->recipients[i];

        if (r->phase == ENVOI_PHASE_RCPT && r->code && !recipient_is_open(r))
            return true;
    }
    return false;
}

/* Can another connection do better? Not if the message itself is the cause. */
static bool delivery_is_retryable(int rc)
{
    switch (envoi_error_class(rc)) {
    case ENVOI_CLASS_NETWORK:
    case ENVOI_CLASS_TLS:
    case ENVOI_CLASS_PROTOCOL:
    case ENVOI_CLASS_UNKNOWN:
        return true;
    case ENVOI_CLASS_REFUSED:
        return rc != ENVOI_E_TOO_LARGE && rc != ENVOI_E_NOT_SUPPORTED;
    default:
        return !rc;
    }
}

/* Was it only told that it comes too fast? Then its recipients are open, and the route slows down. */
static bool delivery_is_told(struct pool_delivery *d)
{
    struct envoi_message *m = d->message;

    if (!d->last)
        throttle_recover(d->route, d->begun);
    d->told = d->last && throttle_was_told(m);
    if (!d->told)
        return false;
    throttle_slow(d->route, d->begun);
    for_each_due (m, i)
        m->recipients[i].again = m->recipients[i].verdict == ENVOI_VERDICT_DEFERRED;
    return true;
}

/* Is another transaction to follow? If not, the delivery is done. */
static bool delivery_goes_on(struct envoi_pool *p, struct pool_delivery *d)
{
    struct envoi_message *m = d->message;
    bool told = delivery_is_told(d);
    bool lost = told || delivery_is_lost(m);

    if (!message_has_open(m) || d->final || p->stopped)
        return false;
    if (!delivery_is_retryable(d->last)) {
        verdict_not_attempted(m, ENVOI_PHASE_NONE, d->error ? d->error : envoi_error_text(d->last));
        return false;
    }
    if (delivery_has_failed(m)) {
        verdict_not_all(m);
        return false;
    }
    if (lost && ((!d->spared && ++d->tries >= p->limits[ENVOI_POOL_TRIES]) || delivery_is_old(d)))
        return false;
    if (!content_is_repeatable(&m->content)) {
        if (!lost) {
            delivery_fail(d, ENVOI_E_CONTENT, "the content cannot be had a second time");
            verdict_not_attempted(m, ENVOI_PHASE_CONTENT, "the content cannot be had a second time");
        }
        return false;
    }
    if (lost) {
        delivery_forget_failure(d);
        p->counts.again++;
    }
    return true;
}

/* The callback may submit or free the message, so the delivery is freed first. */
static void delivery_finish(struct envoi_pool *p, struct pool_delivery *d)
{
    struct pool_delivery last = *d;
    int rc = verdict_result(last.message, envoi_message_result(last.message), last.failure);
    const char *error = rc ? last.error : "";

    mem_free(d);
    p->pending--;
    p->counts.results[envoi_message_result(last.message)]++;
    last.message->pooled = NULL;
    if (last.done && pool_is_ours(p))
        last.done(last.ctx, last.message, rc, error ? error : envoi_error_text(rc));
    mem_free(last.error);
}

void delivery_settle_all(struct envoi_pool *p)
{
    struct pool_fifo settled = p->settled; /* deliveries that are settled meanwhile wait for the next round */
    struct pool_delivery *d;

    p->settled = (struct pool_fifo){0};
    while ((d = fifo_pop(&settled))) {
        if (delivery_goes_on(p, d)) {
            fifo_push(route_queue(d->route, d, !d->told), d);
            route_touch(d->route);
        } else {
            delivery_finish(p, d);
        }
    }
}

/* ---- submit ---- */

static int delivery_check(const struct envoi_pool *p, size_t route, const struct envoi_message *m)
{
    if (!p || !m || !pool_is_ours(p) || route >= p->route_count || p->draining || p->stopped)
        return ENVOI_E_USAGE;
    if (message_is_busy(m))
        return ENVOI_E_BUSY;
    if (m->sticky)
        return m->sticky;
    if (!m->count || !message_has_content(m) || message_is_served(m))
        return ENVOI_E_USAGE;
    return (int64_t)p->pending >= p->limits[ENVOI_POOL_QUEUE] ? ENVOI_E_AGAIN : ENVOI_OK;
}

int envoi_pool_submit_with(struct envoi_pool *pool, size_t route, struct envoi_message *message, int priority,
                           envoi_pool_done_fn *done, void *ctx)
{
    struct pool_delivery *d;
    int rc = delivery_check(pool, route, message);

    if (!rc && (priority < ENVOI_POOL_BULK || priority > ENVOI_POOL_URGENT))
        rc = ENVOI_E_USAGE;
    if (rc)
        return rc;
    if (!(d = mem_zalloc(sizeof *d)))
        return ENVOI_E_MEMORY;
    *d = (struct pool_delivery){
        .message = message,
        .route = pool->routes[route],
        .done = done,
        .ctx = ctx,
        .priority = priority,
        .submitted = clock_now(),
        .begun = -1,
    };
    message_begin(message);
    message->pooled = d;
    fifo_push(route_queue(d->route, d, false), d);
    pool->pending++;
    pool->counts.submitted++;
    pool->used = d->route->used = true;
    route_touch(d->route);
    return ENVOI_OK;
}

int envoi_pool_submit(struct envoi_pool *pool, size_t route, struct envoi_message *message, envoi_pool_done_fn *done,
                      void *ctx)
{
    return envoi_pool_submit_with(pool, route, message, ENVOI_POOL_NORMAL, done, ctx);
}

int envoi_pool_cancel(struct envoi_pool *pool, struct envoi_message *message)
{
    struct pool_delivery *d = message ? message->pooled : NULL;

    if (!pool || !pool_is_ours(pool) || !d || d->route->pool != pool)
        return ENVOI_E_USAGE;
    if (d->in != route_queue(d->route, d, false) && d->in != route_queue(d->route, d, true))
        return ENVOI_E_BUSY;
    (void)fifo_take(d->in, message);
    verdict_not_attempted(message, ENVOI_PHASE_NONE, "the message was taken back");
    message->pooled = NULL;
    pool->pending--;
    pool->counts.cancelled++;
    delivery_forget_failure(d);
    mem_free(d);
    return ENVOI_OK;
}

/* SPDX-License-Identifier: MIT */
/* A message on its way through a pool: split into transactions, tried again, done. */
#include "pool/delivery.h"

#include "base/mem.h"
#include "base/text.h"
#include "message/verdict.h"
#include "pool/lists.h"
#include "pool/server.h"

#include <envoi/library.h>
#include <stdio.h>
#include <string.h>

/* How far ahead recipients of the same domain are looked for, and how many domains are told apart: bounds on the work for one
 * transaction, not on what is sent. */
#define LOOK_AHEAD  1000u
#define DOMAINS_MAX 64u

/* ---- failures ---- */

/* Keeps the first failure and its text. */
static void entry_fail(struct pool_entry *e, int code, const char *text)
{
    static const char maybe[] = "the message may have been delivered: ";
    char whole[sizeof maybe + FAULT_TEXT_MAX];

    if (e->failure)
        return;
    e->failure = code;
    (void)snprintf(whole, sizeof whole, "%s%s", code == ENVOI_E_UNKNOWN ? maybe : "",
                   *text ? text : envoi_error_text(code));
    e->error = mem_strdup(whole);
}

/* The session's last failure may be that of a later message by now; the verdicts have their own reasons. */
void entry_fail_of(struct pool_entry *e, int code, const char *otherwise)
{
    const struct envoi_message *m = e->message;
    const struct recipient *r = NULL;
    char text[FAULT_TEXT_MAX];

    for (size_t i = m->due_begin; !r && (i = message_next_due(m, i)) < m->due_end; i++)
        if (m->recipients[i].verdict != ENVOI_VERDICT_ACCEPTED)
            r = &m->recipients[i];
    if (!r || !r->reason) {
        entry_fail(e, code, otherwise);
        return;
    }
    if (!r->code) {
        entry_fail(e, code, recipient_reason(r));
        return;
    }
    (void)snprintf(text, sizeof text, "%s: <%s>: %d %s%s%s", envoi_error_text(code), address_path(&r->address), r->code,
                   r->enhanced, *r->enhanced ? " " : "", recipient_reason(r));
    entry_fail(e, code, text);
}

static void forget_failure(struct pool_entry *e)
{
    mem_free(e->error);
    e->error = NULL;
    e->failure = ENVOI_OK;
}

void entry_end(struct envoi_pool *p, struct pool_entry *e, int code, const char *text)
{
    forget_failure(e);
    entry_fail(e, code, text);
    verdict_not_attempted(e->message, ENVOI_PHASE_NONE, text);
    e->final = true;
    fifo_push(&p->settled, e);
}

/* ---- the recipients of a transaction ---- */

/* A 421 ends the connection and not the message: the server says that it did not process it (RFC 5321 section 3.8). */
static bool is_open(const struct recipient *r)
{
    return r->verdict == ENVOI_VERDICT_NOT_ATTEMPTED || (r->verdict == ENVOI_VERDICT_DEFERRED && r->code == 421);
}

static const char *domain_of(const struct recipient *r)
{
    const char *at = strrchr(address_path(&r->address), '@');

    return at ? at + 1 : "";
}

/* Is the domain one of those that were taken, or can it be? */
static bool take_domain(const char **taken, size_t *count, size_t max, const char *domain)
{
    for (size_t i = *count; i-- > 0;)
        if (text_equal(taken[i], domain))
            return true;
    if (*count == max)
        return false;
    taken[(*count)++] = domain;
    return true;
}

void entry_pick(struct pool_entry *e, uint64_t recipients_max, uint64_t domains_max)
{
    const char *domains[DOMAINS_MAX];
    struct envoi_message *m = e->message;
    size_t domain_count = 0, passed = 0;
    size_t most = domains_max < DOMAINS_MAX ? (size_t)domains_max : DOMAINS_MAX;

    message_due_none(m);
    for (size_t i = e->cursor; i < m->count && passed < LOOK_AHEAD; i++) {
        struct recipient *r = &m->recipients[i];

        if (recipients_max && m->due_count == recipients_max)
            break;
        if (!is_open(r))
            continue;
        if (domains_max && !take_domain(domains, &domain_count, most, domain_of(r))) {
            passed++;
            continue;
        }
        recipient_begin(r);
        message_due_add(m, i);
    }
}

/* ---- messages that nobody takes ---- */

static void end_all(struct pool_route *r, struct pool_fifo *f, int64_t tries, int code, const char *text)
{
    struct pool_fifo all = *f;
    struct pool_entry *e;

    *f = (struct pool_fifo){0};
    while ((e = fifo_pop(&all))) {
        if (++e->tries >= tries)
            entry_end(r->pool, e, code, text);
        else
            fifo_push(f, e);
    }
}

void route_charge(struct pool_route *r, int64_t begun, int code, const char *text)
{
    const struct pool_connection *oldest = r->lists[POOL_CONNECTING].last;

    if (r->tried < r->server_count || r->lists[POOL_IDLE].count || r->lists[POOL_BUSY].count ||
        (oldest && oldest->born <= begun))
        return;
    route_new_turn(r);
    end_all(r, &r->again, r->pool->limits[ENVOI_POOL_TRIES], code, text);
    end_all(r, &r->waiting, r->pool->limits[ENVOI_POOL_TRIES], code, text);
}

void route_fail(struct pool_route *r, int code, const char *text)
{
    route_new_turn(r);
    end_all(r, &r->again, 0, code, text);
    end_all(r, &r->waiting, 0, code, text);
}

/* ---- what becomes of it ---- */

/* Was some recipient of the last transaction left over? */
static bool was_lost(const struct envoi_message *m)
{
    for (size_t i = m->due_begin; (i = message_next_due(m, i)) < m->due_end; i++)
        if (is_open(&m->recipients[i]))
            return true;
    return false;
}

/* May the next connection have more luck? Not when the message itself is what is wrong. */
static bool is_worth_a_try(int rc)
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
        return rc == ENVOI_OK;
    }
}

/* Can the content be had once more? */
static bool is_there(const struct envoi_message *m)
{
    return content_is_repeatable(&m->content);
}

/* Is there to be another transaction? */
static bool goes_on(struct envoi_pool *p, struct pool_entry *e)
{
    struct envoi_message *m = e->message;
    bool lost = was_lost(m);

    while (e->cursor < m->count && !is_open(&m->recipients[e->cursor]))
        e->cursor++;
    if (e->final || p->stopped || e->cursor == m->count || !is_worth_a_try(e->last))
        return false;
    if (lost && ++e->tries >= p->limits[ENVOI_POOL_TRIES])
        return false;
    if (!is_there(m)) {
        if (!lost) {
            entry_fail(e, ENVOI_E_CONTENT, "the content cannot be had a second time");
            verdict_not_attempted(m, ENVOI_PHASE_CONTENT, "the content cannot be had a second time");
        }
        return false;
    }
    if (lost)
        forget_failure(e);
    return true;
}

/* The callback may submit and free as it likes: the entry is gone by then. */
static void finish(struct envoi_pool *p, struct pool_entry *e)
{
    struct pool_entry last = *e;
    int rc = verdict_result(envoi_message_result(last.message), last.failure);

    mem_free(e);
    p->pending--;
    last.message->pooled = false;
    if (last.done && pool_is_ours(p))
        last.done(last.ctx, last.message, rc, rc == ENVOI_OK ? "" : last.error ? last.error : envoi_error_text(rc));
    mem_free(last.error);
}

void pool_settle(struct envoi_pool *p)
{
    struct pool_fifo settled = p->settled; /* what comes meanwhile is for the next time */
    struct pool_entry *e;

    p->settled = (struct pool_fifo){0};
    while ((e = fifo_pop(&settled))) {
        if (goes_on(p, e)) {
            fifo_push(&e->route->again, e);
            route_touch(e->route);
        } else {
            finish(p, e);
        }
    }
}

/* ---- submit ---- */

static int check(const struct envoi_pool *p, size_t route, const struct envoi_message *m)
{
    if (!p || !m || !pool_is_ours(p) || route >= p->route_count || p->draining || p->stopped)
        return ENVOI_E_USAGE;
    if (message_is_busy(m))
        return ENVOI_E_BUSY;
    if (m->sticky)
        return m->sticky;
    if (!m->count || !message_has_content(m))
        return ENVOI_E_USAGE;
    return (int64_t)p->pending >= p->limits[ENVOI_POOL_QUEUE] ? ENVOI_E_AGAIN : ENVOI_OK;
}

int envoi_pool_submit(struct envoi_pool *pool, size_t route, struct envoi_message *message, envoi_pool_done_fn *done,
                      void *ctx)
{
    struct pool_entry *e;
    int rc = check(pool, route, message);

    if (rc)
        return rc;
    if (!(e = mem_zalloc(sizeof *e)))
        return ENVOI_E_MEMORY;
    *e = (struct pool_entry){.message = message, .route = pool->routes[route], .done = done, .ctx = ctx};
    message_begin(message);
    message->pooled = true;
    fifo_push(&e->route->waiting, e);
    pool->pending++;
    pool->used = true;
    route_touch(e->route);
    return ENVOI_OK;
}

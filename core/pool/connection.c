/* SPDX-License-Identifier: MIT */
#include "pool/connection.h"

#include "base/clock.h"
#include "base/mem.h"
#include "pool/delivery.h"
#include "pool/fds.h"
#include "pool/lists.h"
#include "pool/server.h"
#include "pool/throttle.h"

#include <envoi/library.h>
#include <envoi/reply.h>

/* Milliseconds: a busy connection on which no message was done for so long gets no more for now. Others may be
 * quicker. */
#define HANGS_AFTER 1000

/* ---- state ---- */

static void connection_move(struct pool_connection *c, enum pool_state state)
{
    list_remove(&c->route->lists[c->state], c);
    c->state = state;
    list_push_front(&c->route->lists[state], c);
}

/* on: it gets no more messages, because it hangs or because it is spent. */
static void connection_bar(struct pool_connection *c, bool on, bool hangs)
{
    if (c->barred && !on)
        c->route->barred--;
    if (!c->barred && on)
        c->route->barred++;
    c->barred = on;
    c->hangs = on && hangs;
}

static void connection_set_waits(struct pool_connection *c, bool on)
{
    if (c->waits != on)
        c->pool->waits += on ? 1 : (size_t)-1;
    c->waits = on;
}

static struct pool_account *connection_account(const struct pool_connection *c)
{
    return &c->route->accounts[c->server->account];
}

static int64_t deadline_after(int64_t at, int64_t limit)
{
    return limit > INT64_MAX - at ? INT64_MAX : at + limit;
}

/* Rounds a time up to the end of its 32 ms: so the deadlines of thousands of connections pass together. */
static int64_t deadline_rounded(int64_t at)
{
    return at | 31;
}

static void connection_set_deadline(struct pool_connection *c)
{
    const int64_t *limits = c->pool->limits;

    if (c->state == POOL_IDLE) {
        /* one that was never used is not too old, however long it took to connect */
        int64_t too_old = c->used ? deadline_after(c->born, limits[ENVOI_POOL_AGE_MS]) : -1;

        c->deadline = deadline_rounded(clock_earlier(deadline_after(c->since, limits[ENVOI_POOL_IDLE_MS]), too_old));
        if (c->pool->draining && !route_has_work(c->route))
            c->deadline = c->pool->now;
    } else {
        c->deadline = envoi_session_deadline(c->session);
        if (c->state == POOL_BUSY && !c->barred)
            c->deadline = clock_earlier(c->deadline, deadline_rounded(c->since + HANGS_AFTER));
    }
    pool_wake_at(c->pool, c->deadline);
}

void connection_bury(struct envoi_pool *p)
{
    while (p->dead) {
        struct pool_connection *c = p->dead;

        p->dead = c->next;
        mem_free(c);
    }
}

void connection_discard(struct pool_connection *c)
{
    struct envoi_pool *p = c->pool;

    if (!pool_is_ours(c->pool)) /* in a child of fork() nothing is called */
        c->session->trace.level = 0;
    session_add_telemetry(c->session, &p->spent);
    envoi_session_free(c->session); /* settles the messages on it by connection_take_done() */
    c->session = NULL;
    connection_bar(c, false, false);
    connection_set_waits(c, false);
    list_remove(&c->route->lists[c->state], c);
    connection_account(c)->connections--;
    connection_account(c)->connecting -= c->state == POOL_CONNECTING;
    c->next = p->dead;
    p->dead = c;
    p->connections--;
    route_touch(c->route);
}

/* ---- a message is done ---- */

/* Was its last reply a 421 "too fast"? */
static bool connection_is_told(const struct pool_connection *c)
{
    const struct envoi_reply *reply = envoi_session_reply(c->session);
    int code = envoi_reply_code(reply);

    return code == 421 && throttle_is_told(code, envoi_reply_enhanced(reply), envoi_reply_text(reply));
}

/* Called while the session is working, so it only takes notes. */
static void connection_take_done(void *ctx, struct envoi_message *message, int rc)
{
    struct pool_connection *c = ctx;
    /* Nearly always the first. But a message goes to the end of the session's queue if the server refused it because it
     * takes one transaction at a time. */
    struct pool_delivery *d = fifo_take(&c->sent, message);
    bool alive = envoi_session_connected(c->session);

    c->route->in_flight--;
    c->since = c->pool->now;
    if (alive) {
        c->served++;
        c->server->pause = 0;
        server_new_turn(c->route);
    } else if (connection_is_told(c)) { /* the pause of the route does for the server, too */
        c->excused = true;
        d->spared = !throttle_was_told(message);
    } else if (rc == ENVOI_E_CONTENT || rc == ENVOI_E_USAGE || rc == ENVOI_E_MEMORY) {
        c->excused = true;
    } else {
        c->aborted = true;
    }
    d->last = rc;
    if (rc)
        delivery_fail_of(d, rc, c->session->fault.text);
    fifo_push(&c->pool->settled, d);
}

/* Has it had as many messages as it may, or reached its age? */
static bool connection_is_spent(const struct pool_connection *c)
{
    const int64_t *limits = c->pool->limits;
    bool full = c->used >= (uint64_t)limits[ENVOI_POOL_MESSAGES] || (c->mail_max && c->used >= c->mail_max) ||
                (limits[ENVOI_POOL_RECIPIENTS] && c->recipients >= (uint64_t)limits[ENVOI_POOL_RECIPIENTS]);

    /* for its first message it is never too old */
    return full || (c->used && c->pool->now - c->born >= limits[ENVOI_POOL_AGE_MS]);
}

/* ---- beginning ---- */

static struct pool_connection *connection_new(struct pool_route *r, struct pool_server *server)
{
    struct pool_connection *c = mem_zalloc(sizeof *c);

    if (!c)
        return NULL;
    if (session_copy(r->accounts[server->account].prototype, &c->session)) {
        mem_free(c);
        return NULL;
    }
    c->pool = r->pool;
    c->route = r;
    c->server = server;
    c->born = c->since = r->pool->now;
    c->dialing = true;
    c->session->message_done = connection_take_done;
    c->session->message_ctx = c;
    c->session->impatient = !r->pool->watch;
    c->session->host_cache = &server->host_cache;
    (void)envoi_session_set_watch(c->session, fds_tell, c); /* cannot fail: the session is new */
    list_push_front(&r->lists[POOL_CONNECTING], c);
    connection_account(c)->connections++;
    connection_account(c)->connecting++;
    r->pool->connections++;
    r->pool->counts.connections++;
    throttle_connect(r);
    return c;
}

/* Would a connection to any server fail in the same way? A refused login counts as such, because repeating it may lock
 * the account; a deferred one (4yz) does not. */
static bool connection_is_hopeless(const struct envoi_session *s, int rc)
{
    switch (envoi_error_class(rc)) {
    case ENVOI_CLASS_AUTH:
        return rc != ENVOI_E_AUTH || !session_was_deferred(s);
    case ENVOI_CLASS_USAGE:
    case ENVOI_CLASS_PLUGIN:
    case ENVOI_CLASS_CONTROL:
        return true;
    default:
        return rc == ENVOI_E_NOT_SUPPORTED;
    }
}

/* Ends all connections of the account that are not ready yet. */
static void connection_discard_account(struct pool_route *r, size_t account)
{
    for (struct pool_connection *c = r->lists[POOL_CONNECTING].first, *next; c; c = next) {
        next = c->next;
        if (c->server->account == account)
            connection_discard(c);
    }
}

/* It failed before it was ready. */
static void connection_fail(struct pool_connection *c, int rc)
{
    struct pool_route *r = c->route;
    struct envoi_errctx why = c->session->fault;
    bool hopeless = connection_is_hopeless(c->session, rc);
    bool full = rc == ENVOI_E_GREETING && envoi_reply_code(envoi_session_reply(c->session)) == 421;
    size_t others = r->lists[POOL_IDLE].count + r->lists[POOL_BUSY].count, account = c->server->account;
    int64_t born = c->born;

    r->pool->counts.connections_failed++;
    server_failed(r, c->server, c->born);
    connection_discard(c);
    if (full && others)
        throttle_close_door(r, others);
    if (!hopeless) {
        delivery_charge_all(r, born, rc, why.text);
        return;
    }
    connection_discard_account(r, account);
    if (server_refuse_account(r, account))
        delivery_end_all(r, rc, why.text);
    else
        route_touch(r);
}

/* It was lost after it was ready. That is the server's fault only if it was of no use: it completed no message, and
 * either lost some or was never given one. The latter is no fault if the route has no messages, or ran out of them
 * since it was ready. */
static void connection_lose(struct pool_connection *c)
{
    struct pool_route *r = c->route;
    struct envoi_errctx why = c->session->fault;
    bool unused = !c->used && route_has_work(r) && c->ran_dry == r->ran_dry;
    int64_t born = c->born;
    bool useless = !c->served && !c->excused && (c->aborted || unused);

    if (useless)
        server_failed(r, c->server, c->born);
    connection_discard(c);
    if (useless)
        delivery_charge_all(r, born, why.code ? why.code : ENVOI_E_DISCONNECTED, why.text);
}

static void connection_become_ready(struct pool_connection *c)
{
    struct pool_route *r = c->route;

    c->mail_max = session_mail_max(c->session);
    r->serial = !session_pipelines(c->session);
    connection_account(c)->proven = true;
    throttle_open_door(r, c->born);
    connection_account(c)->connecting--;
    c->ran_dry = r->ran_dry;
    c->since = c->pool->now;
    connection_move(c, POOL_IDLE);
    connection_set_deadline(c);
    route_touch(r);
}

/* ---- the end ---- */

static void connection_quit(struct pool_connection *c)
{
    connection_bar(c, false, false);
    connection_move(c, POOL_CLOSING);
    if (envoi_session_quit(c->session) == ENVOI_E_AGAIN)
        connection_set_deadline(c);
    else
        connection_discard(c);
}

static void connection_become_idle(struct pool_connection *c)
{
    c->since = c->pool->now;
    if (connection_is_spent(c)) {
        connection_quit(c);
        return;
    }
    connection_bar(c, false, false);
    session_shrink(c->session);
    connection_move(c, POOL_IDLE);
    connection_set_deadline(c);
    route_touch(c->route);
}

/* ---- one step ---- */

static void connection_step_connecting(struct pool_connection *c, int rc)
{
    if (!rc && c->dialing) {
        c->dialing = false;
        rc = session_prepare(c->session);
    }
    if (!rc && !envoi_session_connected(c->session)) /* the server answered EHLO and closed at once */
        rc = ENVOI_E_DISCONNECTED;
    if (!rc)
        connection_become_ready(c);
    else if (rc != ENVOI_E_AGAIN)
        connection_fail(c, rc);
    else
        connection_set_deadline(c);
}

static void connection_step_idle(struct pool_connection *c)
{
    connection_set_deadline(c);
    if (c->pool->now >= c->deadline)
        connection_quit(c);
}

static void connection_step_busy(struct pool_connection *c, int rc)
{
    bool done = c->since == c->pool->now;

    if (!envoi_session_connected(c->session)) /* it connects again */
        c->looks_up = c->server->host_cache.looked_up;
    if (rc != ENVOI_E_AGAIN) {
        connection_become_idle(c);
        return;
    }
    if (c->hangs && done)
        connection_bar(c, connection_is_spent(c), false);
    else if (!c->barred && c->pool->now - c->since >= HANGS_AFTER)
        connection_bar(c, true, true);
    if (done) { /* it may have room again, and connections with room stand in front */
        list_remove(&c->route->lists[POOL_BUSY], c);
        list_push_front(&c->route->lists[POOL_BUSY], c);
    }
    if (route_has_work(c->route))
        route_touch(c->route);
    connection_set_deadline(c);
}

/* Goes on from rc, the result of the session's verb. It may be discarded then. */
static void connection_step(struct pool_connection *c, int rc)
{
    if (c->broken && c->state == POOL_CONNECTING)
        connection_fail(c, c->broken);
    else if (c->state == POOL_CONNECTING)
        connection_step_connecting(c, rc);
    else if (c->state == POOL_CLOSING && rc != ENVOI_E_AGAIN)
        connection_discard(c);
    else if (c->broken || !session_goes_on(c->session))
        connection_lose(c);
    else if (c->state == POOL_BUSY)
        connection_step_busy(c, rc);
    else if (c->state == POOL_IDLE)
        connection_step_idle(c);
    else
        connection_set_deadline(c);
    if (c->looks_up && !c->server->host_cache.looked_up) {
        c->looks_up = false;
        route_touch(c->route);
    }
    if (c->session)
        connection_set_waits(c, session_waits(c->session));
}

void connection_process(struct pool_connection *c, int fd, unsigned events)
{
    connection_step(c, envoi_session_process(c->session, fd, events));
}

bool connection_open(struct pool_route *r)
{
    struct pool_server *server = server_next(r);
    struct pool_connection *c;
    int rc;

    if (!server || server->host_cache.looked_up)
        return false;
    if (!(c = connection_new(r, server))) {
        server_failed(r, server, r->pool->now);
        delivery_charge_all(r, r->pool->now, ENVOI_E_MEMORY, envoi_error_text(ENVOI_E_MEMORY));
        return false;
    }
    rc = envoi_session_connect(c->session, server->name);
    c->looks_up = server->host_cache.looked_up;
    connection_step(c, rc);
    return true;
}

/* If the server has closed it, that is seen before a message is written to it. */
bool connection_is_alive(struct pool_connection *c)
{
    connection_process(c, c->session->fd, ENVOI_EVENT_READ);
    return c->session && c->state == POOL_IDLE;
}

/* ---- messages ---- */

size_t connection_room(struct pool_connection *c, size_t share)
{
    uint64_t room = (uint64_t)c->pool->limits[ENVOI_POOL_MESSAGES];

    if (connection_is_spent(c)) {
        connection_bar(c, true, false);
        return 0;
    }
    if (c->barred)
        return 0;
    room -= c->used;
    if (c->mail_max && room > c->mail_max - c->used)
        room = c->mail_max - c->used;
    if (throttle_is_on(c->route) && c->state == POOL_BUSY)
        return 0;
    if (throttle_is_on(c->route) || !session_pipelines(c->session))
        share = 1;
    if (share <= c->sent.count)
        return 0;
    share -= c->sent.count;
    return room < share ? (size_t)room : share;
}

/* False: the session takes no more. The message waits again, or has ended if it was refused. */
static bool connection_queue(struct pool_connection *c, struct pool_delivery *d)
{
    struct envoi_errctx why;
    int rc;

    if ((rc = session_pick(c->session, d->message, &why))) {
        delivery_end(c->pool, d, rc, why.text);
        return true;
    }
    rc = session_queue(c->session, d->message);
    if (rc == ENVOI_E_DISCONNECTED) {
        fifo_push_front(route_queue(c->route, d, true), d);
    } else if (rc) {
        delivery_end(c->pool, d, rc, rc == ENVOI_E_MEMORY ? envoi_error_text(rc) : c->session->fault.text);
    } else {
        fifo_push(&c->sent, d);
        delivery_begin(d);
        throttle_begin(c->route, d->message->due_count);
        c->used++;
        c->recipients += d->message->due_count;
        c->route->in_flight++;
    }
    return !rc;
}

void connection_fill(struct pool_connection *c, size_t room)
{
    struct pool_route *r = c->route;
    struct pool_delivery *d;
    bool queued = true;

    if (c->state == POOL_IDLE) {
        c->since = c->pool->now;
        connection_move(c, POOL_BUSY);
    }
    while (room-- && queued && route_has_work(r) && !connection_is_spent(c) && throttle_may_send(r) &&
           (d = route_pop(r)))
        queued = connection_queue(c, d);
    if (connection_is_spent(c))
        connection_bar(c, true, false);
    list_remove(&r->lists[POOL_BUSY], c);
    list_push_back(&r->lists[POOL_BUSY], c);
    connection_step(c, session_go(c->session));
}

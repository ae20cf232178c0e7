/* SPDX-License-Identifier: MIT */
/* Messages on a connection: how many it may take, how they get there, and what comes back. */
#include "pool/pool.h"

/* ---- the end of a message ---- */

/* Called in the middle of the session's work: nothing but taking notes. */
void connection_take_done(void *ctx, struct envoi_message *message, int rc)
{
    struct pool_connection *c = ctx;
    /* Nearly always the first; but what a server refused unseen goes to the end. */
    struct pool_entry *e = fifo_take(&c->sent, message);
    bool alive = envoi_session_connected(c->session);

    c->route->in_flight--;
    c->since = c->pool->now;
    if (alive) {
        c->served++;
        c->server->pause = 0;
        route_new_turn(c->route);
    } else if (rc == ENVOI_E_CONTENT || rc == ENVOI_E_USAGE || rc == ENVOI_E_MEMORY) {
        c->excused = true;
    } else {
        c->aborted = true;
    }
    e->last = rc;
    if (rc)
        entry_fail_of(e, rc, c->session->fault.text);
    fifo_push(&c->pool->settled, e);
}

bool connection_is_spent(const struct pool_connection *c)
{
    const int64_t *limits = c->pool->limits;

    return c->used >= (uint64_t)limits[ENVOI_POOL_MESSAGES] || (c->mail_max && c->used >= c->mail_max) ||
           (c->used && c->pool->now - c->born >= limits[ENVOI_POOL_AGE_MS]); /* one message it is good for */
}

/* ---- messages ---- */

/* An end that has come is seen now and not when the message is on its way. */
bool connection_is_alive(struct pool_connection *c)
{
    connection_process(c, c->session->fd, ENVOI_EVENT_READ);
    return c->session && c->state == POOL_IDLE;
}

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
    if (!session_pipelines(c->session))
        share = 1;
    if (share <= c->sent.count)
        return 0;
    share -= c->sent.count;
    return room < share ? (size_t)room : share;
}

/* False: it takes none; the message is back where it was, or settled. */
static bool queue_one(struct pool_connection *c, struct pool_entry *e)
{
    int rc;

    entry_pick(e, c->rcpt_max, c->domain_max);
    if ((rc = session_queue(c->session, e->message)) == ENVOI_OK) {
        fifo_push(&c->sent, e);
        c->used++;
        c->route->in_flight++;
        return true;
    }
    if (rc == ENVOI_E_DISCONNECTED)
        fifo_push_front(&c->route->again, e);
    else
        entry_end(c->pool, e, rc, c->session->fault.text);
    return false;
}

void connection_fill(struct pool_connection *c, size_t room)
{
    struct pool_route *r = c->route;
    struct pool_entry *e;
    bool queued = true;

    if (c->state == POOL_IDLE) {
        c->since = c->pool->now;
        connection_move(c, POOL_BUSY);
    }
    while (room-- && queued && (e = fifo_pop(r->again.first ? &r->again : &r->waiting)))
        queued = queue_one(c, e);
    if (connection_is_spent(c))
        connection_bar(c, true, false);
    list_remove(&r->lists[POOL_BUSY], c);
    list_push_back(&r->lists[POOL_BUSY], c);
    connection_step(c, session_go(c->session));
}

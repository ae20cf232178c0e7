/* SPDX-License-Identifier: MIT */
/* A route: its messages, its connections and its servers. */
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "pool/pool.h"

/* So many connections are made at once: a server that has just come back is not to be run down. */
#define CONNECTING_MAX 16u
/* One connection more for so many messages: making it costs round trips, too. */
#define WORTH_IT       4u
/* How many connections without room are passed over in search of one that has some. */
#define LOOKS_MAX      8u

/* ---- lists of connections ---- */

void list_push_front(struct pool_list *l, struct pool_connection *c)
{
    c->prev = NULL;
    c->next = l->first;
    if (l->first)
        l->first->prev = c;
    else
        l->last = c;
    l->first = c;
    l->count++;
}

void list_push_back(struct pool_list *l, struct pool_connection *c)
{
    c->next = NULL;
    c->prev = l->last;
    if (l->last)
        l->last->next = c;
    else
        l->first = c;
    l->last = c;
    l->count++;
}

void list_remove(struct pool_list *l, struct pool_connection *c)
{
    *(c->prev ? &c->prev->next : &l->first) = c->next;
    *(c->next ? &c->next->prev : &l->last) = c->prev;
    l->count--;
}

/* ---- life ---- */

static int add_server(struct pool_route *r, const char *name, size_t len)
{
    struct pool_server *more = mem_realloc(r->servers, (r->server_count + 1) * sizeof *more), *s;
    struct target target;
    int rc;

    if (!more)
        return ENVOI_E_MEMORY;
    r->servers = more;
    s = &more[r->server_count];
    *s = (struct pool_server){.name = mem_strndup(name, len), .failed = -1};
    if (!s->name)
        return ENVOI_E_MEMORY;
    r->server_count++;
    if (!(rc = target_parse(s->name, 25, NULL, &target)))
        target_free(&target);
    return rc;
}

int route_new(struct envoi_pool *p, const struct envoi_session *prototype, const char *servers, struct pool_route **out)
{
    struct pool_route *r = mem_zalloc(sizeof *r);
    const char *list = servers, *word;
    size_t len;
    int rc;

    if (!r)
        return ENVOI_E_MEMORY;
    r->pool = p;
    rc = session_copy(prototype, &r->prototype);
    while (!rc && (list = text_word(list, &word, &len)))
        rc = add_server(r, word, len);
    if (!rc && !r->server_count)
        rc = ENVOI_E_USAGE;
    if (rc)
        route_free(r);
    else
        *out = r;
    return rc;
}

void route_free(struct pool_route *r)
{
    envoi_session_free(r->prototype);
    for (size_t i = 0; i < r->server_count; i++)
        mem_free(r->servers[i].name);
    mem_free(r->servers);
    mem_free(r);
}

bool route_has_work(const struct pool_route *r)
{
    return r->again.first || r->waiting.first;
}

size_t route_pending(const struct pool_route *r)
{
    return r->again.count + r->waiting.count + r->in_flight;
}

void route_touch(struct pool_route *r)
{
    if (r->dirty)
        return;
    r->dirty = true;
    r->next_dirty = r->pool->dirty;
    r->pool->dirty = r;
}

/* ---- servers ---- */

void route_new_turn(struct pool_route *r)
{
    for (size_t i = 0; r->tried && i < r->server_count; i++)
        if (r->servers[i].tried) {
            r->servers[i].tried = false;
            r->tried--;
        }
}

/* Each server has its turn: one that failed in it is tried again only while those that did not are left alone. Else the first
 * ones of the list, whose pauses end while others are tried, would be tried for ever. The turn ends when it is known what
 * became of all its connections; meanwhile the first one whose pause is over is better than none. */
struct pool_server *route_server(struct pool_route *r)
{
    struct pool_server *second = NULL;
    int64_t soonest = -1;

    if (r->tried == r->server_count && !r->lists[POOL_CONNECTING].count)
        route_new_turn(r);
    for (size_t i = 0; i < r->server_count; i++) {
        struct pool_server *s = &r->servers[i];

        if (s->not_before > r->pool->now)
            soonest = clock_earlier(soonest, s->not_before);
        else if (!s->tried)
            return s;
        else if (!second)
            second = s;
    }
    if (!second)
        pool_wake_at(r->pool, soonest);
    return second;
}

void route_server_failed(struct pool_route *r, struct pool_server *s, int64_t begun)
{
    const int64_t *limits = r->pool->limits;
    int64_t longest = limits[ENVOI_POOL_BACKOFF_MAX_MS];

    if (begun < s->failed || (begun == s->failed && s->not_before > r->pool->now))
        return; /* of many that were begun together the first one has told it */
    if (!s->pause)
        s->pause = limits[ENVOI_POOL_BACKOFF_MS];
    else
        s->pause = s->pause > longest / 2 ? longest : 2 * s->pause;
    if (s->pause > longest)
        s->pause = longest;
    s->failed = r->pool->now;
    s->not_before = s->pause > INT64_MAX - r->pool->now ? INT64_MAX : r->pool->now + s->pause;
    r->tried += !s->tried;
    s->tried = true;
    pool_wake_at(r->pool, s->not_before);
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

/* ---- messages to connections ---- */

static size_t usable(const struct pool_route *r)
{
    return r->lists[POOL_CONNECTING].count + r->lists[POOL_IDLE].count + r->lists[POOL_BUSY].count - r->barred;
}

/* How many messages one connection should have, so that all have the same. */
static size_t share_of(const struct pool_route *r)
{
    size_t most = (size_t)r->pool->limits[ENVOI_POOL_IN_FLIGHT];
    size_t many = usable(r), share = many ? (route_pending(r) + many - 1) / many : most;

    return share < most ? share : most;
}

static bool wants_connection(const struct pool_route *r)
{
    const int64_t *limits = r->pool->limits;
    size_t worth = limits[ENVOI_POOL_IN_FLIGHT] < WORTH_IT ? (size_t)limits[ENVOI_POOL_IN_FLIGHT] : WORTH_IT;
    size_t all = r->lists[POOL_CLOSING].count + usable(r) + r->barred, most = CONNECTING_MAX;

    if (r->serial)
        worth = 1;
    if (!r->proven && session_has_login(r->prototype))
        most = 1; /* a wrong password is told once and not sixteen times */
    return route_has_work(r) && (int64_t)all < limits[ENVOI_POOL_CONNECTIONS] &&
           r->lists[POOL_CONNECTING].count < most && usable(r) * worth < route_pending(r);
}

/* Those with room stand in front; those that were given some go to the end. */
static void fill_busy(struct pool_route *r)
{
    struct pool_connection *c = r->lists[POOL_BUSY].first;

    for (size_t looks = 0; c && route_has_work(r) && looks < LOOKS_MAX; looks++) {
        struct pool_connection *next = c->next;
        size_t room = connection_room(c, share_of(r));

        if (room) {
            connection_fill(c, room);
            looks = 0;
            next = r->lists[POOL_BUSY].first == c ? NULL : r->lists[POOL_BUSY].first;
        }
        c = next;
    }
}

void route_dispatch(struct pool_route *r)
{
    while (route_has_work(r) && r->lists[POOL_IDLE].first) {
        struct pool_connection *c = r->lists[POOL_IDLE].first;
        size_t room;

        if (!connection_is_alive(c))
            continue;
        room = connection_room(c, share_of(r));
        connection_fill(c, room); /* without room it becomes busy with nothing, and is closed */
    }
    while (wants_connection(r))
        if (!connection_open(r))
            break;
    fill_busy(r);
    r->rests += !route_has_work(r);
}

/* SPDX-License-Identifier: MIT */
#include "pool/throttle.h"

#include "base/text.h"
#include "pool/rate.h"

#include <string.h>

/* After so many accepted messages there may be one connection more. */
#define GOOD_ENOUGH  16u
/* Each of them makes the pause shorter by this part; one of fewer milliseconds than that is none. */
#define PAUSE_SHRINK 8

static bool throttle_begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

bool throttle_is_told(int code, const char *enhanced, const char *text)
{
    static const struct {
        int code;
        const char *enhanced; /* how it begins; "": there is none */
        const char *word;     /* in its text; NULL: any text */
    } known[] = {
        {421, "4.7.", NULL},     {450, "4.7.", NULL},  {451, "4.7.", NULL},
        {454, "4.7.", NULL},     {421, "4.3.2", NULL}, {432, "4.3.2", NULL}, /* Exchange Online */
        {454, "", "Throttling"},                                             /* Amazon SES */
    };

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        bool none = !*known[i].enhanced;

        if (code == known[i].code && (none ? !*enhanced : throttle_begins(enhanced, known[i].enhanced)) &&
            (!known[i].word || text_has_word(text, known[i].word)))
            return true;
    }
    return false;
}

bool throttle_was_told(const struct envoi_message *m)
{
    bool told = false;

    for_each_due (m, i) {
        const struct recipient *r = &m->recipients[i];

        if (r->verdict == ENVOI_VERDICT_NOT_ATTEMPTED)
            continue;
        if (r->verdict != ENVOI_VERDICT_DEFERRED || !throttle_is_told(r->code, r->enhanced, recipient_reason(r)))
            return false;
        told = true;
    }
    return told;
}

/* The next pause: the first one, or twice the last one. */
static int64_t throttle_longer(const struct pool_route *r, int64_t pause)
{
    const int64_t *limits = r->pool->limits;
    int64_t longest = limits[ENVOI_POOL_BACKOFF_MAX_MS];
    int64_t next = limits[ENVOI_POOL_BACKOFF_MS];

    if (pause)
        next = pause > longest / 2 ? longest : 2 * pause;
    return next < longest ? next : longest;
}

static void throttle_hold(struct pool_route *r, size_t most)
{
    r->throttle.most = most ? most : 1;
    r->throttle.good = 0;
    r->throttle.told_at = r->pool->now;
    r->pool->counts.throttled++;
}

void throttle_slow(struct pool_route *r, int64_t begun)
{
    struct pool_throttle *t = &r->throttle;
    size_t now = r->lists[POOL_CONNECTING].count + r->lists[POOL_IDLE].count + r->lists[POOL_BUSY].count;

    if (begun <= t->told_at)
        return;
    throttle_hold(r, now / 2);
    t->pause = throttle_longer(r, t->pause);
    t->next = clock_after(r->pool->now, t->pause);
}

void throttle_close_door(struct pool_route *r, size_t others)
{
    struct pool_throttle *t = &r->throttle;

    throttle_hold(r, others);
    t->door = throttle_longer(r, t->door);
    t->door_next = clock_after(r->pool->now, t->door);
    pool_wake_at(r->pool, t->door_next);
}

void throttle_open_door(struct pool_route *r, int64_t born)
{
    if (born >= r->throttle.door_next)
        r->throttle.door = 0;
}

void throttle_recover(struct pool_route *r, int64_t begun)
{
    struct pool_throttle *t = &r->throttle;

    if (!t->most || begun <= t->told_at)
        return;
    t->pause = t->pause < PAUSE_SHRINK ? 0 : t->pause - t->pause / PAUSE_SHRINK;
    if (++t->good < GOOD_ENOUGH)
        return;
    t->good = 0;
    if ((int64_t)++t->most >= r->pool->limits[ENVOI_POOL_CONNECTIONS] && !t->pause)
        t->most = 0;
}

/* Nothing before that time, nor for so long. Wakes the pool. */
static bool throttle_is_due(struct pool_route *r, int64_t next, int64_t wait)
{
    int64_t now = r->pool->now, at = now + wait;

    if (next > at)
        at = next;
    if (at > now)
        pool_wake_at(r->pool, at);
    return at <= now;
}

/* The message that is next in turn. */
static const struct envoi_message *throttle_head(const struct pool_route *r)
{
    size_t i = 0;

    while (!r->queues[i].first)
        i++;
    return r->queues[i].first->message;
}

bool throttle_may_send(struct pool_route *r)
{
    const struct pool_bucket *messages = &r->rates[ENVOI_POOL_RATE_MESSAGES];
    const struct pool_bucket *recipients = &r->rates[ENVOI_POOL_RATE_RECIPIENTS];
    const struct envoi_message *m;
    int64_t now = r->pool->now, wait, longer;

    if (r->throttle.next <= now && !messages->count && !recipients->count)
        return true;
    m = throttle_head(r);
    wait = rate_wait(messages, now, 1);
    longer = rate_wait(recipients, now, (int64_t)(m->count - m->settled));
    return throttle_is_due(r, r->throttle.next, longer > wait ? longer : wait);
}

void throttle_begin(struct pool_route *r, size_t recipients)
{
    int64_t now = r->pool->now;

    rate_take(&r->rates[ENVOI_POOL_RATE_MESSAGES], now, 1);
    rate_take(&r->rates[ENVOI_POOL_RATE_RECIPIENTS], now, (int64_t)recipients);
    if (r->throttle.pause)
        r->throttle.next = clock_after(now, r->throttle.pause);
}

bool throttle_may_connect(struct pool_route *r)
{
    int64_t wait = rate_wait(&r->rates[ENVOI_POOL_RATE_CONNECTIONS], r->pool->now, 1);

    return throttle_is_due(r, r->throttle.door_next, wait);
}

void throttle_connect(struct pool_route *r)
{
    rate_take(&r->rates[ENVOI_POOL_RATE_CONNECTIONS], r->pool->now, 1);
}

int64_t throttle_most(const struct pool_route *r)
{
    int64_t limit = r->pool->limits[ENVOI_POOL_CONNECTIONS];

    return r->throttle.most && (int64_t)r->throttle.most < limit ? (int64_t)r->throttle.most : limit;
}

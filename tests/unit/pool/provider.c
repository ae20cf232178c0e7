/* SPDX-License-Identifier: MIT */
#include "provider.h"

#include "../../support/pollset.h"
#include "base/clock.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define GUESTS_MAX 64
#define BEGINNING  1000000

/* A connection, as the provider sees it. */
struct guest {
    struct provider *provider;
    unsigned account;
    size_t number;
    int fd; /* -1: there is none */
    bool counted, content, slow;
    int64_t due; /* the reply to the content is sent then; 0: none is */
    char in[65536];
    size_t len;
    char subject[16];
};

static struct guest guests[GUESTS_MAX];
static int64_t now = BEGINNING;
static struct pollset watched;

int64_t clock_now(void)
{
    return now;
}

int64_t provider_now(void)
{
    return now;
}

size_t provider_burst(const struct provider *p, int64_t window)
{
    size_t most = 0, from = 0;

    for (size_t i = 0; i < p->accepted; i++) {
        while (p->log[from].at <= p->log[i].at - window)
            from++;
        most = i - from + 1 > most ? i - from + 1 : most;
    }
    return most;
}

/* ---- one connection ---- */

static void guest_say(struct guest *g, const char *text)
{
    char line[512];
    int len = snprintf(line, sizeof line, "%s\r\n", text);

    if (g->fd >= 0)
        (void)send(g->fd, line, (size_t)len, MSG_NOSIGNAL);
}

static void guest_leave(struct guest *g)
{
    if (g->fd < 0)
        return;
    (void)close(g->fd);
    g->fd = -1;
    g->provider->at_once -= g->counted;
}

static bool guest_is_too_fast(struct guest *g)
{
    struct provider *p = g->provider;
    size_t recent = 0;

    for (size_t i = p->accepted; p->rules.messages && i-- > 0 && p->log[i].at > now - p->rules.window;)
        recent++;
    if (!p->rules.always && (!p->rules.messages || recent < p->rules.messages))
        return false;
    p->refused++;
    guest_say(g, p->rules.too_fast);
    if (p->rules.hangs_up)
        guest_leave(g);
    return true;
}

static void guest_take(struct guest *g)
{
    struct provider *p = g->provider;
    struct provider_entry *e = &p->log[p->accepted];

    if (p->rules.behind_content && guest_is_too_fast(g))
        return;
    cr_assert_lt(p->accepted, PROVIDER_LOG_MAX);
    *e = (struct provider_entry){.at = now, .connection = g->number, .account = g->account};
    memcpy(e->subject, g->subject, sizeof e->subject);
    p->accepted++;
    guest_say(g, "250 2.0.0 queued");
}

static void guest_hear(struct guest *g, const char *line)
{
    const struct provider_rules *rules = &g->provider->rules;

    if (g->content && strncmp(line, "Subject: ", 9) == 0)
        (void)snprintf(g->subject, sizeof g->subject, "%.15s", line + 9);
    if (g->content && strcmp(line, ".") == 0) {
        g->content = false;
        g->due = now + rules->takes;
    }
    if (g->content || g->due)
        return;
    if (strncmp(line, "EHLO", 4) == 0)
        guest_say(g,
                  rules->refuses_login ? "250-here\r\n250-AUTH PLAIN\r\n250 PIPELINING" : "250-here\r\n250 PIPELINING");
    else if (strncmp(line, "AUTH", 4) == 0)
        guest_say(g, "535 5.7.8 no");
    else if (strncmp(line, "MAIL", 4) == 0 && !rules->behind_content && guest_is_too_fast(g))
        g->slow = true;
    else if (g->slow && strcmp(line, "RSET") != 0)
        guest_say(g, "503 5.5.1 MAIL first");
    else if (strcmp(line, "DATA") == 0) {
        g->content = true;
        guest_say(g, "354 go");
    } else if (strcmp(line, "QUIT") == 0) {
        guest_say(g, "221 bye");
        guest_leave(g);
    } else {
        g->slow = false;
        guest_say(g, "250 ok");
    }
}

/* False: there was nothing to do. */
static bool guest_turn(struct guest *g)
{
    char line[512], *end;
    bool busy = false;
    ssize_t n;

    if (g->fd < 0)
        return false;
    if (g->due && now >= g->due) {
        g->due = 0;
        guest_take(g);
        busy = true;
    }
    if (g->fd >= 0 && (n = recv(g->fd, g->in + g->len, sizeof g->in - g->len, MSG_DONTWAIT)) >= 0) {
        g->len += (size_t)n;
        busy = true;
        if (!n)
            guest_leave(g);
    }
    while (g->fd >= 0 && !g->due && (end = memmem(g->in, g->len, "\r\n", 2))) {
        size_t used = (size_t)(end - g->in);

        (void)snprintf(line, sizeof line, "%.*s", (int)used, g->in);
        g->len -= used + 2;
        memmove(g->in, end + 2, g->len);
        guest_hear(g, line);
        if (g->due && g->due <= now) {
            g->due = 0;
            guest_take(g);
        }
    }
    return busy;
}

int provider_dial(void *ctx, const char *host, unsigned port, int *in, int *out)
{
    const struct provider_account *account = ctx;
    struct provider *p = account->provider;
    struct guest *g = guests;
    int pair[2];

    (void)host;
    (void)port;
    while (g->fd >= 0)
        cr_assert_lt(++g - guests, GUESTS_MAX);
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
    *g = (struct guest){.provider = p, .account = account->number, .fd = pair[0], .number = p->connections};
    *in = *out = pair[1];
    if (p->rules.connections && p->at_once >= p->rules.connections) {
        if (!p->turned_away++)
            p->first_turned_away = now;
        p->last_turned_away = now;
        guest_say(g, "421 4.7.0 too many connections");
        guest_leave(g);
        return ENVOI_OK;
    }
    g->counted = true;
    p->connections++;
    p->at_once++;
    p->most_at_once = p->at_once > p->most_at_once ? p->at_once : p->most_at_once;
    guest_say(g, "220 here");
    return ENVOI_OK;
}

/* ---- turns ---- */

void provider_watch(void *ctx, int fd, unsigned events)
{
    (void)ctx;
    pollset_watch(&watched, fd, events);
}

static bool pool_turn(struct envoi_pool *pool, int *rc)
{
    struct pollset ready = watched;
    bool busy = false;

    cr_assert_geq(poll(ready.fds, ready.count, 0), 0);
    for (nfds_t i = 0; i < ready.count; i++) {
        short events = ready.fds[i].revents;

        if (!events)
            continue;
        busy = true;
        *rc = envoi_pool_process(pool, ready.fds[i].fd,
                                 (events & POLLOUT ? ENVOI_EVENT_WRITE : 0u) |
                                     (events & ~POLLOUT ? ENVOI_EVENT_READ : 0u));
    }
    return busy;
}

/* When a reply to a content is due. */
static int64_t guests_deadline(void)
{
    int64_t at = -1;

    for (size_t i = 0; i < GUESTS_MAX; i++)
        if (guests[i].fd >= 0 && guests[i].due)
            at = clock_earlier(at, guests[i].due);
    return at;
}

bool provider_run(struct envoi_pool *pool, int64_t until)
{
    int rc = envoi_pool_process(pool, -1, 0);

    for (unsigned turns = 0; rc == ENVOI_E_AGAIN; turns++) {
        bool busy = false;
        int64_t at;

        cr_assert_lt(turns, 1000000u, "no end");
        for (size_t i = 0; i < GUESTS_MAX; i++)
            busy |= guest_turn(&guests[i]);
        busy |= pool_turn(pool, &rc);
        if (busy || rc != ENVOI_E_AGAIN)
            continue;
        at = clock_earlier(envoi_pool_deadline(pool), guests_deadline());
        cr_assert(at >= 0, "the pool waits for nothing");
        if (at > until) {
            now = until;
            return false;
        }
        now = at > now ? at : now;
        rc = envoi_pool_process(pool, -1, 0);
    }
    return true;
}

void provider_reset(void)
{
    for (size_t i = 0; i < GUESTS_MAX; i++) {
        if (guests[i].provider)
            guest_leave(&guests[i]);
        guests[i].fd = -1;
    }
    watched = (struct pollset){0};
    now = BEGINNING;
}

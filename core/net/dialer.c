/* SPDX-License-Identifier: MIT */
#include "net/dialer.h"

#include "base/clock.h"
#include "base/mem.h"
#include "portable/errno_text.h"
#include "portable/socket.h"

#include <assert.h>
#include <envoi/library.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* RFC 8305 section 8; all delays are in milliseconds. */
#define ATTEMPT_DELAY    250
#define RESOLUTION_DELAY 50
/* If the backlog of a unix socket is full, connect() fails at once, and no event reports that there is room again. */
#define BACKLOG_DELAY    20

#define ATTEMPTS_MAX (FAMILIES * ADDRESSES_MAX)

/* The watch list needs a place for each attempt and each socket of c-ares. */
static_assert(WATCH_MAX >= ATTEMPTS_MAX + CHANNEL_SOCKETS_MAX, "the watch list is too short");

struct attempt {
    int fd;
    int family;
    unsigned index; /* of its address in the family's list */
};

struct dialer {
    struct dialer_env env;
    struct resolver resolver;
    bool looks_up;                         /* on behalf of the host cache: other dialers wait for it */
    unsigned tried[FAMILIES];              /* a bit for each address */
    int turn;                              /* the family that is tried next */
    struct attempt attempts[ATTEMPTS_MAX]; /* in progress */
    size_t count;
    bool begun;       /* an address was tried: the deadline is that of connecting, no longer that of the look-up */
    int64_t deadline; /* -1: none */
    int64_t next_at;  /* no attempt begins before */
    int64_t grace;    /* until then IPv4 waits for an address of IPv6; 0: it has not begun to wait */
    int winner;       /* the connected socket, until it is handed over; -1: none */
    struct endpoint peer;
    int last_error;     /* errno of the last failure */
    int local_failure;  /* ENVOI_E_SYSTEM or ENVOI_E_MEMORY if no socket could be made; else 0 */
    char failures[384]; /* "192.0.2.1: Connection refused; ..." */
};

/* ---- addresses ---- */

/* Hands the addresses to the dialers that wait for them. */
static void dialer_share(struct dialer *d, int64_t now)
{
    if (!d->looks_up)
        return;
    d->looks_up = false;
    d->env.host_cache->looked_up = false;
    host_cache_keep(d->env.host_cache, &d->resolver.addresses, d->resolver.ttl, now);
}

static int dialer_look_up(struct dialer *d, int64_t now)
{
    struct dialer_env *env = &d->env;
    int rc;

    trace_event(env->trace, "looking up %s", env->target->name);
    if ((d->looks_up = env->host_cache && !env->host_cache->looked_up))
        env->host_cache->looked_up = true;
    rc = resolver_start(&d->resolver, env->target, env->policy, env->watch, env->fault);
    if (resolver_done(&d->resolver, FAMILIES))
        dialer_share(d, now);
    return rc;
}

static int dialer_find_addresses(struct dialer *d, int64_t now)
{
    const struct target *target = d->env.target;
    const struct addresses *known = NULL;

    d->resolver = (struct resolver){.target = target, .watch = d->env.watch, .ttl = -1};
    if (target->address.len) {
        d->resolver.addresses.first = FAMILY_V4;
        d->resolver.addresses.found[FAMILY_V4][0] = target->address;
        d->resolver.addresses.count[FAMILY_V4] = 1;
        return ENVOI_OK;
    }
    if (d->env.host_cache && (known = host_cache_use(d->env.host_cache, now))) {
        trace_event(d->env.trace, "%s: known already", target->name);
        d->resolver.addresses = *known;
        return ENVOI_OK;
    }
    return dialer_look_up(d, now);
}

/* Notes the outcome in the host cache. Addresses that name servers have not sent yet are not waited for: one that works
 * is enough. */
static void dialer_tell_cache(struct dialer *d, int64_t now)
{
    struct host_cache *cache = d->env.target->address.len ? NULL : d->env.host_cache;

    if (!cache)
        return;
    dialer_share(d, now);
    if (d->winner >= 0)
        host_cache_prefer(cache, &d->peer);
    else
        host_cache_forget(cache);
}

/* ---- life ---- */

int dialer_new(const struct dialer_env *env, int64_t now, struct dialer **out)
{
    struct dialer *d = mem_zalloc(sizeof *d);
    int rc;

    *out = d;
    if (!d)
        return fault_set(env->fault, ENVOI_E_MEMORY, ENVOI_PHASE_CONNECT, "%s", envoi_error_text(ENVOI_E_MEMORY));
    d->env = *env;
    d->winner = -1;
    d->deadline = clock_after(now, env->dns_timeout);
    rc = dialer_find_addresses(d, now);
    d->turn = d->resolver.addresses.first;
    if (rc) {
        dialer_free(d);
        *out = NULL;
    }
    return rc;
}

/* ---- attempts ---- */

static void dialer_close(struct dialer *d, int fd)
{
    watch_forget(d->env.watch, fd);
    (void)close(fd);
}

/* source: the address that the socket cannot be bound to, which is the failure; NULL: another one. */
static void dialer_note_failure(struct dialer *d, const struct endpoint *to, const struct endpoint *source, int error)
{
    char host[ENDPOINT_TEXT_MAX], from[ENDPOINT_TEXT_MAX], why[ENDPOINT_TEXT_MAX + 128];
    size_t len = strlen(d->failures);
    const char *text = errno_text(error);

    endpoint_host(to, host, sizeof host);
    if (source)
        endpoint_source(source, from, sizeof from);
    (void)snprintf(why, sizeof why, "%s%s%s%s", source ? "cannot connect from " : "", source ? from : "",
                   source ? ": " : "", text);
    d->last_error = error;
    d->next_at = 0; /* the next attempt begins at once */
    trace_event(d->env.trace, "%s: %s", host, why);
    if (d->env.target->address.len) /* the only address, and the label names it */
        (void)snprintf(d->failures, sizeof d->failures, "%s", why);
    else
        (void)snprintf(d->failures + len, sizeof d->failures - len, "%s%s: %s", len ? "; " : "", host, why);
}

/* Does this errno of connect() mean that the attempt goes on? After EINTR it does, too (POSIX). */
static bool attempt_is_pending(int error)
{
    return error == EINPROGRESS || error == EINTR;
}

/* The code if socket() failed because this process or machine has run out of something, which is not the server's
 * fault. 0: another reason, such as no IPv6. */
static int attempt_local_failure(int error)
{
    if (error == ENOMEM || error == ENOBUFS)
        return ENVOI_E_MEMORY;
    return error == EMFILE || error == ENFILE ? ENVOI_E_SYSTEM : ENVOI_OK;
}

/* Without a port the kernel chooses one when it knows the destination, so that ports do not run out. With one, a
 * connection that has just been closed must not stand in the way. */
static int attempt_bind(int fd, const struct endpoint *source)
{
    int on = 1;

    if (endpoint_port(source))
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    else
        socket_bind_late(fd);
    return bind(fd, &source->at.any, source->len);
}

static int attempt_socket(const struct endpoint *to)
{
    int fd = socket_open(to->at.any.sa_family, SOCK_STREAM, 0);
    int on = 1;

    if (fd >= 0 && to->at.any.sa_family != AF_UNIX)
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* a failure costs only speed */
    return fd;
}

static const struct endpoint *attempt_address(const struct dialer *d, const struct attempt *a)
{
    return &d->resolver.addresses.found[a->family][a->index];
}

static void dialer_win(struct dialer *d, const struct attempt *a)
{
    d->winner = a->fd;
    d->peer = *attempt_address(d, a);
}

/* NULL: any. */
static const struct endpoint *dialer_source(const struct dialer *d)
{
    const struct endpoint *source = d->env.target->is_unix ? NULL : d->env.source;

    return source && source->len ? source : NULL;
}

static void dialer_begin(struct dialer *d, struct attempt a, int64_t now)
{
    const struct endpoint *to = attempt_address(d, &a), *source = dialer_source(d);
    char text[ENDPOINT_TEXT_MAX];

    endpoint_text(to, text, sizeof text);
    if (!d->begun)
        d->deadline = clock_after(now, d->env.connect_timeout);
    d->begun = true;
    d->next_at = now + ATTEMPT_DELAY;
    trace_event(d->env.trace, "connecting to %s", text);
    if ((a.fd = attempt_socket(to)) < 0) {
        d->local_failure = attempt_local_failure(errno);
        dialer_note_failure(d, to, NULL, errno);
    } else if (source && attempt_bind(a.fd, source) < 0) {
        dialer_note_failure(d, to, source, errno);
        (void)close(a.fd);
    } else if (connect(a.fd, &to->at.any, to->len) == 0) {
        dialer_win(d, &a);
    } else if (attempt_is_pending(errno)) {
        d->attempts[d->count++] = a;
    } else {
        int error = errno;

        (void)close(a.fd);
        if (error == EAGAIN && to->at.any.sa_family == AF_UNIX) {
            d->tried[FAMILY_V4] = 0;
            d->next_at = now + BACKLOG_DELAY;
        } else {
            dialer_note_failure(d, to, NULL, error);
        }
    }
}

/* Can it be connected to from the source address? */
static bool dialer_suits(const struct dialer *d, const struct endpoint *to)
{
    const struct endpoint *source = dialer_source(d);

    return !source || source->at.any.sa_family == to->at.any.sa_family;
}

/* The index of the first address of a family that suits and was not tried; the number of addresses if there is none. */
static unsigned dialer_untried(const struct dialer *d, int family)
{
    const struct addresses *all = &d->resolver.addresses;
    unsigned i = 0;

    while (i < all->count[family] && (d->tried[family] >> i & 1 || !dialer_suits(d, &all->found[family][i])))
        i++;
    return i;
}

static bool dialer_has_address_of(const struct dialer *d, int family)
{
    return dialer_untried(d, family) < d->resolver.addresses.count[family];
}

static bool dialer_has_address(const struct dialer *d)
{
    return dialer_has_address_of(d, FAMILY_V6) || dialer_has_address_of(d, FAMILY_V4);
}

/* Begins an attempt with the next address; false: there is none. The families take turns. */
static bool dialer_begin_next(struct dialer *d, int64_t now)
{
    int family = dialer_has_address_of(d, d->turn) ? d->turn : !d->turn;
    struct attempt a = {.family = family, .index = dialer_untried(d, family)};

    if (!dialer_has_address(d))
        return false;
    d->turn = !family;
    d->tried[family] |= 1u << a.index;
    dialer_begin(d, a, now);
    return true;
}

/* If an IPv4 address is found before any of IPv6, the attempt is delayed a little, so that IPv6 can come first (RFC
 * 8305 section 3). */
static bool dialer_waits_for_v6(struct dialer *d, int64_t now)
{
    if (d->begun || resolver_done(&d->resolver, FAMILY_V6) || !dialer_has_address(d))
        return false;
    if (d->resolver.addresses.count[FAMILY_V6])
        return false;
    if (!d->grace)
        d->grace = now + RESOLUTION_DELAY;
    return now < d->grace;
}

/* The errno of an attempt; 0: it is connected; EINPROGRESS: neither yet. Some event loops report every event on a
 * socket as readable, so ENVOI_EVENT_READ alone proves nothing. */
static int attempt_state(int fd, unsigned events)
{
    struct sockaddr_storage peer;
    int error = 0;
    socklen_t len = sizeof error;

    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
        return errno;
    if (error || events & ENVOI_EVENT_WRITE)
        return error;
    len = sizeof peer;
    return getpeername(fd, (struct sockaddr *)&peer, &len) < 0 ? EINPROGRESS : 0;
}

static void attempt_ready(struct dialer *d, size_t index, unsigned events)
{
    struct attempt a = d->attempts[index];
    int error = attempt_state(a.fd, events);

    if (error == EINPROGRESS || d->winner >= 0)
        return;
    d->attempts[index] = d->attempts[--d->count];
    if (error == 0) {
        dialer_win(d, &a);
    } else {
        dialer_close(d, a.fd);
        dialer_note_failure(d, attempt_address(d, &a), NULL, error);
    }
}

void dialer_ready(struct dialer *d, int fd, unsigned events)
{
    for (size_t i = 0; i < d->count; i++)
        if (d->attempts[i].fd == fd) {
            attempt_ready(d, i, events);
            return;
        }
    if (watch_wanted(d->env.watch, fd)) /* a watched descriptor that is no attempt belongs to c-ares */
        resolver_process(&d->resolver, fd, events);
}

/* ---- steps ---- */

static int dialer_too_late(struct dialer *d)
{
    struct envoi_errctx *fault = d->env.fault;
    const char *label = d->env.target->label;

    if (!d->begun)
        return fault_set(fault, ENVOI_E_TIMEOUT, ENVOI_PHASE_DNS, "%s: the name servers do not answer",
                         d->env.target->name);
    return fault_set(fault, ENVOI_E_TIMEOUT, ENVOI_PHASE_CONNECT, "%s: no answer in time%s%s", label,
                     d->failures[0] ? "; " : "", d->failures);
}

/* There are addresses, but none of the family of the source address. */
static int dialer_none_suits(struct dialer *d)
{
    char from[ENDPOINT_TEXT_MAX];
    const struct endpoint *source = dialer_source(d);

    endpoint_source(source, from, sizeof from);
    return fault_set(d->env.fault, ENVOI_E_CONNECT, ENVOI_PHASE_CONNECT,
                     "%s: there is no %s address to connect to from %s", d->env.target->label,
                     source->at.any.sa_family == AF_INET6 ? "IPv6" : "IPv4", from);
}

static int dialer_nothing_left(struct dialer *d)
{
    const size_t *found = d->resolver.addresses.count;

    if (!d->begun && found[FAMILY_V6] + found[FAMILY_V4])
        return dialer_none_suits(d);
    if (!d->begun)
        return resolver_failure(&d->resolver, d->env.fault);
    (void)fault_set(d->env.fault, d->local_failure ? d->local_failure : ENVOI_E_CONNECT, ENVOI_PHASE_CONNECT, "%s: %s",
                    d->env.target->label, d->failures);
    d->env.fault->library_code = d->last_error;
    return d->env.fault->code;
}

/* Closes the attempts in progress. Their addresses count as not tried. */
static void dialer_close_attempts(struct dialer *d)
{
    for (size_t i = 0; i < d->count; i++) {
        const struct attempt *a = &d->attempts[i];

        dialer_close(d, a->fd);
        d->tried[a->family] &= ~(1u << a->index);
    }
    d->count = 0;
}

bool dialer_resume(struct dialer *d, int64_t now)
{
    d->deadline = clock_after(now, d->env.connect_timeout);
    d->next_at = 0;
    if (dialer_has_address(d) || !resolver_done(&d->resolver, FAMILIES))
        return true;
    if (d->env.host_cache) /* a new look-up may find more addresses */
        host_cache_forget(d->env.host_cache);
    return false;
}

int dialer_step(struct dialer *d, int64_t now, int *fd, struct endpoint *peer)
{
    int rc = ENVOI_E_AGAIN;

    resolver_process(&d->resolver, -1, 0);
    if (resolver_done(&d->resolver, FAMILIES))
        dialer_share(d, now);
    if (!d->begun && d->resolver.addresses.count[FAMILY_V6])
        d->turn = d->resolver.addresses.first;
    while (d->winner < 0 && now >= d->next_at && !clock_passed(d->deadline, now) && !dialer_waits_for_v6(d, now))
        if (!dialer_begin_next(d, now))
            break;
    if (d->winner >= 0) {
        dialer_tell_cache(d, now);
        dialer_close_attempts(d);
        *fd = d->winner;
        *peer = d->peer;
        d->winner = -1;
        return ENVOI_OK;
    }
    if (d->count == 0 && !dialer_has_address(d) && resolver_done(&d->resolver, FAMILIES))
        rc = dialer_nothing_left(d);
    else if (clock_passed(d->deadline, now))
        rc = dialer_too_late(d);
    if (rc != ENVOI_E_AGAIN)
        dialer_tell_cache(d, now);
    return rc;
}

bool dialer_has_begun(const struct dialer *d)
{
    return d->begun;
}

void dialer_watch(const struct dialer *d)
{
    resolver_watch(&d->resolver);
    for (size_t i = 0; i < d->count; i++)
        watch_want(d->env.watch, d->attempts[i].fd, ENVOI_EVENT_WRITE);
}

int64_t dialer_deadline(const struct dialer *d, int64_t now)
{
    int64_t at = clock_earlier(d->deadline, resolver_deadline(&d->resolver, now));

    if (dialer_has_address(d))
        at = clock_earlier(at, d->begun ? d->next_at : d->grace);
    return at;
}

void dialer_free(struct dialer *d)
{
    if (!d)
        return;
    resolver_stop(&d->resolver);
    dialer_close_attempts(d);
    if (d->looks_up)
        d->env.host_cache->looked_up = false;
    if (d->winner >= 0)
        dialer_close(d, d->winner);
    mem_free(d);
}

/* SPDX-License-Identifier: MIT */
#include "session/loop.h"

#include "base/clock.h"
#include "session/helo.h"
#include "session/io.h"

#include <envoi/library.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>

/* ---- the connection that was made goes to the engine ---- */

static int tls_policy(const struct envoi_session *s)
{
    int tls = s->settings.tls;

    if (tls == ENVOI_TLS_DEFAULT)
        tls = s->target.is_unix ? ENVOI_TLS_OFF : ENVOI_TLS_REQUIRED;
    /* RFC 8314: whoever waits for a greeting there waits long */
    if (tls != ENVOI_TLS_OFF && !s->target.is_unix && s->target.port == 465)
        tls = ENVOI_TLS_IMPLICIT;
    return tls;
}

static int begin_engine(struct envoi_session *s, const struct endpoint *address)
{
    char helo[HELO_MAX];
    struct engine_peer peer = {
        .host = s->target.name,
        .host_is_ip = s->target.is_ip,
        .unix_socket = s->target.is_unix,
        .tls = tls_policy(s),
        .helo_name = helo,
    };

    endpoint_text(address, s->peer, sizeof s->peer);
    trace_event(&s->trace, "connected to %s", s->peer);
    helo_default(s->fd, helo);
    s->readable = s->choked = false;
    return engine_connect(s->engine, &peer);
}

static bool is_dialing(const struct envoi_session *s)
{
    return s->dialer && s->fd < 0;
}

/* ENVOI_E_AGAIN as long as the connection is being made. What an address has said is a better reason than that nobody is at
 * the others. */
static int dial(struct envoi_session *s, int64_t now)
{
    struct endpoint address;
    int rc = dialer_step(s->dialer, now, &s->fd, &address);

    if (rc == ENVOI_OK) {
        engine_tick(s->engine, now);
        return begin_engine(s, &address);
    }
    if (rc != ENVOI_E_AGAIN && s->earlier.code) {
        s->fault = s->earlier;
        rc = s->earlier.code;
    }
    return rc;
}

/* RFC 5321 section 5.1: who gives no greeting, or not a good one, need not be all that the name stands for. But where something
 * was said, the beginning of TLS, that is the answer. */
static bool try_next_address(struct envoi_session *s, int rc)
{
    bool ungreeted =
        rc == ENVOI_E_GREETING || rc == ENVOI_E_TIMEOUT || rc == ENVOI_E_DISCONNECTED || rc == ENVOI_E_PROTOCOL;
    struct dialer *dialer = s->dialer;

    if (!ungreeted || !dialer || s->fd < 0 || tls_policy(s) == ENVOI_TLS_IMPLICIT ||
        !dialer_resume(dialer, clock_now()))
        return false;
    s->earlier = s->fault;
    trace_event(&s->trace, "%s: no greeting, there are other addresses", s->peer);
    s->dialer = NULL;
    session_drop(s);
    s->dialer = dialer;
    return true;
}

/* ---- one round ---- */

static void exchange(struct envoi_session *s, int64_t now)
{
    engine_tick(s->engine, now);
    if (s->readable)
        io_receive(s);
    s->readable = false;
    io_send(s);
}

/* Milliseconds after which the non-blocking face reads without being told to. */
#define IDLE_LONG 1000

void loop_catch_up(struct envoi_session *s)
{
    struct pollfd pfd = {.fd = s->fd, .events = POLLIN};

    if (s->settings.nonblocking)
        s->readable = s->readable || clock_now() - s->round_at >= IDLE_LONG;
    else if (poll(&pfd, 1, 0) > 0)
        s->readable = true;
}

static void want(struct envoi_session *s)
{
    unsigned wants = s->fd >= 0 ? engine_want(s->engine) : 0;
    unsigned events =
        (wants & ENGINE_WANT_READ ? ENVOI_EVENT_READ : 0) | (wants & ENGINE_WANT_WRITE ? ENVOI_EVENT_WRITE : 0);

    if (!(wants & ENGINE_WANT_STEP))
        session_forget_worker(s);
    watch_begin(&s->watch);
    if (is_dialing(s))
        dialer_watch(s->dialer);
    if (s->worker)
        watch_want(&s->watch, worker_fd(s->worker), ENVOI_EVENT_READ);
    if (events)
        watch_want(&s->watch, s->fd, events);
    watch_commit(&s->watch);
}

/* Whoever blocks cannot bring what the callback is waiting for. */
static int refuse_again(struct envoi_session *s)
{
    static const char why[] = "a callback said AGAIN in a blocking call";

    if ((s->settings.nonblocking && !s->impatient) ||
        !(engine_want(s->engine) & (ENGINE_WANT_CONTENT | ENGINE_WANT_CREDENTIAL)))
        return ENVOI_E_AGAIN;
    engine_give_up(s->engine, ENVOI_E_USAGE, why);
    return fault_set(&s->fault, ENVOI_E_USAGE, ENVOI_PHASE_NONE, "%s", why);
}

static int round_result(struct envoi_session *s, int64_t now)
{
    int rc = engine_result(s->engine);

    if (rc != ENVOI_E_AGAIN)
        return rc;
    if (s->expiry >= 0 && now >= s->expiry)
        return fault_set(&s->fault, ENVOI_E_TIMEOUT, ENVOI_PHASE_QUIT, "the server did not answer QUIT in time");
    return refuse_again(s);
}

static int verb_round(struct envoi_session *s)
{
    int64_t now = clock_now();

    s->round_at = now;
    if (is_dialing(s)) {
        int rc = dial(s, now);

        if (rc != ENVOI_E_AGAIN || is_dialing(s))
            return rc;
    }
    exchange(s, now);
    return round_result(s, now);
}

/* The connection goes; why the verb ended is not to be covered up by that. */
static void end_connection(struct envoi_session *s, const struct envoi_errctx *why)
{
    struct envoi_errctx kept = *why;

    if (s->fd >= 0 && !engine_alive(s->engine)) /* the closing alert of TLS, if it can leave at once */
        io_send(s);
    session_drop(s);
    s->fault = kept;
}

static int end_verb(struct envoi_session *s, int rc)
{
    enum verb verb = s->verb;
    bool unfinished = engine_result(s->engine) == ENVOI_E_AGAIN;

    s->verb = VERB_NONE;
    s->expiry = -1;
    dialer_free(s->dialer);
    s->dialer = NULL;
    if (rc && !s->fault.text[0]) /* without memory nobody says more than that */
        (void)fault_set(&s->fault, rc, s->fault.phase, "%s", envoi_error_text(rc));
    if (verb == VERB_QUIT)
        end_connection(s, &s->earlier);
    else if ((verb == VERB_CONNECT && rc) || unfinished || !engine_alive(s->engine))
        end_connection(s, &s->fault);
    return verb == VERB_QUIT ? ENVOI_OK : rc;
}

/* One round, and its end. */
static int carry_on(struct envoi_session *s)
{
    int rc = verb_round(s);

    while (try_next_address(s, rc))
        rc = verb_round(s);
    if (rc != ENVOI_E_AGAIN)
        rc = end_verb(s, rc);
    want(s);
    return rc;
}

static int64_t deadline(const struct envoi_session *s, int64_t now)
{
    int64_t at = is_dialing(s) ? dialer_deadline(s->dialer, now) : engine_deadline(s->engine);

    return clock_earlier(at, s->expiry);
}

static void ready(struct envoi_session *s, int fd, unsigned events)
{
    if (fd < 0)
        return;
    if (fd == s->fd) {
        s->readable = s->readable || events & ENVOI_EVENT_READ;
        if (events & ENVOI_EVENT_WRITE)
            s->choked = false;
    } else if (is_dialing(s)) {
        dialer_ready(s->dialer, fd, events);
    }
}

/* ---- the blocking face ---- */

static int poll_timeout(const struct envoi_session *s)
{
    int64_t now = clock_now(), at = deadline(s, now);

    if (at < 0)
        return -1;
    if (at <= now)
        return 0;
    return at - now > INT_MAX ? INT_MAX : (int)(at - now);
}

/* Waits until something happens. A hang-up or an error counts as what was waited for: reading or writing tells which. */
static int wait_for_events(struct envoi_session *s)
{
    struct pollfd fds[WATCH_MAX];
    size_t count = s->watch.count;
    int n;

    for (size_t i = 0; i < count; i++) {
        const struct watch_entry *e = &s->watch.list[i];
        int events = (e->wanted & ENVOI_EVENT_READ ? POLLIN : 0) | (e->wanted & ENVOI_EVENT_WRITE ? POLLOUT : 0);

        fds[i] = (struct pollfd){.fd = e->fd, .events = (short)events};
    }
    n = poll(fds, count, poll_timeout(s));
    if (n < 0 && errno != EINTR && errno != EAGAIN && errno != ENOMEM)
        return fault_set(&s->fault, ENVOI_E_SYSTEM, ENVOI_PHASE_NONE, "poll: %s", strerrordesc_np(errno));
    for (size_t i = 0; n > 0 && i < count; i++) {
        bool broken = fds[i].revents & (POLLERR | POLLHUP | POLLNVAL);
        unsigned events = (fds[i].revents & POLLIN || broken ? ENVOI_EVENT_READ : 0) |
                          (fds[i].revents & POLLOUT || broken ? ENVOI_EVENT_WRITE : 0);

        if (events)
            ready(s, fds[i].fd, events);
    }
    return ENVOI_OK;
}

int loop_run(struct envoi_session *s, int rc)
{
    if (rc != ENVOI_E_AGAIN) {
        rc = end_verb(s, rc);
        want(s);
        return rc;
    }
    rc = carry_on(s);
    while (rc == ENVOI_E_AGAIN && !s->settings.nonblocking)
        rc = wait_for_events(s) ? end_verb(s, s->fault.code) : carry_on(s);
    return rc;
}

/* ---- the non-blocking face ---- */

/* Between verbs the server may say that it closes; it is heard, but it is no verb's failure. */
static int idle_round(struct envoi_session *s)
{
    exchange(s, clock_now());
    if (!engine_alive(s->engine))
        session_drop(s);
    want(s);
    return ENVOI_OK;
}

int envoi_session_process(struct envoi_session *session, int fd, unsigned events)
{
    int rc = session_enter(session);

    if (rc)
        return rc;
    ready(session, fd, events);
    if (session->verb != VERB_NONE)
        rc = carry_on(session);
    else if (session->fd >= 0)
        rc = idle_round(session);
    return session_leave(session, rc);
}

int64_t envoi_session_deadline(struct envoi_session *session)
{
    return session && session->verb != VERB_NONE ? deadline(session, clock_now()) : -1;
}

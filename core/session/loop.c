/* SPDX-License-Identifier: MIT */
#include "session/loop.h"

#include "base/clock.h"
#include "portable/errno_text.h"
#include "session/helo.h"
#include "session/io.h"
#include "session/stream.h"

#include <envoi/library.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>

/* ---- connecting ---- */

static int loop_tls_policy(const struct envoi_session *s)
{
    int tls = s->settings.tls;

    if (tls == ENVOI_TLS_DEFAULT)
        tls = s->target.is_unix && !settings_ask_for_tls(&s->settings) ? ENVOI_TLS_OFF : ENVOI_TLS_REQUIRED;
    /* certificates to check against are of no use in clear */
    if (tls == ENVOI_TLS_OPPORTUNISTIC && (s->library->trust.ca_file || s->library->trust.crl_file))
        tls = ENVOI_TLS_REQUIRED;
    /* RFC 8314: on this port the server says nothing before the handshake */
    if (tls != ENVOI_TLS_OFF && !s->target.is_unix && s->target.port == 465)
        tls = ENVOI_TLS_IMPLICIT;
    return tls;
}

int loop_connected(struct envoi_session *s, bool repeatable)
{
    char helo[HELO_MAX];
    struct engine_peer peer = {
        .host = s->target.name,
        .host_is_ip = s->target.is_ip,
        .unix_socket = s->target.is_unix && endpoint_is_ours(s->fd),
        .tls = loop_tls_policy(s),
        .helo_name = helo,
        .repeatable = repeatable,
    };

    s->unanswered = false;
    trace_event(&s->trace, "connected to %s", s->peer);
    if (s->target.is_unix && !peer.unix_socket)
        trace_event(&s->trace, "%s: the server is another user's: plaintext logins need TLS", s->peer);
    helo_default(s->fd, s->target.is_unix, helo);
    s->readable = s->choked = false;
    return engine_connect(s->engine, &peer);
}

int loop_dial(struct envoi_session *s)
{
    struct dialer_env env = {
        .target = &s->target,
        .policy = &s->library->resolver,
        .dns_timeout = s->settings.timeouts[ENVOI_PHASE_DNS],
        .connect_timeout = s->settings.timeouts[ENVOI_PHASE_CONNECT],
        .watch = &s->watch,
        .trace = &s->trace,
        .fault = &s->fault,
        .host_cache = s->host_cache,
        .source = &s->source,
    };
    int rc;

    engine_telemetry(s->engine)->connections++;
    s->dialed_at = clock_now();
    if (s->dial && !s->target.is_unix) {
        s->dialing = true;
        s->dial_until = clock_after(clock_now(), s->settings.timeouts[ENVOI_PHASE_CONNECT]);
        return ENVOI_E_AGAIN;
    }
    rc = dialer_new(&env, clock_now(), &s->dialer);
    return rc ? rc : ENVOI_E_AGAIN;
}

/* Counts the time since the last round. */
static void loop_count_dialing(struct envoi_session *s, bool connects, int64_t now)
{
    uint64_t *spent = engine_telemetry(s->engine)->phase_ms;

    spent[connects ? ENVOI_PHASE_CONNECT : ENVOI_PHASE_DNS] += (uint64_t)(now - s->dialed_at);
    s->dialed_at = now;
}

static bool loop_is_dialing(const struct envoi_session *s)
{
    return (s->dialer || s->dialing) && s->fd < 0;
}

/* May a callback say AGAIN? While a call blocks, the application cannot supply the answer that its callback waits
 * for. */
static bool loop_may_wait(const struct envoi_session *s)
{
    return s->settings.nonblocking && !s->impatient;
}

static const char again_in_vain[] = "a callback said AGAIN in a blocking call";

static int loop_dial_failed(struct envoi_session *s, int rc, int64_t now)
{
    const char *label = s->target.label;
    int code = rc == ENVOI_E_CANCELLED ? rc : ENVOI_E_CONNECT;

    if (rc == ENVOI_E_AGAIN && !loop_may_wait(s))
        return fault_misuse(&s->fault, ENVOI_DETAIL_CALLBACK, ENVOI_PHASE_CONNECT, "%s", again_in_vain);
    if (rc == ENVOI_E_AGAIN && !clock_passed(s->dial_until, now))
        return rc;
    if (rc == ENVOI_E_AGAIN)
        return fault_set(&s->fault, ENVOI_E_TIMEOUT, ENVOI_PHASE_CONNECT,
                         "%s: the dial callback gave no connection in time", label);
    return fault_set(&s->fault, code, ENVOI_PHASE_CONNECT, "%s: the dial callback failed: %s", label,
                     envoi_error_text(rc));
}

/* Asks the application for a connection. */
static int loop_ask(struct envoi_session *s, int64_t now)
{
    int in = -1, out = -1;
    int rc = s->dial(s->dial_ctx, s->target.name, s->target.port, &in, &out);

    if (rc)
        return loop_dial_failed(s, rc, now);
    if ((rc = stream_adopt(s, in, out))) {
        fault_prefix(&s->fault, "the dial callback gave no connection");
        return rc;
    }
    s->dialing = false;
    engine_tick(s->engine, clock_now()); /* the callback may have taken its time */
    return loop_connected(s, true);
}

/* ENVOI_E_AGAIN while the connection is being made. If an address was connected but gave no greeting, and then the
 * others fail, the failure of the former is reported: it is the better reason. */
static int loop_dial_on(struct envoi_session *s, int64_t now)
{
    struct endpoint address;
    int rc;

    if (s->dialing)
        return loop_ask(s, now);
    if (!(rc = dialer_step(s->dialer, now, &s->fd, &address))) {
        s->out = s->fd;
        endpoint_text(&address, s->peer, sizeof s->peer);
        engine_tick(s->engine, now);
        return loop_connected(s, true);
    }
    if (rc != ENVOI_E_AGAIN && s->earlier.code) {
        s->fault = s->earlier;
        rc = s->earlier.code;
    }
    return rc;
}

/* RFC 5321 section 5.1: if an address gives no greeting or a bad one, try the next address of the name. Not with
 * implicit TLS: there the handshake already was an answer. */
static bool loop_try_next_address(struct envoi_session *s, int rc)
{
    bool ungreeted =
        rc == ENVOI_E_GREETING || rc == ENVOI_E_TIMEOUT || rc == ENVOI_E_DISCONNECTED || rc == ENVOI_E_PROTOCOL;
    struct dialer *dialer = s->dialer;

    if (!ungreeted || !dialer || s->fd < 0 || s->verb != VERB_CONNECT)
        return false;
    if (loop_tls_policy(s) == ENVOI_TLS_IMPLICIT || !dialer_resume(dialer, clock_now()))
        return false;
    s->earlier = s->fault;
    trace_event(&s->trace, "%s: no greeting, there are other addresses", s->peer);
    s->dialer = NULL;
    session_drop(s);
    s->dialer = dialer;
    return true;
}

/* There is no other connection for the messages that wait for one: they end with that failure. */
static int loop_give_up(struct envoi_session *s, int rc)
{
    struct envoi_errctx why = s->fault;

    if (!engine_wants_connection(s->engine))
        return rc;
    engine_give_up(s->engine, rc, why.text);
    if (s->fault.code == why.code) /* else a message failed before */
        s->fault = why;
    return engine_result(s->engine);
}

/* ---- one round ---- */

static void loop_exchange(struct envoi_session *s, int64_t now)
{
    engine_tick(s->engine, now);
    if (s->readable)
        io_receive(s);
    s->readable = false;
    io_send(s);
}

/* After so many milliseconds without a round the non-blocking face reads without an event. */
#define IDLE_LONG 1000

void loop_catch_up(struct envoi_session *s)
{
    struct pollfd pfd = {.fd = s->fd, .events = POLLIN};

    if (s->settings.nonblocking)
        s->readable = s->readable || clock_now() - s->round_at >= IDLE_LONG;
    else if (poll(&pfd, 1, 0) > 0)
        s->readable = true;
}

static void loop_watch(struct envoi_session *s)
{
    unsigned wants = s->fd >= 0 ? engine_want(s->engine) : 0;

    if (!(wants & ENGINE_WANT_STEP))
        session_forget_worker(s);
    watch_begin(&s->watch);
    if (s->dialer && s->fd < 0)
        dialer_watch(s->dialer);
    if (s->worker)
        watch_want(&s->watch, worker_fd(s->worker), ENVOI_EVENT_READ);
    if (wants & ENGINE_WANT_READ)
        watch_want(&s->watch, s->fd, ENVOI_EVENT_READ);
    if (wants & ENGINE_WANT_WRITE)
        watch_want(&s->watch, s->out, ENVOI_EVENT_WRITE);
    watch_commit(&s->watch);
}

static int loop_refuse_again(struct envoi_session *s)
{
    if (loop_may_wait(s) || !(engine_want(s->engine) & (ENGINE_WANT_CONTENT | ENGINE_WANT_CREDENTIAL)))
        return ENVOI_E_AGAIN;
    engine_give_up(s->engine, ENVOI_E_USAGE, again_in_vain);
    return fault_misuse(&s->fault, ENVOI_DETAIL_CALLBACK, ENVOI_PHASE_NONE, "%s", again_in_vain);
}

static int loop_round_result(struct envoi_session *s, int64_t now)
{
    int rc = engine_result(s->engine);

    if (rc != ENVOI_E_AGAIN)
        return rc;
    if (clock_passed(s->expiry, now))
        return fault_set(&s->fault, ENVOI_E_TIMEOUT, ENVOI_PHASE_QUIT, "the server did not answer QUIT in time");
    return loop_refuse_again(s);
}

/* The result of a verb that the application interrupts. It is ENVOI_E_UNKNOWN if a content had left, because CANCELLED
 * would invite to send it again. If the verb's result is certain already, the request stays for the next verb. */
static int loop_interrupt(struct envoi_session *s)
{
    static const char why[] = "interrupted by the application";
    int rc;

    if (loop_is_dialing(s))
        return fault_set(&s->fault, ENVOI_E_CANCELLED, ENVOI_PHASE_CONNECT, "%s", why);
    engine_give_up(s->engine, ENVOI_E_CANCELLED, why);
    rc = engine_result(s->engine);
    if (!rc)
        fault_clear(&s->fault);
    if (rc != ENVOI_E_CANCELLED && rc != ENVOI_E_UNKNOWN && s->verb != VERB_QUIT)
        interrupt_ask(&s->interrupt);
    return rc;
}

/* Is there a request for this verb? One that was there when quit began is for the verb after it. */
static bool loop_is_interrupted(const struct envoi_session *s)
{
    return interrupt_asked(&s->interrupt) && !(s->verb == VERB_QUIT && s->latched);
}

static int loop_verb_round(struct envoi_session *s)
{
    int64_t now = clock_now();

    s->round_at = now;
    if (loop_is_interrupted(s) && interrupt_take(&s->interrupt))
        return loop_interrupt(s);
    if (loop_is_dialing(s)) {
        bool connects = s->dialing || dialer_has_begun(s->dialer);
        int rc = loop_dial_on(s, now);

        loop_count_dialing(s, connects, clock_now());

        if (rc != ENVOI_E_AGAIN)
            return loop_give_up(s, rc);
        if (loop_is_dialing(s))
            return rc;
        now = clock_now();
    }
    loop_exchange(s, now);
    return loop_round_result(s, now);
}

/* The server failed the proof of BDAT, and with it the connection is over. */
static int loop_dial_again(struct envoi_session *s)
{
    int rc;

    session_hang_up(s);
    rc = loop_dial(s);
    return rc == ENVOI_E_AGAIN ? loop_verb_round(s) : loop_give_up(s, rc);
}

/* Closes the connection. s->fault becomes `why`, which closing must not replace. */
static void loop_end_connection(struct envoi_session *s, const struct envoi_errctx *why)
{
    struct envoi_errctx kept = *why;

    if (s->fd >= 0 && !engine_alive(s->engine)) /* the close_notify alert of TLS, if the socket takes it at once */
        io_send(s);
    session_drop(s);
    s->fault = kept;
}

static int loop_end_verb(struct envoi_session *s, int rc)
{
    enum verb verb = s->verb;
    bool unfinished = engine_result(s->engine) == ENVOI_E_AGAIN;

    s->verb = VERB_NONE;
    s->expiry = -1;
    s->dialing = false;
    dialer_free(s->dialer);
    s->dialer = NULL;
    if (rc && !s->fault.text[0]) /* such as ENVOI_E_MEMORY, which comes without a text */
        (void)fault_set(&s->fault, rc, s->fault.phase, "%s", envoi_error_text(rc));
    if (verb == VERB_QUIT)
        loop_end_connection(s, &s->earlier);
    else if ((verb == VERB_CONNECT && rc) || unfinished || !engine_alive(s->engine))
        loop_end_connection(s, &s->fault);
    engine_shrink(s->engine, false);
    return verb == VERB_QUIT ? ENVOI_OK : rc;
}

/* One round, and the end of the verb if that was the last one. */
static int loop_carry_on(struct envoi_session *s)
{
    int rc = loop_verb_round(s);

    while (loop_try_next_address(s, rc))
        rc = loop_verb_round(s);
    if (engine_wants_connection(s->engine) && !loop_is_dialing(s))
        rc = loop_dial_again(s);
    if (rc != ENVOI_E_AGAIN)
        rc = loop_end_verb(s, rc);
    loop_watch(s);
    return rc;
}

static int64_t loop_deadline(const struct envoi_session *s, int64_t now)
{
    int64_t at = engine_deadline(s->engine);

    if (s->dialing && s->fd < 0)
        at = s->dial_until;
    else if (loop_is_dialing(s))
        at = dialer_deadline(s->dialer, now);
    return clock_earlier(at, s->expiry);
}

static void loop_ready(struct envoi_session *s, int fd, unsigned events)
{
    if (fd < 0)
        return;
    if (fd == s->fd)
        s->readable = s->readable || events & ENVOI_EVENT_READ;
    if (fd == s->out && events & ENVOI_EVENT_WRITE)
        s->choked = false;
    if (s->dialer && s->fd < 0)
        dialer_ready(s->dialer, fd, events);
}

/* ---- the blocking face ---- */

static int loop_poll_timeout(const struct envoi_session *s)
{
    int64_t now = clock_now(), at = loop_deadline(s, now);

    if (at < 0)
        return -1;
    if (at <= now)
        return 0;
    return at - now > INT_MAX ? INT_MAX : (int)(at - now);
}

/* poll(2) for the watched descriptors and for a request to interrupt. 0 or an errno. */
static int loop_poll(struct envoi_session *s, struct pollfd fds[WATCH_MAX + 1], int wake)
{
    size_t count = s->watch.count;
    int error;

    for (size_t i = 0; i < count; i++) {
        const struct watch_entry *e = &s->watch.list[i];
        int events = (e->wanted & ENVOI_EVENT_READ ? POLLIN : 0) | (e->wanted & ENVOI_EVENT_WRITE ? POLLOUT : 0);

        fds[i] = (struct pollfd){.fd = e->fd, .events = (short)events};
    }
    fds[count] = (struct pollfd){.fd = wake, .events = POLLIN};
    error = poll(fds, count + 1, loop_poll_timeout(s)) < 0 ? errno : 0;
    if (error == EINTR && s->on_signal && s->on_signal(s->on_signal_ctx)) {
        s->latched = false;
        interrupt_ask(&s->interrupt);
    }
    if (!error && fds[count].revents)
        interrupt_drain(&s->interrupt);
    return error;
}

/* Waits for an event, the deadline or a request to interrupt. A hang-up or an error counts as both events: reading or
 * writing then finds the reason. */
static int loop_wait(struct envoi_session *s)
{
    struct pollfd fds[WATCH_MAX + 1];
    int wake = interrupt_fd(&s->interrupt), error = wake < 0 ? errno : 0;

    if (!error && loop_is_interrupted(s))
        return ENVOI_OK;
    if (!error)
        error = loop_poll(s, fds, wake);
    if (error == EINTR || error == EAGAIN || (wake >= 0 && error == ENOMEM))
        return ENVOI_OK;
    if (error)
        return fault_set(&s->fault, ENVOI_E_SYSTEM, ENVOI_PHASE_NONE, "%s: %s",
                         wake < 0 ? "a descriptor to wait for" : "poll", errno_text(error));
    for (size_t i = 0, count = s->watch.count; i < count; i++) {
        bool broken = fds[i].revents & (POLLERR | POLLHUP | POLLNVAL);
        unsigned events = (fds[i].revents & POLLIN || broken ? ENVOI_EVENT_READ : 0) |
                          (fds[i].revents & POLLOUT || broken ? ENVOI_EVENT_WRITE : 0);

        if (events)
            loop_ready(s, fds[i].fd, events);
    }
    return ENVOI_OK;
}

int loop_run(struct envoi_session *s, int rc)
{
    if (rc != ENVOI_E_AGAIN) {
        rc = loop_end_verb(s, rc);
        loop_watch(s);
        return rc;
    }
    rc = loop_carry_on(s);
    while (rc == ENVOI_E_AGAIN && !s->settings.nonblocking)
        rc = loop_wait(s) ? loop_end_verb(s, s->fault.code) : loop_carry_on(s);
    return rc;
}

/* ---- the non-blocking face ---- */

/* Between verbs the server may close, with a 421 or without. The session is closed then, but no verb has failed. */
static int loop_idle_round(struct envoi_session *s)
{
    loop_exchange(s, clock_now());
    if (!engine_alive(s->engine))
        session_drop(s);
    engine_shrink(s->engine, false);
    loop_watch(s);
    return ENVOI_OK;
}

int envoi_session_process(struct envoi_session *session, int fd, unsigned events)
{
    int rc = session_enter(session);

    if (rc)
        return rc;
    loop_ready(session, fd, events);
    if (session->verb != VERB_NONE)
        rc = loop_carry_on(session);
    else if (session->fd >= 0)
        rc = loop_idle_round(session);
    return session_leave(session, rc);
}

int64_t envoi_session_deadline(struct envoi_session *session)
{
    return session && session->verb != VERB_NONE ? loop_deadline(session, clock_now()) : -1;
}

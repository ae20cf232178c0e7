/* SPDX-License-Identifier: MIT */
/* The verbs: each checks its arguments, begins in the engine, and is carried on by the loop. */
#include "base/clock.h"
#include "base/mem.h"
#include "base/process.h"
#include "message/verdict.h"
#include "session/loop.h"
#include "session/session.h"
#include "session/stream.h"

/* ---- beginning and end ---- */

/* Enters the session for a verb. quit keeps the failure that it finds. */
static int verb_begin(struct envoi_session *s, enum verb verb)
{
    int rc = session_enter(s);

    if (rc)
        return rc;
    if (s->verb != VERB_NONE)
        return session_leave(s, ENVOI_E_BUSY);
    if (verb == VERB_OTHER && s->fd < 0) { /* the reason of a loss that was reported before is the better one */
        if (!s->fault.code)
            (void)fault_set(&s->fault, ENVOI_E_DISCONNECTED, ENVOI_PHASE_NONE, "not connected");
        else if (s->fault.code != ENVOI_E_DISCONNECTED)
            fault_prefix(&s->fault, "not connected; the last failure was");
        s->fault.code = ENVOI_E_DISCONNECTED;
        (void)fault_detail(&s->fault, ENVOI_DETAIL_NONE);
        return session_leave(s, ENVOI_E_DISCONNECTED);
    }
    /* nothing is sent with a setting that was refused */
    s->latched = interrupt_asked(&s->interrupt);
    if (verb == VERB_QUIT)
        s->earlier = s->fault;
    else if ((rc = session_unstick(s)) || (rc = library_check(s->library, &s->fault)))
        return session_leave(s, rc);
    fault_clear(&s->fault);
    s->verb = verb;
    engine_tick(s->engine, clock_now());
    if (s->fd >= 0)
        loop_catch_up(s);
    return ENVOI_OK;
}

static int verb_end(struct envoi_session *s, int rc)
{
    return session_leave(s, loop_run(s, rc));
}

/* Ends a verb that has not begun in the engine. */
static int verb_abandon(struct envoi_session *s, int code)
{
    s->verb = VERB_NONE;
    return session_leave(s, code);
}

static int verb_misuse(struct envoi_session *s, int detail, const char *why)
{
    return verb_abandon(s, fault_misuse(&s->fault, detail, ENVOI_PHASE_NONE, "%s", why));
}

/* ---- the connection ---- */

static uint16_t verb_default_port(const struct settings *s)
{
    if (s->lmtp)
        return 24;
    return s->tls == ENVOI_TLS_IMPLICIT ? 465 : 25;
}

/* Notes to which server a connection is made, and by which process. */
static int verb_take_server(struct envoi_session *s, const char *server)
{
    const char *backend = s->tls_backend ? s->tls_backend : s->library->tls_backend;
    int rc;

    fault_clear(&s->earlier);
    s->unanswered = true;
    s->settings.altered = false;
    target_free(&s->target);
    if ((rc = target_parse(server, verb_default_port(&s->settings), &s->fault, &s->target)))
        return rc;
    if ((rc = mem_replace(&s->settings.tls_backend, backend)))
        return fault_set(&s->fault, rc, ENVOI_PHASE_CONNECT, "%s", envoi_error_text(rc));
    s->process = process_number();
    return ENVOI_OK;
}

int envoi_session_connect(struct envoi_session *session, const char *server)
{
    int rc = verb_begin(session, VERB_CONNECT);

    if (rc)
        return rc;
    if (session->fd >= 0)
        return verb_misuse(session, ENVOI_DETAIL_ORDER, "already connected");
    if (!server)
        return verb_misuse(session, ENVOI_DETAIL_MISSING, "no server is given");
    rc = verb_take_server(session, server);
    return verb_end(session, rc ? rc : loop_dial(session));
}

/* in and out are closed if this fails. */
static int verb_begin_adopted(struct envoi_session *s, int in, int out, const char *server)
{
    int rc = verb_take_server(s, server);

    if (!rc && s->target.is_unix)
        rc = fault_misuse(&s->fault, ENVOI_DETAIL_FORM, ENVOI_PHASE_CONNECT, "%s: not a server: host or host:port",
                          server);
    if (rc) {
        stream_refuse(s, in, out);
        return rc;
    }
    rc = stream_adopt(s, in, out);
    engine_telemetry(s->engine)->connections += !rc;
    return rc ? rc : loop_connected(s, false);
}

int envoi_session_adopt_fd(struct envoi_session *session, int in, int out, const char *server)
{
    int rc = verb_begin(session, VERB_CONNECT);

    if (!rc && session->fd < 0 && server)
        return verb_end(session, verb_begin_adopted(session, in, out, server));
    stream_refuse(session, in, out);
    if (rc)
        return rc;
    return server ? verb_misuse(session, ENVOI_DETAIL_ORDER, "already connected")
                  : verb_misuse(session, ENVOI_DETAIL_MISSING, "no server is given");
}

int envoi_session_open(struct envoi_library *library, const char *server, struct envoi_session **out)
{
    int rc = envoi_session_new(library, out);

    return rc ? rc : envoi_session_connect(*out, server);
}

int envoi_session_load_tls(struct envoi_session *session)
{
    int rc = verb_begin(session, VERB_CONNECT);

    if (rc)
        return rc;
    if (session->fd >= 0)
        return verb_misuse(session, ENVOI_DETAIL_ORDER, "already connected");
    rc = session_load_tls(session);
    if (rc)
        session->fault.phase = ENVOI_PHASE_TLS;
    return verb_abandon(session, rc);
}

int envoi_session_quit(struct envoi_session *session)
{
    int rc = verb_begin(session, VERB_QUIT);

    if (rc)
        return rc;
    rc = engine_quit(session->engine);
    if (session->fd >= 0) {
        session->expiry = clock_after(clock_now(), session->settings.timeouts[ENVOI_PHASE_QUIT]);
        return verb_end(session, rc);
    }
    session->fault = session->earlier;
    return verb_abandon(session, ENVOI_OK);
}

int envoi_session_close(struct envoi_session *session)
{
    struct envoi_errctx kept;
    int rc = session_enter_any(session);

    if (rc)
        return rc;
    kept = session->fault;
    session_drop(session);
    session->fault = kept;
    session->verb = VERB_NONE;
    session->expiry = -1;
    return session_leave(session, ENVOI_OK);
}

/* ---- commands ---- */

int envoi_session_ehlo(struct envoi_session *session, const char *name)
{
    int rc = verb_begin(session, VERB_OTHER);

    return rc ? rc : verb_end(session, engine_ehlo(session->engine, name));
}

int envoi_session_helo(struct envoi_session *session, const char *name)
{
    int rc = verb_begin(session, VERB_OTHER);

    return rc ? rc : verb_end(session, engine_helo(session->engine, name));
}

int envoi_session_ehlo_or_helo_if_needed(struct envoi_session *session)
{
    int rc = verb_begin(session, VERB_OTHER);

    return rc ? rc : verb_end(session, engine_hello_if_needed(session->engine));
}

int envoi_session_starttls(struct envoi_session *session)
{
    int rc = verb_begin(session, VERB_OTHER);

    return rc ? rc : verb_end(session, engine_starttls(session->engine));
}

int envoi_session_login(struct envoi_session *session)
{
    int rc = verb_begin(session, VERB_OTHER);

    return rc ? rc : verb_end(session, engine_login(session->engine, NULL, NULL, NULL, false));
}

int envoi_session_auth(struct envoi_session *session, const char *mechanism)
{
    int rc = verb_begin(session, VERB_OTHER);

    if (rc)
        return rc;
    if (!mechanism)
        return verb_misuse(session, ENVOI_DETAIL_MISSING, "no mechanism is given");
    return verb_end(session, engine_login(session->engine, mechanism, NULL, NULL, false));
}

int envoi_session_auth_with(struct envoi_session *session, const char *mechanism, int safe, envoi_auth_fn *step,
                            void *ctx)
{
    int rc = verb_begin(session, VERB_OTHER);

    if (rc)
        return rc;
    if (!mechanism || !step)
        return verb_misuse(session, ENVOI_DETAIL_MISSING, "no mechanism or no callback is given");
    return verb_end(session, engine_login(session->engine, mechanism, step, ctx, safe != 0));
}

int envoi_session_docmd(struct envoi_session *session, const char *verb, const char *arguments)
{
    int rc = verb_begin(session, VERB_OTHER);

    if (rc)
        return rc;
    if (!verb)
        return verb_misuse(session, ENVOI_DETAIL_MISSING, "no command is given");
    return verb_end(session, engine_command(session->engine, verb, arguments));
}

static int verb_simple(struct envoi_session *s, const char *verb, const char *arguments)
{
    int rc = verb_begin(s, VERB_OTHER);

    return rc ? rc : verb_end(s, engine_simple_command(s->engine, verb, arguments));
}

int envoi_session_noop(struct envoi_session *session)
{
    return verb_simple(session, "NOOP", NULL);
}

int envoi_session_help(struct envoi_session *session, const char *topic)
{
    return verb_simple(session, "HELP", topic);
}

int envoi_session_rset(struct envoi_session *session)
{
    int rc = verb_begin(session, VERB_OTHER);

    return rc ? rc : verb_end(session, engine_rset(session->engine));
}

static int verb_look_up(struct envoi_session *s, const char *verb, const char *address)
{
    int rc = verb_begin(s, VERB_OTHER);

    if (rc)
        return rc;
    if (!address)
        return verb_misuse(s, ENVOI_DETAIL_MISSING, "no address is given");
    return verb_end(s, engine_lookup(s->engine, verb, address));
}

int envoi_session_verify(struct envoi_session *session, const char *address)
{
    return verb_look_up(session, "VRFY", address);
}

int envoi_session_expn(struct envoi_session *session, const char *list)
{
    return verb_look_up(session, "EXPN", list);
}

int envoi_session_mail(struct envoi_session *session, const char *sender, const char *options)
{
    int rc = verb_begin(session, VERB_OTHER);

    if (rc)
        return rc;
    return verb_end(session, engine_mail(session->engine, sender ? sender : "", options));
}

int envoi_session_rcpt(struct envoi_session *session, const char *recipient, const char *options)
{
    int rc = verb_begin(session, VERB_OTHER);

    if (rc)
        return rc;
    if (!recipient)
        return verb_misuse(session, ENVOI_DETAIL_MISSING, "no recipient is given");
    return verb_end(session, engine_rcpt(session->engine, recipient, options));
}

int envoi_session_data(struct envoi_session *session, const void *content, size_t len)
{
    int rc = verb_begin(session, VERB_OTHER);

    if (rc)
        return rc;
    if (!content && len)
        return verb_misuse(session, ENVOI_DETAIL_MISSING, "no content is given");
    return verb_end(session, engine_data(session->engine, content ? content : "", len));
}

/* ---- messages ---- */

int envoi_session_send_all(struct envoi_session *session, struct envoi_message *const *messages, size_t count)
{
    int rc = verb_begin(session, VERB_OTHER);
    bool all = messages || !count;

    for (size_t i = 0; all && i < count; i++)
        all = messages[i];
    if (!rc && all)
        return verb_end(session, engine_send_all(session->engine, messages, count));
    if (!rc)
        rc = verb_misuse(session, ENVOI_DETAIL_MISSING, "one of the messages is missing");
    verdict_not_begun(messages, count,
                      session && session->fault.code == rc ? session->fault.text : envoi_error_text(rc));
    return rc;
}

int envoi_session_send(struct envoi_session *session, struct envoi_message *message)
{
    return envoi_session_send_all(session, &message, 1);
}

/* ---- for a pool ---- */

int session_prepare(struct envoi_session *s)
{
    int rc = verb_begin(s, VERB_OTHER);

    return rc ? rc : verb_end(s, engine_prepare(s->engine));
}

int session_queue(struct envoi_session *s, struct envoi_message *message)
{
    int rc = session_enter(s);

    if (rc)
        return rc;
    rc = session_goes_on(s) ? engine_queue(s->engine, message) : ENVOI_E_DISCONNECTED;
    if (!rc)
        s->verb = VERB_OTHER;
    return session_leave(s, rc);
}

int session_go(struct envoi_session *s)
{
    int rc = session_enter(s);

    if (rc)
        return rc;
    engine_tick(s->engine, clock_now());
    engine_go(s->engine);
    return session_leave(s, loop_run(s, engine_result(s->engine)));
}

void session_shrink(struct envoi_session *s)
{
    engine_shrink(s->engine, true);
}

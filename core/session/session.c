/* SPDX-License-Identifier: MIT */
#include "session/session.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/process.h"
#include "portable/errno_text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- the environment of the engine ---- */

_Static_assert(ENGINE_WINDOW_UNPROVED == 0 && ENGINE_PROOF_NONE == 0, "0 is what servers.h says of unknown servers");

/* The CAs of the session take the place of the library object's. */
static struct tls_trust session_trust(const struct envoi_session *s)
{
    const struct settings *set = &s->settings;
    struct tls_trust trust = s->library->trust;

    if (set->ca_file || set->ca_pem) {
        trust.ca_file = set->ca_file;
        trust.ca_pem = set->ca_pem;
        trust.system_trust = -1;
    }
    if (set->system_trust >= 0)
        trust.system_trust = set->system_trust;
    return trust;
}

static struct tls_identity session_identity(const struct envoi_session *s)
{
    const struct settings *set = &s->settings;

    return (struct tls_identity){set->cert_file, set->key_file, set->cert_pem, set->key_pem, set->passphrase};
}

int session_load_tls(struct envoi_session *s)
{
    const char *backend = s->tls_backend ? s->tls_backend : s->library->tls_backend;
    const struct tls_identity identity = session_identity(s);
    const struct tls_trust trust = session_trust(s);
    struct registry_transport transport;
    int rc = registry_find_transport(s->library->registry, backend, &s->fault, &transport);

    return rc ? rc : tls_cache_load(&s->library->tls, clock_now(), &transport, &trust, &identity, &s->fault);
}

/* The engine has one TLS connection at a time. When it asks for a context, the one before is no longer in use. */
static int env_tls_context(void *driver, const struct registry_transport *transport, void **ctx)
{
    struct envoi_session *s = driver;
    const struct tls_identity identity = session_identity(s);
    const struct tls_trust trust = session_trust(s);
    struct tls_context *old = s->tls;
    int rc;

    s->tls = NULL;
    rc = tls_cache_get(&s->library->tls, clock_now(), transport, &trust, &identity, &s->fault, &s->tls);
    tls_cache_release(&s->library->tls, old);
    *ctx = rc ? NULL : tls_context_handle(s->tls);
    return rc;
}

/* Everything that trust in the connection depends on. The key is made before the handshake, because settings may be
 * changed before the server sends a ticket. */
static int session_make_ticket_key(struct envoi_session *s)
{
    const struct settings *set = &s->settings;
    struct buf *key = &s->ticket_key;

    tls_context_key(s->tls, key);
    ticket_key_add_text(key, s->target.label);
    ticket_key_add_text(key, set->tls_name);
    ticket_key_add_text(key, set->tls_sni);
    ticket_key_add_number(key, s->target.is_ip);
    ticket_key_add_number(key, settings_verify(set));
    ticket_key_add(key, set->pins, set->pin_count * sizeof set->pins[0]);
    return buf_failed(key);
}

/* A lent ticket that was not resumed is dropped for the other connections, too: it may be the reason why the handshake
 * failed. */
static void session_forget_ticket(struct envoi_session *s)
{
    tickets_drop(&s->library->tickets, s->ticket.number);
    s->ticket = (struct ticket_loan){0};
    buf_free(&s->ticket_key);
}

static void env_ticket(void *driver, struct buf *out)
{
    struct envoi_session *s = driver;

    session_forget_ticket(s);
    if (session_make_ticket_key(s))
        buf_free(&s->ticket_key);
    else
        (void)tickets_take(&s->library->tickets, &s->ticket_key, clock_now(), out, &s->ticket);
}

static void env_keep_ticket(void *driver, const struct buf *ticket, bool resumed, bool lasting)
{
    struct envoi_session *s = driver;
    struct tickets *all = &s->library->tickets;
    int64_t born = resumed ? s->ticket.born : clock_now();

    if (resumed && s->ticket.number) {
        tickets_renew(all, s->ticket.number, buf_head(ticket), ticket->len);
    } else {
        tickets_drop(all, s->ticket.number);
        tickets_keep(all, &s->ticket_key, buf_head(ticket), ticket->len, born, lasting);
    }
    s->ticket.number = 0;
}

static int env_window(void *driver)
{
    struct envoi_session *s = driver;

    return servers_window(&s->library->servers, s->target.label);
}

static void env_set_window(void *driver, int window)
{
    struct envoi_session *s = driver;

    servers_set_window(&s->library->servers, s->target.label, window);
}

static int env_proof(void *driver, const char *said)
{
    struct envoi_session *s = driver;

    return servers_proof(&s->library->servers, s->target.label, said, clock_now());
}

static void env_set_proof(void *driver, const char *said, int proof)
{
    struct envoi_session *s = driver;

    servers_set_proof(&s->library->servers, s->target.label, said, proof, clock_now());
}

static int64_t env_now(void *driver)
{
    return clock_now();
}

static void env_done(void *driver, struct envoi_message *message, int rc)
{
    struct envoi_session *s = driver;

    if (s->message_done)
        s->message_done(s->message_ctx, message, rc);
}

static int env_run_detached(void *driver, const struct task *task)
{
    struct envoi_session *s = driver;
    int rc;

    session_forget_worker(s);
    rc = worker_new(s->library, task, &s->worker);
    if (rc == ENVOI_E_SYSTEM)
        (void)fault_set(&s->fault, rc, ENVOI_PHASE_AUTH, "no thread for what may block: %s", errno_text(errno));
    return rc;
}

static void env_trace(void *driver, int kind, const char *text, size_t len)
{
    struct envoi_session *s = driver;

    trace_line(&s->trace, kind, text, len);
}

static void env_log(void *driver, uint32_t level, const char *text)
{
    struct envoi_session *s = driver;

    registry_say(s->library->registry, level, "%s: %s", s->target.label, text);
}

/* ---- life ---- */

static void session_destroy(struct envoi_session *s)
{
    s->depth = 1; /* the trace function is still called, and must not free the session again */
    if (s->engine) {
        session_drop(s);
        engine_free(s->engine);
    }
    interrupt_free(&s->interrupt);
    buf_free(&s->ticket_key);
    target_free(&s->target);
    settings_free(&s->settings);
    mem_free(s->tls_backend);
    mem_free(s->sticky);
    library_unref(s->library);
    mem_wipe(s, sizeof *s);
    mem_free(s);
}

int envoi_session_new(struct envoi_library *library, struct envoi_session **out)
{
    struct envoi_session *s;
    struct engine_env env;
    int rc;

    if (!out)
        return ENVOI_E_USAGE;
    *out = NULL;
    if (!library)
        return ENVOI_E_USAGE;
    if (!(s = mem_zalloc(sizeof *s)))
        return ENVOI_E_MEMORY;
    s->library = library_ref(library);
    s->fd = s->out = -1;
    interrupt_init(&s->interrupt);
    s->expiry = -1;
    settings_init(&s->settings);
    s->settings.refusals = library->refused_secrets;
    buf_init(&s->ticket_key, 0, true);
    env = (struct engine_env){
        .registry = library->registry,
        .settings = &s->settings,
        .fault = &s->fault,
        .tls_context = env_tls_context,
        .ticket = env_ticket,
        .keep_ticket = env_keep_ticket,
        .window = env_window,
        .set_window = env_set_window,
        .proof = env_proof,
        .set_proof = env_set_proof,
        .now = env_now,
        .done = env_done,
        .run_detached = env_run_detached,
        .trace = env_trace,
        .log = env_log,
        .driver = s,
    };
    if ((rc = engine_new(&env, &s->engine)))
        session_destroy(s);
    else
        *out = s;
    return rc;
}

int session_copy(const struct envoi_session *from, struct envoi_session **out)
{
    struct envoi_session *s;
    int rc;

    if (from->sticky_code)
        return from->sticky_code;
    if ((rc = envoi_session_new(from->library, &s)))
        return rc;
    if ((rc = settings_copy(&s->settings, &from->settings)) || (rc = mem_replace(&s->tls_backend, from->tls_backend))) {
        session_destroy(s);
        return rc;
    }
    s->dial = from->dial;
    s->dial_ctx = from->dial_ctx;
    s->source = from->source;
    s->trace = from->trace;
    engine_set_trace_level(s->engine, s->trace.level);
    *out = s;
    return ENVOI_OK;
}

void envoi_session_free(struct envoi_session *session)
{
    if (!session)
        return;
    if (session->depth)
        session->doomed = true;
    else
        session_destroy(session);
}

void envoi_session_interrupt(struct envoi_session *session)
{
    if (session)
        interrupt_ask(&session->interrupt);
}

int session_enter_any(struct envoi_session *s)
{
    if (!s)
        return ENVOI_E_USAGE;
    if (s->depth)
        return ENVOI_E_BUSY;
    s->depth++;
    s->outer_errno = errno;
    return ENVOI_OK;
}

int session_enter(struct envoi_session *s)
{
    if (s && !s->depth && (s->fd >= 0 || s->dialer || s->dialing) && s->process != process_number())
        return fault_misuse(&s->fault, ENVOI_DETAIL_FORKED, ENVOI_PHASE_NONE,
                            "the connection belongs to the process that this one was forked from");
    return session_enter_any(s);
}

int session_leave(struct envoi_session *s, int rc)
{
    int found = s->outer_errno;

    s->depth--;
    if (s->doomed)
        session_destroy(s);
    errno = found;
    return rc;
}

/* ---- the connection ---- */

void session_forget_worker(struct envoi_session *s)
{
    if (!s->worker)
        return;
    watch_forget(&s->watch, worker_fd(s->worker));
    worker_free(s->worker);
    s->worker = NULL;
}

static void session_close_fd(struct envoi_session *s, int fd)
{
    watch_forget(&s->watch, fd);
    (void)close(fd);
}

void session_hang_up(struct envoi_session *s)
{
    if (s->fd >= 0) {
        session_close_fd(s, s->fd);
        if (s->out != s->fd)
            session_close_fd(s, s->out);
        s->fd = s->out = -1;
        s->pipe_in = s->pipe_out = false;
        trace_event(&s->trace, "closed the connection to %s", s->peer);
    }
    s->peer[0] = '\0';
    s->readable = s->choked = false;
}

void session_drop(struct envoi_session *s)
{
    session_forget_worker(s);
    dialer_free(s->dialer);
    s->dialer = NULL;
    s->dialing = false;
    engine_close(s->engine);
    session_hang_up(s);
    tls_cache_release(&s->library->tls, s->tls);
    s->tls = NULL;
    session_forget_ticket(s);
}

/* ---- failures of setters ---- */

int session_stick(struct envoi_session *s, int code, int detail, const char *format, ...)
{
    struct envoi_errctx why;
    char text[FAULT_TEXT_MAX];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    (void)fault_set(&why, code, ENVOI_PHASE_NONE, "%s", text);
    (void)fault_detail(&why, detail);
    if (!s->sticky_code) {
        s->sticky_code = code;
        if ((s->sticky = mem_alloc(sizeof *s->sticky)))
            *s->sticky = why;
    }
    if (s->verb == VERB_NONE) /* else the engine may be using it */
        s->fault = why;
    return code;
}

int session_unstick(struct envoi_session *s)
{
    int code = s->sticky_code;

    if (code && s->sticky)
        s->fault = *s->sticky;
    else if (code)
        (void)fault_set(&s->fault, code, ENVOI_PHASE_NONE, "%s", envoi_error_text(code));
    mem_free(s->sticky);
    s->sticky = NULL;
    s->sticky_code = ENVOI_OK;
    return code;
}

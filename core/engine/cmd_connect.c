/* SPDX-License-Identifier: MIT */
/* The beginning and the end of a connection: greeting (RFC 5321 section 3.1), TLS handshake, STARTTLS (RFC 3207),
 * QUIT. */
#include "engine/state.h"
#include "engine/tls.h"

#include <string.h>

/* ---- greeting ---- */

static int greeting_write(struct engine *e, struct job *job, const struct position *at)
{
    engine_arm(e, ENVOI_PHASE_GREETING);
    e->answerable++; /* there is nothing to send: the reply may come at once */
    return ENVOI_OK;
}

static int greeting_answer(struct engine *e, struct job *job, struct position *at, const struct envoi_reply *reply)
{
    if (reply_copy(&e->greeting, reply))
        return engine_die_of(e, ENVOI_E_MEMORY, "out of memory while reading the greeting");
    if (reply->code == 220)
        return ENVOI_OK;
    engine_refused(e, ENVOI_E_GREETING, ENVOI_PHASE_GREETING, reply,
                   reply_class(reply) < 4 ? "the greeting is none of SMTP, which is a 220"
                                          : "the server greets with a refusal");
    engine_die(e, ENVOI_E_GREETING);
    return ENVOI_E_GREETING;
}

const struct command command_greeting = {
    .name = "greeting",
    .phase = ENVOI_PHASE_GREETING,
    .ends_group = true,
    .write = greeting_write,
    .answer = greeting_answer,
};

/* ---- handshake ---- */

static int handshake_write(struct engine *e, struct job *job, const struct position *at)
{
    int rc;

    if (!e->stack.transport) {
        engine_arm(e, ENVOI_PHASE_TLS);
        if ((job == &e->connect_job && (rc = tls_choose(e))) || (rc = tls_begin(e))) {
            engine_die(e, rc);
            return rc;
        }
    }
    rc = stack_handshake(&e->stack);
    if (rc == ENVOI_E_AGAIN)
        return rc;
    if (rc == ENVOI_E_TRUNCATED)
        return engine_die_of(e, ENVOI_E_DISCONNECTED, "the connection was lost (TLS): the server closed it");
    if (!rc)
        rc = tls_accept(e);
    if (rc) {
        if (e->fault->code != rc)
            fault_set(e->fault, rc, ENVOI_PHASE_TLS, "the TLS handshake failed");
        e->fault->phase = ENVOI_PHASE_TLS;
        engine_trace(e, ENVOI_TRACE_INFO, "TLS handshake failed: %s", e->fault->text);
        engine_die(e, rc);
        return rc;
    }
    engine_forget(e);
    e->authenticated = false; /* RFC 3207 section 4.2: nothing that was said in clear counts */
    engine_trace(e, ENVOI_TRACE_INFO, "TLS by plugin %s: %s, %s, %s%s", e->transport.id, e->tls_info.protocol_name,
                 e->tls_info.cipher, tls_verdict(e), e->tls_info.resumed ? ", resumed" : "");
    return ENVOI_OK;
}

/* With implicit TLS the greeting follows; after STARTTLS there is none. */
static void handshake_next(struct engine *e, struct job *job, struct position *at)
{
    at->row = job == &e->connect_job ? &command_greeting : NULL;
}

const struct command command_handshake = {
    .name = "TLS handshake",
    .phase = ENVOI_PHASE_TLS,
    .ends_group = true,
    .silent = true,
    .write = handshake_write,
    .next = handshake_next,
};

/* ---- STARTTLS ---- */

static int starttls_write(struct engine *e, struct job *job, const struct position *at)
{
    int rc;

    if (!extensions_get(&e->extensions, "STARTTLS"))
        return fault_set(e->fault, ENVOI_E_NOT_SUPPORTED, ENVOI_PHASE_STARTTLS,
                         "the server does not announce STARTTLS");
    rc = tls_choose(e);
    return rc ? rc : engine_put_command(e, "STARTTLS");
}

/* STARTTLS was announced and is refused: the server is broken, or an attacker keeps TLS away. So this is a warning. */
static void go_on_in_clear(struct engine *e, const struct envoi_reply *reply)
{
    const char *text = envoi_reply_text(reply), *enhanced = envoi_reply_enhanced(reply);

    engine_log(e, ENVOI_LOG_WARNING,
               "STARTTLS is announced and refused: going on in clear, as the policy allows: %d %s%s%.*s", reply->code,
               enhanced, *enhanced ? " " : "", (int)strcspn(text, "\n"), text);
    e->tls_declined = true;
}

static int starttls_answer(struct engine *e, struct job *job, struct position *at, const struct envoi_reply *reply)
{
    if (reply->code == 220) {
        e->switching = true;
        job->written.row = &command_handshake;
        return ENVOI_OK;
    }
    if (engine_tls_policy(e) == ENVOI_TLS_OPPORTUNISTIC && job->next && !e->closing) {
        go_on_in_clear(e, reply);
        return ENVOI_OK;
    }
    return engine_refused(e, ENVOI_E_STARTTLS, ENVOI_PHASE_STARTTLS, reply, "the server refuses STARTTLS");
}

const struct command command_starttls = {
    .name = "STARTTLS",
    .phase = ENVOI_PHASE_STARTTLS,
    .ends_group = true,
    .write = starttls_write,
    .answer = starttls_answer,
};

/* ---- QUIT ---- */

static int quit_write(struct engine *e, struct job *job, const struct position *at)
{
    return engine_put_command(e, "QUIT");
}

static int quit_answer(struct engine *e, struct job *job, struct position *at, const struct envoi_reply *reply)
{
    stack_shutdown(&e->stack);
    engine_die(e, ENVOI_OK);
    return ENVOI_OK;
}

const struct command command_quit = {
    .name = "QUIT",
    .phase = ENVOI_PHASE_QUIT,
    .ends_group = true,
    .ends_session = true,
    .write = quit_write,
    .answer = quit_answer,
};

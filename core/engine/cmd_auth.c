/* SPDX-License-Identifier: MIT */
/* AUTH (RFC 4954): the command with its initial response, and the answers to challenges. login/login.h has what they
 * say, and judges the replies. */
#include "engine/state.h"

/* A step runs on another thread, or waits for a credential. */
static int wait_for_step(struct engine *e)
{
    if (login_runs(&e->login)) {
        if (e->phase != ENVOI_PHASE_AUTH)
            engine_arm(e, ENVOI_PHASE_AUTH);
        e->waiting = ENGINE_WANT_STEP;
        return ENVOI_E_AGAIN;
    }
    if (!e->waiting && e->phase != ENVOI_PHASE_ANSWER)
        engine_arm(e, ENVOI_PHASE_ANSWER);
    e->waiting = ENGINE_WANT_CREDENTIAL;
    return ENVOI_E_AGAIN;
}

static int auth_put(struct engine *e, int (*put)(struct login *l, struct buf *line, char *mask))
{
    size_t from = e->output.text.len;
    char mask[LOGIN_MASK_MAX];

    engine_arm(e, ENVOI_PHASE_AUTH);
    if (put(&e->login, &e->output.text, mask))
        return ENVOI_E_MEMORY;
    return engine_end_line(e, from, mask);
}

static int auth_write(struct engine *e, struct job *job, const struct position *at)
{
    const struct login_peer peer = engine_login_peer(e);
    int rc = login_open(&e->login, &peer);

    if (rc == ENVOI_E_AGAIN)
        return wait_for_step(e);
    return rc ? rc : auth_put(e, login_put_command);
}

static int response_write(struct engine *e, struct job *job, const struct position *at)
{
    int rc = login_respond(&e->login);

    if (rc == ENVOI_E_AGAIN)
        return wait_for_step(e);
    if (!rc)
        return auth_put(e, login_put_response);
    engine_arm(e, ENVOI_PHASE_AUTH);
    return engine_put_command(e, "*");
}

/* ---- replies ---- */

static int take_challenge(struct engine *e, struct job *job, const struct envoi_reply *reply)
{
    int rc;

    if (e->login.cancel)
        return engine_die_of(e, ENVOI_E_PROTOCOL, "a challenge although the exchange was cancelled");
    if ((rc = login_take_challenge(&e->login, envoi_reply_text(reply))))
        return engine_die_of(e, rc, "out of memory while reading a challenge");
    job->written.row = &command_auth_response;
    return ENVOI_OK;
}

static int auth_succeed(struct engine *e)
{
    struct envoi_errctx why;
    uint32_t ssf;
    int rc = login_accept(&e->login, &ssf, &why);

    if (rc == ENVOI_E_PLUGIN) { /* the fault says how it is broken */
        engine_die(e, rc);
        return rc;
    }
    if (rc) {
        (void)engine_die_of(e, rc, "%s", why.text);
        if (why.detail)
            fault_detail(e->fault, why.detail);
        return rc;
    }
    if (ssf) {
        e->switching = true;
        engine_forget(e);
        engine_trace(e, ENVOI_TRACE_INFO, "security layer of %s: %u bits", e->login.name, ssf);
    }
    e->authenticated = true;
    return ENVOI_OK;
}

static int auth_answer(struct engine *e, struct job *job, struct position *at, const struct envoi_reply *reply)
{
    struct login *l = &e->login;
    bool decided = login_is_decided(l, reply_class(reply));
    int cancel = l->cancel, rc;

    if (reply->code == 334) {
        rc = take_challenge(e, job, reply);
        /* It may repeat a secret in base64, and is of no use to readers of replies. */
        reply_clear_text(reply == e->reply ? e->reply : e->parser.reply);
        return rc;
    }
    if (reply->code == 235)
        return auth_succeed(e);
    if (reply_class(reply) < 4)
        return engine_die_of_reply(e, reply, "the reply to AUTH");
    login_end(l);
    l->cancel = 0;
    if (cancel) /* the fault says why `*` was sent; the refusal is the expected answer to it */
        return cancel;
    if (reply->code == 503 && e->authenticated) /* there was a login already (RFC 4954 section 4) */
        return ENVOI_OK;
    engine_refused(e, ENVOI_E_AUTH, ENVOI_PHASE_AUTH, reply, "login by %s is refused%s%s%s", l->name,
                   *l->remark ? " (" : "", l->remark, *l->remark ? ")" : "");
    if (decided) /* "not now", to the mechanism after the one that was refused: the same would happen later */
        login_explain_end(l, e->fault);
    if ((rc = login_refuse(l, reply->code, decided)))
        return rc;
    job->written.row = &command_auth;
    return ENVOI_OK;
}

const struct command command_auth = {
    .name = "AUTH",
    .phase = ENVOI_PHASE_AUTH,
    .ends_group = true,
    .write = auth_write,
    .answer = auth_answer,
};

const struct command command_auth_response = {
    .name = "AUTH response",
    .phase = ENVOI_PHASE_AUTH,
    .ends_group = true,
    .write = response_write,
    .answer = auth_answer,
};

/* SPDX-License-Identifier: MIT */
/* No silent downgrade: if the server cannot meet a need, the job fails, or the log says that it goes on in clear. */
#include "engine/prepare.h"

#include "engine/proof.h"
#include "engine/state.h"

static int prepare_first(struct engine *e, struct job *job, const struct command *first)
{
    job_init(job, first, 0);
    queue_prepend(e, job);
    return ENVOI_E_AGAIN;
}

static int need_hello(struct engine *e)
{
    if (e->hello)
        return ENVOI_OK;
    e->helo = e->hello_only = false;
    return prepare_first(e, &e->hello_job, &command_hello);
}

static int need_tls(struct engine *e)
{
    int policy = engine_tls_policy(e);

    if (e->stack.secure || policy == ENVOI_TLS_OFF || (policy == ENVOI_TLS_OPPORTUNISTIC && e->tls_declined))
        return ENVOI_OK;
    if (extensions_get(&e->extensions, "STARTTLS"))
        return prepare_first(e, &e->tls_job, &command_starttls);
    if (policy == ENVOI_TLS_OPPORTUNISTIC) {
        /* The policy expects servers without TLS, so this is no warning. */
        engine_log(e, ENVOI_LOG_INFO, "STARTTLS is not announced: going on in clear, as the policy allows");
        e->tls_declined = true;
        return ENVOI_OK;
    }
    return fault_set(e->fault, ENVOI_E_TLS, ENVOI_PHASE_STARTTLS,
                     "TLS is required%s, but the server does not announce STARTTLS; nothing was sent",
                     e->tls == ENVOI_TLS_OPPORTUNISTIC
                         ? " (by a login, a client certificate, CA certificates, a pin or a name)"
                         : "");
}

static int need_login(struct engine *e)
{
    int rc;

    if (e->authenticated || !settings_have_login(e->settings))
        return ENVOI_OK;
    if ((rc = login_ask(&e->login, NULL, NULL, NULL, false)))
        return rc;
    return prepare_first(e, &e->login_job, &command_auth);
}

static int need_proof(struct engine *e)
{
    const struct envoi_message *m = e->writing->message;

    if (proof_is_wanted(e, m))
        proof_recall(e);
    return proof_is_wanted(e, m) ? prepare_first(e, &e->proof_job, &command_proof_mail) : ENVOI_OK;
}

/* ---- the row of a job that has needs and no command ---- */

static int ready_write(struct engine *e, struct job *job, const struct position *at)
{
    return ENVOI_OK;
}

const struct command command_ready = {
    .name = "ready",
    .phase = ENVOI_PHASE_COMMAND,
    .silent = true,
    .write = ready_write,
};

/* ---- in order ---- */

int prepare_job(struct engine *e, struct job *job)
{
    static const struct {
        unsigned need;
        int (*meet)(struct engine *e);
    } steps[] = {{NEED_HELLO, need_hello}, {NEED_TLS, need_tls},     {NEED_HELLO, need_hello},
                 {NEED_LOGIN, need_login}, {NEED_HELLO, need_hello}, {NEED_PROOF, need_proof}};
    int rc = ENVOI_OK;

    for (size_t i = 0; !rc && i < sizeof steps / sizeof steps[0]; i++)
        if (job->needs & steps[i].need)
            rc = steps[i].meet(e);
    return rc;
}

/* SPDX-License-Identifier: MIT */
/* What a job needs before its first command: hello, TLS, login, in this order. Here it is decided that nothing
 * is downgraded in silence. */
#include "engine/state.h"

static int put_in_front(struct engine *e, struct job *job, const struct command *first)
{
    job_init(job, first, 0);
    queue_prepend(e, job);
    return ENVOI_E_AGAIN;
}

static int need_hello(struct engine *e)
{
    if (e->hello_done)
        return ENVOI_OK;
    e->helo = e->hello_only = false;
    return put_in_front(e, &e->hello_job, &command_hello);
}

static int need_tls(struct engine *e)
{
    int policy = engine_tls_policy(e);

    if (e->stack.secure || policy == ENVOI_TLS_OFF || (policy == ENVOI_TLS_OPPORTUNISTIC && e->tls_declined))
        return ENVOI_OK;
    if (extensions_get(&e->extensions, "STARTTLS"))
        return put_in_front(e, &e->tls_job, &command_starttls);
    if (policy == ENVOI_TLS_OPPORTUNISTIC) {
        /* A server without TLS is what this policy is for, so nobody is warned. */
        engine_log(e, ENVOI_LOG_INFO, "STARTTLS is not announced: going on in clear, as the policy allows");
        e->tls_declined = true;
        return ENVOI_OK;
    }
    return fault_set(e->fault, ENVOI_E_TLS, ENVOI_PHASE_STARTTLS,
                     "TLS is required, but the server does not announce STARTTLS; nothing was sent");
}

static int need_login(struct engine *e)
{
    int rc;

    if (e->authenticated || !settings_have_login(e->settings))
        return ENVOI_OK;
    if ((rc = auth_begin(e, NULL)))
        return rc;
    return put_in_front(e, &e->login_job, &command_auth);
}

/* ---- a job that is nothing but its needs ---- */

static int ready_write(struct engine *e, struct job *job, const struct position *at)
{
    (void)e;
    (void)job;
    (void)at;
    return ENVOI_OK;
}

static void ready_next(struct engine *e, struct job *job, struct position *at)
{
    (void)e;
    (void)job;
    at->row = NULL;
}

const struct command command_ready = {
    .name = "ready",
    .phase = ENVOI_PHASE_COMMAND,
    .silent = true,
    .write = ready_write,
    .next = ready_next,
};

int prepare_job(struct engine *e, struct job *job)
{
    static const struct {
        unsigned need;
        int (*meet)(struct engine *e);
    } steps[] = {{NEED_HELLO, need_hello},
                 {NEED_TLS, need_tls},
                 {NEED_HELLO, need_hello},
                 {NEED_LOGIN, need_login},
                 {NEED_HELLO, need_hello}};
    int rc = ENVOI_OK;

    for (size_t i = 0; !rc && i < sizeof steps / sizeof steps[0]; i++)
        if (job->needs & steps[i].need)
            rc = steps[i].meet(e);
    return rc;
}

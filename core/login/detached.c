/* SPDX-License-Identifier: MIT */
#include "login/detached.h"

#include "base/contract.h"
#include "base/mem.h"
#include "login/credential.h"
#include "login/exchange.h"

#include <stdatomic.h>
#include <string.h>

#define CREDENTIALS 5 /* ENVOI_CRED_*: bits 0 to 4 */
#define BINDING_MAX 64

/* The types of channel bindings: the same three as in plugin.h. */
static const char *const binding_types[] = {"tls-exporter", "tls-server-end-point", "tls-unique"};
#define BINDINGS (sizeof binding_types / sizeof binding_types[0])

struct answer {
    bool known;
    int rc; /* ENVOI_OK: data is the credential */
    struct buf data;
};

struct binding {
    int rc;
    uint8_t data[BINDING_MAX];
    size_t len;
};

struct detached {
    atomic_uint references; /* one of the login, one of a running step */
    atomic_bool over;       /* the step has ended; set by its thread, which then touches nothing any more */
    bool running;           /* in the login's thread: until `over`, all below belongs to the step's thread */

    struct login *login; /* for credentials that are asked for between steps */
    const struct envoi_mechanism *mechanism;
    void *ctx;
    struct envoi_mech_params params;
    char *host, *server_list;
    struct envoi_errctx fault;
    struct binding bindings[BINDINGS];
    struct answer answers[CREDENTIALS];
    uint32_t wanted; /* the missing credential for which the step ended; 0: none */

    bool first; /* the step is to give an initial response; `in` is not used */
    struct buf in, out;
    bool responded;
    uint32_t result;
    int rc;
};

/* ---- credentials and bindings for the mechanism ---- */

static int32_t detached_credential(void *core, const struct envoi_cred_request *request, struct envoi_cred *out)
{
    struct detached *d = core;

    if (!d->running)
        return credential_give(d->login, request, out);
    for (unsigned i = 0; i < CREDENTIALS; i++) {
        const struct answer *a = &d->answers[i];

        if (request->id != 1u << i)
            continue;
        if (!a->known) {
            d->wanted = request->id;
            return ENVOI_E_AGAIN;
        }
        out->data = a->data.len ? (const char *)buf_head(&a->data) : "";
        out->len = a->data.len;
        out->release = credential_release_nothing; /* it is wiped with the exchange */
        return a->rc;
    }
    return ENVOI_E_CANCELLED;
}

static int32_t detached_binding(void *core, const char *type, void *buf, size_t cap, size_t *len)
{
    const struct detached *d = core;

    for (size_t i = 0; i < BINDINGS; i++) {
        const struct binding *b = &d->bindings[i];

        if (strcmp(type, binding_types[i]) != 0)
            continue;
        if (b->rc)
            return b->rc;
        *len = b->len;
        if (buf && cap < b->len)
            return ENVOI_E_USAGE;
        if (buf)
            memcpy(buf, b->data, b->len);
        return ENVOI_OK;
    }
    return ENVOI_E_NOT_SUPPORTED;
}

/* Gets a credential for the next step. If the application gives none, that is its answer: ENVOI_OK. ENVOI_E_AGAIN: the
 * application has no answer yet; ENVOI_E_MEMORY. */
static int detached_bring(struct login *l, struct detached *d, uint32_t id)
{
    struct answer *a = &d->answers[__builtin_ctz(id)];
    const struct envoi_cred_request request = {.struct_size = sizeof request, .id = id, .mechanism = l->name};
    struct envoi_cred cred = {.struct_size = sizeof cred};
    int rc = credential_give(l, &request, &cred);

    if (rc == ENVOI_E_AGAIN || rc == ENVOI_E_MEMORY)
        return rc;
    a->known = true;
    a->rc = rc;
    if (rc)
        return ENVOI_OK;
    rc = buf_append(&a->data, cred.data, cred.len);
    cred.release(&cred);
    return rc;
}

/* Names that are known without asking the application are copied at once, so that no step has to be repeated for them.
 * Secrets are not: most mechanisms that may block do not need them. */
static int detached_bring_names(struct login *l, struct detached *d)
{
    static const uint32_t names[] = {ENVOI_CRED_AUTHID, ENVOI_CRED_AUTHZID, ENVOI_CRED_REALM};
    int rc = ENVOI_OK;

    for (size_t i = 0; !rc && i < sizeof names / sizeof names[0]; i++)
        if (!l->env.settings->credential || settings_credential(l->env.settings, names[i]))
            rc = detached_bring(l, d, names[i]);
    return rc;
}

static void detached_bring_bindings(struct detached *d, const struct envoi_mech_params *params)
{
    for (size_t i = 0; i < BINDINGS; i++) {
        struct binding *b = &d->bindings[i];

        b->rc = params->binding(params->core, binding_types[i], b->data, sizeof b->data, &b->len);
    }
}

/* ---- life ---- */

static void detached_forget(struct detached *d)
{
    for (size_t i = 0; i < CREDENTIALS; i++)
        buf_free(&d->answers[i].data);
    buf_free(&d->in);
    buf_free(&d->out);
}

static void detached_destroy(struct detached *d)
{
    if (d->ctx)
        d->mechanism->mech_free(d->ctx);
    detached_forget(d);
    mem_free(d->host);
    mem_free(d->server_list);
    mem_wipe(d, sizeof *d);
    mem_free(d);
}

static void detached_unref(void *ctx)
{
    struct detached *d = ctx;

    if (atomic_fetch_sub(&d->references, 1) == 1)
        detached_destroy(d);
}

int detached_new(struct login *l, struct detached **out)
{
    const struct envoi_mech_params *params = &l->params;
    struct detached *d = mem_zalloc(sizeof *d);

    if (!d)
        return ENVOI_E_MEMORY;
    atomic_init(&d->references, 1);
    atomic_init(&d->over, false);
    d->login = l;
    d->mechanism = l->m.mechanism;
    buf_init(&d->in, 0, true);
    buf_init(&d->out, EXCHANGE_RESPONSE_MAX, true);
    for (size_t i = 0; i < CREDENTIALS; i++)
        buf_init(&d->answers[i].data, 0, true);
    if (!(d->host = mem_strdup(params->host)) || !(d->server_list = mem_strdup(params->server_list)) ||
        detached_bring_names(l, d)) {
        detached_destroy(d);
        return ENVOI_E_MEMORY;
    }
    detached_bring_bindings(d, params);
    d->params = *params;
    d->params.host = d->host;
    d->params.server_list = d->server_list;
    d->params.binding = detached_binding;
    d->params.cred = detached_credential;
    d->params.core = d;
    d->params.errctx = &d->fault;
    *out = d;
    return ENVOI_OK;
}

void detached_wipe(struct detached *d)
{
    if (d && !d->running)
        detached_forget(d);
}

void detached_free(struct detached *d)
{
    if (d)
        detached_unref(d);
}

const struct envoi_mech_params *detached_params(const struct detached *d)
{
    return &d->params;
}

void detached_adopt(struct detached *d, void *ctx)
{
    d->ctx = ctx;
}

void detached_report(struct detached *d, struct envoi_errctx *fault)
{
    if (!d || !d->fault.code)
        return;
    *fault = d->fault;
    fault_clear(&d->fault);
}

/* ---- a step ---- */

static int32_t detached_take_response(void *ctx, const void *data, size_t len)
{
    struct detached *d = ctx;

    d->responded = true;
    return buf_append(&d->out, data, len);
}

/* The task: runs on another thread. */
static void detached_run(void *ctx)
{
    struct detached *d = ctx;
    const struct envoi_sink sink = {sizeof sink, detached_take_response, d};
    uint32_t want = 0;

    d->rc = d->mechanism->step(d->ctx, exchange_challenge(&d->in, d->first), d->in.len, &sink, &d->result, &want);
    atomic_store(&d->over, true);
}

static int detached_begin(struct login *l, struct detached *d, bool first)
{
    const struct buf *challenge = &l->in;
    int rc;

    buf_reset(&d->in);
    buf_reset(&d->out);
    fault_clear(&d->fault);
    if (!first && buf_append(&d->in, buf_head(challenge), challenge->len))
        return ENVOI_E_MEMORY;
    d->first = first;
    d->responded = false;
    d->result = ENVOI_STEP_CONTINUE;
    d->wanted = 0;
    d->running = true;
    atomic_store(&d->over, false);
    (void)atomic_fetch_add(&d->references, 1);
    if ((rc = l->env.run_detached(l->env.owner, &(struct task){detached_run, detached_unref, d}))) {
        d->running = false;
        detached_unref(d);
        return rc;
    }
    return ENVOI_E_AGAIN;
}

static int detached_take_result(struct login *l, struct detached *d)
{
    int rc;

    d->wanted = 0;
    detached_report(d, l->env.fault);
    rc = contract_step(d->rc, d->result, false, buf_failed(&d->out), l->m.id, l->env.fault);
    l->responded = d->responded;
    l->done = !rc && d->result == ENVOI_STEP_DONE;
    if (!rc && buf_append(&l->out, buf_head(&d->out), d->out.len))
        rc = ENVOI_E_MEMORY;
    buf_reset(&d->out);
    return rc;
}

int detached_step(struct login *l, bool first)
{
    struct detached *d = l->detached;
    int rc;

    if (d->running) {
        if (!atomic_load(&d->over))
            return ENVOI_E_AGAIN;
        d->running = false;
        if (d->rc != ENVOI_E_AGAIN || !d->wanted)
            return detached_take_result(l, d);
    }
    if (d->wanted && (rc = detached_bring(l, d, d->wanted)))
        return rc;
    return detached_begin(l, d, first);
}

bool detached_runs(const struct detached *d)
{
    return d && d->running;
}

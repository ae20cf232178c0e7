/* SPDX-License-Identifier: MIT */
#include "engine/detached.h"

#include "base/mem.h"
#include "engine/state.h"

#include <stdatomic.h>
#include <string.h>

#define CREDENTIALS 5 /* ENVOI_CRED_*: bits 0 to 4 */
#define BINDING_MAX 64

/* What tls-unique and the others are asked for under; the same three as plugin.h. */
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

struct apart {
    atomic_uint references; /* the engine's, and a step's that is under way */
    atomic_bool over;       /* the step is: set by its thread, everything before it can be seen then */
    bool running;           /* the engine's view: everything below belongs to the step's thread */

    struct engine *engine; /* for what is asked between steps */
    const struct envoi_mechanism *mechanism;
    void *ctx;
    struct envoi_mech_params params;
    char *host, *server_list;
    struct envoi_errctx fault;
    struct binding bindings[BINDINGS];
    struct answer answers[CREDENTIALS];
    uint32_t wanted; /* the credential that the step ended for, 0: none */

    bool first; /* step: an initial response is asked for, `in` says nothing */
    struct buf in, out;
    bool responded;
    uint32_t result;
    int rc;
};

/* --------------------------------------------------------------------------- what the mechanism may ask for ---- */

static int32_t give_credential(void *core, const struct envoi_cred_request *request, struct envoi_cred *out)
{
    struct apart *p = core;

    if (!p->running)
        return auth_give_credential(p->engine, request, out);
    for (unsigned i = 0; i < CREDENTIALS; i++) {
        const struct answer *a = &p->answers[i];

        if (request->id != 1u << i)
            continue;
        if (!a->known) {
            p->wanted = request->id;
            return ENVOI_E_AGAIN;
        }
        out->data = a->data.len ? (const char *)buf_head(&a->data) : "";
        out->len = a->data.len;
        out->release = auth_release_nothing; /* it is wiped with the exchange */
        return a->rc;
    }
    return ENVOI_E_CANCELLED;
}

static int32_t give_binding(void *core, const char *type, void *buf, size_t cap, size_t *len)
{
    const struct apart *p = core;

    for (size_t i = 0; i < BINDINGS; i++) {
        const struct binding *b = &p->bindings[i];

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

/* Asks the application what the step asked for. ENVOI_E_AGAIN: it has no answer yet. */
static int bring(struct engine *e, struct apart *p, uint32_t id)
{
    struct answer *a = &p->answers[__builtin_ctz(id)];
    const struct envoi_cred_request request = {.struct_size = sizeof request, .id = id, .mechanism = e->auth.name};
    struct envoi_cred cred = {.struct_size = sizeof cred};
    int rc = auth_give_credential(e, &request, &cred);

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

/* Names that are known without asking anybody go along at once: the step is not to be taken again for them. Secrets do not:
 * most mechanisms of this kind have no use for them. */
static int bring_names(struct engine *e, struct apart *p)
{
    static const uint32_t names[] = {ENVOI_CRED_AUTHID, ENVOI_CRED_AUTHZID, ENVOI_CRED_REALM};
    int rc = ENVOI_OK;

    for (size_t i = 0; !rc && i < sizeof names / sizeof names[0]; i++)
        if (!e->settings->credential || auth_setting(e->settings, names[i]))
            rc = bring(e, p, names[i]);
    return rc;
}

static void bring_bindings(struct apart *p, const struct envoi_mech_params *params)
{
    for (size_t i = 0; i < BINDINGS; i++) {
        struct binding *b = &p->bindings[i];

        b->rc = params->binding(params->core, binding_types[i], b->data, sizeof b->data, &b->len);
    }
}

/* ------------------------------------------------------------------------------------------------------ life ---- */

static void forget(struct apart *p)
{
    for (size_t i = 0; i < CREDENTIALS; i++)
        buf_free(&p->answers[i].data);
    buf_free(&p->in);
    buf_free(&p->out);
}

static void destroy(struct apart *p)
{
    if (p->ctx)
        p->mechanism->mech_free(p->ctx);
    forget(p);
    mem_free(p->host);
    mem_free(p->server_list);
    mem_wipe(p, sizeof *p);
    mem_free(p);
}

static void unref(void *ctx)
{
    struct apart *p = ctx;

    if (atomic_fetch_sub(&p->references, 1) == 1)
        destroy(p);
}

int apart_new(struct engine *e, struct apart **out)
{
    const struct envoi_mech_params *params = &e->auth.params;
    struct apart *p = mem_zalloc(sizeof *p);

    if (!p)
        return ENVOI_E_MEMORY;
    atomic_init(&p->references, 1);
    atomic_init(&p->over, false);
    p->engine = e;
    p->mechanism = e->auth.m.mechanism;
    buf_init(&p->in, 0, true);
    buf_init(&p->out, AUTH_RESPONSE_MAX, true);
    for (size_t i = 0; i < CREDENTIALS; i++)
        buf_init(&p->answers[i].data, 0, true);
    if (!(p->host = mem_strdup(params->host)) || !(p->server_list = mem_strdup(params->server_list)) ||
        bring_names(e, p)) {
        destroy(p);
        return ENVOI_E_MEMORY;
    }
    bring_bindings(p, params);
    p->params = *params;
    p->params.host = p->host;
    p->params.server_list = p->server_list;
    p->params.binding = give_binding;
    p->params.cred = give_credential;
    p->params.core = p;
    p->params.errctx = &p->fault;
    *out = p;
    return ENVOI_OK;
}

void apart_rest(struct apart *p)
{
    if (p && !p->running)
        forget(p);
}

void apart_free(struct apart *p)
{
    if (p)
        unref(p);
}

const struct envoi_mech_params *apart_params(const struct apart *p)
{
    return &p->params;
}

void apart_adopt(struct apart *p, void *ctx)
{
    p->ctx = ctx;
}

void apart_tell(struct apart *p, struct envoi_errctx *fault)
{
    if (!p || p->fault.code == ENVOI_OK)
        return;
    *fault = p->fault;
    fault_clear(&p->fault);
}

/* ---------------------------------------------------------------------------------------------------- a step ---- */

static int32_t take_response(void *ctx, const void *data, size_t len)
{
    struct apart *p = ctx;

    p->responded = true;
    return buf_append(&p->out, data, len);
}

/* On the driver's thread. */
static void run(void *ctx)
{
    struct apart *p = ctx;
    const struct envoi_sink sink = {sizeof sink, take_response, p};
    uint32_t want = 0;

    p->rc = p->mechanism->step(p->ctx, p->first ? NULL : (p->in.len ? (const void *)buf_head(&p->in) : ""), p->in.len,
                               &sink, &p->result, &want);
    atomic_store(&p->over, true);
}

static int begin(struct engine *e, struct apart *p, bool first)
{
    const struct buf *challenge = &e->auth.in;
    int rc;

    buf_reset(&p->in);
    buf_reset(&p->out);
    fault_clear(&p->fault);
    if (!first && buf_append(&p->in, buf_head(challenge), challenge->len))
        return ENVOI_E_MEMORY;
    p->first = first;
    p->responded = false;
    p->result = ENVOI_STEP_CONTINUE;
    p->wanted = 0;
    p->running = true;
    atomic_store(&p->over, false);
    (void)atomic_fetch_add(&p->references, 1);
    if ((rc = e->env.aside(e->env.driver, &(struct engine_errand){run, unref, p}))) {
        p->running = false;
        unref(p);
        return rc;
    }
    return ENVOI_E_AGAIN;
}

static int take_result(struct engine *e, struct apart *p)
{
    struct auth *a = &e->auth;

    p->wanted = 0;
    apart_tell(p, e->fault);
    a->responded = p->responded;
    a->done = p->rc == ENVOI_OK && p->result == ENVOI_STEP_DONE;
    if (buf_append(&a->out, buf_head(&p->out), p->out.len))
        return ENVOI_E_MEMORY;
    buf_reset(&p->out);
    return p->rc;
}

int apart_step(struct engine *e, bool first)
{
    struct apart *p = e->auth.apart;
    int rc;

    if (p->running) {
        if (!atomic_load(&p->over))
            return ENVOI_E_AGAIN;
        p->running = false;
        if (p->rc != ENVOI_E_AGAIN || !p->wanted)
            return take_result(e, p);
    }
    if (p->wanted && (rc = bring(e, p, p->wanted)))
        return rc;
    return begin(e, p, first);
}

bool apart_runs(const struct apart *p)
{
    return p && p->running;
}

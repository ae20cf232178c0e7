/* SPDX-License-Identifier: MIT */
#include "blocking.h"

#include <sched.h>
#include <string.h>

#define PASSES 50 /* lets others run in a step, so often */

struct state {
    const struct envoi_host *host;
};

struct exchange {
    struct state *state;
    const struct envoi_mech_params *params;
    unsigned steps; /* not atomic: of one exchange one step is taken at a time, and each sees what was before */
};

static int32_t mech_at(void *state, size_t index, struct envoi_mech_info *out)
{
    (void)state;
    out->name = "X-RESIDENT";
    out->flags = ENVOI_MECH_CLIENT_FIRST | ENVOI_MECH_MAY_BLOCK;
    out->needs = ENVOI_CRED_AUTHID | ENVOI_CRED_PASSWORD;
    return index ? ENVOI_E_END : ENVOI_OK;
}

static int32_t begin(void *state, const char *mech, const struct envoi_mech_params *params, void **ctx)
{
    struct state *self = state;
    struct exchange *x = self->host->alloc(sizeof *x);

    (void)mech;
    if (!x)
        return ENVOI_E_MEMORY;
    *x = (struct exchange){self, params, 0};
    *ctx = x;
    return ENVOI_OK;
}

static int32_t ask(const struct exchange *x, uint32_t id)
{
    const struct envoi_cred_request request = {sizeof request, id, "X-RESIDENT", NULL};
    struct envoi_cred cred = {.struct_size = sizeof cred};
    int32_t rc = x->params->cred(x->params->core, &request, &cred);

    if (rc == ENVOI_OK)
        cred.release(&cred);
    return rc;
}

static int32_t step(void *ctx, const void *in, size_t len, const struct envoi_sink *out, uint32_t *result,
                    uint32_t *want)
{
    static const char response[] = "resident";
    struct exchange *x = ctx;
    int32_t rc = ask(x, ENVOI_CRED_AUTHID);

    (void)in;
    (void)len;
    x->steps++;
    if (rc == ENVOI_OK)
        rc = ask(x, ENVOI_CRED_PASSWORD);
    *want = rc == ENVOI_E_AGAIN ? ENVOI_WANT_CREDENTIAL : 0;
    *result = ENVOI_STEP_DONE;
    if (rc)
        return rc;
    for (int i = 0; i < PASSES; i++)
        (void)sched_yield();
    return out->write(out->ctx, response, strlen(response));
}

static void end(void *ctx)
{
    struct exchange *x = ctx;

    if (x)
        x->state->host->free(x);
}

static int32_t init(const struct envoi_host *host, void **state)
{
    struct state *self = host->alloc(sizeof *self);

    if (!self)
        return ENVOI_E_MEMORY;
    *self = (struct state){host};
    *state = self;
    return ENVOI_OK;
}

static void fini(void *state)
{
    struct state *self = state;

    self->host->free(self);
}

static const struct envoi_mechanism mechanism = {.struct_size = sizeof mechanism,
                                                 .name = "blocking",
                                                 .mech_at = mech_at,
                                                 .mech_new = begin,
                                                 .step = step,
                                                 .mech_free = end};
static const struct envoi_mechanism *const mechanisms[] = {&mechanism, NULL};

const struct envoi_plugin blocking_plugin = {.struct_size = sizeof blocking_plugin,
                                             .magic = ENVOI_PLUGIN_MAGIC,
                                             .abi_major = ENVOI_ABI_MAJOR,
                                             .abi_minor = ENVOI_ABI_MINOR,
                                             .id = "blocking",
                                             .version = "1",
                                             .license = "MIT",
                                             .init = init,
                                             .fini = fini,
                                             .mechanisms = mechanisms};

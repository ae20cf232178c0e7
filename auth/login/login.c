/* SPDX-License-Identifier: MIT */
/* The mechanism LOGIN (draft-murchison-sasl-login): the server asks twice, the answers are name and password. */
#include "mech.h"

/* The words of a prompt mean nothing, as servers disagree about them, but a text longer than this is no prompt. */
#define PROMPT_MAX 2048

enum { ANSWERS = 2 };

/* The answers to the first and to the second challenge. */
static const struct mech_field fields[ANSWERS] = {
    {.id = ENVOI_CRED_AUTHID, .missing = "no user name was given", .bad = "the user name has a NUL in it"},
    {.id = ENVOI_CRED_PASSWORD, .missing = "no password was given", .bad = "the password has a NUL in it"},
};

struct login {
    struct mech_exchange exchange;
    uint32_t answered;
};

static const struct mech_spec spec = {
    .name = "LOGIN",
    .flags = ENVOI_MECH_PLAINTEXT,
    .needs = ENVOI_CRED_AUTHID | ENVOI_CRED_PASSWORD,
    .size = sizeof(struct login),
    .count = ANSWERS,
    .fields = fields,
};

static int32_t login_answer(struct mech_exchange *self, size_t field, const struct envoi_sink *out, uint32_t *want)
{
    const struct envoi_cred *cred = &self->cred[field];
    int32_t rc = mech_ask(self, field, want);

    if (!rc)
        rc = mech_write(self, out, cred->data, cred->len);
    mech_release(self);
    return rc;
}

static int32_t login_step(void *ctx, const void *in, size_t len, const struct envoi_sink *out, uint32_t *result,
                          uint32_t *want)
{
    struct login *self = ctx;
    int32_t rc;

    *result = ENVOI_STEP_CONTINUE;
    *want = 0;
    if (!in && self->answered == 0)
        return ENVOI_OK; /* the server speaks first */
    if (self->answered == ANSWERS)
        return mech_fail(&self->exchange, ENVOI_E_AUTH, "the server asked a third time");
    if (len > PROMPT_MAX)
        return mech_fail(&self->exchange, ENVOI_E_AUTH, "the server's prompt is too long");

    rc = login_answer(&self->exchange, self->answered, out, want);
    if (!rc && ++self->answered == ANSWERS)
        *result = ENVOI_STEP_DONE;
    return rc;
}

static int32_t login_mech_at(void *state, size_t index, struct envoi_mech_info *out)
{
    (void)state;
    return index > 0 ? ENVOI_E_END : mech_describe(&spec, out);
}

static int32_t login_mech_new(void *state, const char *name, const struct envoi_mech_params *params, void **ctx)
{
    return mech_new(state, name, params, &spec, ctx);
}

static const struct envoi_mechanism mechanism = {
    .struct_size = sizeof mechanism,
    .name = "LOGIN",
    .mech_at = login_mech_at,
    .mech_new = login_mech_new,
    .step = login_step,
    .mech_free = mech_free,
};

static const struct envoi_mechanism *const mechanisms[] = {&mechanism, NULL};

static const struct envoi_plugin plugin = {
    .struct_size = sizeof plugin,
    .magic = ENVOI_PLUGIN_MAGIC,
    .abi_major = ENVOI_ABI_MAJOR,
    .abi_minor = ENVOI_ABI_MINOR,
    .id = "login",
    .version = "1",
    .license = "MIT",
    .init = mech_init,
    .mechanisms = mechanisms,
};

ENVOI_PLUGIN_EXPORT const struct envoi_plugin *envoi_plugin_login(void);

const struct envoi_plugin *envoi_plugin_login(void)
{
    return &plugin;
}

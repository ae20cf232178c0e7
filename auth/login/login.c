/* SPDX-License-Identifier: MIT */
/* The mechanism LOGIN (draft-murchison-sasl-login): the server asks twice, the answers are name and password. */
#include <envoi/plugin.h>
#include <string.h>

#define NAME       "LOGIN"
/* The words of the prompts mean nothing (servers disagree about them); one this long is no prompt. */
#define PROMPT_MAX 2048

/* What is answered to the first and to the second challenge. */
static const struct {
    uint32_t id;
    const char *missing;
    const char *nul;
} answers[] = {
    {ENVOI_CRED_AUTHID, "no user name was given", "the user name has a NUL in it"},
    {ENVOI_CRED_PASSWORD, "no password was given", "the password has a NUL in it"},
};

#define ANSWERS (sizeof answers / sizeof *answers)

struct login {
    const struct envoi_host *host;
    const struct envoi_mech_params *params;
    size_t answered;
};

static int32_t login_fail(struct login *self, int32_t code, const char *text)
{
    self->host->set_error(self->host, self->params->errctx, code, 0, text);
    return code;
}

static int32_t login_answer(struct login *self, const struct envoi_sink *out)
{
    const struct envoi_cred_request request = {
        .struct_size = sizeof request, .id = answers[self->answered].id, .mechanism = NAME};
    struct envoi_cred cred = {.struct_size = sizeof cred};

    int32_t rc = self->params->cred(self->params->core, &request, &cred);
    if (rc == ENVOI_E_AGAIN)
        return rc;
    if (rc == ENVOI_E_CANCELLED)
        return login_fail(self, rc, answers[self->answered].missing);
    if (rc != ENVOI_OK)
        return login_fail(self, rc, "a credential cannot be had");
    if (cred.len != 0 && memchr(cred.data, 0, cred.len))
        rc = login_fail(self, ENVOI_E_USAGE, answers[self->answered].nul);
    else if ((rc = out->write(out->ctx, cred.data, cred.len)) != ENVOI_OK)
        rc = login_fail(self, rc, "the response cannot be stored");
    cred.release(&cred);
    return rc;
}

static int32_t login_step(void *ctx, const void *in, size_t len, const struct envoi_sink *out, uint32_t *result,
                          uint32_t *want)
{
    struct login *self = ctx;

    *result = ENVOI_STEP_CONTINUE;
    *want = 0;
    if (!in && self->answered == 0)
        return ENVOI_OK; /* the server speaks first */
    if (self->answered == ANSWERS)
        return login_fail(self, ENVOI_E_AUTH, "the server asked a third time");
    if (len > PROMPT_MAX)
        return login_fail(self, ENVOI_E_AUTH, "the server's prompt is too long");

    int32_t rc = login_answer(self, out);
    if (rc == ENVOI_E_AGAIN)
        *want = ENVOI_WANT_CREDENTIAL;
    if (rc == ENVOI_OK && ++self->answered == ANSWERS)
        *result = ENVOI_STEP_DONE;
    return rc;
}

static int32_t login_mech_new(void *state, const char *mech, const struct envoi_mech_params *params, void **ctx)
{
    const struct envoi_host *host = state;

    if (strcmp(mech, NAME) != 0 || !ENVOI_HAS(params, errctx))
        return ENVOI_E_NOT_SUPPORTED;
    struct login *self = host->alloc(sizeof *self);
    if (!self) {
        host->set_error(host, params->errctx, ENVOI_E_MEMORY, 0, "out of memory");
        return ENVOI_E_MEMORY;
    }
    *self = (struct login){.host = host, .params = params};
    *ctx = self;
    return ENVOI_OK;
}

static void login_mech_free(void *ctx)
{
    struct login *self = ctx;

    if (self)
        self->host->free(self);
}

static int32_t login_mech_at(void *state, size_t index, struct envoi_mech_info *out)
{
    (void)state;
    if (index > 0)
        return ENVOI_E_END;
    out->flags = ENVOI_MECH_PLAINTEXT;
    out->needs = ENVOI_CRED_AUTHID | ENVOI_CRED_PASSWORD;
    out->name = NAME;
    return ENVOI_OK;
}

/* All that there is to remember is the host. */
static int32_t login_init(const struct envoi_host *host, void **state)
{
    *state = (void *)(uintptr_t)host;
    return ENVOI_HAS(host, set_error) ? ENVOI_OK : ENVOI_E_PLUGIN;
}

static const struct envoi_mechanism mechanism = {
    .struct_size = sizeof mechanism,
    .name = "LOGIN",
    .mech_at = login_mech_at,
    .mech_new = login_mech_new,
    .step = login_step,
    .mech_free = login_mech_free,
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
    .init = login_init,
    .mechanisms = mechanisms,
};

ENVOI_PLUGIN_EXPORT const struct envoi_plugin *envoi_plugin_login(void);

const struct envoi_plugin *envoi_plugin_login(void)
{
    return &plugin;
}

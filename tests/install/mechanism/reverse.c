/* SPDX-License-Identifier: MIT */
/* The mechanism X-REVERSE, made up for this test: the initial response is the password backwards. */
#include <envoi/plugin.h>
#include <string.h>

#define NAME "X-REVERSE"

struct reverse {
    const struct envoi_host *host;
    const struct envoi_mech_params *params;
    int done;
};

static int32_t mech_at(void *state, size_t index, struct envoi_mech_info *out)
{
    (void)state;
    if (index > 0)
        return ENVOI_E_END;
    out->flags = ENVOI_MECH_CLIENT_FIRST;
    out->needs = ENVOI_CRED_PASSWORD;
    out->name = NAME;
    return ENVOI_OK;
}

/* The state of the plugin is its host. */
static int32_t mech_new(void *state, const char *mech, const struct envoi_mech_params *params, void **ctx)
{
    const struct envoi_host *host = *(const struct envoi_host **)state;
    struct reverse *self;

    if (strcmp(mech, NAME) != 0)
        return ENVOI_E_NOT_SUPPORTED;
    if (!(self = host->alloc(sizeof *self)))
        return ENVOI_E_MEMORY;
    *self = (struct reverse){host, params, 0};
    *ctx = self;
    return ENVOI_OK;
}

static int32_t fail(const struct reverse *self, int32_t code, const char *text)
{
    self->host->set_error(self->host, self->params->errctx, code, 0, text);
    return code;
}

static int32_t answer(const struct reverse *self, const struct envoi_cred *password, const struct envoi_sink *out)
{
    char *text = self->host->alloc(password->len + 1);
    int32_t rc;

    if (!text)
        return fail(self, ENVOI_E_MEMORY, "out of memory");
    for (size_t i = 0; i < password->len; i++)
        text[i] = password->data[password->len - 1 - i];
    rc = out->write(out->ctx, text, password->len);
    self->host->wipe(text, password->len + 1);
    self->host->free(text);
    return rc ? fail(self, rc, "the response cannot be stored") : ENVOI_OK;
}

static int32_t step(void *ctx, const void *in, size_t len, const struct envoi_sink *out, uint32_t *result,
                    uint32_t *want)
{
    struct reverse *self = ctx;
    struct envoi_cred_request request = {
        .struct_size = sizeof request, .id = ENVOI_CRED_PASSWORD, .mechanism = NAME, .prompt = "Password"};
    struct envoi_cred password = {.struct_size = sizeof password};
    int32_t rc;

    *result = ENVOI_STEP_CONTINUE;
    *want = 0;
    if (self->done || (in && len))
        return fail(self, ENVOI_E_AUTH, NAME ": there are no challenges");
    rc = self->params->cred(self->params->core, &request, &password);
    if (rc == ENVOI_E_AGAIN) {
        *want = ENVOI_WANT_CREDENTIAL;
        return rc;
    }
    if (rc != ENVOI_OK)
        return fail(self, rc, "no password was given");
    if (password.len && memchr(password.data, 0, password.len))
        rc = fail(self, ENVOI_E_USAGE, "the password has a NUL in it");
    else
        rc = answer(self, &password, out);
    password.release(&password);
    if (rc == ENVOI_OK) {
        self->done = 1;
        *result = ENVOI_STEP_DONE;
    }
    return rc;
}

static void mech_free(void *ctx)
{
    struct reverse *self = ctx;

    if (self)
        self->host->free(self);
}

static int32_t init(const struct envoi_host *host, void **state)
{
    const struct envoi_host **self = host->alloc(sizeof(struct envoi_host *));

    if (!self)
        return ENVOI_E_MEMORY;
    *self = host;
    *state = self;
    host->log(host, ENVOI_LOG_INFO, "ready to turn passwords round");
    return ENVOI_OK;
}

static void fini(void *state)
{
    const struct envoi_host *host = *(const struct envoi_host **)state;

    host->free(state);
}

static const struct envoi_mechanism mechanism = {
    .struct_size = sizeof mechanism,
    .name = "reverse",
    .mech_at = mech_at,
    .mech_new = mech_new,
    .step = step,
    .mech_free = mech_free,
};
static const struct envoi_mechanism *const mechanisms[] = {&mechanism, NULL};

static const struct envoi_plugin plugin = {
    .struct_size = sizeof plugin,
    .magic = ENVOI_PLUGIN_MAGIC,
    .abi_major = ENVOI_ABI_MAJOR,
    .abi_minor = ENVOI_ABI_MINOR,
    .id = "reverse",
    .version = "1",
    .license = "MIT",
    .init = init,
    .fini = fini,
    .mechanisms = mechanisms,
};

ENVOI_PLUGIN_EXPORT const struct envoi_plugin *envoi_plugin_reverse(void);

const struct envoi_plugin *envoi_plugin_reverse(void)
{
    return &plugin;
}

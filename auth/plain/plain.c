/* SPDX-License-Identifier: MIT */
/* The mechanism PLAIN (RFC 4616): one message, [authzid] NUL authcid NUL password. */
#include <envoi/plugin.h>
#include <string.h>

#define NAME "PLAIN"

/* The fields in the order in which the message has them. */
enum { AUTHZID, AUTHID, PASSWORD, FIELDS };

static const struct {
    uint32_t id;
    uint32_t optional;
    const char *missing; /* text for CANCELLED */
    const char *empty;
    const char *nul;
} fields[FIELDS] = {
    [AUTHZID] = {ENVOI_CRED_AUTHZID, 1, NULL, NULL, "the name to act as has a NUL in it"},
    [AUTHID] = {ENVOI_CRED_AUTHID, 0, "no user name was given", "the user name is empty",
                "the user name has a NUL in it"},
    [PASSWORD] = {ENVOI_CRED_PASSWORD, 0, "no password was given", "the password is empty",
                  "the password has a NUL in it"},
};

struct plain {
    const struct envoi_host *host;
    const struct envoi_mech_params *params;
    struct envoi_cred cred[FIELDS]; /* answers that came while another one is still awaited */
    uint32_t asked;                 /* how many of the fields have their answer, or do without */
    uint32_t done;
};

static int32_t plain_fail(struct plain *self, int32_t code, const char *text)
{
    self->host->set_error(self->host, self->params->errctx, code, 0, text);
    return code;
}

static void plain_release(struct plain *self)
{
    for (size_t i = 0; i < FIELDS; i++) {
        if (self->cred[i].release)
            self->cred[i].release(&self->cred[i]);
        memset(&self->cred[i], 0, sizeof self->cred[i]);
    }
    self->asked = 0;
}

/* Asks for one field; the answer stays in self->cred until the message is made. */
static int32_t plain_ask(struct plain *self, size_t field)
{
    struct envoi_cred_request request = {.struct_size = sizeof request, .id = fields[field].id, .mechanism = NAME};
    struct envoi_cred *cred = &self->cred[field];

    *cred = (struct envoi_cred){.struct_size = sizeof *cred};
    int32_t rc = self->params->cred(self->params->core, &request, cred);
    if (rc != ENVOI_OK)
        *cred = (struct envoi_cred){0};
    if (rc == ENVOI_OK || rc == ENVOI_E_AGAIN)
        return rc;
    if (rc == ENVOI_E_CANCELLED && fields[field].optional)
        return ENVOI_OK;
    return plain_fail(self, rc, rc == ENVOI_E_CANCELLED ? fields[field].missing : "a credential cannot be had");
}

/* RFC 4616: NUL parts the fields, so none may hold one; the name and the password have at least one character. */
static int32_t plain_check(struct plain *self)
{
    for (size_t i = 0; i < FIELDS; i++) {
        const struct envoi_cred *cred = &self->cred[i];
        if (cred->len == 0 && !fields[i].optional)
            return plain_fail(self, ENVOI_E_USAGE, fields[i].empty);
        if (cred->len != 0 && memchr(cred->data, 0, cred->len))
            return plain_fail(self, ENVOI_E_USAGE, fields[i].nul);
    }
    return ENVOI_OK;
}

static int32_t plain_write(struct plain *self, const struct envoi_sink *out)
{
    size_t size = FIELDS - 1, n = 0;
    for (size_t i = 0; i < FIELDS; i++)
        size += self->cred[i].len;

    char *message = self->host->alloc(size);
    if (!message)
        return plain_fail(self, ENVOI_E_MEMORY, "out of memory");
    for (size_t i = 0; i < FIELDS; i++) {
        if (i)
            message[n++] = 0;
        if (self->cred[i].len)
            memcpy(message + n, self->cred[i].data, self->cred[i].len);
        n += self->cred[i].len;
    }
    int32_t rc = out->write(out->ctx, message, size);
    self->host->wipe(message, size);
    self->host->free(message);
    return rc == ENVOI_OK ? rc : plain_fail(self, rc, "the response cannot be stored");
}

static int32_t plain_step(void *ctx, const void *in, size_t len, const struct envoi_sink *out, uint32_t *result,
                          uint32_t *want)
{
    struct plain *self = ctx;

    *result = ENVOI_STEP_CONTINUE;
    *want = 0;
    /* The only challenge that PLAIN knows is the empty one that asks for the message. */
    if (self->done || (in && len))
        return plain_fail(self, ENVOI_E_AUTH, "the server sent a challenge, and PLAIN has none");

    int32_t rc = ENVOI_OK;
    while (self->asked < FIELDS && (rc = plain_ask(self, self->asked)) == ENVOI_OK)
        self->asked++;
    if (rc == ENVOI_E_AGAIN) {
        *want = ENVOI_WANT_CREDENTIAL;
        return rc;
    }
    if (rc == ENVOI_OK)
        rc = plain_check(self);
    if (rc == ENVOI_OK)
        rc = plain_write(self, out);
    plain_release(self);
    if (rc == ENVOI_OK) {
        self->done = 1;
        *result = ENVOI_STEP_DONE;
    }
    return rc;
}

static int32_t plain_mech_new(void *state, const char *mech, const struct envoi_mech_params *params, void **ctx)
{
    const struct envoi_host *host = state;

    if (strcmp(mech, NAME) != 0 || !ENVOI_HAS(params, errctx))
        return ENVOI_E_NOT_SUPPORTED;
    struct plain *self = host->alloc(sizeof *self);
    if (!self) {
        host->set_error(host, params->errctx, ENVOI_E_MEMORY, 0, "out of memory");
        return ENVOI_E_MEMORY;
    }
    *self = (struct plain){.host = host, .params = params};
    *ctx = self;
    return ENVOI_OK;
}

static void plain_mech_free(void *ctx)
{
    struct plain *self = ctx;

    if (!self)
        return;
    plain_release(self);
    self->host->free(self);
}

static int32_t plain_mech_at(void *state, size_t index, struct envoi_mech_info *out)
{
    (void)state;
    if (index > 0)
        return ENVOI_E_END;
    out->flags = ENVOI_MECH_CLIENT_FIRST | ENVOI_MECH_PLAINTEXT;
    out->needs = ENVOI_CRED_AUTHID | ENVOI_CRED_PASSWORD;
    out->name = NAME;
    return ENVOI_OK;
}

/* All that there is to remember is the host. */
static int32_t plain_init(const struct envoi_host *host, void **state)
{
    *state = (void *)(uintptr_t)host;
    return ENVOI_HAS(host, set_error) ? ENVOI_OK : ENVOI_E_PLUGIN;
}

static const struct envoi_mechanism mechanism = {
    .struct_size = sizeof mechanism,
    .name = "PLAIN",
    .mech_at = plain_mech_at,
    .mech_new = plain_mech_new,
    .step = plain_step,
    .mech_free = plain_mech_free,
};

static const struct envoi_mechanism *const mechanisms[] = {&mechanism, NULL};

static const struct envoi_plugin plugin = {
    .struct_size = sizeof plugin,
    .magic = ENVOI_PLUGIN_MAGIC,
    .abi_major = ENVOI_ABI_MAJOR,
    .abi_minor = ENVOI_ABI_MINOR,
    .id = "plain",
    .version = "1",
    .license = "MIT",
    .init = plain_init,
    .mechanisms = mechanisms,
};

ENVOI_PLUGIN_EXPORT const struct envoi_plugin *envoi_plugin_plain(void);

const struct envoi_plugin *envoi_plugin_plain(void)
{
    return &plugin;
}

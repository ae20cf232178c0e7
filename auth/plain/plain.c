/* SPDX-License-Identifier: MIT */
/* The mechanism PLAIN (RFC 4616): one message, [authzid] NUL authcid NUL password. */
#include "mech.h"

#include <string.h>

/* The fields in the order in which the message has them. */
enum { AUTHZID, AUTHID, PASSWORD, FIELDS };

/* RFC 4616: NUL separates the fields, so none may contain one; name and password have at least one character. */
static const struct mech_field fields[FIELDS] = {
    [AUTHZID] = {.id = ENVOI_CRED_AUTHZID, .optional = 1, .bad = "the name to act as has a NUL in it"},
    [AUTHID] = {.id = ENVOI_CRED_AUTHID,
                .missing = "no user name was given",
                .empty = "the user name is empty",
                .bad = "the user name has a NUL in it"},
    [PASSWORD] = {.id = ENVOI_CRED_PASSWORD,
                  .missing = "no password was given",
                  .empty = "the password is empty",
                  .bad = "the password has a NUL in it"},
};

struct plain {
    struct mech_exchange exchange;
    uint32_t done;
};

static const struct mech_spec spec = {
    .name = "PLAIN",
    .flags = ENVOI_MECH_CLIENT_FIRST | ENVOI_MECH_PLAINTEXT,
    .needs = ENVOI_CRED_AUTHID | ENVOI_CRED_PASSWORD,
    .size = sizeof(struct plain),
    .check_all = 1,
    .count = FIELDS,
    .fields = fields,
};

static int32_t plain_write(struct mech_exchange *self, const struct envoi_sink *out)
{
    size_t size = FIELDS - 1, n = 0;
    char *message;
    int32_t rc;

    for (size_t i = 0; i < FIELDS; i++)
        size += self->cred[i].len;
    message = self->host->alloc(size);
    if (!message)
        return mech_fail(self, ENVOI_E_MEMORY, "out of memory");
    for (size_t i = 0; i < FIELDS; i++) {
        if (i)
            message[n++] = 0;
        if (self->cred[i].len)
            memcpy(message + n, self->cred[i].data, self->cred[i].len);
        n += self->cred[i].len;
    }
    rc = mech_write(self, out, message, size);
    self->host->wipe(message, size);
    self->host->free(message);
    return rc;
}

static int32_t plain_step(void *ctx, const void *in, size_t len, const struct envoi_sink *out, uint32_t *result,
                          uint32_t *want)
{
    struct plain *self = ctx;
    int32_t rc;

    *result = ENVOI_STEP_CONTINUE;
    *want = 0;
    /* The only challenge of PLAIN is the empty one that asks for the message. */
    if (self->done || (in && len))
        return mech_fail(&self->exchange, ENVOI_E_AUTH, "the server sent a challenge, and PLAIN has none");

    rc = mech_gather(&self->exchange, want);
    if (rc == ENVOI_E_AGAIN)
        return rc;
    if (!rc)
        rc = plain_write(&self->exchange, out);
    mech_release(&self->exchange);
    if (!rc) {
        self->done = 1;
        *result = ENVOI_STEP_DONE;
    }
    return rc;
}

static int32_t plain_mech_at(void *state, size_t index, struct envoi_mech_info *out)
{
    (void)state;
    return index > 0 ? ENVOI_E_END : mech_describe(&spec, out);
}

static int32_t plain_mech_new(void *state, const char *name, const struct envoi_mech_params *params, void **ctx)
{
    return mech_new(state, name, params, &spec, ctx);
}

static const struct envoi_mechanism mechanism = {
    .struct_size = sizeof mechanism,
    .name = "PLAIN",
    .mech_at = plain_mech_at,
    .mech_new = plain_mech_new,
    .step = plain_step,
    .mech_free = mech_free,
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
    .init = mech_init,
    .mechanisms = mechanisms,
};

ENVOI_PLUGIN_EXPORT const struct envoi_plugin *envoi_plugin_plain(void);

const struct envoi_plugin *envoi_plugin_plain(void)
{
    return &plugin;
}

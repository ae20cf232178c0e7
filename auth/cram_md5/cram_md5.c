/* SPDX-License-Identifier: MIT */
/* The mechanism CRAM-MD5 (RFC 2195): name, blank, and the keyed MD5 of the server's challenge in lower-case hex. */
#include "mech.h"

#include <nettle/base16.h>
#include <nettle/hmac.h>
#include <string.h>

/* The challenge is a msg-id of RFC 822, far shorter than this. */
#define CHALLENGE_MAX 2048
#define HEX_LEN       ((size_t)BASE16_ENCODE_LENGTH(MD5_DIGEST_SIZE))

enum { AUTHID, PASSWORD, FIELDS };

static const struct mech_field fields[FIELDS] = {
    [AUTHID] = {.id = ENVOI_CRED_AUTHID, .missing = "no user name was given", .bad = "the user name has a NUL in it"},
    [PASSWORD] = {.id = ENVOI_CRED_PASSWORD, .missing = "no password was given", .bad = "the password has a NUL in it"},
};

struct cram {
    struct mech_exchange exchange;
    uint32_t done;
};

static const struct mech_spec spec = {
    .name = "CRAM-MD5",
    .needs = ENVOI_CRED_AUTHID | ENVOI_CRED_PASSWORD,
    .size = sizeof(struct cram),
    .count = FIELDS,
    .fields = fields,
};

static int32_t cram_write(struct mech_exchange *self, const void *challenge, size_t len, const struct envoi_sink *out)
{
    const struct envoi_cred *user = &self->cred[AUTHID], *password = &self->cred[PASSWORD];
    size_t size = user->len + 1 + HEX_LEN;
    char *response = self->host->alloc(size);
    struct hmac_md5_ctx hmac;
    uint8_t digest[MD5_DIGEST_SIZE];
    int32_t rc;

    if (!response)
        return mech_fail(self, ENVOI_E_MEMORY, "out of memory");

    hmac_md5_set_key(&hmac, password->len, (const uint8_t *)password->data);
    hmac_md5_update(&hmac, len, challenge);
    hmac_md5_digest(&hmac, sizeof digest, digest);
    if (user->len)
        memcpy(response, user->data, user->len);
    response[user->len] = ' ';
    base16_encode_update(response + user->len + 1, sizeof digest, digest);

    rc = mech_write(self, out, response, size);
    self->host->wipe(&hmac, sizeof hmac);
    self->host->wipe(digest, sizeof digest);
    self->host->wipe(response, size);
    self->host->free(response);
    return rc;
}

static int32_t cram_step(void *ctx, const void *in, size_t len, const struct envoi_sink *out, uint32_t *result,
                         uint32_t *want)
{
    struct cram *self = ctx;
    int32_t rc;

    *result = ENVOI_STEP_CONTINUE;
    *want = 0;
    if (self->done)
        return mech_fail(&self->exchange, ENVOI_E_AUTH, "the server sent a second challenge");
    if (!in)
        return ENVOI_OK; /* the server speaks first */
    if (len == 0 || len > CHALLENGE_MAX)
        return mech_fail(&self->exchange, ENVOI_E_AUTH, "the server's challenge is empty or too long");

    rc = mech_gather(&self->exchange, want);
    if (rc == ENVOI_E_AGAIN)
        return rc;
    if (!rc)
        rc = cram_write(&self->exchange, in, len, out);
    mech_release(&self->exchange);
    if (!rc) {
        self->done = 1;
        *result = ENVOI_STEP_DONE;
    }
    return rc;
}

static int32_t cram_mech_at(void *state, size_t index, struct envoi_mech_info *out)
{
    (void)state;
    return index > 0 ? ENVOI_E_END : mech_describe(&spec, out);
}

static int32_t cram_mech_new(void *state, const char *name, const struct envoi_mech_params *params, void **ctx)
{
    return mech_new(state, name, params, &spec, ctx);
}

static const struct envoi_mechanism mechanism = {
    .struct_size = sizeof mechanism,
    .name = "CRAM-MD5",
    .mech_at = cram_mech_at,
    .mech_new = cram_mech_new,
    .step = cram_step,
    .mech_free = mech_free,
};

static const struct envoi_mechanism *const mechanisms[] = {&mechanism, NULL};

static const struct envoi_plugin plugin = {
    .struct_size = sizeof plugin,
    .magic = ENVOI_PLUGIN_MAGIC,
    .abi_major = ENVOI_ABI_MAJOR,
    .abi_minor = ENVOI_ABI_MINOR,
    .id = "cram_md5",
    .version = "1",
    .license = "MIT",
    .init = mech_init,
    .mechanisms = mechanisms,
};

ENVOI_PLUGIN_EXPORT const struct envoi_plugin *envoi_plugin_cram_md5(void);

const struct envoi_plugin *envoi_plugin_cram_md5(void)
{
    return &plugin;
}

/* SPDX-License-Identifier: MIT */
/* The mechanism CRAM-MD5 (RFC 2195): name, blank, and the keyed MD5 of the server's challenge in lower-case hex. */
#include <envoi/plugin.h>
#include <nettle/base16.h>
#include <nettle/hmac.h>
#include <string.h>

#define NAME          "CRAM-MD5"
/* A msg-id of RFC 822; nothing that an honest server sends comes near this. */
#define CHALLENGE_MAX 2048
#define HEX_LEN       ((size_t)BASE16_ENCODE_LENGTH(MD5_DIGEST_SIZE))

enum { AUTHID, PASSWORD, FIELDS };

static const struct {
    uint32_t id;
    const char *missing;
    const char *nul;
} fields[FIELDS] = {
    [AUTHID] = {ENVOI_CRED_AUTHID, "no user name was given", "the user name has a NUL in it"},
    [PASSWORD] = {ENVOI_CRED_PASSWORD, "no password was given", "the password has a NUL in it"},
};

struct cram {
    const struct envoi_host *host;
    const struct envoi_mech_params *params;
    struct envoi_cred cred[FIELDS]; /* the name may be here while the password is still awaited */
    uint32_t asked;
    uint32_t done;
};

static int32_t cram_fail(struct cram *self, int32_t code, const char *text)
{
    self->host->set_error(self->host, self->params->errctx, code, 0, text);
    return code;
}

static void cram_release(struct cram *self)
{
    for (size_t i = 0; i < FIELDS; i++) {
        if (self->cred[i].release)
            self->cred[i].release(&self->cred[i]);
        memset(&self->cred[i], 0, sizeof self->cred[i]);
    }
    self->asked = 0;
}

static int32_t cram_ask(struct cram *self, size_t field)
{
    const struct envoi_cred_request request = {
        .struct_size = sizeof request, .id = fields[field].id, .mechanism = NAME};
    struct envoi_cred *cred = &self->cred[field];

    *cred = (struct envoi_cred){.struct_size = sizeof *cred};
    int32_t rc = self->params->cred(self->params->core, &request, cred);
    if (rc == ENVOI_OK)
        return cred->len != 0 && memchr(cred->data, 0, cred->len) ? cram_fail(self, ENVOI_E_USAGE, fields[field].nul)
                                                                  : rc;
    *cred = (struct envoi_cred){0};
    if (rc == ENVOI_E_AGAIN)
        return rc;
    return cram_fail(self, rc, rc == ENVOI_E_CANCELLED ? fields[field].missing : "a credential cannot be had");
}

static int32_t cram_write(struct cram *self, const void *challenge, size_t len, const struct envoi_sink *out)
{
    const struct envoi_cred *user = &self->cred[AUTHID], *password = &self->cred[PASSWORD];
    struct hmac_md5_ctx hmac;
    uint8_t digest[MD5_DIGEST_SIZE];

    size_t size = user->len + 1 + HEX_LEN;
    char *response = self->host->alloc(size);
    if (!response)
        return cram_fail(self, ENVOI_E_MEMORY, "out of memory");

    hmac_md5_set_key(&hmac, password->len, (const uint8_t *)password->data);
    hmac_md5_update(&hmac, len, challenge);
    hmac_md5_digest(&hmac, sizeof digest, digest);
    if (user->len)
        memcpy(response, user->data, user->len);
    response[user->len] = ' ';
    base16_encode_update(response + user->len + 1, sizeof digest, digest);

    int32_t rc = out->write(out->ctx, response, size);
    self->host->wipe(&hmac, sizeof hmac);
    self->host->wipe(digest, sizeof digest);
    self->host->wipe(response, size);
    self->host->free(response);
    return rc == ENVOI_OK ? rc : cram_fail(self, rc, "the response cannot be stored");
}

static int32_t cram_step(void *ctx, const void *in, size_t len, const struct envoi_sink *out, uint32_t *result,
                         uint32_t *want)
{
    struct cram *self = ctx;

    *result = ENVOI_STEP_CONTINUE;
    *want = 0;
    if (self->done)
        return cram_fail(self, ENVOI_E_AUTH, "the server sent a second challenge");
    if (!in)
        return ENVOI_OK; /* the server speaks first */
    if (len == 0 || len > CHALLENGE_MAX)
        return cram_fail(self, ENVOI_E_AUTH, "the server's challenge is empty or too long");

    int32_t rc = ENVOI_OK;
    while (self->asked < FIELDS && (rc = cram_ask(self, self->asked)) == ENVOI_OK)
        self->asked++;
    if (rc == ENVOI_E_AGAIN) {
        *want = ENVOI_WANT_CREDENTIAL;
        return rc;
    }
    if (rc == ENVOI_OK)
        rc = cram_write(self, in, len, out);
    cram_release(self);
    if (rc == ENVOI_OK) {
        self->done = 1;
        *result = ENVOI_STEP_DONE;
    }
    return rc;
}

static int32_t cram_mech_new(void *state, const char *mech, const struct envoi_mech_params *params, void **ctx)
{
    const struct envoi_host *host = state;

    if (strcmp(mech, NAME) != 0 || !ENVOI_HAS(params, errctx))
        return ENVOI_E_NOT_SUPPORTED;
    struct cram *self = host->alloc(sizeof *self);
    if (!self) {
        host->set_error(host, params->errctx, ENVOI_E_MEMORY, 0, "out of memory");
        return ENVOI_E_MEMORY;
    }
    *self = (struct cram){.host = host, .params = params};
    *ctx = self;
    return ENVOI_OK;
}

static void cram_mech_free(void *ctx)
{
    struct cram *self = ctx;

    if (!self)
        return;
    cram_release(self);
    self->host->free(self);
}

static int32_t cram_mech_at(void *state, size_t index, struct envoi_mech_info *out)
{
    (void)state;
    if (index > 0)
        return ENVOI_E_END;
    out->flags = 0;
    out->needs = ENVOI_CRED_AUTHID | ENVOI_CRED_PASSWORD;
    out->name = NAME;
    return ENVOI_OK;
}

/* All that there is to remember is the host. */
static int32_t cram_init(const struct envoi_host *host, void **state)
{
    *state = (void *)(uintptr_t)host;
    return ENVOI_HAS(host, set_error) ? ENVOI_OK : ENVOI_E_PLUGIN;
}

static const struct envoi_mechanism mechanism = {
    .struct_size = sizeof mechanism,
    .name = "CRAM-MD5",
    .mech_at = cram_mech_at,
    .mech_new = cram_mech_new,
    .step = cram_step,
    .mech_free = cram_mech_free,
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
    .init = cram_init,
    .mechanisms = mechanisms,
};

ENVOI_PLUGIN_EXPORT const struct envoi_plugin *envoi_plugin_cram_md5(void);

const struct envoi_plugin *envoi_plugin_cram_md5(void)
{
    return &plugin;
}

/* SPDX-License-Identifier: MIT */
#include "toy_mech.h"

#include <string.h>

#define MASK  0x2a
#define CHUNK 1024
#define HEAD  2

struct toy_state {
    const struct envoi_host *host;
};

struct toy {
    const struct envoi_host *host;
    const struct envoi_mech_params *params;
    const struct toy_row *row;
    bool plus;
    uint32_t steps;
    uint8_t in[HEAD + CHUNK]; /* of the layer */
    size_t in_len;
};

typedef int32_t toy_step_fn(struct toy *t, const void *in, size_t len, const struct envoi_sink *out, uint32_t *result);

struct toy_row {
    const char *name;
    uint32_t flags;
    uint32_t needs;
    toy_step_fn *step;
};

static int32_t toy_fail(struct toy *t, int32_t code, const char *text)
{
    t->host->set_error(t->host, t->params->errctx, code, 0, text);
    return code;
}

static int32_t toy_say(const struct envoi_sink *out, const char *text)
{
    return out->write(out->ctx, text, strlen(text));
}

/* Writes before, the credential, after. */
static int32_t toy_say_credential(struct toy *t, uint32_t id, const struct envoi_sink *out, const char *before,
                                  const char *after)
{
    const struct envoi_cred_request request = {.struct_size = sizeof request, .id = id, .mechanism = t->row->name};
    struct envoi_cred cred = {.struct_size = sizeof cred};

    int32_t rc = t->params->cred(t->params->core, &request, &cred);
    if (rc != ENVOI_OK)
        return rc;
    rc = toy_say(out, before);
    if (rc == ENVOI_OK)
        rc = out->write(out->ctx, cred.data, cred.len);
    if (rc == ENVOI_OK)
        rc = toy_say(out, after);
    cred.release(&cred);
    return rc;
}

/* Asks for the password, which goes into the proof. */
static int32_t scram_prove(struct toy *t, const struct envoi_sink *out)
{
    const struct envoi_cred_request request = {
        .struct_size = sizeof request, .id = ENVOI_CRED_PASSWORD, .mechanism = "SCRAM-SHA-256"};
    struct envoi_cred cred = {.struct_size = sizeof cred};

    int32_t rc = t->params->cred(t->params->core, &request, &cred);
    if (rc != ENVOI_OK)
        return rc;
    cred.release(&cred);
    return toy_say(out, "proof");
}

static int32_t scram_step(struct toy *t, const void *in, size_t len, const struct envoi_sink *out, uint32_t *result)
{
    if (t->steps == 0)
        return toy_say_credential(t, ENVOI_CRED_AUTHID, out, t->plus ? "p=tls-exporter,,n=" : "n,,n=", "");
    if (t->steps == 1)
        return len > 2 && memcmp(in, "r=", 2) == 0 ? scram_prove(t, out)
                                                   : toy_fail(t, ENVOI_E_AUTH, "toy: a bad nonce");
    if (t->steps > 2 || len != 6 || memcmp(in, "v=good", 6) != 0)
        return toy_fail(t, ENVOI_E_SERVER_PROOF, "toy: the server failed its proof");
    *result = ENVOI_STEP_DONE;
    return ENVOI_OK;
}

/* The answer is written at once or not at all: AGAIN may come between the two credentials. */
static int32_t xoauth2_step(struct toy *t, const void *in, size_t len, const struct envoi_sink *out, uint32_t *result)
{
    const struct envoi_cred_request who = {.struct_size = sizeof who, .id = ENVOI_CRED_AUTHID, .mechanism = "XOAUTH2"};
    struct envoi_cred user = {.struct_size = sizeof user};

    (void)in;
    (void)len;
    *result = ENVOI_STEP_DONE;
    if (t->steps > 0)
        return ENVOI_OK; /* the challenge is the error, in JSON: an empty answer brings the 535 */
    int32_t rc = t->params->cred(t->params->core, &who, &user);
    if (rc != ENVOI_OK)
        return rc;
    char head[300] = "user=";
    size_t n = user.len < 200 ? user.len : 200;
    memcpy(head + 5, user.data, n);
    memcpy(head + 5 + n, "\001auth=Bearer ", sizeof "\001auth=Bearer ");
    user.release(&user);
    return toy_say_credential(t, ENVOI_CRED_TOKEN, out, head, "\001\001");
}

static int32_t external_step(struct toy *t, const void *in, size_t len, const struct envoi_sink *out, uint32_t *result)
{
    (void)in;
    (void)len;
    *result = ENVOI_STEP_DONE;
    return t->steps ? toy_fail(t, ENVOI_E_AUTH, "toy: a challenge too many") : toy_say(out, "");
}

static int32_t anonymous_step(struct toy *t, const void *in, size_t len, const struct envoi_sink *out, uint32_t *result)
{
    (void)t;
    (void)in;
    (void)len;
    *result = ENVOI_STEP_DONE;
    return toy_say(out, "anonymous");
}

static int32_t gssapi_step(struct toy *t, const void *in, size_t len, const struct envoi_sink *out, uint32_t *result)
{
    (void)in;
    (void)len;
    if (t->steps == 0)
        return toy_say(out, "token");
    *result = ENVOI_STEP_DONE;
    return toy_say(out, "ok");
}

/* The realm is not needed: the callback says that there is none, or makes the mechanism wait for it. */
static int32_t slow_step(struct toy *t, const void *in, size_t len, const struct envoi_sink *out, uint32_t *result)
{
    const struct envoi_cred_request where = {
        .struct_size = sizeof where, .id = ENVOI_CRED_REALM, .mechanism = "X-SLOW"};
    struct envoi_cred realm = {.struct_size = sizeof realm};

    if (t->steps == 0)
        return toy_say_credential(t, ENVOI_CRED_AUTHID, out, "n=", "");
    if (len == 2 && memcmp(in, "no", 2) == 0)
        return toy_fail(t, ENVOI_E_AUTH, "toy: the server says no");
    int32_t rc = t->params->cred(t->params->core, &where, &realm);
    if (rc == ENVOI_E_AGAIN)
        return rc;
    if (rc == ENVOI_OK)
        realm.release(&realm);
    rc = toy_say_credential(t, ENVOI_CRED_PASSWORD, out, "p=", "");
    if (rc == ENVOI_OK)
        *result = ENVOI_STEP_DONE;
    return rc;
}

static int32_t long_step(struct toy *t, const void *in, size_t len, const struct envoi_sink *out, uint32_t *result)
{
    (void)t;
    (void)in;
    (void)len;
    *result = ENVOI_STEP_DONE;
    return toy_say(out, "computed");
}

static int32_t ticket_step(struct toy *t, const void *in, size_t len, const struct envoi_sink *out, uint32_t *result)
{
    (void)in;
    (void)len;
    (void)out;
    (void)result;
    return toy_fail(t, ENVOI_E_NOT_SUPPORTED, "toy: no ticket");
}

static int32_t endless_step(struct toy *t, const void *in, size_t len, const struct envoi_sink *out, uint32_t *result)
{
    (void)t;
    (void)len;
    (void)result;
    return in ? toy_say(out, "more") : ENVOI_OK;
}

static const struct toy_row rows[] = {
    {"SCRAM-SHA-256", ENVOI_MECH_CLIENT_FIRST | ENVOI_MECH_MUTUAL | ENVOI_MECH_CHANNEL_BINDING,
     ENVOI_CRED_AUTHID | ENVOI_CRED_PASSWORD, scram_step},
    {"XOAUTH2", ENVOI_MECH_CLIENT_FIRST | ENVOI_MECH_PLAINTEXT, ENVOI_CRED_AUTHID | ENVOI_CRED_TOKEN, xoauth2_step},
    {"EXTERNAL", ENVOI_MECH_CLIENT_FIRST, 0, external_step},
    {"ANONYMOUS", ENVOI_MECH_CLIENT_FIRST | ENVOI_MECH_ANONYMOUS, 0, anonymous_step},
    {"GSSAPI", ENVOI_MECH_CLIENT_FIRST | ENVOI_MECH_MAY_BLOCK | ENVOI_MECH_SECURITY_LAYER, 0, gssapi_step},
    {"X-SLOW", ENVOI_MECH_CLIENT_FIRST | ENVOI_MECH_MAY_BLOCK, ENVOI_CRED_AUTHID | ENVOI_CRED_PASSWORD, slow_step},
    {"X-LONG", ENVOI_MECH_CLIENT_FIRST | ENVOI_MECH_MAY_TAKE_LONG, 0, long_step},
    {"X-TICKET", ENVOI_MECH_CLIENT_FIRST | ENVOI_MECH_MAY_BLOCK, ENVOI_CRED_AUTHID, ticket_step},
    {"X-ENDLESS", 0, 0, endless_step},
    {"X-UNUSABLE", 0, 0, endless_step},
    {"X-BROKEN", 0, 0, endless_step},
};

static int32_t toy_mech_at(void *state, size_t index, struct envoi_mech_info *out)
{
    (void)state;
    if (index >= sizeof rows / sizeof rows[0])
        return ENVOI_E_END;
    out->flags = rows[index].flags;
    out->needs = rows[index].needs;
    out->name = rows[index].name;
    return ENVOI_OK;
}

static int32_t toy_usable(void *state, const char *mech, const struct envoi_mech_params *params)
{
    const struct envoi_host *host = ((struct toy_state *)state)->host;

    if (strcmp(mech, "X-UNUSABLE") != 0)
        return ENVOI_OK;
    host->set_error(host, params->errctx, ENVOI_E_NOT_SUPPORTED, 0, "toy: not on Sundays");
    return ENVOI_E_NOT_SUPPORTED;
}

static int32_t toy_mech_new(void *state, const char *mech, const struct envoi_mech_params *params, void **ctx)
{
    const struct envoi_host *host = ((struct toy_state *)state)->host;
    const struct toy_row *row = NULL;
    size_t len = strlen(mech);
    bool plus = len > 5 && strcmp(mech + len - 5, "-PLUS") == 0;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0] && !row; i++)
        if (strncmp(rows[i].name, mech, len - (plus ? 5 : 0)) == 0 && strlen(rows[i].name) == len - (plus ? 5 : 0))
            row = &rows[i];
    if (!row || strcmp(mech, "X-BROKEN") == 0) {
        host->set_error(host, params->errctx, ENVOI_E_NOT_SUPPORTED, 0, "toy: cannot be begun");
        return ENVOI_E_NOT_SUPPORTED;
    }
    struct toy *t = host->alloc(sizeof *t);
    if (!t)
        return ENVOI_E_MEMORY;
    *t = (struct toy){.host = host, .params = params, .row = row, .plus = plus};
    *ctx = t;
    return ENVOI_OK;
}

static int32_t toy_step(void *ctx, const void *in, size_t len, const struct envoi_sink *out, uint32_t *result,
                        uint32_t *want)
{
    struct toy *t = ctx;

    *result = ENVOI_STEP_CONTINUE;
    *want = 0;
    int32_t rc = t->row->step(t, in, len, out, result);
    if (rc == ENVOI_OK)
        t->steps++;
    if (rc == ENVOI_E_AGAIN)
        *want = ENVOI_WANT_CREDENTIAL;
    if (rc != ENVOI_OK)
        *result = ENVOI_STEP_CONTINUE;
    return rc;
}

/* ---- the layer ---- */

static void toy_mask(uint8_t *to, const uint8_t *from, size_t len)
{
    for (size_t i = 0; i < len; i++)
        to[i] = from[i] ^ MASK;
}

void toy_layer_put(struct bytes *out, const void *data, size_t len)
{
    const uint8_t *octets = data;

    while (len) {
        size_t part = len < CHUNK ? len : CHUNK;
        uint8_t packet[HEAD + CHUNK] = {(uint8_t)(part >> 8), (uint8_t)part};
        toy_mask(packet + HEAD, octets, part);
        bytes_add(out, packet, HEAD + part);
        octets += part;
        len -= part;
    }
}

int toy_layer_take(struct bytes *in, struct bytes *payload)
{
    uint8_t plain[CHUNK];

    if (in->len < HEAD)
        return 0;
    size_t len = (size_t)in->data[0] << 8 | in->data[1];
    if (!len || len > CHUNK)
        return -1;
    if (in->len < HEAD + len)
        return 0;
    toy_mask(plain, in->data + HEAD, len);
    bytes_add(payload, plain, len);
    bytes_drop(in, HEAD + len);
    return 1;
}

static int32_t toy_encode(void *ctx, const void *in, size_t len, const struct envoi_sink *out)
{
    uint8_t packet[HEAD + CHUNK] = {(uint8_t)(len >> 8), (uint8_t)len};

    (void)ctx;
    if (!len || len > CHUNK)
        return ENVOI_E_AUTH;
    toy_mask(packet + HEAD, in, len);
    return out->write(out->ctx, packet, HEAD + len);
}

static int32_t toy_decode(void *ctx, const void *in, size_t len, const struct envoi_sink *out)
{
    struct toy *t = ctx;
    const uint8_t *octets = in;

    while (len) {
        t->in[t->in_len++] = *octets++;
        len--;
        if (t->in_len < HEAD)
            continue;
        size_t need = (size_t)t->in[0] << 8 | t->in[1];
        if (!need || need > CHUNK)
            return ENVOI_E_PROTOCOL;
        if (t->in_len < HEAD + need)
            continue;
        uint8_t plain[CHUNK];
        toy_mask(plain, t->in + HEAD, need);
        t->in_len = 0;
        int32_t rc = out->write(out->ctx, plain, need);
        if (rc != ENVOI_OK)
            return rc;
    }
    return ENVOI_OK;
}

static int32_t toy_layer(void *ctx, struct envoi_sasl_layer *out)
{
    struct toy *t = ctx;

    out->ssf = 0;
    if (!(t->row->flags & ENVOI_MECH_SECURITY_LAYER) || t->params->max_ssf == 0)
        return ENVOI_OK;
    out->ssf = 56;
    out->max_chunk = CHUNK;
    out->encode = toy_encode;
    out->decode = toy_decode;
    return ENVOI_OK;
}

static void toy_mech_free(void *ctx)
{
    struct toy *t = ctx;

    if (!t)
        return;
    const struct envoi_host *host = t->host;
    host->wipe(t, sizeof *t);
    host->free(t);
}

static int32_t toy_init(const struct envoi_host *host, void **state)
{
    struct toy_state *self = host->alloc(sizeof *self);

    if (!self)
        return ENVOI_E_MEMORY;
    self->host = host;
    *state = self;
    return ENVOI_OK;
}

static void toy_fini(void *state)
{
    struct toy_state *self = state;

    self->host->free(self);
}

static const struct envoi_mechanism mechanism = {
    .struct_size = sizeof mechanism,
    .name = "toy",
    .mech_at = toy_mech_at,
    .usable = toy_usable,
    .mech_new = toy_mech_new,
    .step = toy_step,
    .layer = toy_layer,
    .mech_free = toy_mech_free,
};

static const struct envoi_mechanism *const mechanisms[] = {&mechanism, NULL};

static const struct envoi_plugin plugin = {
    .struct_size = sizeof plugin,
    .magic = ENVOI_PLUGIN_MAGIC,
    .abi_major = ENVOI_ABI_MAJOR,
    .abi_minor = ENVOI_ABI_MINOR,
    .id = "toy",
    .version = "1",
    .license = "MIT",
    .init = toy_init,
    .fini = toy_fini,
    .mechanisms = mechanisms,
};

const struct envoi_plugin *envoi_plugin_toy(void)
{
    return &plugin;
}

/* SPDX-License-Identifier: MIT */
#include "fake_tls.h"

#include <string.h>

#define MASK        0x5a
#define HEAD        3
#define PAYLOAD_MAX 4096

struct fake_conn {
    const struct envoi_host *host;
    const struct envoi_lower *lower;
    struct envoi_errctx *errctx;
    uint32_t verify;
    bool pinned, pin_good;
    bool greeted; /* our hello is queued */
    bool ready;   /* the handshake is over */
    bool trusted;
    bool closed; /* the peer's closing alert came */
    bool closing;
    char name[256];
    uint8_t in[HEAD + PAYLOAD_MAX];
    size_t in_len;
    uint8_t plain[PAYLOAD_MAX];
    size_t plain_at, plain_len;
    uint8_t out[HEAD + PAYLOAD_MAX];
    size_t out_at, out_len;
    size_t out_stands_for; /* octets of the caller that are in out */
    size_t out_given;      /* how many it gave */
};

struct fake_state {
    const struct envoi_host *host;
};

static void fake_mask(uint8_t *to, const uint8_t *from, size_t len)
{
    for (size_t i = 0; i < len; i++)
        to[i] = from[i] ^ MASK;
}

static bool fake_is_masked(const uint8_t *masked, const uint8_t *plain, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (masked[i] != (plain[i] ^ MASK))
            return false;
    return true;
}

void fake_tls_put(struct bytes *out, char type, const void *data, size_t len)
{
    const uint8_t *octets = data;

    do {
        size_t part = len < PAYLOAD_MAX ? len : PAYLOAD_MAX;
        uint8_t record[HEAD + PAYLOAD_MAX] = {(uint8_t)type, (uint8_t)(part >> 8), (uint8_t)part};
        if (part)
            fake_mask(record + HEAD, octets, part);
        bytes_add(out, record, HEAD + part);
        octets = part ? octets + part : octets;
        len -= part;
    } while (len);
}

int fake_tls_take(struct bytes *in, char *type, struct bytes *payload)
{
    uint8_t plain[PAYLOAD_MAX];

    if (in->len && !memchr("HDC", in->data[0], 3))
        return -1;
    if (in->len < HEAD)
        return 0;
    size_t len = (size_t)in->data[1] << 8 | in->data[2];
    if (len > PAYLOAD_MAX)
        return -1;
    if (in->len < HEAD + len)
        return 0;
    *type = (char)in->data[0];
    fake_mask(plain, in->data + HEAD, len);
    bytes_add(payload, plain, len);
    bytes_drop(in, HEAD + len);
    return 1;
}

/* ---- the client's side ---- */

static int32_t fake_fail(struct fake_conn *c, int32_t code, const char *text)
{
    c->host->set_error(c->host, c->errctx, code, 7, text);
    return code;
}

static void fake_queue(struct fake_conn *c, char type, const void *data, size_t len)
{
    c->out[0] = (uint8_t)type;
    c->out[1] = (uint8_t)(len >> 8);
    c->out[2] = (uint8_t)len;
    if (len)
        fake_mask(c->out + HEAD, data, len);
    c->out_at = 0;
    c->out_len = HEAD + len;
}

static int32_t fake_flush(struct fake_conn *c, uint32_t *want)
{
    while (c->out_at < c->out_len) {
        size_t n = 0;
        int32_t rc = c->lower->send(c->lower->ctx, c->out + c->out_at, c->out_len - c->out_at, &n);
        if (rc == ENVOI_E_AGAIN)
            *want = ENVOI_WANT_WRITE;
        if (rc != ENVOI_OK)
            return rc;
        c->out_at += n;
    }
    c->out_at = c->out_len = 0;
    return ENVOI_OK;
}

/* Reads until a whole record is in c->in. */
static int32_t fake_record(struct fake_conn *c, uint32_t *want)
{
    for (;;) {
        size_t need = HEAD;
        if (c->in_len && !memchr("HDC", c->in[0], 3))
            return fake_fail(c, ENVOI_E_TLS, "fake: this is not TLS");
        if (c->in_len >= HEAD)
            need += (size_t)c->in[1] << 8 | c->in[2];
        if (need > sizeof c->in)
            return fake_fail(c, ENVOI_E_TLS, "fake: the record is too long");
        if (c->in_len >= need && c->in_len >= HEAD)
            return ENVOI_OK;
        size_t n = 0;
        int32_t rc = c->lower->recv(c->lower->ctx, c->in + c->in_len, need - c->in_len, &n);
        if (rc == ENVOI_E_AGAIN)
            *want = ENVOI_WANT_READ;
        if (rc == ENVOI_E_EOF)
            return fake_fail(c, ENVOI_E_TRUNCATED, "fake: the connection ended without the closing alert");
        if (rc != ENVOI_OK)
            return rc;
        c->in_len += n;
    }
}

static void fake_open_record(struct fake_conn *c)
{
    c->plain_at = 0;
    c->plain_len = c->in_len - HEAD;
    fake_mask(c->plain, c->in + HEAD, c->plain_len);
    c->in_len = 0;
}

static int32_t fake_handshake(void *conn, uint32_t *want)
{
    struct fake_conn *c = conn;

    if (!c->greeted) {
        fake_queue(c, FAKE_TLS_HELLO, c->name, strlen(c->name));
        c->greeted = true;
    }
    int32_t rc = fake_flush(c, want);
    if (rc == ENVOI_OK)
        rc = fake_record(c, want);
    if (rc != ENVOI_OK)
        return rc;
    if (c->in[0] != FAKE_TLS_HELLO)
        return fake_fail(c, ENVOI_E_TLS, "fake: the handshake failed");
    fake_open_record(c);
    c->trusted = c->plain_len == 7 && memcmp(c->plain, "trusted", 7) == 0;
    c->plain_len = 0;
    if (c->verify && c->verify != ENVOI_VERIFY_PIN && !c->trusted)
        return fake_fail(c, ENVOI_E_CERTIFICATE, "fake: issuer unknown");
    if ((c->pinned || c->verify == ENVOI_VERIFY_PIN) && !c->pin_good)
        return fake_fail(c, ENVOI_E_CERTIFICATE, "fake: no pin matches");
    c->ready = true;
    return ENVOI_OK;
}

static int32_t fake_recv(void *conn, void *buf, size_t cap, size_t *n, uint32_t *want)
{
    struct fake_conn *c = conn;

    while (c->plain_at == c->plain_len) {
        if (c->closed)
            return ENVOI_E_EOF;
        int32_t rc = fake_record(c, want);
        if (rc != ENVOI_OK)
            return rc;
        if (c->in[0] == FAKE_TLS_HELLO)
            return fake_fail(c, ENVOI_E_TLS, "fake: renegotiation is refused");
        c->closed = c->in[0] == FAKE_TLS_CLOSE;
        fake_open_record(c);
    }
    *n = c->plain_len - c->plain_at;
    if (*n > cap)
        *n = cap;
    memcpy(buf, c->plain + c->plain_at, *n);
    c->host->wipe(c->plain + c->plain_at, *n);
    c->plain_at += *n;
    return ENVOI_OK;
}

static int32_t fake_send(void *conn, const void *buf, size_t len, size_t *n, uint32_t *want)
{
    struct fake_conn *c = conn;

    if (!c->out_stands_for) {
        c->out_stands_for = len < PAYLOAD_MAX ? len : PAYLOAD_MAX;
        fake_queue(c, FAKE_TLS_DATA, buf, c->out_stands_for);
        c->out_given = len;
    } else if (len < c->out_given || !fake_is_masked(c->out + HEAD, buf, c->out_stands_for)) {
        return fake_fail(c, ENVOI_E_TLS, "fake: after AGAIN other octets came");
    }
    int32_t rc = fake_flush(c, want);
    if (rc != ENVOI_OK)
        return rc;
    *n = c->out_stands_for;
    c->out_stands_for = 0;
    return ENVOI_OK;
}

static size_t fake_pending(void *conn)
{
    struct fake_conn *c = conn;

    return c->plain_len - c->plain_at;
}

static int32_t fake_shutdown(void *conn, uint32_t *want)
{
    struct fake_conn *c = conn;

    int32_t rc = fake_flush(c, want);
    if (rc == ENVOI_OK && !c->closing) {
        c->closing = true;
        fake_queue(c, FAKE_TLS_CLOSE, "", 0);
        rc = fake_flush(c, want);
    }
    return rc;
}

/* ---- facts about the connection ---- */

static int32_t fake_info(void *conn, struct envoi_tls_info *out)
{
    struct fake_conn *c = conn;

    if (!c->ready)
        return ENVOI_E_USAGE;
    out->protocol = ENVOI_TLS_1_3;
    out->strength_bits = 256;
    out->verified = c->verify;
    out->resumed = 0;
    out->protocol_name = "TLSv1.3";
    out->cipher = "FAKE_XOR";
    return ENVOI_OK;
}

static int32_t fake_certificate(void *conn, size_t index, struct envoi_certificate *out)
{
    (void)conn;
    if (index > 0)
        return ENVOI_E_END;
    out->der = (const uint8_t *)"0";
    out->der_len = 1;
    out->subject = "CN=mx.example";
    out->issuer = "CN=Fake CA";
    out->names = "mx.example";
    out->not_before = 0;
    out->not_after = INT64_MAX;
    return ENVOI_OK;
}

static int32_t fake_binding(void *conn, const char *type, void *buf, size_t cap, size_t *len)
{
    (void)conn;
    if (strcmp(type, "tls-exporter") != 0)
        return ENVOI_E_NOT_SUPPORTED;
    *len = 32;
    if (!buf)
        return ENVOI_OK;
    if (cap < *len)
        return ENVOI_E_USAGE;
    memset(buf, 'b', *len);
    return ENVOI_OK;
}

static int32_t fake_ctx_new(void *state, const struct envoi_tls_config *config, struct envoi_errctx *errctx, void **ctx)
{
    struct fake_state *self = state;

    if (config->ca_file) { /* the way for a dialogue to have a context that cannot be made */
        self->host->set_error(self->host, errctx, ENVOI_E_TLS, 7, "fake: the CA file cannot be read");
        return ENVOI_E_TLS;
    }
    struct fake_state *copy = self->host->alloc(sizeof *copy);
    if (!copy)
        return ENVOI_E_MEMORY;
    *copy = *self;
    *ctx = copy;
    return ENVOI_OK;
}

static void fake_ctx_free(void *ctx)
{
    struct fake_state *self = ctx;

    if (self)
        self->host->free(self);
}

static int32_t fake_conn_new(void *ctx, const struct envoi_conn_params *params, void **conn)
{
    const struct envoi_host *host = ((struct fake_state *)ctx)->host;
    uint8_t pin[32];
    struct fake_conn *c;

    if (strlen(params->server_name) >= sizeof c->name)
        return ENVOI_E_USAGE;
    if (!(c = host->alloc(sizeof *c)))
        return ENVOI_E_MEMORY;
    memset(c, 0, sizeof *c);
    c->host = host;
    c->lower = params->lower;
    c->errctx = params->errctx;
    c->verify = params->verify;
    c->pinned = params->pin_count > 0;
    memset(pin, FAKE_TLS_PIN, sizeof pin);
    for (uint32_t i = 0; i < params->pin_count; i++)
        c->pin_good |= memcmp(params->pins[i], pin, sizeof pin) == 0;
    memcpy(c->name, params->server_name, strlen(params->server_name));
    *conn = c;
    return ENVOI_OK;
}

static void fake_conn_free(void *conn)
{
    struct fake_conn *c = conn;

    if (!c)
        return;
    const struct envoi_host *host = c->host;
    host->wipe(c, sizeof *c);
    host->free(c);
}

static int32_t fake_init(const struct envoi_host *host, void **state)
{
    struct fake_state *self = host->alloc(sizeof *self);

    if (!self)
        return ENVOI_E_MEMORY;
    self->host = host;
    *state = self;
    return ENVOI_OK;
}

static const struct envoi_transport transport = {
    .struct_size = sizeof transport,
    .caps = ENVOI_CAP_EXPORTER | ENVOI_CAP_CHAIN | ENVOI_CAP_PIN | ENVOI_CAP_SYSTEM_CA,
    .name = "fake",
    .library = "none",
    .ctx_new = fake_ctx_new,
    .ctx_free = fake_ctx_free,
    .conn_new = fake_conn_new,
    .handshake = fake_handshake,
    .recv = fake_recv,
    .send = fake_send,
    .pending = fake_pending,
    .shutdown = fake_shutdown,
    .info = fake_info,
    .certificate = fake_certificate,
    .channel_binding = fake_binding,
    .conn_free = fake_conn_free,
};

static const struct envoi_transport *const transports[] = {&transport, NULL};

static const struct envoi_plugin plugin = {
    .struct_size = sizeof plugin,
    .magic = ENVOI_PLUGIN_MAGIC,
    .abi_major = ENVOI_ABI_MAJOR,
    .abi_minor = ENVOI_ABI_MINOR,
    .id = "fake",
    .version = "1",
    .license = "MIT",
    .init = fake_init,
    .fini = fake_ctx_free,
    .transports = transports,
};

const struct envoi_plugin *envoi_plugin_fake(void)
{
    return &plugin;
}

/* SPDX-License-Identifier: MIT */
/* A transport made up for this test. It has the manners of TLS and none of its use: the client says "XOR?", the server
 * "XOR!", then every octet is turned over with 0x55, and a NUL is the close_notify. */
#include <envoi/plugin.h>
#include <string.h>

#define KEY   0x55u
#define CHUNK 64u

static const char hello[] = {'X', 'O', 'R', '?'};
static const char answer[] = {'X', 'O', 'R', '!'};

struct conn {
    const struct envoi_host *host;
    const struct envoi_lower *lower;
    struct envoi_errctx *errctx;
    uint32_t verified;
    size_t said, heard; /* octets of hello and answer */
    int closed;
};

/* A context has only its host to remember. */
static int32_t ctx_new(void *state, const struct envoi_tls_config *config, struct envoi_errctx *errctx, void **ctx)
{
    (void)config;
    (void)errctx;
    *ctx = state;
    return ENVOI_OK;
}

static void ctx_free(void *ctx)
{
    (void)ctx;
}

static int32_t conn_new(void *ctx, const struct envoi_conn_params *params, void **out)
{
    const struct envoi_host *host = *(const struct envoi_host **)ctx;
    struct conn *conn = host->alloc(sizeof *conn);

    if (!conn)
        return ENVOI_E_MEMORY;
    *conn = (struct conn){.host = host, .lower = params->lower, .errctx = params->errctx, .verified = params->verify};
    *out = conn;
    return ENVOI_OK;
}

static void conn_free(void *ctx)
{
    struct conn *conn = ctx;

    if (conn)
        conn->host->free(conn);
}

static int32_t fail(const struct conn *conn, int32_t code, const char *text)
{
    conn->host->set_error(conn->host, conn->errctx, code, 0, text);
    return code;
}

static int32_t below(const struct conn *conn, int32_t rc, uint32_t *want, uint32_t what)
{
    if (rc == ENVOI_E_AGAIN)
        *want = what;
    else if (rc == ENVOI_E_EOF)
        rc = fail(conn, ENVOI_E_TRUNCATED, "xor: the connection ended without a goodbye");
    return rc;
}

static int32_t handshake(void *ctx, uint32_t *want)
{
    struct conn *conn = ctx;
    int32_t rc = ENVOI_OK;
    size_t n;

    for (; rc == ENVOI_OK && conn->said < sizeof hello; conn->said += n) {
        n = 0;
        rc = conn->lower->send(conn->lower->ctx, hello + conn->said, sizeof hello - conn->said, &n);
    }
    if (rc != ENVOI_OK)
        return below(conn, rc, want, ENVOI_WANT_WRITE);
    while (conn->heard < sizeof answer) {
        char octet;

        if ((rc = conn->lower->recv(conn->lower->ctx, &octet, 1, &n)) != ENVOI_OK)
            return below(conn, rc, want, ENVOI_WANT_READ);
        if (octet != answer[conn->heard++])
            return fail(conn, ENVOI_E_TLS, "xor: the server does not speak it");
    }
    return ENVOI_OK;
}

static int32_t recv_some(void *ctx, void *buf, size_t cap, size_t *n, uint32_t *want)
{
    struct conn *conn = ctx;
    uint8_t *octets = buf;
    int32_t rc = ENVOI_OK;

    if (conn->closed)
        return ENVOI_E_EOF;
    if ((rc = conn->lower->recv(conn->lower->ctx, buf, cap, n)) != ENVOI_OK)
        return below(conn, rc, want, ENVOI_WANT_READ);
    for (size_t i = 0; i < *n; i++) {
        octets[i] = (uint8_t)(octets[i] ^ KEY);
        if (octets[i] == 0) {
            conn->closed = 1;
            *n = i;
            return i ? ENVOI_OK : ENVOI_E_EOF;
        }
    }
    return ENVOI_OK;
}

static int32_t send_some(void *ctx, const void *buf, size_t len, size_t *n, uint32_t *want)
{
    struct conn *conn = ctx;
    const uint8_t *plain = buf;
    uint8_t turned[CHUNK];
    size_t count = len < CHUNK ? len : CHUNK;

    for (size_t i = 0; i < count; i++)
        turned[i] = (uint8_t)(plain[i] ^ KEY);
    return below(conn, conn->lower->send(conn->lower->ctx, turned, count, n), want, ENVOI_WANT_WRITE);
}

static size_t pending(void *ctx)
{
    (void)ctx;
    return 0;
}

static int32_t shutdown(void *ctx, uint32_t *want)
{
    static const char nul = 0;
    size_t n;

    return send_some(ctx, &nul, 1, &n, want);
}

static int32_t info(void *ctx, struct envoi_tls_info *out)
{
    const struct conn *conn = ctx;

    if (conn->heard < sizeof answer)
        return ENVOI_E_USAGE;
    out->protocol = ENVOI_TLS_1_3;
    out->strength_bits = 0;
    out->verified = conn->verified;
    out->resumed = 0;
    out->protocol_name = "XORv1";
    out->cipher = "XOR-55";
    return ENVOI_OK;
}

static int32_t certificate(void *ctx, size_t index, struct envoi_certificate *out)
{
    (void)ctx;
    (void)index;
    (void)out;
    return ENVOI_E_END;
}

static int32_t channel_binding(void *ctx, const char *type, void *buf, size_t cap, size_t *len)
{
    (void)ctx;
    (void)type;
    (void)buf;
    (void)cap;
    *len = 0;
    return ENVOI_E_NOT_SUPPORTED;
}

static const struct envoi_transport transport = {
    .struct_size = sizeof transport,
    .name = "xor",
    .library = "no library",
    .ctx_new = ctx_new,
    .ctx_free = ctx_free,
    .conn_new = conn_new,
    .handshake = handshake,
    .recv = recv_some,
    .send = send_some,
    .pending = pending,
    .shutdown = shutdown,
    .info = info,
    .certificate = certificate,
    .channel_binding = channel_binding,
    .conn_free = conn_free,
};
static const struct envoi_transport *const transports[] = {&transport, NULL};

static int32_t init(const struct envoi_host *host, void **state)
{
    const struct envoi_host **self = host->alloc(sizeof(struct envoi_host *));

    if (!self)
        return ENVOI_E_MEMORY;
    *self = host;
    *state = self;
    return ENVOI_OK;
}

static void fini(void *state)
{
    const struct envoi_host *host = *(const struct envoi_host **)state;

    host->free(state);
}

static const struct envoi_plugin plugin = {
    .struct_size = sizeof plugin,
    .magic = ENVOI_PLUGIN_MAGIC,
    .abi_major = ENVOI_ABI_MAJOR,
    .abi_minor = ENVOI_ABI_MINOR,
    .id = "xor",
    .version = "1",
    .license = "MIT",
    .init = init,
    .fini = fini,
    .transports = transports,
};

ENVOI_PLUGIN_EXPORT const struct envoi_plugin *envoi_plugin_xor(void);

const struct envoi_plugin *envoi_plugin_xor(void)
{
    return &plugin;
}

/* SPDX-License-Identifier: MIT */
/* Plays the core to the compiled plugins, with the header of today: every slot is called, every member that they are
 * given has a value of its own, and all that they say is printed. Made for machines whose libraries are not there, too:
 * needs libc alone. */
#include <envoi/plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Nothing of it is shared with another. */
struct envoi_errctx {
    char text[64];
};

envoi_plugin_entry envoi_plugin_through_1_0, envoi_plugin_through_1_1, envoi_plugin_token;

/* ---- the services ---- */

static void *get(size_t size)
{
    return calloc(1, size);
}

static void wipe(void *ptr, size_t len)
{
    memset(ptr, 0, len);
}

static void write_log(const struct envoi_host *host, uint32_t level, const char *text)
{
    printf("log %u: %s%s\n", (unsigned)level, text, host->struct_size == sizeof *host ? "" : " (not by this host)");
}

static void set_error(const struct envoi_host *host, struct envoi_errctx *errctx, int32_t code, int64_t library_code,
                      const char *text)
{
    (void)host;
    printf("error in %s: %d %lld %s\n", errctx->text, (int)code, (long long)library_code, text);
}

static const struct envoi_host host = {
    .struct_size = sizeof host,
    .alloc = get,
    .realloc = realloc,
    .free = free,
    .wipe = wipe,
    .log = write_log,
    .set_error = set_error,
};

static int32_t sink_write(void *ctx, const void *data, size_t len)
{
    printf("%s writes %.*s\n", (const char *)ctx, (int)len, (const char *)data);
    return ENVOI_OK;
}

static char sink_name[] = "the sink";
static const struct envoi_sink sink = {.struct_size = sizeof sink, .write = sink_write, .ctx = sink_name};

/* ---- a transport ---- */

static int32_t lower_recv(void *ctx, void *buf, size_t cap, size_t *n)
{
    static const int32_t results[] = {ENVOI_OK, ENVOI_E_AGAIN, ENVOI_E_EOF};
    unsigned *turn = ctx;

    *n = cap < 4 ? cap : 4;
    memcpy(buf, "came", *n);
    return results[(*turn)++];
}

static int32_t lower_send(void *ctx, const void *buf, size_t len, size_t *n)
{
    (void)ctx;
    *n = len;
    printf("sent %.*s\n", (int)len, (const char *)buf);
    return ENVOI_OK;
}

static int32_t passphrase(void *ctx, char *buf, size_t cap, size_t *len)
{
    *len = strlen(ctx) < cap ? strlen(ctx) : cap;
    memcpy(buf, ctx, *len);
    return ENVOI_OK;
}

static void show_facts(const struct envoi_transport *t, void *conn)
{
    struct envoi_tls_info info = {.struct_size = sizeof info};
    struct envoi_certificate c = {.struct_size = sizeof c};
    char binding[8] = "";
    size_t len = 0;

    printf("info %d", (int)t->info(conn, &info));
    printf(": %x %u bits, verified %u, resumed %u, %s %s %s\n", (unsigned)info.protocol, (unsigned)info.strength_bits,
           (unsigned)info.verified, (unsigned)info.resumed, info.protocol_name, info.cipher,
           info.group ? info.group : "-");
    printf("certificate %d", (int)t->certificate(conn, 0, &c));
    printf(": %.*s %s %s %s %lld %lld %s\n", (int)c.der_len, (const char *)c.der, c.subject, c.issuer, c.names,
           (long long)c.not_before, (long long)c.not_after, c.pin ? c.pin : "-");
    printf("certificate %d\n", (int)t->certificate(conn, 1, &c));
    printf("binding %d", (int)t->channel_binding(conn, "tls-exporter", binding, sizeof binding, &len));
    printf(": %.*s\n", (int)len, binding);
    printf("ticket %d\n", (int)t->ticket(conn, &sink));
}

static void show_octets(const struct envoi_transport *t, void *conn)
{
    char buf[16];

    for (int i = 0; i < 4; i++) {
        uint32_t want = 0;
        size_t n = 0;
        int32_t rc = t->recv(conn, buf, sizeof buf, &n, &want);

        printf("recv %d, want %u: %.*s\n", (int)rc, (unsigned)want, rc == ENVOI_OK ? (int)n : 0, buf);
        if (i == 1)
            printf("send %d\n", (int)t->send(conn, "gone", 4, &n, &want));
        if (i == 2)
            printf("pending %u, shutdown %d\n", (unsigned)t->pending(conn), (int)t->shutdown(conn, &want));
    }
}

static void show_connection(const struct envoi_transport *t, void *ctx)
{
    static const uint8_t pins[2][32] = {{1}, {[31] = 0xfe}};
    struct envoi_errctx errctx = {"the connection"};
    unsigned turn = 0;
    const struct envoi_lower lower = {
        .struct_size = sizeof lower, .recv = lower_recv, .send = lower_send, .ctx = &turn};
    const struct envoi_conn_params params = {
        .struct_size = sizeof params,
        .verify = ENVOI_VERIFY_ALL,
        .server_name = "mx.example",
        .name_is_ip = 5,
        .pin_count = 2,
        .pins = pins,
        .ticket = (const uint8_t *)"ticket",
        .ticket_len = 6,
        .lower = &lower,
        .errctx = &errctx,
        .sni = "front.example",
    };
    uint32_t want = 9;
    void *conn = NULL;

    printf("conn_new %d\n", (int)t->conn_new(ctx, &params, &conn));
    printf("handshake %d", (int)t->handshake(conn, &want));
    printf(", want %u\n", (unsigned)want);
    show_facts(t, conn);
    show_octets(t, conn);
    t->conn_free(conn);
}

static void show_transport(const struct envoi_transport *t, void *state)
{
    struct envoi_errctx errctx = {"the context"};
    struct envoi_tls_config config = {
        .struct_size = sizeof config,
        .system_trust = 1,
        .min_version = ENVOI_TLS_1_2,
        .max_version = ENVOI_TLS_1_3,
        .ca_file = "1",
        .crl_file = "2",
        .ciphers = "NONE",
        .cert_file = "4",
        .key_file = "5",
        .passphrase = passphrase,
        .passphrase_ctx = (char[]){"6"},
        .ca_pem = "7",
        .cert_pem = "8",
        .key_pem = "9",
        .system_ca_file = "10",
        .system_ca_dir = "11",
        .read_all = 12,
    };
    void *ctx = NULL;

    printf("%s, %s, caps %x%s, probe %d\n", t->name, t->library, (unsigned)t->caps,
           ENVOI_HAS(t, conn_free) ? "" : ", too short", (int)t->probe(state));
    printf("ctx_new %d\n", (int)t->ctx_new(state, &config, &errctx, &ctx));
    config.ciphers = "3";
    printf("ctx_new %d\n", (int)t->ctx_new(state, &config, &errctx, &ctx));
    show_connection(t, ctx);
    t->ctx_free(ctx);
}

/* ---- a mechanism ---- */

static int32_t binding(void *core, const char *type, void *buf, size_t cap, size_t *len)
{
    printf("%s: %s, room for %u\n", (const char *)core, type, (unsigned)cap);
    *len = 3;
    memcpy(buf, "tls", *len);
    return ENVOI_OK;
}

static void release(struct envoi_cred *out)
{
    printf("released %s\n", out->data);
}

static int32_t cred(void *core, const struct envoi_cred_request *request, struct envoi_cred *out)
{
    static int asked;

    printf("%s: %x of %s, %s\n", (const char *)core, (unsigned)request->id, request->mechanism, request->prompt);
    if (!asked++)
        return ENVOI_E_AGAIN;
    out->data = request->id == ENVOI_CRED_AUTHID ? "user" : "secret";
    out->len = strlen(out->data);
    out->release = release;
    return ENVOI_OK;
}

static void show_steps(const struct envoi_mechanism *m, void *ctx)
{
    static const char *const challenges[] = {NULL, NULL, "more", "and more"};
    struct envoi_sasl_layer layer = {.struct_size = sizeof layer};

    for (size_t i = 0; i < sizeof challenges / sizeof challenges[0]; i++) {
        uint32_t result = 7, want = 7;
        size_t len = challenges[i] ? strlen(challenges[i]) : 0;
        int32_t rc = m->step(ctx, challenges[i], len, &sink, &result, &want);

        printf("step %d, result %u, want %u\n", (int)rc, (unsigned)result, (unsigned)want);
    }
    printf("layer %d", (int)m->layer(ctx, &layer));
    printf(": %u bits, %u\n", (unsigned)layer.ssf, (unsigned)layer.max_chunk);
    printf("encode %d\n", (int)layer.encode(ctx, "out", 3, &sink));
    printf("decode %d\n", (int)layer.decode(ctx, "in", 2, &sink));
}

static void show_mechanism(const struct envoi_mechanism *m, void *state)
{
    struct envoi_errctx errctx = {"the exchange"};
    const struct envoi_mech_params params = {
        .struct_size = sizeof params,
        .external_ssf = 1,
        .min_ssf = 2,
        .max_ssf = 3,
        .service = "smtp",
        .host = "mx.example",
        .server_list = "PLAIN X-TOKEN",
        .binding = binding,
        .cred = cred,
        .core = (char[]){"the core"},
        .errctx = &errctx,
    };
    struct envoi_mech_info info = {.struct_size = sizeof info};
    void *ctx = NULL;

    printf("%s%s, mech_at %d", m->name, ENVOI_HAS(m, mech_free) ? "" : ", too short", (int)m->mech_at(state, 0, &info));
    printf(": %s %x %x, then %d\n", info.name, (unsigned)info.flags, (unsigned)info.needs,
           (int)m->mech_at(state, 1, &info));
    printf("usable %d\n", (int)m->usable(state, "X-TOKEN", &params));
    printf("mech_new %d\n", (int)m->mech_new(state, "X-TOKEN", &params, &ctx));
    show_steps(m, ctx);
    m->mech_free(ctx);
}

/* ---- a plugin ---- */

static void show_plugin(envoi_plugin_entry *entry)
{
    const struct envoi_plugin *p = entry();
    void *state = NULL;

    printf("%s %s (%s), %x, ABI %u.%u%s\n", p->id, p->version, p->license, (unsigned)p->magic, (unsigned)p->abi_major,
           (unsigned)p->abi_minor, ENVOI_HAS(p, mechanisms) ? "" : ", too short");
    printf("init %d\n", (int)p->init(&host, &state));
    for (size_t i = 0; p->transports && p->transports[i]; i++)
        show_transport(p->transports[i], state);
    for (size_t i = 0; p->mechanisms && p->mechanisms[i]; i++)
        show_mechanism(p->mechanisms[i], state);
    if (p->fini)
        p->fini(state);
}

int main(void)
{
    show_plugin(envoi_plugin_through_1_0);
    show_plugin(envoi_plugin_through_1_1);
    show_plugin(envoi_plugin_token);
    return 0;
}

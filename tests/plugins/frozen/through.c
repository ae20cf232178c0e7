/* SPDX-License-Identifier: MIT */
/* A transport that protects nothing: the octets go through as they are. It writes every member that it is given to the
 * log, and fills every member that it may fill, so that its compiled form shows where it saw them. frozen/README.md has
 * the way from here to the files beside this one, which are not made anew.
 *
 * The structs are initialised without names of members, which breaks where a member is in the way. */
#include <envoi/plugin.h>
#include <stdio.h>
#include <string.h>

struct through {
    const struct envoi_host *host;
    const struct envoi_lower *lower;
    struct envoi_errctx *errctx;
    uint32_t verify;
    uint32_t resumed;
    int closed;
};

static const char *text(const char *t)
{
    return t ? t : "-";
}

static int32_t init(const struct envoi_host *host, void **state)
{
    const struct envoi_host **mine = host->alloc(1);
    void *larger = mine ? host->realloc(mine, sizeof *mine) : NULL;

    if (!larger)
        return ENVOI_E_MEMORY;
    mine = larger;
    *mine = host;
    *state = mine;
    return ENVOI_OK;
}

static void fini(void *state)
{
    const struct envoi_host **mine = state;

    (*mine)->free(mine);
}

static int32_t probe(void *state)
{
    return state ? ENVOI_OK : ENVOI_E_NOT_SUPPORTED;
}

static int32_t ctx_new(void *state, const struct envoi_tls_config *config, struct envoi_errctx *errctx, void **ctx)
{
    const struct envoi_host *host = *(const struct envoi_host **)state;
    char line[512], pass[32] = "-";
    size_t len = 0;

    if (config->ciphers && strcmp(config->ciphers, "NONE") == 0) {
        host->set_error(host, errctx, ENVOI_E_TLS, 7, "through: no cipher is no cipher");
        return ENVOI_E_TLS;
    }
    if (config->passphrase && config->passphrase(config->passphrase_ctx, pass, sizeof pass - 1, &len) == ENVOI_OK)
        pass[len] = '\0';
    snprintf(line, sizeof line, "config %u %x %x ca %s crl %s ciphers %s cert %s key %s pass %s",
             (unsigned)config->system_trust, (unsigned)config->min_version, (unsigned)config->max_version,
             text(config->ca_file), text(config->crl_file), text(config->ciphers), text(config->cert_file),
             text(config->key_file), pass);
    host->wipe(pass, sizeof pass);
    host->log(host, ENVOI_LOG_INFO, line);
#if ENVOI_ABI_MINOR >= 1
    if (!ENVOI_HAS(config, read_all))
        return ENVOI_E_NOT_SUPPORTED;
    snprintf(line, sizeof line, "config 1.1 ca %s cert %s key %s system %s %s all %u", text(config->ca_pem),
             text(config->cert_pem), text(config->key_pem), text(config->system_ca_file), text(config->system_ca_dir),
             (unsigned)config->read_all);
    host->log(host, ENVOI_LOG_INFO, line);
#endif
    *ctx = state;
    return ENVOI_OK;
}

static void ctx_free(void *ctx)
{
    (void)ctx;
}

static int32_t conn_new(void *ctx, const struct envoi_conn_params *params, void **conn)
{
    const struct envoi_host *host = *(const struct envoi_host **)ctx;
    struct through *t = host->alloc(sizeof *t);
    char line[512];

    if (!t)
        return ENVOI_E_MEMORY;
    memset(t, 0, sizeof *t);
    t->host = host;
    t->lower = params->lower;
    t->errctx = params->errctx;
    t->verify = params->verify;
    t->resumed = params->ticket_len == 6 && memcmp(params->ticket, "ticket", 6) == 0;
    snprintf(line, sizeof line, "conn %u %s %u pins %u %02x ticket %u", (unsigned)params->verify, params->server_name,
             (unsigned)params->name_is_ip, (unsigned)params->pin_count,
             params->pin_count ? params->pins[params->pin_count - 1][31] : 0, (unsigned)params->ticket_len);
    host->log(host, ENVOI_LOG_INFO, line);
#if ENVOI_ABI_MINOR >= 1
    snprintf(line, sizeof line, "conn 1.1 sni %s", ENVOI_HAS(params, sni) ? text(params->sni) : "?");
    host->log(host, ENVOI_LOG_INFO, line);
#endif
    *conn = t;
    return ENVOI_OK;
}

static int32_t below(const struct through *t, int32_t rc, uint32_t *want, uint32_t direction)
{
    if (rc == ENVOI_E_AGAIN)
        *want = direction;
    if (rc == ENVOI_E_EOF) {
        t->host->set_error(t->host, t->errctx, ENVOI_E_TRUNCATED, 0, "through: it ended");
        rc = ENVOI_E_TRUNCATED;
    }
    return rc;
}

static int32_t handshake(void *conn, uint32_t *want)
{
    (void)conn;
    *want = 0;
    return ENVOI_OK;
}

static int32_t receive(void *conn, void *buf, size_t cap, size_t *n, uint32_t *want)
{
    struct through *t = conn;

    if (t->closed)
        return ENVOI_E_EOF;
    return below(t, t->lower->recv(t->lower->ctx, buf, cap, n), want, ENVOI_WANT_READ);
}

static int32_t deliver(void *conn, const void *buf, size_t len, size_t *n, uint32_t *want)
{
    struct through *t = conn;

    return below(t, t->lower->send(t->lower->ctx, buf, len, n), want, ENVOI_WANT_WRITE);
}

static size_t pending(void *conn)
{
    (void)conn;
    return 0;
}

static int32_t shutdown(void *conn, uint32_t *want)
{
    struct through *t = conn;

    *want = 0;
    t->closed = 1;
    return ENVOI_OK;
}

static int32_t info(void *conn, struct envoi_tls_info *out)
{
    struct through *t = conn;

    out->protocol = ENVOI_TLS_1_3;
    out->strength_bits = 111;
    out->verified = t->verify;
    out->resumed = t->resumed;
    out->protocol_name = "TLSv1.3";
    out->cipher = "THROUGH";
#if ENVOI_ABI_MINOR >= 1
    if (ENVOI_HAS(out, group))
        out->group = "no-group";
#endif
    return ENVOI_OK;
}

static int32_t certificate(void *conn, size_t index, struct envoi_certificate *out)
{
    (void)conn;
    if (index > 0)
        return ENVOI_E_END;
    out->der = (const uint8_t *)"DER";
    out->der_len = 3;
    out->subject = "CN=through";
    out->issuer = "CN=nobody";
    out->names = "mx.example";
    out->not_before = 1;
    out->not_after = INT64_C(253402300799);
#if ENVOI_ABI_MINOR >= 1
    if (ENVOI_HAS(out, pin))
        out->pin = "abababababababababababababababababababababababababababababababab";
#endif
    return ENVOI_OK;
}

static int32_t channel_binding(void *conn, const char *type, void *buf, size_t cap, size_t *len)
{
    (void)conn;
    if (strcmp(type, "tls-exporter") != 0)
        return ENVOI_E_NOT_SUPPORTED;
    *len = 4;
    if (buf && cap < 4)
        return ENVOI_E_USAGE;
    if (buf)
        memcpy(buf, "bind", 4);
    return ENVOI_OK;
}

static int32_t ticket(void *conn, const struct envoi_sink *out)
{
    (void)conn;
    return out->write(out->ctx, "ticket", 6);
}

static void conn_free(void *conn)
{
    struct through *t = conn;

    if (t)
        t->host->free(t);
}

#if ENVOI_ABI_MINOR >= 1
#define CAPS                                                                                                           \
    (ENVOI_CAP_EXPORTER | ENVOI_CAP_RESUME | ENVOI_CAP_CLIENT_CERT | ENVOI_CAP_MEMORY | ENVOI_CAP_SNI |                \
     ENVOI_CAP_CHAIN | ENVOI_CAP_PIN | ENVOI_CAP_SYSTEM_CA | ENVOI_CAP_READ_ALL)
#define ID      "through_1_1"
#define VERSION "1.1"
#define ENTRY   envoi_plugin_through_1_1
#else
#define CAPS    (ENVOI_CAP_EXPORTER | ENVOI_CAP_RESUME | ENVOI_CAP_CLIENT_CERT)
#define ID      "through_1_0"
#define VERSION "1.0"
#define ENTRY   envoi_plugin_through_1_0
#endif

static const struct envoi_transport transport = {
    sizeof transport, CAPS,    "through", "no library", probe, ctx_new,     ctx_free,        conn_new, handshake,
    receive,          deliver, pending,   shutdown,     info,  certificate, channel_binding, ticket,   conn_free,
};

static const struct envoi_transport *const transports[] = {&transport, NULL};

static const struct envoi_plugin plugin = {
    sizeof plugin, ENVOI_PLUGIN_MAGIC, ENVOI_ABI_MAJOR, ENVOI_ABI_MINOR, ID, VERSION, "MIT", init, fini, transports,
    NULL,
};

ENVOI_PLUGIN_EXPORT envoi_plugin_entry ENTRY;

const struct envoi_plugin *ENTRY(void)
{
    return &plugin;
}

/* SPDX-License-Identifier: MIT */
#include "rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the host ---- */

struct rig_memory rig_memory;

/* Each block tells its size, so that what is freed can be searched for secrets. */
union block {
    size_t size;
    max_align_t align;
};

static void *host_realloc(void *ptr, size_t size)
{
    union block *old = ptr ? (union block *)ptr - 1 : NULL;

    if (++rig_memory.count == rig_memory.fail_at)
        return NULL;
    union block *block = realloc(old, sizeof(*block) + size);
    check(block);
    block->size = size;
    rig_memory.live += !old;
    return block + 1;
}

static void *host_alloc(size_t size)
{
    void *ptr = host_realloc(NULL, size);

    if (ptr)
        memset(ptr, 0xa5, size); /* whoever counts on zeros shall be wrong */
    return ptr;
}

static void host_free(void *ptr)
{
    if (!ptr)
        return;
    union block *block = (union block *)ptr - 1;
    if (rig_memory.secret_len)
        check_null(memmem(ptr, block->size, rig_memory.secret, rig_memory.secret_len),
                   "memory was freed with a secret in it that was not wiped");
    rig_memory.live--;
    free(block);
}

static void host_wipe(void *ptr, size_t len)
{
    explicit_bzero(ptr, len);
}

static struct rig *rig_of_host; /* for log and set_error */

static void host_log(const struct envoi_host *host, uint32_t level, const char *text)
{
    check_leq(level, ENVOI_LOG_DEBUG);
    (void)host;
    strncpy(rig_of_host->log_text, text, sizeof(rig_of_host->log_text) - 1);
}

static void host_set_error(const struct envoi_host *host, struct envoi_errctx *errctx, int32_t code, int64_t library,
                           const char *text)
{
    struct rig *rig = rig_of_host;

    (void)host;
    (void)library;
    check(!errctx || errctx == (struct envoi_errctx *)rig, "a foreign errctx");
    rig->errors++;
    rig->error_code = code;
    strncpy(rig->error_text, text, sizeof(rig->error_text) - 1);
}

static const struct envoi_host host = {
    .struct_size = sizeof(host),
    .alloc = host_alloc,
    .realloc = host_realloc,
    .free = host_free,
    .wipe = host_wipe,
    .log = host_log,
    .set_error = host_set_error,
};

/* ---- the octets below ---- */

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static int32_t lower_recv(void *rig_, void *buf, size_t cap, size_t *n)
{
    struct rig *rig = rig_;

    if (rig->recv_result)
        return rig->recv_result;
    *n = stream_take(&rig->to_client, buf, least(cap, rig->recv_left));
    rig->recv_left -= *n;
    if (*n > 0)
        return ENVOI_OK;
    if (stream_len(&rig->to_client) == 0 && rig->to_client.over)
        return ENVOI_E_EOF;
    rig->said |= ENVOI_WANT_READ;
    return ENVOI_E_AGAIN;
}

static int32_t lower_send(void *rig_, const void *buf, size_t len, size_t *n)
{
    struct rig *rig = rig_;

    if (rig->send_result)
        return rig->send_result;
    *n = least(len, rig->send_left);
    if (*n == 0) {
        rig->said |= ENVOI_WANT_WRITE;
        return ENVOI_E_AGAIN;
    }
    stream_put(&rig->to_server, buf, *n);
    rig->send_left -= *n;
    return ENVOI_OK;
}

/* ---- the plugin ---- */

struct combo combo_of(int index)
{
    return (struct combo){.language = check_options.ciphers,
                          .version = index & 1 ? ENVOI_TLS_1_2 : ENVOI_TLS_1_3,
                          .library = index & 2 ? &peer_openssl : &peer_gnutls,
                          .one_by_one = (index & 4) != 0};
}

int combo_next(int index, int count, struct combo *combo)
{
    for (; index < count; index++) {
        *combo = combo_of(index);
        if (count == COMBO_ONE && combo->version > check_options.max_tls)
            combo->version = check_options.max_tls;
        if (combo->version <= check_options.max_tls) {
            check_with("%s, a server by %s%s", combo->version == ENVOI_TLS_1_3 ? "TLS 1.3" : "TLS 1.2",
                       combo->library->name, combo->one_by_one ? ", one octet at a time" : "");
            return index;
        }
    }
    return -1;
}

static void call_begins(struct rig *rig)
{
    rig->recv_left = rig->send_left = rig->window;
    rig->said = 0;
    rig->errors = 0;
}

/* Holds what a call said against the contract. */
static int32_t call_ended(struct rig *rig, int32_t rc, uint32_t want)
{
    switch (rc) {
    case ENVOI_E_AGAIN:
        check(rig->said != 0, "AGAIN without a reason: lower did not say AGAIN in this call");
        check(want != 0, "AGAIN without a reason: want is 0");
        check((want & ~rig->said) == 0, "AGAIN for the wrong reason: want is %#x, and lower refused %#x", want,
              rig->said);
        check(rig->errors == 0, "AGAIN comes with an error text: %s", rig->error_text);
        break;
    case ENVOI_OK:
    case ENVOI_E_EOF:
    case ENVOI_E_END:
    case ENVOI_E_NOT_SUPPORTED:
        check(rig->errors == 0, "%s comes with an error text: %s", check_result(rc), rig->error_text);
        break;
    default:
        check(rig->errors == 1, "%s was returned, and set_error was called %d times, not once", check_result(rc),
              rig->errors);
        check(rig->error_code == rc, "%s was returned, and %s reported by set_error", check_result(rc),
              check_result(rig->error_code));
        check(rig->error_text[0], "set_error was given no text");
    }
    return rc;
}

int32_t rig_open(struct rig *rig, struct combo combo)
{
    *rig = (struct rig){.combo = combo, .window = combo.one_by_one ? 1 : SIZE_MAX};
    rig->lower = (struct envoi_lower){sizeof(rig->lower), lower_recv, lower_send, rig};
    rig_of_host = rig;
    rig->plugin = guard_plugin();
    rig->tls = guard_transport();
    rig->descriptors = guard_descriptors();
    int32_t rc = rig->plugin->init ? rig->plugin->init(&host, &rig->state) : ENVOI_OK;
    rig->open = rc == ENVOI_OK;
    check(rc == ENVOI_OK || (rc == ENVOI_E_MEMORY && rig_memory.fail_at), "init: %d", rc);
    return rc;
}

void rig_close(struct rig *rig)
{
    rig_disconnect(rig);
    rig->tls->ctx_free(rig->ctx);
    if (rig->server)
        rig->combo.library->server_free(rig->server);
    if (rig->open && rig->plugin->fini)
        rig->plugin->fini(rig->state);
    check(rig_memory.live == 0, "%zu blocks of the host's memory were not freed: a leak", rig_memory.live);
    check(guard_descriptors() == rig->descriptors, "a file descriptor was left open");
}

struct envoi_tls_config rig_config(void)
{
    return (struct envoi_tls_config){
        .struct_size = sizeof(struct envoi_tls_config), .min_version = ENVOI_TLS_1_2, .ca_file = PKI("ca.pem")};
}

struct envoi_conn_params rig_params(void)
{
    return (struct envoi_conn_params){
        .struct_size = sizeof(struct envoi_conn_params), .verify = 1, .server_name = HOST};
}

int32_t rig_context(struct rig *rig, const struct envoi_tls_config *config)
{
    call_begins(rig);
    return call_ended(rig, rig->tls->ctx_new(rig->state, config, (struct envoi_errctx *)rig, &rig->ctx), 0);
}

void rig_serve(struct rig *rig, const char *name, const struct peer_config *config)
{
    struct peer_config own = config ? *config : (struct peer_config){0};
    char chain[512], key[512];

    snprintf(chain, sizeof(chain), "%s/%s.chain.pem", PKI_DIR, name);
    snprintf(key, sizeof(key), "%s/%s.key", PKI_DIR, name);
    own.chain = chain;
    own.key = key;
    if (!own.lowest)
        own.lowest = own.highest = rig->combo.version;
    if (rig->server)
        rig->combo.library->server_free(rig->server);
    rig->server = rig->combo.library->server_new(&own);
}

int32_t rig_connect(struct rig *rig, const struct envoi_conn_params *params)
{
    struct envoi_conn_params own = *params;

    rig_disconnect(rig);
    own.lower = &rig->lower;
    own.errctx = (struct envoi_errctx *)rig;
    call_begins(rig);
    int32_t rc = call_ended(rig, rig->tls->conn_new(rig->ctx, &own, &rig->conn), 0);
    if (rc == ENVOI_OK && rig->server)
        rig->peer = rig->combo.library->peer_new(rig->server, &rig->to_server, &rig->to_client);
    rig->peer_rc = PEER_AGAIN;
    return rc;
}

void rig_disconnect(struct rig *rig)
{
    const size_t moved = rig->to_server.moved + rig->to_client.moved;

    rig->tls->conn_free(rig->conn);
    check(rig->to_server.moved + rig->to_client.moved == moved, "conn_free() moves octets");
    rig->conn = NULL;
    if (rig->peer)
        rig->combo.library->peer_free(rig->peer);
    rig->peer = NULL;
    stream_clear(&rig->to_client);
    stream_clear(&rig->to_server);
}

int32_t rig_step(struct rig *rig)
{
    uint32_t want = UINT32_MAX;

    call_begins(rig);
    int32_t rc = rig->tls->handshake(rig->conn, &want);
    return call_ended(rig, rc, want);
}

int32_t rig_recv(struct rig *rig, void *buf, size_t cap, size_t *n)
{
    uint32_t want = UINT32_MAX;

    call_begins(rig);
    int32_t rc = rig->tls->recv(rig->conn, buf, cap, n, &want);
    return call_ended(rig, rc, want);
}

int32_t rig_send(struct rig *rig, const void *buf, size_t len, size_t *n)
{
    uint32_t want = UINT32_MAX;

    call_begins(rig);
    int32_t rc = rig->tls->send(rig->conn, buf, len, n, &want);
    return call_ended(rig, rc, want);
}

int32_t rig_shutdown(struct rig *rig)
{
    uint32_t want = UINT32_MAX;

    call_begins(rig);
    int32_t rc = rig->tls->shutdown(rig->conn, &want);
    return call_ended(rig, rc, want);
}

int32_t rig_certificate(struct rig *rig, size_t index, struct envoi_certificate *out)
{
    *out = (struct envoi_certificate){.struct_size = sizeof(*out)};
    call_begins(rig);
    return call_ended(rig, rig->tls->certificate(rig->conn, index, out), 0);
}

int32_t rig_binding(struct rig *rig, const char *type, void *buf, size_t cap, size_t *len)
{
    call_begins(rig);
    return call_ended(rig, rig->tls->channel_binding(rig->conn, type, buf, cap, len), 0);
}

int32_t rig_info(struct rig *rig, struct envoi_tls_info *out)
{
    *out = (struct envoi_tls_info){.struct_size = sizeof(*out)};
    call_begins(rig);
    return call_ended(rig, rig->tls->info(rig->conn, out), 0);
}

int32_t rig_ticket(struct rig *rig, const struct envoi_sink *sink)
{
    call_begins(rig);
    return call_ended(rig, rig->tls->ticket(rig->conn, sink), 0);
}

/* ---- until they are done ---- */

int32_t rig_handshake(struct rig *rig)
{
    int32_t rc;
    int still = 0;

    do {
        size_t before = rig->to_client.moved + rig->to_server.moved;
        rc = rig_step(rig);
        if (rig->peer && rig->peer_rc == PEER_AGAIN)
            rig->peer_rc = rig->combo.library->handshake(rig->peer);
        still = rig->to_client.moved + rig->to_server.moved == before ? still + 1 : 0;
        check_lt(still, 8, "the handshake stands still: handshake() says AGAIN, and neither side has sent anything");
    } while (rc == ENVOI_E_AGAIN);
    if (rc == ENVOI_OK && rig->peer)
        check_eq(rig->peer_rc, PEER_OK, "the server has not finished the handshake");
    return rc;
}

int32_t rig_send_all(struct rig *rig, const uint8_t *data, size_t len)
{
    size_t done = 0;

    while (done < len) {
        /* A copy, freed after the call: who keeps the pointer is found out. */
        size_t n = 0, chunk = least(len - done, 65536);
        uint8_t *copy = malloc(chunk);
        check(copy);
        memcpy(copy, data + done, chunk);
        int32_t rc = rig_send(rig, copy, chunk, &n);
        free(copy);
        if (rc != ENVOI_OK && rc != ENVOI_E_AGAIN)
            return rc;
        done += n;
    }
    return ENVOI_OK;
}

int32_t rig_recv_some(struct rig *rig, void *buf, size_t cap, size_t *n)
{
    int32_t rc;

    do {
        rc = rig_recv(rig, buf, cap, n);
    } while (rc == ENVOI_E_AGAIN && (stream_len(&rig->to_client) > 0 || rig->to_client.over));
    return rc;
}

void rig_peer_recv_all(struct rig *rig, uint8_t *data, size_t len)
{
    size_t done = 0;

    while (done < len) {
        size_t n = 0;
        int rc = rig->combo.library->recv(rig->peer, data + done, len - done, &n);
        check_eq(rc, PEER_OK, "the server got %zu of %zu octets, then %d", done, len, rc);
        done += n;
    }
}

void rig_establish(struct rig *rig, struct combo combo, const char *server)
{
    struct envoi_tls_config config = rig_config();
    struct envoi_conn_params params = rig_params();

    rig_open(rig, combo);
    check_eq(rig_context(rig, &config), ENVOI_OK, "%s", rig->error_text);
    rig_serve(rig, server, NULL);
    check_eq(rig_connect(rig, &params), ENVOI_OK, "%s", rig->error_text);
    check_eq(rig_handshake(rig), ENVOI_OK, "%s", rig->error_text);
}

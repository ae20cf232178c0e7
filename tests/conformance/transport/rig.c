/* SPDX-License-Identifier: MIT */
#include "rig.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- streams ---- */

void stream_put(struct stream *stream, const void *data, size_t len)
{
    if (stream->end + len > stream->cap) {
        stream->cap = 2 * (stream->end + len);
        stream->data = realloc(stream->data, stream->cap);
        cr_assert(stream->data);
    }
    memcpy(stream->data + stream->end, data, len);
    stream->end += len;
    stream->moved += len;
}

size_t stream_take(struct stream *stream, void *buf, size_t cap)
{
    size_t n = stream_len(stream) < cap ? stream_len(stream) : cap;

    if (n > 0)
        memcpy(buf, stream->data + stream->begin, n);
    stream->begin += n;
    stream->moved += n;
    if (stream->begin == stream->end)
        stream->begin = stream->end = 0;
    return n;
}

size_t stream_len(const struct stream *stream)
{
    return stream->end - stream->begin;
}

void stream_clear(struct stream *stream)
{
    free(stream->data);
    *stream = (struct stream){0};
}

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
    cr_assert(block);
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
        cr_assert_null(memmem(ptr, block->size, rig_memory.secret, rig_memory.secret_len),
                       "a secret is left in memory");
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
    cr_assert_leq(level, ENVOI_LOG_DEBUG);
    (void)host;
    strncpy(rig_of_host->log_text, text, sizeof(rig_of_host->log_text) - 1);
}

static void host_set_error(const struct envoi_host *host, struct envoi_errctx *errctx, int32_t code, int64_t library,
                           const char *text)
{
    struct rig *rig = rig_of_host;

    (void)host;
    (void)library;
    cr_assert(!errctx || errctx == (struct envoi_errctx *)rig, "a foreign errctx");
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

#ifndef MODULE_OPENSSL
envoi_plugin_entry envoi_plugin_openssl;
#define MODULE_OPENSSL  NULL
#define BUILTIN_OPENSSL envoi_plugin_openssl
#else
#define BUILTIN_OPENSSL NULL
#endif
#ifndef MODULE_GNUTLS
envoi_plugin_entry envoi_plugin_gnutls;
#define MODULE_GNUTLS  NULL
#define BUILTIN_GNUTLS envoi_plugin_gnutls
#else
#define BUILTIN_GNUTLS NULL
#endif

static const struct {
    const char *module;
    const char *symbol;
    envoi_plugin_entry *builtin;
} plugins[PLUGINS] = {
    {MODULE_OPENSSL, "envoi_plugin_openssl", BUILTIN_OPENSSL},
    {MODULE_GNUTLS, "envoi_plugin_gnutls", BUILTIN_GNUTLS},
};

static envoi_plugin_entry *plugin_entry(size_t index)
{
    envoi_plugin_entry *entry = plugins[index].builtin;

    if (!entry) {
        void *module = dlopen(plugins[index].module, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
        cr_assert(module, "%s", dlerror());
        void *symbol = dlsym(module, plugins[index].symbol);
        cr_assert(symbol, "%s", dlerror());
        memcpy(&entry, &symbol, sizeof(entry));
        dlclose(module);
    }
    return entry;
}

struct combo combo_of(int index)
{
    return (struct combo){.plugin = index & 1,
                          .version = index & 2 ? ENVOI_TLS_1_2 : ENVOI_TLS_1_3,
                          .library = index & 4 ? &peer_openssl : &peer_gnutls,
                          .one_by_one = (index & 8) != 0};
}

static void free_numbers(struct criterion_test_params *params)
{
    cr_free(params->params);
}

struct criterion_test_params rig_numbers(int count)
{
    int *numbers = cr_malloc((size_t)count * sizeof(*numbers));

    for (int i = 0; i < count; i++)
        numbers[i] = i;
    return cr_make_param_array(int, numbers, (size_t)count, free_numbers);
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
        cr_assert_neq(want, 0, "AGAIN, and nothing is wanted");
        cr_assert_eq(want & ~rig->said, 0, "AGAIN for %u, but lower refused %u", want, rig->said);
        cr_assert_eq(rig->errors, 0);
        break;
    case ENVOI_OK:
    case ENVOI_E_EOF:
    case ENVOI_E_END:
    case ENVOI_E_NOT_SUPPORTED:
        cr_assert_eq(rig->errors, 0, "%d comes with an error text: %s", rc, rig->error_text);
        break;
    default:
        cr_assert_eq(rig->errors, 1, "%d comes with %d error texts: %s", rc, rig->errors, rig->error_text);
        cr_assert_eq(rig->error_code, rc);
        cr_assert_gt(strlen(rig->error_text), 0);
    }
    return rc;
}

int32_t rig_open(struct rig *rig, struct combo combo)
{
    *rig = (struct rig){.combo = combo, .window = combo.one_by_one ? 1 : SIZE_MAX};
    rig->lower = (struct envoi_lower){sizeof(rig->lower), lower_recv, lower_send, rig};
    rig_of_host = rig;
    rig->plugin = plugin_entry(combo.plugin)();
    cr_assert_eq(rig->plugin->magic, ENVOI_PLUGIN_MAGIC);
    cr_assert_eq(rig->plugin->abi_major, ENVOI_ABI_MAJOR);
    rig->tls = rig->plugin->transports[0];
    cr_assert_null(rig->plugin->transports[1]);
    int32_t rc = rig->plugin->init(&host, &rig->state);
    cr_assert(rc == ENVOI_OK || (rc == ENVOI_E_MEMORY && rig_memory.fail_at), "init: %d", rc);
    return rc;
}

void rig_close(struct rig *rig)
{
    rig_disconnect(rig);
    rig->tls->ctx_free(rig->ctx);
    if (rig->server)
        rig->combo.library->server_free(rig->server);
    if (rig->state)
        rig->plugin->fini(rig->state);
    cr_assert_eq(rig_memory.live, 0, "%zu blocks of memory are left", rig_memory.live);
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
    rig->tls->conn_free(rig->conn);
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
    if (rc == ENVOI_OK)
        cr_assert(*n > 0 && *n <= cap);
    return call_ended(rig, rc, want);
}

int32_t rig_send(struct rig *rig, const void *buf, size_t len, size_t *n)
{
    uint32_t want = UINT32_MAX;

    call_begins(rig);
    int32_t rc = rig->tls->send(rig->conn, buf, len, n, &want);
    if (rc == ENVOI_OK)
        cr_assert(*n > 0 && *n <= len);
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
        cr_assert_lt(still, 8, "the handshake stands still");
    } while (rc == ENVOI_E_AGAIN);
    if (rc == ENVOI_OK && rig->peer)
        cr_assert_eq(rig->peer_rc, PEER_OK, "the server has not finished the handshake");
    return rc;
}

int32_t rig_send_all(struct rig *rig, const uint8_t *data, size_t len)
{
    size_t done = 0;

    while (done < len) {
        /* A copy, freed after the call: who keeps the pointer is found out. */
        size_t n = 0, chunk = least(len - done, 65536);
        uint8_t *copy = malloc(chunk);
        cr_assert(copy);
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
        cr_assert_eq(rc, PEER_OK, "the server got %zu of %zu octets, then %d", done, len, rc);
        done += n;
    }
}

void rig_establish(struct rig *rig, struct combo combo, const char *server)
{
    struct envoi_tls_config config = rig_config();
    struct envoi_conn_params params = rig_params();

    rig_open(rig, combo);
    cr_assert_eq(rig_context(rig, &config), ENVOI_OK, "%s", rig->error_text);
    rig_serve(rig, server, NULL);
    cr_assert_eq(rig_connect(rig, &params), ENVOI_OK, "%s", rig->error_text);
    cr_assert_eq(rig_handshake(rig), ENVOI_OK, "%s", rig->error_text);
}

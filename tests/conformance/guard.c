/* SPDX-License-Identifier: MIT */
#include "guard.h"

#include "../support/noblock.h"
#include "check.h"

#include <dirent.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct envoi_plugin *real;
static struct envoi_plugin plugin;
static struct envoi_transport transport;
static struct envoi_mechanism mechanism;
static const struct envoi_transport *real_transport;
static const struct envoi_mechanism *real_mechanism;

/* ---- entering and leaving ---- */

void noblock_refused(const char *function, int fd, const char *why)
{
    (void)fd;
    check_failed("plugin.h", 0, "", " %s() was called, and a plugin must not block or do I/O of its own (%s)", function,
                 why);
}

/* A slot may read files, or does no work of its own. */
static void enter(const char *slot)
{
    check_enter(slot);
}

static bool sans_io(void)
{
    return !(check_options.lacks & CHECK_SANS_IO);
}

/* A slot that neither blocks nor reads. */
static void enter_sans_io(const char *slot)
{
    check_enter(slot);
    if (sans_io())
        noblock_enter();
}

static void leave_sans_io(void)
{
    if (sans_io())
        noblock_leave();
    check_leave();
}

#define LISTED(...) ((const int32_t[]){ENVOI_OK, ENVOI_E_MEMORY, __VA_ARGS__, 0})

/* `listed`: the results of plugin.h, ENVOI_OK first, and last. */
static int32_t result_of(const char *slot, int32_t rc, const int32_t *listed)
{
    check_leave();
    if (rc > 0)
        check_fail("%s() returned %d: a result is ENVOI_OK or one of the negative ENVOI_E_*", slot, rc);
    if (rc == ENVOI_OK)
        return rc;
    for (listed++; *listed; listed++)
        if (*listed == rc)
            return rc;
    check_fail("%s() returned %d (%s), which plugin.h does not list for it", slot, rc, check_result(rc));
}

static void made(const char *slot, int32_t rc, const void *object)
{
    if (rc == ENVOI_OK && !object)
        check_fail("%s() returned ENVOI_OK and made no object", slot);
    if (rc != ENVOI_OK && object)
        check_fail("%s() failed and left an object behind", slot);
}

/* ---- transport ---- */

static int32_t probe(void *state)
{
    enter("probe");
    return result_of("probe", real_transport->probe(state), LISTED(ENVOI_E_NOT_SUPPORTED));
}

static int32_t ctx_new(void *state, const struct envoi_tls_config *config, struct envoi_errctx *errctx, void **ctx)
{
    int32_t rc;

    *ctx = NULL;
    enter("ctx_new");
    rc = result_of("ctx_new", real_transport->ctx_new(state, config, errctx, ctx),
                   LISTED(ENVOI_E_TLS, ENVOI_E_CANCELLED, ENVOI_E_USAGE, ENVOI_E_NOT_SUPPORTED));
    made("ctx_new", rc, *ctx);
    return rc;
}

static void ctx_free(void *ctx)
{
    enter("ctx_free");
    real_transport->ctx_free(ctx);
    check_leave();
}

static int32_t conn_new(void *ctx, const struct envoi_conn_params *params, void **conn)
{
    int32_t rc;

    *conn = NULL;
    enter_sans_io("conn_new");
    rc = real_transport->conn_new(ctx, params, conn);
    leave_sans_io();
    rc = result_of("conn_new", rc, LISTED(ENVOI_E_USAGE, ENVOI_E_TLS, ENVOI_E_NOT_SUPPORTED));
    made("conn_new", rc, *conn);
    return rc;
}

static int32_t handshake(void *conn, uint32_t *want)
{
    int32_t rc;

    enter_sans_io("handshake");
    rc = real_transport->handshake(conn, want);
    leave_sans_io();
    return result_of("handshake", rc, LISTED(ENVOI_E_AGAIN, ENVOI_E_CERTIFICATE, ENVOI_E_TRUNCATED, ENVOI_E_TLS));
}

static int32_t transport_recv(void *conn, void *buf, size_t cap, size_t *n, uint32_t *want)
{
    int32_t rc;

    enter_sans_io("recv");
    rc = real_transport->recv(conn, buf, cap, n, want);
    leave_sans_io();
    rc = result_of("recv", rc, LISTED(ENVOI_E_AGAIN, ENVOI_E_EOF, ENVOI_E_TRUNCATED, ENVOI_E_TLS, ENVOI_E_USAGE));
    if (rc == ENVOI_OK && (*n == 0 || *n > cap))
        check_fail("recv() returned ENVOI_OK and %zu octets, and there is room for %zu", *n, cap);
    return rc;
}

static int32_t transport_send(void *conn, const void *buf, size_t len, size_t *n, uint32_t *want)
{
    int32_t rc;

    enter_sans_io("send");
    rc = real_transport->send(conn, buf, len, n, want);
    leave_sans_io();
    rc = result_of("send", rc, LISTED(ENVOI_E_AGAIN, ENVOI_E_TLS, ENVOI_E_TRUNCATED, ENVOI_E_USAGE));
    if (rc == ENVOI_OK && (*n == 0 || *n > len))
        check_fail("send() returned ENVOI_OK and took %zu octets of %zu", *n, len);
    return rc;
}

static size_t pending(void *conn)
{
    size_t n;

    enter_sans_io("pending");
    n = real_transport->pending(conn);
    leave_sans_io();
    return n;
}

static int32_t transport_shutdown(void *conn, uint32_t *want)
{
    int32_t rc;

    enter_sans_io("shutdown");
    rc = real_transport->shutdown(conn, want);
    leave_sans_io();
    return result_of("shutdown", rc, LISTED(ENVOI_E_AGAIN, ENVOI_E_TLS, ENVOI_E_TRUNCATED, ENVOI_E_USAGE));
}

static int32_t info(void *conn, struct envoi_tls_info *out)
{
    const uint32_t size = out->struct_size;
    int32_t rc;

    enter_sans_io("info");
    rc = real_transport->info(conn, out);
    leave_sans_io();
    rc = result_of("info", rc, LISTED(ENVOI_E_USAGE));
    check(out->struct_size == size, "info() changed struct_size, which the core sets");
    if (rc == ENVOI_OK && (!out->protocol_name || !out->cipher))
        check_fail("info() returned ENVOI_OK, and %s is NULL", out->cipher ? "protocol_name" : "cipher");
    return rc;
}

static int32_t certificate(void *conn, size_t index, struct envoi_certificate *out)
{
    int32_t rc;

    enter_sans_io("certificate");
    rc = real_transport->certificate(conn, index, out);
    leave_sans_io();
    rc = result_of("certificate", rc, LISTED(ENVOI_E_END, ENVOI_E_USAGE));
    if (rc == ENVOI_OK && index > 1000)
        check_fail("certificate() does not end: number %zu of the chain returned ENVOI_OK, not ENVOI_E_END", index);
    if (rc == ENVOI_OK && (!out->der || !out->subject || !out->issuer || !out->names))
        check_fail("certificate() returned ENVOI_OK, and one of der, subject, issuer and names is NULL");
    return rc;
}

static int32_t channel_binding(void *conn, const char *type, void *buf, size_t cap, size_t *len)
{
    int32_t rc;

    enter_sans_io("channel_binding");
    rc = real_transport->channel_binding(conn, type, buf, cap, len);
    leave_sans_io();
    return result_of("channel_binding", rc, LISTED(ENVOI_E_NOT_SUPPORTED, ENVOI_E_USAGE));
}

static int32_t ticket(void *conn, const struct envoi_sink *out)
{
    int32_t rc;

    enter_sans_io("ticket");
    rc = real_transport->ticket(conn, out);
    leave_sans_io();
    return result_of("ticket", rc, LISTED(ENVOI_E_NOT_SUPPORTED, ENVOI_E_USAGE, ENVOI_E_PROTOCOL));
}

static void conn_free(void *conn)
{
    enter_sans_io("conn_free");
    real_transport->conn_free(conn);
    leave_sans_io();
}

/* ---- mechanism ---- */

/* Of the last mech_new: Kerberos asks its KDC in a step. */
static bool may_block;

static void enter_step(const char *slot)
{
    check_enter(slot);
    if (!may_block && sans_io())
        noblock_enter();
}

static void leave_step(void)
{
    if (!may_block && sans_io())
        noblock_leave();
    check_leave();
}

static int32_t mech_at(void *state, size_t index, struct envoi_mech_info *out)
{
    int32_t rc;

    enter("mech_at");
    rc = result_of("mech_at", real_mechanism->mech_at(state, index, out), LISTED(ENVOI_E_END));
    if (rc == ENVOI_OK && index > 1000)
        check_fail("mech_at() does not end: number %zu returned ENVOI_OK, not ENVOI_E_END", index);
    if (rc == ENVOI_OK && !out->name)
        check_fail("mech_at() returned ENVOI_OK, and name is NULL");
    return rc;
}

static int32_t usable(void *state, const char *mech, const struct envoi_mech_params *params)
{
    int32_t rc;

    enter_sans_io("usable");
    rc = real_mechanism->usable ? real_mechanism->usable(state, mech, params) : ENVOI_OK;
    leave_sans_io();
    return result_of("usable", rc, LISTED(ENVOI_E_NOT_SUPPORTED));
}

static int32_t mech_new(void *state, const char *mech, const struct envoi_mech_params *params, void **ctx)
{
    struct envoi_mech_info row = {.struct_size = sizeof row};
    int32_t rc;

    may_block = false;
    for (size_t i = 0; i < 1000 && real_mechanism->mech_at(state, i, &row) == ENVOI_OK; i++)
        may_block |= strncmp(mech, row.name, strlen(row.name)) == 0 && (row.flags & ENVOI_MECH_MAY_BLOCK);
    *ctx = NULL;
    enter_sans_io("mech_new");
    rc = real_mechanism->mech_new(state, mech, params, ctx);
    leave_sans_io();
    rc = result_of("mech_new", rc, LISTED(ENVOI_E_NOT_SUPPORTED));
    made("mech_new", rc, *ctx);
    return rc;
}

static int32_t step(void *ctx, const void *in, size_t len, const struct envoi_sink *out, uint32_t *result,
                    uint32_t *want)
{
    int32_t rc;

    enter_step("step");
    rc = real_mechanism->step(ctx, in, len, out, result, want);
    leave_step();
    return result_of("step", rc,
                     LISTED(ENVOI_E_AGAIN, ENVOI_E_CANCELLED, ENVOI_E_SERVER_PROOF, ENVOI_E_AUTH, ENVOI_E_USAGE,
                            ENVOI_E_NOT_SUPPORTED, ENVOI_E_PROTOCOL));
}

static int32_t layer(void *ctx, struct envoi_sasl_layer *out)
{
    int32_t rc;

    enter_step("layer");
    rc = real_mechanism->layer(ctx, out);
    leave_step();
    if (rc > 0)
        check_fail("layer() returned %d: a result is ENVOI_OK or one of the negative ENVOI_E_*", rc);
    if (rc == ENVOI_OK && out->ssf && (!out->encode || !out->decode || !out->max_chunk))
        check_fail("layer() offers one of %u bits without encode, decode or max_chunk", out->ssf);
    return rc;
}

static void mech_free(void *ctx)
{
    enter_step("mech_free");
    real_mechanism->mech_free(ctx);
    leave_step();
}

/* ---- plugin ---- */

static int32_t init(const struct envoi_host *host, void **state)
{
    int32_t rc;

    *state = NULL;
    enter("init");
    rc = real->init(host, state);
    check_leave();
    if (rc > 0)
        check_fail("init() returned %d: a result is ENVOI_OK or one of the negative ENVOI_E_*", rc);
    return rc;
}

static void fini(void *state)
{
    enter("fini");
    real->fini(state);
    check_leave();
}

#define REQUIRED(object, kind, slot) check((object)->slot != NULL, "the " kind " has no " #slot ", which is required")
#define GUARD(slot, function)        .slot = function

static void check_size(const char *of, uint32_t given, size_t least)
{
    if (given == 0)
        check_fail("struct_size of the %s is 0: it was not set", of);
    if (given < least)
        check_fail("struct_size of the %s is %u: ABI 1.0 has %zu octets", of, given, least);
}

static void guard_the_transport(void)
{
    const struct envoi_transport *t = real_transport;

    check_size("transport", t->struct_size, offsetof(struct envoi_transport, conn_free) + sizeof t->conn_free);
    check(t->name && t->name[0] && t->library && t->library[0], "the transport has no name, or no library");
    REQUIRED(t, "transport", ctx_new);
    REQUIRED(t, "transport", ctx_free);
    REQUIRED(t, "transport", conn_new);
    REQUIRED(t, "transport", handshake);
    REQUIRED(t, "transport", recv);
    REQUIRED(t, "transport", send);
    REQUIRED(t, "transport", pending);
    REQUIRED(t, "transport", shutdown);
    REQUIRED(t, "transport", info);
    REQUIRED(t, "transport", certificate);
    REQUIRED(t, "transport", channel_binding);
    REQUIRED(t, "transport", conn_free);
    check(t->ticket || !(t->caps & ENVOI_CAP_RESUME), "caps has ENVOI_CAP_RESUME, and there is no ticket");
    transport = (struct envoi_transport){
        .struct_size = sizeof transport,
        .caps = t->caps,
        .name = t->name,
        .library = t->library,
        .probe = t->probe ? probe : NULL,
        .ctx_new = ctx_new,
        .ctx_free = ctx_free,
        .conn_new = conn_new,
        .handshake = handshake,
        .recv = transport_recv,
        .send = transport_send,
        .pending = pending,
        .shutdown = transport_shutdown,
        .info = info,
        .certificate = certificate,
        .channel_binding = channel_binding,
        .ticket = t->ticket ? ticket : NULL,
        .conn_free = conn_free,
    };
}

static void guard_the_mechanism(void)
{
    const struct envoi_mechanism *m = real_mechanism;

    check_size("mechanism", m->struct_size, offsetof(struct envoi_mechanism, mech_free) + sizeof m->mech_free);
    check(m->name && m->name[0], "the provider of mechanisms has no name");
    REQUIRED(m, "provider of mechanisms", mech_at);
    REQUIRED(m, "provider of mechanisms", mech_new);
    REQUIRED(m, "provider of mechanisms", step);
    REQUIRED(m, "provider of mechanisms", mech_free);
    mechanism = (struct envoi_mechanism){
        .struct_size = sizeof mechanism,
        .name = m->name,
        .mech_at = mech_at,
        .usable = usable,
        .mech_new = mech_new,
        .step = step,
        .layer = m->layer ? layer : NULL,
        .mech_free = mech_free,
    };
}

/* The id is in the file's name: "-" in it is "_" in the entry's. */
static void id_of_module(char *id, size_t cap)
{
    const char *base = strrchr(check_options.module, '/');
    char *end;

    snprintf(id, cap, "%s", base ? base + 1 : check_options.module);
    if ((end = strstr(id, ".so")))
        *end = '\0';
    for (; *id; id++)
        if (*id == '-')
            *id = '_';
}

const struct envoi_plugin *guard_load(void)
{
    envoi_plugin_entry *entry;
    void *module, *address;
    char id[64], symbol[96];

    check_enter("dlopen");
    module = dlopen(check_options.module, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    check(module, "it cannot be loaded: %s", dlerror());
    id_of_module(id, sizeof id);
    snprintf(symbol, sizeof symbol, "envoi_plugin_%s", id);
    address = dlsym(module, symbol);
    check(address,
          "it exports no %s(), the entry of a module with this name; or the entry is not marked with "
          "ENVOI_PLUGIN_EXPORT",
          symbol);
    memcpy(&entry, &address, sizeof entry);
    check_enter(symbol);
    real = entry();
    check(real, "%s() returned NULL", symbol);
    check(real == entry(), "%s() returned something else the second time", symbol);
    check_leave();
    check(real->magic == ENVOI_PLUGIN_MAGIC, "the description has another magic than ENVOI_PLUGIN_MAGIC");
    check_size("description", real->struct_size, sizeof *real);
    check(real->abi_major == ENVOI_ABI_MAJOR, "it was made for ABI %u, and this is ABI %d", real->abi_major,
          ENVOI_ABI_MAJOR);
    check(real->id && strcmp(real->id, id) == 0, "its id is '%s', and the module's name says '%s'",
          real->id ? real->id : "(NULL)", id);
    check(real->version && real->license, "the description has no version, or no license");
    real_transport = real->transports ? real->transports[0] : NULL;
    real_mechanism = real->mechanisms ? real->mechanisms[0] : NULL;
    check(real_transport || real_mechanism, "it has neither a transport nor mechanisms");
    check(!real_transport || !real->transports[1], "more than one transport in a plugin cannot be checked");
    check(!real_mechanism || !real->mechanisms[1],
          "more than one provider of mechanisms in a plugin cannot be checked");
    if (real_transport)
        guard_the_transport();
    if (real_mechanism)
        guard_the_mechanism();
    plugin = (struct envoi_plugin){
        .struct_size = sizeof plugin,
        .magic = real->magic,
        .abi_major = real->abi_major,
        .abi_minor = real->abi_minor,
        .id = real->id,
        .version = real->version,
        .license = real->license,
        .init = real->init ? init : NULL,
        .fini = real->fini ? fini : NULL,
    };
    return &plugin;
}

const struct envoi_plugin *guard_plugin(void)
{
    return real ? &plugin : guard_load();
}

const struct envoi_transport *guard_transport(void)
{
    return real_transport ? &transport : NULL;
}

const struct envoi_mechanism *guard_mechanism(void)
{
    return real_mechanism ? &mechanism : NULL;
}

size_t guard_descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    size_t n = 0;

    while (dir && readdir(dir))
        n++;
    if (dir)
        closedir(dir);
    return n;
}

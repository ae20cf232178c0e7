/* SPDX-License-Identifier: MIT */
/* The transport plugin "openssl": its description. */
#include "backend.h"

#include <openssl/opensslv.h>

static void plugin_fini(void *state_)
{
    struct tls_state *state = state_;

    if (!state)
        return;
    BIO_meth_free(state->lower);
    X509_LOOKUP_meth_free(state->bundles);
    state->host->free(state);
}

static int32_t plugin_init(const struct envoi_host *host, void **out)
{
    struct tls_state *state = host->alloc(sizeof *state);

    if (!state)
        return ENVOI_E_MEMORY;
    *state = (struct tls_state){.host = host};
    /* No exit handler: it would run while threads of the application may still use connections. */
    if (OPENSSL_init_ssl(OPENSSL_INIT_NO_ATEXIT, NULL) != 1 || !lower_setup(state) || !trust_setup(state)) {
        host->set_error(host, NULL, ENVOI_E_TLS, 0, "OpenSSL cannot be initialised");
        plugin_fini(state);
        return ENVOI_E_TLS;
    }
    *out = state;
    return ENVOI_OK;
}

static const struct envoi_transport transport = {
    .struct_size = sizeof transport,
    .caps = ENVOI_CAP_EXPORTER | ENVOI_CAP_END_POINT | ENVOI_CAP_UNIQUE | ENVOI_CAP_RESUME | ENVOI_CAP_CLIENT_CERT |
            ENVOI_CAP_MEMORY | ENVOI_CAP_SNI | ENVOI_CAP_CHAIN | ENVOI_CAP_PIN | ENVOI_CAP_SYSTEM_CA |
            ENVOI_CAP_READ_ALL,
    .name = "openssl",
    .library = "OpenSSL " OPENSSL_VERSION_STR,
    .ctx_new = context_new,
    .ctx_free = context_free,
    .conn_new = connection_new,
    .handshake = connection_step,
    .recv = connection_recv,
    .send = connection_send,
    .pending = connection_pending,
    .shutdown = connection_close,
    .info = info_agreed,
    .certificate = info_certificate,
    .channel_binding = info_binding,
    .ticket = info_ticket,
    .conn_free = connection_free,
};

static const struct envoi_transport *const transports[] = {&transport, NULL};

static const struct envoi_plugin plugin = {
    .struct_size = sizeof plugin,
    .magic = ENVOI_PLUGIN_MAGIC,
    .abi_major = ENVOI_ABI_MAJOR,
    .abi_minor = ENVOI_ABI_MINOR,
    .id = "openssl",
    .version = "1",
    .license = "MIT",
    .init = plugin_init,
    .fini = plugin_fini,
    .transports = transports,
};

ENVOI_PLUGIN_EXPORT envoi_plugin_entry envoi_plugin_openssl;

const struct envoi_plugin *envoi_plugin_openssl(void)
{
    return &plugin;
}

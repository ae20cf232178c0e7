/* SPDX-License-Identifier: MIT */
/* The transport plugin "mbedtls": its description. */
#include "backend.h"

#include <mbedtls/version.h>

#ifdef MBEDTLS_SSL_KEYING_MATERIAL_EXPORT
#define CAPS_OF_VERSION ENVOI_CAP_EXPORTER
#else
#define CAPS_OF_VERSION 0u
#endif

static void plugin_fini(void *state_)
{
    struct tls_state *state = state_;

    if (state) /* library_start() is not undone: the program may use the library, too, and it counts no calls */
        state->host->free(state);
}

static int32_t plugin_init(const struct envoi_host *host, void **out)
{
    struct tls_state *state = host->alloc(sizeof *state);
    int ret;

    if (!state)
        return ENVOI_E_MEMORY;
    *state = (struct tls_state){.host = host};
    ret = library_start();
    if (ret) {
        host->set_error(host, NULL, ENVOI_E_TLS, ret, "Mbed TLS cannot be initialised");
        plugin_fini(state);
        return ENVOI_E_TLS;
    }
    *out = state;
    return ENVOI_OK;
}

static const struct envoi_transport transport = {
    .struct_size = sizeof transport,
    .caps = CAPS_OF_VERSION | ENVOI_CAP_END_POINT | ENVOI_CAP_RESUME | ENVOI_CAP_CLIENT_CERT | ENVOI_CAP_MEMORY |
            ENVOI_CAP_SNI | ENVOI_CAP_CHAIN | ENVOI_CAP_PIN | ENVOI_CAP_SYSTEM_CA | ENVOI_CAP_READ_ALL,
    .name = "mbedtls",
    .library = "Mbed TLS " MBEDTLS_VERSION_STRING,
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
    .id = "mbedtls",
    .version = "1",
    .license = "MIT",
    .init = plugin_init,
    .fini = plugin_fini,
    .transports = transports,
};

ENVOI_PLUGIN_EXPORT envoi_plugin_entry envoi_plugin_mbedtls;

const struct envoi_plugin *envoi_plugin_mbedtls(void)
{
    return &plugin;
}

/* SPDX-License-Identifier: MIT */
/* From the settings and the peer to a TLS layer on the stack. */
#include "engine/state.h"

#include <string.h>

int tls_choose(struct engine *e)
{
    int rc = registry_find_transport(e->env.registry, e->settings->tls_backend, e->fault, &e->transport);

    if (!rc)
        rc = e->env.tls_context(e->env.driver, &e->transport, &e->tls_context);
    if (rc)
        e->fault->phase = ENVOI_PHASE_TLS;
    return rc;
}

int tls_begin(struct engine *e)
{
    const struct settings *s = e->settings;
    struct envoi_conn_params params = {
        .struct_size = sizeof params,
        .verify = s->tls_verify,
        .server_name = s->tls_name ? s->tls_name : e->host,
        .name_is_ip = !s->tls_name && e->host_is_ip,
        .pin_count = (uint32_t)s->pin_count,
        .pins = (const uint8_t(*)[32])s->pins,
        .errctx = e->fault,
    };
    int rc = stack_add_tls(&e->stack, e->transport.transport, e->tls_context, &params);

    if (rc == ENVOI_E_PROTOCOL)
        return fault_set(e->fault, rc, ENVOI_PHASE_TLS, "octets came before the TLS handshake");
    if (rc && e->fault->code != rc)
        return fault_set(e->fault, rc, ENVOI_PHASE_TLS, "plugin %s cannot begin a TLS connection", e->transport.id);
    return rc;
}

/* SPDX-License-Identifier: MIT */
#include "engine/tls.h"

#include "engine/state.h"

int tls_choose(struct engine *e)
{
    int rc = registry_find_transport(e->env.registry, e->settings->tls_backend, e->fault, &e->transport);

    /* Without this check the client certificate would silently not be sent. */
    if (!rc && e->settings->cert_file && !(e->transport.transport->caps & ENVOI_CAP_CLIENT_CERT))
        rc = fault_set(e->fault, ENVOI_E_NOT_SUPPORTED, 0,
                       "a client certificate is set, and the TLS plugin %s can show none", e->transport.id);
    if (!rc)
        rc = e->env.tls_context(e->env.driver, &e->transport, &e->tls_context);
    if (rc)
        e->fault->phase = ENVOI_PHASE_TLS;
    return rc;
}

/* A plugin may claim ENVOI_CAP_RESUME and lack the function. */
static bool can_resume(const struct envoi_transport *t)
{
    return t->caps & ENVOI_CAP_RESUME && t->ticket;
}

static int32_t ticket_append(void *ctx, const void *data, size_t len)
{
    return buf_append(ctx, data, len);
}

void tls_keep_ticket(struct engine *e)
{
    const struct envoi_transport *t = e->stack.transport;
    struct envoi_sink sink = {.struct_size = sizeof sink, .write = ticket_append};
    struct envoi_errctx fault;
    struct envoi_tls_info info;
    struct buf ticket;

    e->ticket_tried = true;
    if (e->ticket_kept || !e->stack.secure || !e->env.keep_ticket || !can_resume(t))
        return;
    fault = *e->fault; /* a missing ticket is no failure of the connection */
    buf_init(&ticket, 0, true);
    sink.ctx = &ticket;
    if (!t->ticket(e->stack.conn, &sink) && !engine_tls_info(e, &info)) {
        e->env.keep_ticket(e->env.driver, &ticket, info.resumed, info.protocol < ENVOI_TLS_1_3);
        e->ticket_kept = true;
    }
    buf_free(&ticket);
    *e->fault = fault;
}

static int tls_begin_with(struct engine *e, const struct buf *ticket)
{
    const struct settings *s = e->settings;
    struct envoi_conn_params params = {
        .struct_size = sizeof params,
        .verify = s->tls_verify,
        .server_name = s->tls_name ? s->tls_name : e->host,
        .name_is_ip = s->tls_name ? s->tls_name_is_ip : e->host_is_ip,
        .pin_count = (uint32_t)s->pin_count,
        .pins = (const uint8_t(*)[32])s->pins,
        .ticket = ticket->len ? buf_head(ticket) : NULL,
        .ticket_len = ticket->len,
        .errctx = e->fault,
    };

    e->tls_verified = s->tls_verify;
    return stack_add_tls(&e->stack, e->transport.transport, e->tls_context, &params);
}

int tls_begin(struct engine *e)
{
    struct buf ticket;
    int rc;

    e->ticket_tried = e->ticket_kept = false;
    buf_init(&ticket, 0, true);
    if (e->env.ticket && can_resume(e->transport.transport))
        e->env.ticket(e->env.driver, &ticket);
    rc = tls_begin_with(e, &ticket);
    buf_free(&ticket);
    if (rc == ENVOI_E_PROTOCOL)
        return fault_set(e->fault, rc, ENVOI_PHASE_TLS, "octets came before the TLS handshake");
    if (rc && e->fault->code != rc)
        return fault_set(e->fault, rc, ENVOI_PHASE_TLS, "plugin %s cannot begin a TLS connection", e->transport.id);
    return rc;
}

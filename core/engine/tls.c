/* SPDX-License-Identifier: MIT */
#include "engine/tls.h"

#include "base/contract.h"
#include "engine/state.h"
#include "plugin/caps.h"

/* The capabilities of a transport that the settings need. */
static uint32_t tls_needs(const struct settings *s)
{
    static const uint32_t by_verification[] = {
        [ENVOI_VERIFY_NONE] = 0,
        [ENVOI_VERIFY_ALL] = 0,
        [ENVOI_VERIFY_CHAIN] = ENVOI_CAP_CHAIN,
        [ENVOI_VERIFY_PIN] = ENVOI_CAP_PIN,
    };
    uint32_t needs = by_verification[settings_verify(s)];

    needs |= settings_have_client_certificate(s) ? ENVOI_CAP_CLIENT_CERT : 0;
    needs |= s->ca_pem || s->cert_pem ? ENVOI_CAP_MEMORY : 0;
    return needs | (s->tls_sni ? ENVOI_CAP_SNI : 0);
}

/* Refuses settings that the plugin would silently ignore, and those that contradict each other. */
static int tls_check_settings(struct engine *e)
{
    if (settings_verify(e->settings) == ENVOI_VERIFY_PIN && !e->settings->pin_count)
        return fault_set(e->fault, ENVOI_E_USAGE, 0, "a pin is to be trusted, and no pin is set");
    return caps_check(&e->transport, tls_needs(e->settings), e->fault);
}

int tls_choose(struct engine *e)
{
    int rc = registry_find_transport(e->env.registry, e->settings->tls_backend, e->fault, &e->transport);

    if (!rc)
        rc = tls_check_settings(e);
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
        .verify = settings_verify(s),
        .server_name = s->tls_name ? s->tls_name : e->host,
        .name_is_ip = s->tls_name ? s->tls_name_is_ip : e->host_is_ip,
        .pin_count = (uint32_t)s->pin_count,
        .pins = (const uint8_t(*)[32])s->pins,
        .ticket = ticket->len ? buf_head(ticket) : NULL,
        .ticket_len = ticket->len,
        .errctx = e->fault,
        .sni = s->tls_sni,
    };

    e->tls_asked = params.verify;
    e->tls_passed = ENVOI_VERIFY_NONE;
    e->tls_verified = false;
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

int tls_accept(struct engine *e)
{
    const struct envoi_transport *t = e->transport.transport;
    struct envoi_tls_info *info = &e->tls_info;
    int rc;

    *info = (struct envoi_tls_info){.struct_size = sizeof *info};
    rc = contract_result(CONTRACT_INFO, t->info(e->stack.conn, info), t->name, e->fault);
    if (rc == ENVOI_E_USAGE)
        rc = contract_breach(CONTRACT_INFO, t->name, e->fault, "says that the handshake is not finished");
    if (!rc && (!info->protocol_name || !info->cipher))
        rc = contract_breach(CONTRACT_INFO, t->name, e->fault, "succeeded without its texts");
    if (!rc && e->tls_asked && info->verified != e->tls_asked && info->verified != ENVOI_VERIFY_ALL)
        rc = fault_set(e->fault, ENVOI_E_CERTIFICATE, ENVOI_PHASE_TLS,
                       "the TLS plugin %s says that it has not verified the server's certificate", e->transport.id);
    e->ticket_kept = rc; /* no ticket of such a connection is kept */
    if (!rc) /* a name that was verified unasked does not count; a chain that was verified though a pin would do does */
        e->tls_passed = e->tls_asked == ENVOI_VERIFY_PIN ? info->verified : e->tls_asked;
    e->tls_verified = e->tls_passed == ENVOI_VERIFY_ALL || e->tls_passed == ENVOI_VERIFY_PIN;
    return rc;
}

/* In the order of ENVOI_VERIFY_*. */
static const struct {
    const char *by, *verdict;
} passed[] = {
    {"", "certificate NOT verified"},
    {"chain", "certificate verified"},
    {"chain-without-name", "certificate verified, but NOT its name"},
    {"pin", "certificate trusted by its pin"},
};

const char *tls_verdict(const struct engine *e)
{
    return passed[e->tls_passed].verdict;
}

const char *tls_verified_by(const struct engine *e)
{
    return passed[e->stack.secure ? e->tls_passed : ENVOI_VERIFY_NONE].by;
}

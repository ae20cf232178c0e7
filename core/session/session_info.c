/* SPDX-License-Identifier: MIT */
/* The functions that read from a session. They may be called from its callbacks, too. */
#include "base/mem.h"
#include "base/sized.h"
#include "base/text.h"
#include "reply/extensions.h"
#include "reply/reply.h"
#include "session/session.h"

#include <string.h>

/* ---- failures and replies ---- */

const char *envoi_session_error(const struct envoi_session *session)
{
    return session ? session->fault.text : "";
}

int envoi_session_error_code(const struct envoi_session *session)
{
    return session ? session->fault.code : ENVOI_E_USAGE;
}

int envoi_session_error_detail(const struct envoi_session *session)
{
    return session ? session->fault.detail : ENVOI_DETAIL_NONE;
}

int envoi_session_error_phase(const struct envoi_session *session)
{
    return session ? session->fault.phase : ENVOI_PHASE_NONE;
}

int64_t envoi_session_error_library_code(const struct envoi_session *session)
{
    return session ? session->fault.library_code : 0;
}

const struct envoi_reply *envoi_session_reply(const struct envoi_session *session)
{
    static const struct envoi_reply none;

    if (session && session->unanswered)
        return &none;
    return session ? engine_reply(session->engine) : NULL;
}

const struct envoi_reply *envoi_session_greeting(const struct envoi_session *session)
{
    return session ? engine_greeting(session->engine) : NULL;
}

/* ---- the connection ---- */

int envoi_session_connected(const struct envoi_session *session)
{
    return session && session->fd >= 0 && engine_alive(session->engine);
}

const char *envoi_session_peer(const struct envoi_session *session)
{
    return session ? session->peer : "";
}

/* ---- hello and extensions ---- */

int envoi_session_hello(const struct envoi_session *session)
{
    return session ? engine_hello(session->engine) : ENVOI_HELLO_NONE;
}

const struct envoi_reply *envoi_session_hello_reply(const struct envoi_session *session)
{
    return session ? engine_hello_reply(session->engine) : NULL;
}

const char *envoi_session_helo_name(const struct envoi_session *session)
{
    return session && !session->unanswered ? engine_helo_name(session->engine) : "";
}

const char *envoi_session_extension(const struct envoi_session *session, const char *name)
{
    return session && name ? extensions_get(engine_extensions(session->engine), name) : NULL;
}

int envoi_session_has_extension(const struct envoi_session *session, const char *name)
{
    return envoi_session_extension(session, name) != NULL;
}

size_t envoi_session_extensions(const struct envoi_session *session)
{
    return session ? engine_extensions(session->engine)->count : 0;
}

const char *envoi_session_extension_name(const struct envoi_session *session, size_t index)
{
    return index < envoi_session_extensions(session) ? engine_extensions(session->engine)->list[index].name : NULL;
}

/* ---- login ---- */

int envoi_session_authenticated(const struct envoi_session *session)
{
    return session && engine_authenticated(session->engine);
}

const char *envoi_session_mechanism(const struct envoi_session *session)
{
    return session ? engine_mechanism(session->engine) : "";
}

const char *envoi_session_mechanisms_left(const struct envoi_session *session)
{
    return session ? engine_mechanisms_left(session->engine) : "";
}

const char *envoi_session_mechanism_plugin(const struct envoi_session *session)
{
    return session ? engine_mechanism_plugin(session->engine) : "";
}

const char *envoi_session_mechanism_provider(struct envoi_session *session, const char *name)
{
    const char *provider;
    char *upper;

    if (!session || !name || !(upper = mem_strdup(name)))
        return NULL;
    text_to_upper(upper);
    provider = registry_mechanism_provider(session->library->registry, upper);
    mem_free(upper);
    return provider;
}

/* ---- TLS ---- */

static bool info_tls(const struct envoi_session *s, struct envoi_tls_info *info)
{
    return s && !engine_tls_info(s->engine, info);
}

static const char *info_text(const char *text)
{
    return text ? text : "";
}

const char *envoi_session_tls_backend(const struct envoi_session *session)
{
    return session ? engine_tls_backend(session->engine) : "";
}

const char *envoi_session_tls_protocol(const struct envoi_session *session)
{
    struct envoi_tls_info info;

    return info_tls(session, &info) ? info_text(info.protocol_name) : "";
}

const char *envoi_session_tls_cipher(const struct envoi_session *session)
{
    struct envoi_tls_info info;

    return info_tls(session, &info) ? info_text(info.cipher) : "";
}

const char *envoi_session_tls_group(const struct envoi_session *session)
{
    struct envoi_tls_info info;

    return info_tls(session, &info) ? info_text(info.group) : "";
}

int envoi_session_tls_verified(const struct envoi_session *session)
{
    return session && engine_tls_verified(session->engine);
}

const char *envoi_session_tls_verified_by(const struct envoi_session *session)
{
    return session ? engine_tls_verified_by(session->engine) : "";
}

int envoi_session_tls_resumed(const struct envoi_session *session)
{
    struct envoi_tls_info info;

    return info_tls(session, &info) && info.resumed;
}

static bool info_certificate(const struct envoi_session *s, size_t index, struct envoi_certificate *out)
{
    return s && !engine_certificate(s->engine, index, out);
}

size_t envoi_session_certificates(const struct envoi_session *session)
{
    struct envoi_certificate ignored;
    size_t count = 0;

    while (info_certificate(session, count, &ignored))
        count++;
    return count;
}

const void *envoi_session_certificate_der(const struct envoi_session *session, size_t index, size_t *len)
{
    struct envoi_certificate c;
    bool found = info_certificate(session, index, &c);

    if (len)
        *len = found ? c.der_len : 0;
    return found ? c.der : NULL;
}

const char *envoi_session_certificate_pin(const struct envoi_session *session, size_t index)
{
    struct envoi_certificate c;

    return info_certificate(session, index, &c) ? info_text(c.pin) : NULL;
}

const char *envoi_session_certificate_subject(const struct envoi_session *session, size_t index)
{
    struct envoi_certificate c;

    return info_certificate(session, index, &c) ? c.subject : NULL;
}

const char *envoi_session_certificate_issuer(const struct envoi_session *session, size_t index)
{
    struct envoi_certificate c;

    return info_certificate(session, index, &c) ? c.issuer : NULL;
}

const char *envoi_session_certificate_names(const struct envoi_session *session, size_t index)
{
    struct envoi_certificate c;

    return info_certificate(session, index, &c) ? c.names : NULL;
}

int64_t envoi_session_certificate_not_before(const struct envoi_session *session, size_t index)
{
    struct envoi_certificate c;

    return info_certificate(session, index, &c) ? c.not_before : 0;
}

int64_t envoi_session_certificate_not_after(const struct envoi_session *session, size_t index)
{
    struct envoi_certificate c;

    return info_certificate(session, index, &c) ? c.not_after : 0;
}

/* ---- telemetry ---- */

int envoi_session_telemetry(const struct envoi_session *session, struct envoi_telemetry *telemetry)
{
    bool fits = session && telemetry;

    fits = fits && sized_copy(telemetry, engine_telemetry(session->engine), sizeof *telemetry);
    return fits ? ENVOI_OK : ENVOI_E_USAGE;
}

void session_add_telemetry(const struct envoi_session *s, struct envoi_telemetry *sum)
{
    const struct envoi_telemetry *t = engine_telemetry(s->engine);

    sum->connections += t->connections;
    sum->transactions += t->transactions;
    sum->replies += t->replies;
    sum->octets_sent += t->octets_sent;
    sum->octets_received += t->octets_received;
    for (int i = 0; i < ENVOI_PHASES; i++)
        sum->phase_ms[i] += t->phase_ms[i];
}

/* ---- for a pool ---- */

int session_pick(const struct envoi_session *s, struct envoi_message *message, struct envoi_errctx *why)
{
    return engine_pick(s->engine, message, why);
}

bool session_pipelines(const struct envoi_session *s)
{
    return engine_pipelines(s->engine);
}

bool session_waits(const struct envoi_session *s)
{
    return s->dialing || engine_want(s->engine) & (ENGINE_WANT_CONTENT | ENGINE_WANT_CREDENTIAL);
}

uint64_t session_mail_max(const struct envoi_session *s)
{
    uint64_t most = extensions_limit(engine_extensions(s->engine), "MAILMAX");

    return most > 1 && engine_may_prove(s->engine) ? most - 1 : most;
}

bool session_goes_on(const struct envoi_session *s)
{
    return envoi_session_connected(s) || engine_wants_connection(s->engine);
}

bool session_has_login(const struct envoi_session *s)
{
    return settings_have_login(&s->settings);
}

bool session_was_deferred(const struct envoi_session *s)
{
    return reply_class(engine_reply(s->engine)) == 4;
}

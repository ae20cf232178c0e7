/* SPDX-License-Identifier: MIT */
#include "probe.h"

#include "account.h"
#include "accounts/apply.h"
#include "accounts/exit_code.h"
#include "commands.h"
#include "connection.h"
#include "fault.h"
#include "json.h"
#include "probe_steps.h"
#include "report.h"
#include "text.h"
#include <envoi/envoi.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DAY 86400

struct probe {
    const struct options *options;
    struct envoi_library *library;
    struct envoi_session *session;
    struct used used;
    char server[APPLY_SERVER_MAX];
    int implicit;
    struct probe_end end;
    json_t *found;
    struct fault fault;
};

int64_t probe_days(int64_t now, int64_t then)
{
    int64_t seconds = then - now;

    return seconds >= 0 ? seconds / DAY : -((-seconds + DAY - 1) / DAY);
}

static json_t *greeting(const struct envoi_session *session)
{
    const struct envoi_reply *reply = envoi_session_greeting(session);
    json_t *object = json_object();

    json_object_set_new(object, "code", json_integer(envoi_reply_code(reply)));
    json_object_set_new(object, "text", text_json(envoi_reply_text(reply)));
    return object;
}

static json_t *extensions(const struct envoi_session *session)
{
    json_t *array = json_array();
    size_t count = envoi_session_extensions(session);

    for (size_t i = 0; i < count; i++) {
        const char *name = envoi_session_extension_name(session, i);
        json_t *object = json_object();

        json_object_set_new(object, "name", text_json(name));
        json_object_set_new(object, "parameters", text_json(envoi_session_extension(session, name)));
        json_array_append_new(array, object);
    }
    return array;
}

/* Returns the mechanisms of AUTH, each with the plugin that provides it, or null. */
static json_t *mechanisms(struct envoi_session *session)
{
    json_t *array = json_array();
    const char *announced = envoi_session_extension(session, "AUTH");
    char *names = strdup(announced ? announced : "");
    char *rest = names;

    for (char *name; rest && (name = strsep(&rest, " "));) {
        const char *plugin;
        json_t *object;

        if (!*name)
            continue;
        plugin = envoi_session_mechanism_provider(session, name);
        object = json_object();
        json_object_set_new(object, "name", text_json(name));
        json_object_set_new(object, "plugin", plugin ? text_json(plugin) : json_null());
        json_array_append_new(array, object);
    }
    free(names);
    return array;
}

static json_t *certificate_pem(const struct envoi_session *session, size_t index)
{
    size_t len = 0;
    const void *der = envoi_session_certificate_der(session, index, &len);

    return text_pem(der, len);
}

static json_t *certificates(const struct envoi_session *session, int pem)
{
    json_t *array = json_array();
    size_t count = envoi_session_certificates(session);
    int64_t now = (int64_t)time(NULL);

    for (size_t i = 0; i < count; i++) {
        json_t *object = json_object();
        int64_t end = envoi_session_certificate_not_after(session, i);

        json_object_set_new(object, "subject", text_json(envoi_session_certificate_subject(session, i)));
        json_object_set_new(object, "issuer", text_json(envoi_session_certificate_issuer(session, i)));
        json_object_set_new(object, "names", text_json(envoi_session_certificate_names(session, i)));
        json_object_set_new(object, "not_before", text_moment(envoi_session_certificate_not_before(session, i)));
        json_object_set_new(object, "not_after", text_moment(end));
        json_object_set_new(object, "pin", text_json(envoi_session_certificate_pin(session, i)));
        if (pem)
            json_object_set_new(object, "pem", certificate_pem(session, i));
        json_object_set_new(object, "days_left", json_integer(probe_days(now, end)));
        json_array_append_new(array, object);
    }
    return array;
}

static int is_off(const struct probe *probe)
{
    return vocabulary_tls(values_text(&probe->used.values, KEY_TLS)) == ENVOI_TLS_OFF;
}

/* Sends STARTTLS if it is announced, or if the options require TLS. Not with --tls off. */
static int begin_tls(struct probe *probe)
{
    int tls = vocabulary_tls(values_text(&probe->used.values, KEY_TLS));
    int error;

    if (is_off(probe))
        return 0;
    if (tls != ENVOI_TLS_REQUIRED && !envoi_session_has_extension(probe->session, "STARTTLS"))
        return 0;
    json_object_set_new(probe->found, "before_tls", extensions(probe->session));
    error = envoi_session_starttls(probe->session);
    return error ? error : envoi_session_ehlo_or_helo_if_needed(probe->session);
}

/* Makes one connection and collects its greeting, TLS parameters and last EHLO reply. Returns 0 or an ENVOI_E_*. */
static int visit(struct probe *probe)
{
    struct envoi_session *session = probe->session;
    int error = envoi_session_connect(session, probe->server);
    json_t *tls;

    if (envoi_reply_code(envoi_session_greeting(session)))
        json_object_set_new(probe->found, "greeting", greeting(session));
    if (*envoi_session_peer(session))
        json_object_set_new(probe->found, "peer", text_json(envoi_session_peer(session)));
    if (!error && probe->end.last >= PROBE_EHLO)
        error = envoi_session_ehlo_or_helo_if_needed(session);
    if (!error && !probe->implicit && probe->end.last >= PROBE_STARTTLS)
        error = begin_tls(probe);
    if (error)
        return error;
    tls = report_tls(session);
    if (tls) {
        json_object_set_new(tls, "certificates", certificates(session, probe->options->pem));
        json_object_set_new(probe->found, "tls", tls);
    }
    if (probe->end.last == PROBE_GREETING)
        return 0;
    json_object_set_new(probe->found, "extensions", extensions(session));
    json_object_set_new(probe->found, "mechanisms", mechanisms(session));
    return 0;
}

/* Of the trace, the one line that a person waits for: why nothing comes. */
static void tell_if_silent(void *ctx, int kind, const char *text, size_t len)
{
    static const char silent[] = "no greeting yet";

    (void)ctx;
    if (kind == ENVOI_TRACE_INFO && len > strlen(silent) && !memcmp(text, silent, strlen(silent)))
        complain("%.*s; see --tls", (int)len, text);
}

static int attempt(struct probe *probe, int verify)
{
    int error;

    if (connection_session(probe->options, &probe->used.values, probe->library, verify, &probe->session, &probe->fault))
        return probe->fault.exit;
    /* connect and ehlo use the policy for implicit TLS only. STARTTLS is sent by begin_tls(). */
    if (!probe->implicit)
        envoi_session_set_tls(probe->session, is_off(probe) ? ENVOI_TLS_OFF : ENVOI_TLS_OPPORTUNISTIC);
    if (!probe->options->trace)
        envoi_session_set_trace(probe->session, 1, tell_if_silent, NULL);
    error = visit(probe);
    if (error) {
        fault_from_session(&probe->fault, probe->session, error);
        apply_blame_file(&probe->used.values, &probe->fault);
    }
    if (error == ENVOI_E_NOT_SUPPORTED) {
        /* A probe requires no other extension. */
        probe->fault.phase = ENVOI_PHASE_STARTTLS;
        probe->fault.exit = exit_code_of_error(error, ENVOI_PHASE_STARTTLS, 0);
    }
    /* Not to a server that is not verified. */
    if (!error && verify && probe->end.last > PROBE_STARTTLS) {
        json_t *steps = json_array();

        probe_steps_take(probe->end.last, probe->options, &probe->used.values, probe->server, probe->session, steps,
                         &probe->fault);
        json_object_set_new(probe->found, "steps", steps);
    }
    if (probe->end.drop)
        envoi_session_close(probe->session);
    else if (envoi_session_connected(probe->session))
        envoi_session_quit(probe->session);
    json_object_set_new(probe->found, "telemetry", report_telemetry(probe->session));
    envoi_session_free(probe->session);
    probe->session = NULL;
    return probe->fault.exit;
}

/* If the certificate is not trusted, connects once more without the check, so that the certificate can be shown. */
static int look(struct probe *probe)
{
    int exit = attempt(probe, 1);
    struct fault first = probe->fault;
    json_t *tls;

    if (first.error != ENVOI_E_CERTIFICATE)
        return exit;
    probe->fault = (struct fault){0};
    attempt(probe, 0);
    tls = json_object_get(probe->found, "tls");
    json_object_set_new(tls, "problem", text_json(first.text));
    if (!probe->fault.exit)
        probe->fault = first;
    return probe->fault.exit;
}

/* Takes the account and the host. Prints a fault of the command line; others are left in probe->fault. */
static int probe_begin(struct probe *probe)
{
    const struct options *o = probe->options;
    const char *host = o->operand_count ? o->operands[0] : NULL;
    int rc;

    if (o->operand_count + (int)values_count(&o->values, KEY_HOST) > 1)
        rc = fault_set(&probe->fault, EXIT_USAGE, ENVOI_E_USAGE, "one host at a time");
    else
        rc = account_use(o, host, &probe->used, &probe->fault);
    if (!rc && !values_find(&probe->used.values, KEY_HOST))
        rc = fault_set(&probe->fault, EXIT_USAGE, ENVOI_E_USAGE,
                       "the host is missing: 'envoi probe HOST', or an account in accounts.conf(5)");
    if (!rc)
        rc = apply_check(&probe->used.values, &probe->fault);
    if (!rc)
        rc = probe_end_read(o, &probe->used.values, &probe->end, &probe->fault);
    if (rc == EXIT_USAGE)
        complain("%s; see 'envoi probe --help'", probe->fault.text);
    return rc;
}

static int probe_report(struct probe *probe)
{
    int rc = 0;

    json_object_set_new(probe->found, "error", fault_json(&probe->fault));
    if (probe->options->json) {
        report_dump(probe->found, stdout);
        probe->found = NULL;
    } else if (probe_print(probe->found, stdout) < 0) {
        complain("out of memory while printing");
        rc = EXIT_LOCAL;
    }
    fflush(stdout);
    /* Without the hints, as they refer to this command. */
    if (probe->fault.exit)
        complain("%s%s%s", probe->server, *probe->server ? ": " : "", probe->fault.text);
    json_decref(probe->found);
    return rc;
}

/* Is it implicit TLS: by a value, or as in the library by port 465? */
static int is_implicit(const struct probe *probe)
{
    size_t len = strlen(probe->server);
    int port_465 = len > 4 && !strcmp(probe->server + len - 4, ":465");
    int tls = vocabulary_tls(values_text(&probe->used.values, KEY_TLS));

    return tls == ENVOI_TLS_IMPLICIT || (tls == ENVOI_TLS_DEFAULT && port_465);
}

int probe_command(const struct options *options)
{
    struct probe probe = {.options = options};
    const struct values *values = &probe.used.values;
    int rc = probe_begin(&probe);
    int printed = 0;

    if (rc != EXIT_USAGE) {
        probe.found = json_object();
        if (!rc)
            rc = apply_server(values, values_text(values, KEY_HOST), probe.server, &probe.fault);
        if (!rc)
            rc = connection_library(options, values, 1, &probe.library, &probe.fault);
        if (!rc) {
            account_warn(&probe.used);
            probe.implicit = is_implicit(&probe);
            json_object_set_new(probe.found, "server", text_json(probe.server));
            rc = look(&probe);
        }
        printed = probe_report(&probe);
    }
    envoi_library_free(probe.library);
    account_free(&probe.used);
    return rc ? rc : printed;
}

/* SPDX-License-Identifier: MIT */
#include "report.h"

#include "accounts/exit_code.h"
#include "json.h"
#include "text.h"
#include <envoi/envoi.h>
#include <string.h>

const char *report_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}

json_int_t report_number(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

json_t *report_tls(const struct envoi_session *session)
{
    const char *backend = session ? envoi_session_tls_backend(session) : "";
    json_t *tls;

    if (!*backend)
        return NULL;
    tls = json_object();
    json_object_set_new(tls, "backend", text_json(backend));
    json_object_set_new(tls, "protocol", text_json(envoi_session_tls_protocol(session)));
    json_object_set_new(tls, "cipher", text_json(envoi_session_tls_cipher(session)));
    json_object_set_new(tls, "verified", json_boolean(envoi_session_tls_verified(session)));
    json_object_set_new(tls, "verified_by", text_json(envoi_session_tls_verified_by(session)));
    return tls;
}

static json_t *recipient(const struct envoi_message *message, size_t index)
{
    json_t *object = json_object();
    int phase = envoi_message_verdict_phase(message, index);

    json_object_set_new(object, "address", text_json(envoi_message_recipient(message, index)));
    json_object_set_new(object, "verdict", text_json(envoi_verdict_name(envoi_message_verdict(message, index))));
    json_object_set_new(object, "code", json_integer(envoi_message_verdict_code(message, index)));
    json_object_set_new(object, "enhanced", text_json(envoi_message_verdict_enhanced(message, index)));
    json_object_set_new(object, "text", text_json(envoi_message_verdict_reason(message, index)));
    json_object_set_new(object, "phase", text_json(phase ? envoi_phase_name(phase) : ""));
    return object;
}

static json_t *mechanism(const struct envoi_session *session)
{
    /* Only the mechanism that logged in: one that was tried and failed is not shown. */
    const char *name = session && envoi_session_authenticated(session) ? envoi_session_mechanism(session) : "";
    json_t *object;

    if (!*name)
        return NULL;
    object = json_object();
    json_object_set_new(object, "name", text_json(name));
    json_object_set_new(object, "plugin", text_json(envoi_session_mechanism_plugin(session)));
    return object;
}

json_t *report_telemetry(const struct envoi_session *session)
{
    struct envoi_telemetry t = {.struct_size = sizeof t};
    json_t *object, *phases;

    if (envoi_session_telemetry(session, &t))
        return NULL;
    object = json_object();
    phases = json_object();
    json_object_set_new(object, "connections", json_integer((json_int_t)t.connections));
    json_object_set_new(object, "transactions", json_integer((json_int_t)t.transactions));
    json_object_set_new(object, "replies", json_integer((json_int_t)t.replies));
    json_object_set_new(object, "octets_sent", json_integer((json_int_t)t.octets_sent));
    json_object_set_new(object, "octets_received", json_integer((json_int_t)t.octets_received));
    for (int phase = ENVOI_PHASE_NONE + 1; phase < ENVOI_PHASES; phase++)
        json_object_set_new(phases, envoi_phase_name(phase), json_integer((json_int_t)t.phase_ms[phase]));
    json_object_set_new(object, "milliseconds", phases);
    return object;
}

json_t *report_new(int exit, const struct fault *fault, const struct envoi_message *message,
                   const struct envoi_session *session)
{
    json_t *report = json_object();
    json_t *recipients = json_array();
    size_t count = envoi_message_recipients(message);
    const char *dropped = message ? envoi_message_dropped_options(message) : "";

    for (size_t i = 0; i < count; i++)
        json_array_append_new(recipients, recipient(message, i));
    json_object_set_new(report, "result", text_json(exit_code_word(exit)));
    json_object_set_new(report, "recipients", recipients);
    /* json_object_set_new() refuses NULL, so members that do not apply are absent. */
    json_object_set_new(report, "error", fault_json(fault));
    json_object_set_new(report, "tls", report_tls(session));
    json_object_set_new(report, "mechanism", mechanism(session));
    json_object_set_new(report, "peer", text_json(session ? envoi_session_peer(session) : ""));
    json_object_set_new(report, "dropped_options", text_json(dropped));
    json_object_set_new(report, "telemetry", report_telemetry(session));
    return report;
}

static int report_add_recipient(struct table *table, const json_t *row)
{
    char reply[64] = "";
    char line[4096];
    int n;
    const char *cells[TABLE_COLUMNS] = {report_text(row, "address"), report_text(row, "verdict"),
                                        report_text(row, "phase"), line};
    size_t len;

    if (report_number(row, "code"))
        snprintf(reply, sizeof reply, "%d %s ", (int)report_number(row, "code"), report_text(row, "enhanced"));
    /* If there is no enhanced code, one of the two blanks goes. */
    len = strlen(reply);
    if (len > 1 && reply[len - 2] == ' ')
        reply[len - 1] = '\0';
    n = snprintf(line, sizeof line, "%s%s", reply, report_text(row, "text"));
    text_mark_cut(line, sizeof line, n);
    return table_add(table, cells);
}

/* "by 192.0.2.1:587, TLSv1.3 ... (openssl, verified by chain), login SCRAM-SHA-256 (sasl)" */
static void print_connection(const json_t *report, FILE *file)
{
    const char *peer = report_text(report, "peer");
    const json_t *tls = json_object_get(report, "tls");
    const json_t *login = json_object_get(report, "mechanism");

    if (!*peer)
        return;
    fprintf(file, "by %s", peer);
    if (tls)
        fprintf(file, ", %s %s (%s, %s%s)", report_text(tls, "protocol"), report_text(tls, "cipher"),
                report_text(tls, "backend"),
                json_is_true(json_object_get(tls, "verified")) ? "verified by " : "NOT VERIFIED",
                json_is_true(json_object_get(tls, "verified")) ? report_text(tls, "verified_by") : "");
    else
        fputs(", no TLS", file);
    if (login)
        fprintf(file, ", login %s (%s)", report_text(login, "name"), report_text(login, "plugin"));
    putc('\n', file);
    if (*report_text(report, "dropped_options"))
        fprintf(file, "left out, as the server does not announce them: %s\n", report_text(report, "dropped_options"));
}

int report_print_table(const json_t *report, FILE *file)
{
    const char *const head[TABLE_COLUMNS] = {"RECIPIENT", "VERDICT", "PHASE", "REPLY"};
    struct table table = {.columns = 4};
    const json_t *recipients = json_object_get(report, "recipients");
    int rc = json_array_size(recipients) ? table_add(&table, head) : 0;

    for (size_t i = 0; !rc && i < json_array_size(recipients); i++)
        rc = report_add_recipient(&table, json_array_get(recipients, i));
    if (!rc)
        table_print(&table, 0, file);
    table_free(&table);
    if (!rc)
        print_connection(report, file);
    return rc;
}

void report_dump(json_t *object, FILE *file)
{
    if (!object || json_dumpf(object, file, JSON_INDENT(2)) < 0)
        complain("cannot print the JSON object");
    else
        putc('\n', file);
    json_decref(object);
}

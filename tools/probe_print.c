/* SPDX-License-Identifier: MIT */
#include "probe.h"
#include "report.h"
#include "text.h"
#include <inttypes.h>
#include <stdlib.h>

#define INDENT 2

static int print_extensions(const char *title, const json_t *extensions, FILE *file)
{
    struct table table = {.columns = 2};
    int rc = 0;

    if (!extensions)
        return 0;
    for (size_t i = 0; !rc && i < json_array_size(extensions); i++) {
        const json_t *extension = json_array_get(extensions, i);
        const char *cells[TABLE_COLUMNS] = {report_text(extension, "name"), report_text(extension, "parameters")};

        rc = table_add(&table, cells);
    }
    fprintf(file, "%s%s\n", title, table.count ? "" : " none");
    table_print(&table, INDENT, file);
    table_free(&table);
    return rc;
}

static int print_mechanisms(const json_t *mechanisms, FILE *file)
{
    struct table table = {.columns = 2};
    int rc = 0;

    if (!json_array_size(mechanisms))
        return 0;
    for (size_t i = 0; !rc && i < json_array_size(mechanisms); i++) {
        const json_t *mechanism = json_array_get(mechanisms, i);
        const char *plugin = json_string_value(json_object_get(mechanism, "plugin"));
        const char *cells[TABLE_COLUMNS] = {report_text(mechanism, "name"), plugin ? plugin : "- (no plugin)"};

        rc = table_add(&table, cells);
    }
    fputs("Login mechanisms and the plugins for them:\n", file);
    table_print(&table, INDENT, file);
    table_free(&table);
    return rc;
}

static void describe_days(int64_t days, char *text, size_t cap)
{
    if (days >= 0)
        snprintf(text, cap, "%" PRId64 " days left", days);
    else
        snprintf(text, cap, "EXPIRED, %" PRId64 " days ago", -days);
}

static int print_certificate(const json_t *certificate, size_t number, FILE *file)
{
    struct table table = {.columns = 2};
    char left[64], validity[160];
    const char *const cells[][TABLE_COLUMNS] = {
        {"subject", report_text(certificate, "subject")}, {"issuer", report_text(certificate, "issuer")},
        {"names", report_text(certificate, "names")},     {"valid", validity},
        {"pin", report_text(certificate, "pin")},
    };
    int rc = 0;

    describe_days((int64_t)report_number(certificate, "days_left"), left, sizeof left);
    snprintf(validity, sizeof validity, "%.40s to %.40s (%s)", report_text(certificate, "not_before"),
             report_text(certificate, "not_after"), left);
    for (size_t i = 0; !rc && i < sizeof cells / sizeof *cells; i++)
        rc = *cells[i][1] ? table_add(&table, cells[i]) : 0;
    fprintf(file, "%*sCertificate %zu:\n", INDENT, "", number);
    table_print(&table, 2 * INDENT, file);
    table_free(&table);
    fputs(report_text(certificate, "pem"), file);
    return rc;
}

static int print_tls(const json_t *tls, FILE *file)
{
    int rc = 0;
    const json_t *certificates = json_object_get(tls, "certificates");

    if (!tls) {
        fputs("TLS: none\n", file);
        return 0;
    }
    fprintf(file, "TLS: %s %s, by %s\n", report_text(tls, "protocol"), report_text(tls, "cipher"),
            report_text(tls, "backend"));
    if (json_is_true(json_object_get(tls, "verified")))
        fprintf(file, "%*sThe certificate is trusted, by its %s.\n", INDENT, "", report_text(tls, "verified_by"));
    else
        fprintf(file, "%*sTHE CERTIFICATE IS NOT TRUSTED: %s\n%*sWhat follows may come from anybody.\n", INDENT, "",
                report_text(tls, "problem"), INDENT, "");
    for (size_t i = 0; !rc && i < json_array_size(certificates); i++)
        rc = print_certificate(json_array_get(certificates, i), i, file);
    return rc;
}

/* What the server answered behind the look at it. */
static int print_steps(const json_t *steps, FILE *file)
{
    struct table table = {.columns = 2};
    int rc = 0;

    if (!json_array_size(steps))
        return 0;
    for (size_t i = 0; !rc && i < json_array_size(steps); i++) {
        const json_t *step = json_array_get(steps, i);
        char *text = text_clean(report_text(step, "text"), ' ');
        const char *enhanced = report_text(step, "enhanced");
        char reply[512];
        const char *cells[TABLE_COLUMNS] = {report_text(step, "step"), reply};

        snprintf(reply, sizeof reply, "%d %s%s%s", (int)report_number(step, "code"), enhanced, *enhanced ? " " : "",
                 text ? text : "");
        rc = table_add(&table, cells);
        free(text);
    }
    fputs("Replies:\n", file);
    table_print(&table, INDENT, file);
    table_free(&table);
    return rc;
}

/* "Time: connect 12 ms, greeting 40 ms": the phases that took a millisecond at least. */
static void print_times(const json_t *telemetry, FILE *file)
{
    json_t *phases = json_object_get(telemetry, "milliseconds");
    const char *name, *before = "Time: ";
    json_t *value;

    json_object_foreach(phases, name, value)
    {
        if (!json_integer_value(value))
            continue;
        fprintf(file, "%s%s %lld ms", before, name, (long long)json_integer_value(value));
        before = ", ";
    }
    if (*before == ',')
        fputc('\n', file);
}

int probe_print(const json_t *found, FILE *file)
{
    const json_t *greeting = json_object_get(found, "greeting");
    const json_t *extensions = json_object_get(found, "extensions");
    const char *peer = report_text(found, "peer");
    int rc;

    fprintf(file, "Server: %s%s%s%s\n", report_text(found, "server"), *peer ? " (" : "", peer, *peer ? ")" : "");
    if (greeting) {
        char *text = text_clean(report_text(greeting, "text"), ' ');

        fprintf(file, "Greeting: %d %s\n", (int)report_number(greeting, "code"), text ? text : "");
        free(text);
    }
    rc = print_extensions("Extensions before TLS:", json_object_get(found, "before_tls"), file);
    if (!rc && extensions)
        rc = print_tls(json_object_get(found, "tls"), file);
    if (!rc)
        rc = print_extensions(json_object_get(found, "tls") ? "Extensions in TLS:" : "Extensions:", extensions, file);
    if (!rc)
        rc = print_mechanisms(json_object_get(found, "mechanisms"), file);
    if (!rc)
        rc = print_steps(json_object_get(found, "steps"), file);
    print_times(json_object_get(found, "telemetry"), file);
    return rc;
}

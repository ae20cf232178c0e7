/* SPDX-License-Identifier: MIT */
#include "probe.h"
#include "report.h"

#include "accounts/exit_code.h"

#include <criterion/criterion.h>
#include <envoi/envoi.h>
#include <stdlib.h>
#include <string.h>

/* What a printer writes. */
static char *printed(int (*print)(const json_t *, FILE *), const char *text)
{
    json_error_t error;
    json_t *json = json_loads(text, 0, &error);
    cr_assert(json, "%s", error.text);
    char *out = NULL;
    size_t len = 0;
    FILE *file = open_memstream(&out, &len);
    cr_assert_eq(print(json, file), 0);
    fclose(file);
    json_decref(json);
    return out;
}

Test(report, not_sent, .timeout = 10)
{
    struct envoi_message *message = NULL;
    struct fault fault = {0};
    cr_assert_eq(envoi_message_new("me@example.org", &message), 0);
    cr_assert_eq(envoi_message_add_recipient(message, "you@example.net"), 0);
    fault_set(&fault, EXIT_CONNECTION, ENVOI_E_CONNECT, "no %s", "way");
    json_t *report = report_new(fault.exit, &fault, message, NULL);
    const json_t *row = json_array_get(json_object_get(report, "recipients"), 0);
    const json_t *error = json_object_get(report, "error");
    cr_assert_str_eq(report_text(report, "result"), "error");
    cr_assert_str_eq(report_text(row, "address"), "you@example.net");
    cr_assert_str_eq(report_text(row, "verdict"), "not attempted");
    cr_assert(json_is_integer(json_object_get(row, "code")));
    cr_assert_str_eq(report_text(error, "name"), "ENVOI_E_CONNECT");
    cr_assert_str_eq(report_text(error, "text"), "no way");
    cr_assert_null(json_object_get(report, "tls"));
    cr_assert_null(json_object_get(report, "mechanism"));
    cr_assert(json_is_string(json_object_get(report, "peer")));
    json_decref(report);
    envoi_message_free(message);
}

Test(report, nothing_at_all, .timeout = 10)
{
    struct fault fault = {0};
    json_t *report = report_new(EXIT_SENT, &fault, NULL, NULL);
    cr_assert_str_eq(report_text(report, "result"), "sent");
    cr_assert_eq(json_array_size(json_object_get(report, "recipients")), 0);
    cr_assert(json_is_array(json_object_get(report, "recipients")));
    cr_assert_null(json_object_get(report, "error"));
    json_decref(report);
}

Test(report, table, .timeout = 10)
{
    char *out = printed(report_print_table,
                        "{\"recipients\": ["
                        "{\"address\": \"a@x\", \"verdict\": \"accepted\", \"code\": 250, \"enhanced\": \"2.0.0\","
                        " \"text\": \"queued\", \"phase\": \"final\"},"
                        "{\"address\": \"long@x\", \"verdict\": \"deferred\", \"code\": 450, \"enhanced\": \"\","
                        " \"text\": \"two\\nlines\", \"phase\": \"RCPT\"},"
                        "{\"address\": \"b@x\", \"verdict\": \"not attempted\", \"code\": 0, \"enhanced\": \"\","
                        " \"text\": \"\", \"phase\": \"\"}],"
                        "\"peer\": \"192.0.2.1:25\", \"mechanism\": {\"name\": \"PLAIN\", \"plugin\": \"plain\"},"
                        "\"tls\": {\"backend\": \"t\", \"protocol\": \"p\", \"cipher\": \"c\", \"verified\": false}}");
    cr_assert_str_eq(out, "RECIPIENT  VERDICT        PHASE  REPLY\n"
                          "a@x        accepted       final  250 2.0.0 queued\n"
                          "long@x     deferred       RCPT   450 two lines\n"
                          "b@x        not attempted\n"
                          "by 192.0.2.1:25, p c (t, NOT VERIFIED), login PLAIN (plain)\n");
    free(out);
}

Test(probe, days, .timeout = 10)
{
    cr_assert_eq(probe_days(1000, 1000), 0);
    cr_assert_eq(probe_days(1000, 1000 + 86399), 0);
    cr_assert_eq(probe_days(1000, 1000 + 86400), 1);
    cr_assert_eq(probe_days(1000, 999), -1);
    cr_assert_eq(probe_days(1000, 1000 - 86400), -1);
    cr_assert_eq(probe_days(1000, 1000 - 86401), -2);
}

Test(probe, untrusted, .timeout = 10)
{
    char *out = printed(probe_print,
                        "{\"server\": \"h:587\", \"peer\": \"192.0.2.1:587\", \"greeting\": {\"code\": 220,"
                        "\"text\": \"two\\nlines\"}, \"before_tls\": [], \"tls\": {\"backend\": \"t\","
                        "\"protocol\": \"p\", \"cipher\": \"c\", \"verified\": false, \"problem\": \"why\","
                        "\"certificates\": [{\"subject\": \"CN=x\", \"days_left\": -3}]},"
                        "\"extensions\": [{\"name\": \"SIZE\", \"parameters\": \"5\"}],"
                        "\"mechanisms\": [{\"name\": \"NTLM\", \"plugin\": null}], \"telemetry\": {\"milliseconds\":"
                        "{\"DNS\": 0, \"connect\": 12, \"EHLO\": 3}}}");
    cr_assert(strstr(out, "Server: h:587 (192.0.2.1:587)\nGreeting: 220 two lines\nExtensions before TLS: none\n"));
    cr_assert(strstr(out, "NOT TRUSTED: why"));
    cr_assert(strstr(out, "EXPIRED, 3 days ago"));
    cr_assert(strstr(out, "Extensions in TLS:\n  SIZE  5\n"));
    cr_assert(strstr(out, "NTLM  - (no plugin)"));
    cr_assert(strstr(out, "\nTime: connect 12 ms, EHLO 3 ms\n"));
    free(out);
}

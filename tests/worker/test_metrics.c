/* SPDX-License-Identifier: MIT */
/* The text of /metrics, line by line. exposition.py has it read by Prometheus's own parser. */
#include "worker/metrics.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(metrics, .timeout = 20);

static int has_line(const char *text, const char *line)
{
    size_t len = strlen(line);

    for (const char *at = text; (at = strstr(at, line)); at += len)
        if ((at == text || at[-1] == '\n') && at[len] == '\n')
            return 1;
    return 0;
}

static char *text_of(const struct metrics *metrics)
{
    size_t len;
    char *text = metrics_text(metrics, &len);

    cr_assert(text);
    cr_assert_eq(strlen(text), len);
    cr_assert_eq(text[len - 1], '\n');
    return text;
}

Test(metrics, from_the_beginning)
{
    struct metrics *metrics = metrics_new();
    char *text = text_of(metrics);

    cr_expect(has_line(text, "# HELP envoi_jobs_total Jobs that were settled."));
    cr_expect(has_line(text, "# TYPE envoi_jobs_total counter"));
    cr_expect(!strstr(text, "\nenvoi_jobs_total"));
    cr_expect(has_line(text, "envoi_redelivered_total 0"));
    cr_expect(has_line(text, "envoi_broker_up 0"));
    cr_expect(has_line(text, "envoi_jobs_in_flight 0"));
    cr_expect(has_line(text, "envoi_build_info{version=\"" ENVOI_VERSION "\"} 1"));
    cr_expect(has_line(text, "# TYPE envoi_send_seconds histogram"));
    cr_expect(has_line(text, "envoi_send_seconds_bucket{le=\"0.05\"} 0"));
    cr_expect(has_line(text, "envoi_queue_wait_seconds_bucket{le=\"345600\"} 0"));
    cr_expect(!strstr(text, "le=\"0\""), "a list of bounds that is shorter ends in time");
    free(text);
    metrics_free(metrics);
}

Test(metrics, labels)
{
    struct metrics *metrics = metrics_new();
    metrics_add(metrics, METRIC_RECIPIENTS, "work", "refused", 2);
    metrics_add(metrics, METRIC_RECIPIENTS, "home", "accepted", 1);
    metrics_add(metrics, METRIC_RECIPIENTS, "work", "accepted", 1);
    metrics_add(metrics, METRIC_RECIPIENTS, "work", "accepted", 1e6);
    metrics_add(metrics, METRIC_DEAD, "a\"b\\c\nd", NULL, 1);
    metrics_set(metrics, METRIC_SMTP_UP, "work", NULL, 1);
    metrics_set(metrics, METRIC_SMTP_UP, "work", NULL, 0);
    metrics_set(metrics, METRIC_JOBS_IN_FLIGHT, NULL, NULL, 32);
    metrics_add(metrics, METRIC_JOBS_IN_FLIGHT, NULL, NULL, -1);
    char *text = text_of(metrics);
    cr_expect(strstr(text, "# TYPE envoi_recipients_total counter\n"
                           "envoi_recipients_total{account=\"home\",verdict=\"accepted\"} 1\n"
                           "envoi_recipients_total{account=\"work\",verdict=\"accepted\"} 1000001\n"
                           "envoi_recipients_total{account=\"work\",verdict=\"refused\"} 2\n"
                           "# HELP"),
              "%s", text);
    cr_expect(has_line(text, "envoi_dead_total{reason=\"a\\\"b\\\\c\\nd\"} 1"), "%s", text);
    cr_expect(has_line(text, "envoi_smtp_up{account=\"work\"} 0"));
    cr_expect(has_line(text, "envoi_jobs_in_flight 31"));
    free(text);
    metrics_free(metrics);
}

Test(metrics, histogram)
{
    struct metrics *metrics = metrics_new();
    const double seconds[] = {0.01, 0.05, 0.051, 0.7, 1e4};
    for (size_t i = 0; i < sizeof seconds / sizeof *seconds; i++)
        metrics_observe(metrics, METRIC_SEND_SECONDS, seconds[i]);
    char *text = text_of(metrics);
    cr_expect(has_line(text, "envoi_send_seconds_bucket{le=\"0.05\"} 2"), "%s", text);
    cr_expect(has_line(text, "envoi_send_seconds_bucket{le=\"0.1\"} 3"));
    cr_expect(has_line(text, "envoi_send_seconds_bucket{le=\"0.5\"} 3"));
    cr_expect(has_line(text, "envoi_send_seconds_bucket{le=\"1\"} 4"));
    cr_expect(has_line(text, "envoi_send_seconds_bucket{le=\"600\"} 4"));
    cr_expect(has_line(text, "envoi_send_seconds_bucket{le=\"+Inf\"} 5"));
    cr_expect(has_line(text, "envoi_send_seconds_sum 10000.811"), "%s", text);
    cr_expect(has_line(text, "envoi_send_seconds_count 5"));
    free(text);
    metrics_free(metrics);
}

/* Many labels, in an order that is none; above the bound there are no more. */
Test(metrics, many)
{
    struct metrics *metrics = metrics_new();
    for (unsigned i = 0; i < METRICS_SERIES_MAX + 100; i++) {
        char account[16];
        snprintf(account, sizeof account, "a%u", i * 7919 % 10007);
        metrics_add(metrics, METRIC_CONNECTIONS, account, NULL, 1);
    }
    metrics_add(metrics, METRIC_CONNECTIONS, "a0", NULL, 1);
    char *text = text_of(metrics), before[64] = "";
    size_t lines = 0;
    for (char *at = text; (at = strstr(at, "\nenvoi_connections{account=\"")); lines++) {
        char now[64];
        at++;
        snprintf(now, sizeof now, "%.*s", (int)strcspn(at, "}"), at);
        cr_assert(strcmp(before, now) < 0, "%s is behind %s", now, before);
        strcpy(before, now);
    }
    cr_expect_eq(lines, METRICS_SERIES_MAX);
    cr_expect(has_line(text, "envoi_connections{account=\"a0\"} 2"));
    free(text);
    metrics_free(metrics);
}

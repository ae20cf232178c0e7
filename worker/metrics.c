/* SPDX-License-Identifier: MIT */
#include "worker/metrics.h"

#include "portable/memory.h"

#include <envoi/envoi.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LABELS = 2, BUCKETS = 14 };

/* The upper bounds of the buckets of a histogram, in seconds; 0 ends a shorter list. */
static const double metrics_send_bounds[BUCKETS] = {0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600};
static const double metrics_wait_bounds[BUCKETS] = {0.05, 0.25, 1,    5,    10,    30,    60,
                                                    300,  900,  3600, 7200, 21600, 86400, 345600};

static const struct metrics_row {
    const char *name, *type, *help;
    const char *labels[LABELS];
    const double *bounds;
} metrics_rows[METRIC_COUNT] = {
    [METRIC_RECIPIENTS] =
        {"envoi_recipients_total", "counter", "Recipients that got a verdict.", {"account", "verdict"}, NULL},
    [METRIC_JOBS] = {"envoi_jobs_total", "counter", "Jobs that were settled.", {"account", "result"}, NULL},
    [METRIC_RETRIES] = {"envoi_retries_total", "counter", "Jobs that were put into a wait queue.", {"delay"}, NULL},
    [METRIC_DEAD] = {"envoi_dead_total", "counter", "Jobs that became dead letters.", {"reason"}, NULL},
    [METRIC_REDELIVERED] = {"envoi_redelivered_total",
                            "counter",
                            "Deliveries of jobs that the broker had delivered before.",
                            {NULL},
                            NULL},
    [METRIC_JOBS_IN_FLIGHT] =
        {"envoi_jobs_in_flight", "gauge", "Jobs that were taken and are not settled.", {NULL}, NULL},
    [METRIC_CONNECTIONS] = {"envoi_connections", "gauge", "Open connections to mail servers.", {"account"}, NULL},
    [METRIC_SEND_SECONDS] = {"envoi_send_seconds",
                             "histogram",
                             "Time from the submission of a job to its verdicts.",
                             {NULL},
                             metrics_send_bounds},
    [METRIC_QUEUE_WAIT_SECONDS] = {"envoi_queue_wait_seconds",
                                   "histogram",
                                   "Time from the timestamp of a job to its submission.",
                                   {NULL},
                                   metrics_wait_bounds},
    [METRIC_BROKER_UP] =
        {"envoi_broker_up", "gauge", "1 if the worker is connected to the broker and takes jobs.", {NULL}, NULL},
    [METRIC_BROKER_RECONNECTS] =
        {"envoi_broker_reconnects_total", "counter", "Connections to the broker after the first one.", {NULL}, NULL},
    [METRIC_SMTP_UP] = {"envoi_smtp_up",
                        "gauge",
                        "0 if the mail servers of the account cannot be reached or refuse the login.",
                        {"account"},
                        NULL},
    [METRIC_BUILD_INFO] = {"envoi_build_info", "gauge", "The version of envoi.", {"version"}, NULL},
};

/* One line, or one histogram. */
struct metrics_series {
    char *labels[LABELS];
    double value;              /* of a histogram: the sum */
    uint64_t buckets[BUCKETS]; /* each without those below it */
    uint64_t count;
};

struct metrics {
    struct metrics_family {
        struct metrics_series *items; /* sorted */
        size_t count, cap;
    } families[METRIC_COUNT];
};

static int metrics_compare(const struct metrics_series *series, const char *label, const char *second)
{
    int order = strcmp(series->labels[0], label);

    return order ? order : strcmp(series->labels[1], second);
}

static void metrics_clear(struct metrics_series *series)
{
    free(series->labels[0]);
    free(series->labels[1]);
}

/* Makes a series at its place. NULL: there is no memory, or there are too many. */
static struct metrics_series *metrics_insert(struct metrics_family *family, size_t at, const char *label,
                                             const char *second)
{
    struct metrics_series series = {0};

    if (family->count == METRICS_SERIES_MAX)
        return NULL;
    if (family->count == family->cap) {
        size_t cap = family->cap ? family->cap * 2 : 1;
        struct metrics_series *items = memory_resize(family->items, cap, sizeof *items);

        if (!items)
            return NULL;
        family->items = items;
        family->cap = cap;
    }
    series.labels[0] = strdup(label);
    series.labels[1] = strdup(second);
    if (!series.labels[0] || !series.labels[1]) {
        metrics_clear(&series);
        return NULL;
    }
    memmove(&family->items[at + 1], &family->items[at], (family->count - at) * sizeof series);
    family->items[at] = series;
    family->count++;
    return &family->items[at];
}

static struct metrics_series *metrics_find(struct metrics *metrics, enum metric metric, const char *label,
                                           const char *second)
{
    struct metrics_family *family = &metrics->families[metric];
    size_t low = 0, high = family->count;

    label = label ? label : "";
    second = second ? second : "";
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = metrics_compare(&family->items[middle], label, second);

        if (!order)
            return &family->items[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return metrics_insert(family, low, label, second);
}

struct metrics *metrics_new(void)
{
    struct metrics *metrics = calloc(1, sizeof *metrics);

    if (!metrics)
        return NULL;
    for (enum metric metric = 0; metric < METRIC_COUNT; metric++)
        if (!metrics_rows[metric].labels[0])
            metrics_add(metrics, metric, NULL, NULL, 0);
    metrics_set(metrics, METRIC_BUILD_INFO, envoi_version(), NULL, 1);
    return metrics;
}

void metrics_free(struct metrics *metrics)
{
    if (!metrics)
        return;
    for (enum metric metric = 0; metric < METRIC_COUNT; metric++) {
        for (size_t i = 0; i < metrics->families[metric].count; i++)
            metrics_clear(&metrics->families[metric].items[i]);
        free(metrics->families[metric].items);
    }
    free(metrics);
}

void metrics_add(struct metrics *metrics, enum metric metric, const char *label, const char *second, double value)
{
    struct metrics_series *series = metrics_find(metrics, metric, label, second);

    if (series)
        series->value += value;
}

void metrics_set(struct metrics *metrics, enum metric metric, const char *label, const char *second, double value)
{
    struct metrics_series *series = metrics_find(metrics, metric, label, second);

    if (series)
        series->value = value;
}

void metrics_observe(struct metrics *metrics, enum metric metric, double seconds)
{
    const double *bounds = metrics_rows[metric].bounds;
    struct metrics_series *series = metrics_find(metrics, metric, NULL, NULL);

    if (!series)
        return;
    series->value += seconds;
    series->count++;
    for (size_t i = 0; i < BUCKETS && bounds[i] > 0; i++)
        if (seconds <= bounds[i]) {
            series->buckets[i]++;
            return;
        }
}

/* ---- the text ---- */

static void metrics_print_value(FILE *out, const char *label, const char *value)
{
    fprintf(out, "%s=\"", label);
    for (; *value; value++) {
        if (*value == '\\' || *value == '"')
            fputc('\\', out);
        if (*value == '\n')
            fputs("\\n", out);
        else
            fputc(*value, out);
    }
    fputc('"', out);
}

static void metrics_print_series(FILE *out, const struct metrics_row *row, const struct metrics_series *series)
{
    fputs(row->name, out);
    for (size_t i = 0; i < LABELS && row->labels[i]; i++) {
        fputc(i ? ',' : '{', out);
        metrics_print_value(out, row->labels[i], series->labels[i]);
    }
    fprintf(out, "%s %.15g\n", row->labels[0] ? "}" : "", series->value);
}

static void metrics_print_histogram(FILE *out, const struct metrics_row *row, const struct metrics_series *series)
{
    uint64_t below = 0;

    for (size_t i = 0; i < BUCKETS && row->bounds[i] > 0; i++) {
        below += series->buckets[i];
        fprintf(out, "%s_bucket{le=\"%g\"} %ju\n", row->name, row->bounds[i], (uintmax_t)below);
    }
    fprintf(out, "%s_bucket{le=\"+Inf\"} %ju\n", row->name, (uintmax_t)series->count);
    fprintf(out, "%s_sum %.15g\n%s_count %ju\n", row->name, series->value, row->name, (uintmax_t)series->count);
}

char *metrics_text(const struct metrics *metrics, size_t *len)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, len);
    int failed;

    if (!out)
        return NULL;
    for (enum metric metric = 0; metric < METRIC_COUNT; metric++) {
        const struct metrics_row *row = &metrics_rows[metric];
        const struct metrics_family *family = &metrics->families[metric];

        fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", row->name, row->help, row->name, row->type);
        for (size_t i = 0; i < family->count; i++)
            (row->bounds ? metrics_print_histogram : metrics_print_series)(out, row, &family->items[i]);
    }
    failed = ferror(out);
    if (fclose(out) || failed) {
        free(text);
        return NULL;
    }
    return text;
}

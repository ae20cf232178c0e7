/* SPDX-License-Identifier: MIT */
/* What the worker counts, in the text format of Prometheus. No address is ever in a label. */
#ifndef WORKER_METRICS_H
#define WORKER_METRICS_H

#include <stddef.h>

/* Of each metric there are at most so many values with different labels; what is above that is not counted. */
#define METRICS_SERIES_MAX 4096

enum metric {
    METRIC_RECIPIENTS,         /* envoi_recipients_total{account,verdict} */
    METRIC_JOBS,               /* envoi_jobs_total{account,result} */
    METRIC_RETRIES,            /* envoi_retries_total{delay} */
    METRIC_DEAD,               /* envoi_dead_total{reason} */
    METRIC_REDELIVERED,        /* envoi_redelivered_total */
    METRIC_JOBS_IN_FLIGHT,     /* envoi_jobs_in_flight, a gauge */
    METRIC_CONNECTIONS,        /* envoi_connections{account}, a gauge */
    METRIC_SEND_SECONDS,       /* envoi_send_seconds, a histogram: from the submit to the verdict */
    METRIC_QUEUE_WAIT_SECONDS, /* envoi_queue_wait_seconds, a histogram: from the timestamp of the job to the submit */
    METRIC_BROKER_UP,          /* envoi_broker_up, a gauge */
    METRIC_BROKER_RECONNECTS,  /* envoi_broker_reconnects_total */
    METRIC_SMTP_UP,            /* envoi_smtp_up{account}, a gauge */
    METRIC_BUILD_INFO,         /* envoi_build_info{version} 1; it is there from the beginning */
    METRIC_COUNT
};

struct metrics;

/* Metrics without labels are there from the beginning, with 0. NULL: out of memory. */
struct metrics *metrics_new(void);
void metrics_free(struct metrics *metrics);
/* Each takes the values of the metric's labels, in the order above; NULL where there are fewer. The account is one of
 * accounts.conf, or "": a word that a producer has chosen is no label, as there is no end to those. They never fail:
 * without memory a new label is not counted. */
void metrics_add(struct metrics *metrics, enum metric metric, const char *label, const char *second, double value);
void metrics_set(struct metrics *metrics, enum metric metric, const char *label, const char *second, double value);
/* Adds one value to a histogram. */
void metrics_observe(struct metrics *metrics, enum metric metric, double seconds);
/* The text of /metrics. The caller frees it. NULL: out of memory. */
char *metrics_text(const struct metrics *metrics, size_t *len);

#endif

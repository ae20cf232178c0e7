/* SPDX-License-Identifier: MIT */
/* Prints metrics with values of each kind, for exposition.py. */
#include "worker/metrics.h"

#include <stdio.h>
#include <stdlib.h>

int main(void)
{
    struct metrics *metrics = metrics_new();
    size_t len = 0;
    char *text;
    int failed;

    if (!metrics)
        return 1;
    metrics_add(metrics, METRIC_RECIPIENTS, "work", "accepted", 3);
    metrics_add(metrics, METRIC_RECIPIENTS, "", "refused", 1);
    metrics_add(metrics, METRIC_JOBS, "work", "sent", 2);
    metrics_add(metrics, METRIC_RETRIES, "15m", NULL, 1e9);
    metrics_add(metrics, METRIC_DEAD, "a \"quoted\\\" one,\nover two lines} 7", NULL, 1);
    metrics_set(metrics, METRIC_CONNECTIONS, "a@b", NULL, 4);
    metrics_set(metrics, METRIC_SMTP_UP, "work", NULL, 0);
    metrics_observe(metrics, METRIC_SEND_SECONDS, 0.3);
    metrics_observe(metrics, METRIC_SEND_SECONDS, 0.0001);
    metrics_observe(metrics, METRIC_QUEUE_WAIT_SECONDS, 1e7);
    text = metrics_text(metrics, &len);
    failed = !text || fwrite(text, 1, len, stdout) != len;
    free(text);
    metrics_free(metrics);
    return failed;
}

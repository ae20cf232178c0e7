/* SPDX-License-Identifier: MIT */
/* The section [worker] of accounts.conf, read and checked. */
#ifndef WORKER_CONFIG_H
#define WORKER_CONFIG_H

#include <stddef.h>
#include <stdint.h>

struct accounts;
struct fault;

#define CONFIG_DELAYS_MAX 16

enum config_unknown { CONFIG_UNKNOWN_KEEP, CONFIG_UNKNOWN_RETRY };
enum config_redelivered { CONFIG_REDELIVERED_SEND, CONFIG_REDELIVERED_PARK };

/* Times are in milliseconds, unless the name says otherwise. */
struct config {
    /* The broker. */
    int is_tls;          /* amqps */
    char *host;          /* "localhost" */
    int port;            /* 5672; 5671 with TLS */
    char *vhost;         /* "/" */
    char *user;          /* "guest" */
    char *secret_place;  /* FILE:LINE of the source of the password, for errors; NULL: there is none */
    char *ca;            /* NULL: the system's */
    char *cert, *key;    /* of this client; NULL: none */
    int64_t broker_wait; /* how long the first connection is tried for */

    /* The topology. */
    char *prefix;                         /* "envoi" */
    int64_t delays[CONFIG_DELAYS_MAX];    /* of the wait queues: 1m 5m 15m 1h 6h */
    char *delay_names[CONFIG_DELAYS_MAX]; /* as they were written: "1m" */
    size_t delay_count;
    unsigned delivery_limit; /* of the jobs: 20 */

    /* The work. */
    unsigned prefetch;
    int64_t max_age;
    enum config_unknown unknown;
    enum config_redelivered redelivered;
    char *content_root; /* NULL: jobs may not name files */
    char *metrics;      /* "127.0.0.1:9464", the path of a text file, or NULL: none */
    int64_t grace;
    int64_t login_retry; /* how long a refused secret is left alone */
};

/* Reads it; *out is freed with config_free(). Returns 0, or an exit code with *fault filled. */
int config_read(const struct accounts *accounts, struct config **out, struct fault *fault);
void config_free(struct config *config);

#endif

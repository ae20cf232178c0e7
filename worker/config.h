/* SPDX-License-Identifier: MIT */
/* The section [worker] of accounts.conf, read and checked. */
#ifndef WORKER_CONFIG_H
#define WORKER_CONFIG_H

#include "accounts/broker_url.h"
#include "accounts/values.h"
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct accounts;
struct fault;
struct secret_source;

#define CONFIG_DELAYS_MAX 16

enum config_unknown { CONFIG_UNKNOWN_KEEP, CONFIG_UNKNOWN_RETRY };
enum config_redelivered { CONFIG_REDELIVERED_SEND, CONFIG_REDELIVERED_PARK };

/* Times are in milliseconds, unless the name says otherwise. The defaults are a table in config.c. */
struct config {
    struct values values; /* as they stand in the file, with their places; the texts below belong to it */
    struct broker_url url;

    /* The broker. */
    int is_tls; /* amqps */
    const char *host;
    int port;
    const char *vhost;
    const char *user; /* "guest" */
    /* The password is fetched for each login. NULL: there is none, and guest has its own, "guest". With a certificate
     * and without a password the login is EXTERNAL. */
    const struct secret_source *secret;
    const char *secret_value; /* of its key: a file, the ID of a credential ... */
    const char *secret_place; /* begins each of its errors: "FILE:LINE: broker-password-file" */
    char secret_label[VALUES_LABEL];
    const char *ca;       /* NULL: the system's */
    const char *cert;     /* of this client; NULL: none */
    const char *key;      /* NULL without `cert`, else perhaps the same file */
    int allows_cleartext; /* the password may leave this machine without TLS */
    unsigned heartbeat;   /* in seconds: 30 */
    int64_t broker_wait;  /* how long the first connection is tried for */

    /* The topology. */
    const char *prefix;
    int64_t delays[CONFIG_DELAYS_MAX];          /* of the wait queues, ascending */
    const char *delay_names[CONFIG_DELAYS_MAX]; /* as they were written: "1m" */
    size_t delay_count;                         /* 1 at least */
    unsigned delivery_limit;                    /* of the jobs */

    /* The work. */
    unsigned prefetch; /* 1 to 65535 */
    int64_t max_age;
    enum config_unknown unknown;
    enum config_redelivered redelivered;
    const char *content_root; /* NULL: jobs may not name files */
    struct sockaddr_storage metrics_address;
    socklen_t metrics_len;    /* of the address; 0: there is none */
    const char *metrics_file; /* a text file instead; NULL: none */
    int64_t grace;
    int64_t login_retry; /* how long a refused secret is left alone */
};

/* Reads it; *out is freed with config_free(). Returns 0, or an exit code with *fault filled. */
int config_read(const struct accounts *accounts, struct config **out, struct fault *fault);
void config_free(struct config *config);

/* Where a key was set, for an error text: "/etc/envoi/accounts.conf:7: broker". For a default it is "[worker]: broker".
 * Returns `room`. */
const char *config_label(const struct config *config, enum key key, char room[VALUES_LABEL]);

#endif

/* SPDX-License-Identifier: MIT */
/* TLS to the broker. librabbitmq makes the connection, but the name in the certificate is checked by OpenSSL. The
 * check of librabbitmq before 0.14 takes partial wildcards, and one for an octet of an IP address ("*.0.0.1"), and
 * that of no version knows a certificate for an IP address. */
#ifndef WORKER_BROKER_TLS_H
#define WORKER_BROKER_TLS_H

struct config;
struct fault;

/* Lives as long as the connection. */
struct broker_tls {
    char reason[256]; /* why the certificate is not trusted; "": it is, or was not seen */
};

/* Prepares the SSL_CTX of a connection that is not made yet. Returns 0, or an exit code with *fault filled. */
int broker_tls_prepare(void *context, const struct config *config, struct broker_tls *tls, struct fault *fault);
/* After a connection that failed: stores why. Returns the exit code. */
int broker_tls_explain(const struct broker_tls *tls, const struct config *config, struct fault *fault);

#endif

/* SPDX-License-Identifier: MIT */
/* Between the parts of the sink: octets, in clear or not. */
#ifndef TORTURE_SINK_OWN_H
#define TORTURE_SINK_OWN_H

#include <stdbool.h>
#include <stddef.h>

/* What all connections share, and one connection. */
struct sink_tls;
struct sink_tls_connection;

struct sink_tls *sink_tls_new(bool tls12, bool client, const char *pki);
/* NULL: the handshake failed. */
struct sink_tls_connection *sink_tls_accept(struct sink_tls *t, int fd);
bool sink_tls_put(struct sink_tls_connection *c, const void *data, size_t len);
/* How many octets came; 0: there will be none any more. */
size_t sink_tls_get(struct sink_tls_connection *c, void *data, size_t cap);
void sink_tls_end(struct sink_tls_connection *c);

#endif

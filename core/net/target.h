/* SPDX-License-Identifier: MIT */
/* Where a session is to connect: what envoi_session_connect() is given, taken apart. */
#ifndef NET_TARGET_H
#define NET_TARGET_H

#include "base/fault.h"
#include "net/endpoint.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct target {
    char *name;    /* A-labels without trailing dot, the text of an address, or "localhost" for a unix socket */
    char *label;   /* for error texts: "mail.example.org:587", "[::1]:25", "/path" */
    bool is_ip;    /* name is an address */
    bool is_unix;  /* a unix socket */
    bool absolute; /* the name had a trailing dot: no search domains */
    uint16_t port;
    struct endpoint address; /* for an address or a unix socket: where that is; len 0: the name has to be looked up */
};

/* Parses "host", "host:port", "[v6]:port", "v6" or "/path". ENVOI_OK; ENVOI_E_USAGE with the reason in fault;
 * ENVOI_E_MEMORY. On failure nothing is left to be freed. */
int target_parse(const char *server, uint16_t default_port, struct envoi_errctx *fault, struct target *out);
void target_free(struct target *t);

/* A host name as the wire and certificates have it: Unicode becomes A-labels, one trailing dot is taken off (*absolute,
 * which may be NULL, tells). ENVOI_OK; ENVOI_E_USAGE with the reason in fault; ENVOI_E_MEMORY. */
int host_normalise(const char *text, size_t len, struct envoi_errctx *fault, char **out, bool *absolute);
/* The same for what may also be the text of an IP address, without brackets. */
int host_or_ip_normalise(const char *text, struct envoi_errctx *fault, char **out, bool *is_ip);

#endif

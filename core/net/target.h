/* SPDX-License-Identifier: MIT */
/* The server to connect to: a host with a port, or the path of a unix socket. */
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
    struct endpoint address; /* of an IP address or a unix socket; len 0: the name has to be looked up */
};

/* Parses "host", "host:port", "[v6]:port", "v6" or "/path". ENVOI_OK; ENVOI_E_USAGE with the reason in fault;
 * ENVOI_E_MEMORY. After a failure there is nothing to free. */
int target_parse(const char *server, uint16_t default_port, struct envoi_errctx *fault, struct target *out);
void target_free(struct target *t);

/* Parses "v4", "v4:port", "v6" or "[v6]:port", no name; without a port it is 0, any. ENVOI_OK, or ENVOI_E_USAGE with
 * the reason in fault. */
int target_address(const char *text, struct envoi_errctx *fault, struct endpoint *out);

/* Makes the form of a host name that DNS and certificates use: Unicode becomes A-labels, and one trailing dot is
 * removed (*absolute, which may be NULL, reports it). ENVOI_OK; ENVOI_E_USAGE with the reason in fault;
 * ENVOI_E_MEMORY. */
int host_normalise(const char *text, size_t len, struct envoi_errctx *fault, char **out, bool *absolute);
/* The same for a host name or an IP address without brackets. */
int host_or_ip_normalise(const char *text, struct envoi_errctx *fault, char **out, bool *is_ip);

#endif

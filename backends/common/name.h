/* SPDX-License-Identifier: MIT */
/* The name that the certificate of a server must have, and the rules of RFC 9525 for matching it. */
#ifndef BACKEND_NAME_H
#define BACKEND_NAME_H

#include <envoi/plugin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct backend_name {
    char text[256];
    uint8_t ip[16];
    size_t ip_len; /* 4 or 16; 0: a DNS name */
};

/* Copies `text`. Returns false if it is not a host name of A-labels, or with is_ip: not an IP address. */
bool backend_name_set(struct backend_name *name, const char *text, bool is_ip);

/* The name to send (SNI), or NULL: an address is none. */
const char *backend_name_to_send(const struct backend_name *name, const struct envoi_conn_params *params);

/* Does a dNSName of a subjectAltName match? `san` is untrusted and may contain any octet, NUL too. */
bool backend_name_is_dns(const struct backend_name *name, const void *san, size_t len);

/* Does an iPAddress of a subjectAltName match? */
bool backend_name_is_ip(const struct backend_name *name, const void *san, size_t len);

#endif

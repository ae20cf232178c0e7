/* SPDX-License-Identifier: MIT */
/* The name that the certificate of a server must have, and the rules of RFC 9525 for matching it. */
#ifndef BACKEND_NAME_H
#define BACKEND_NAME_H

#include "text.h"

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

/* Is called for each dNSName and iPAddress of a certificate, until it returns false. */
typedef bool backend_name_fn(void *arg, bool is_ip, const void *data, size_t len);

struct backend_match {
    const struct backend_name *name;
    size_t seen; /* names that were looked at */
    bool found;
};

/* arg: struct backend_match. It ends with the first name that matches. */
bool backend_name_match(void *arg, bool is_ip, const void *data, size_t len);
/* arg: struct backend_text. Adds the name, and a blank before it if it is not the first. */
bool backend_name_add(void *arg, bool is_ip, const void *data, size_t len);
/* arg: struct backend_text in a caller's buffer. Adds the name and a blank, or "..." if the buffer is half full. */
bool backend_name_list(void *arg, bool is_ip, const void *data, size_t len);

#endif

/* SPDX-License-Identifier: MIT */
/* The name that a certificate has to be for, and the rules of RFC 9525 by which one of its names is that. */
#ifndef BACKEND_NAME_H
#define BACKEND_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct backend_name {
    char text[256];
    uint8_t ip[16];
    size_t ip_len; /* 4 or 16; 0: a DNS name */
};

/* Keeps a copy. False when `text` cannot be a host name of A-labels (is_ip: an address). */
bool backend_name_set(struct backend_name *name, const char *text, bool is_ip);

/* Is a dNSName of a subjectAltName this name? `san` may hold anything, a NUL too. */
bool backend_name_is_dns(const struct backend_name *name, const void *san, size_t len);

/* Is an iPAddress of a subjectAltName this address? */
bool backend_name_is_ip(const struct backend_name *name, const void *san, size_t len);

#endif

/* SPDX-License-Identifier: MIT */
/* A socket address: IPv4, IPv6 or a unix socket. */
#ifndef NET_ENDPOINT_H
#define NET_ENDPOINT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

struct endpoint {
    socklen_t len; /* 0: none */
    union {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
        struct sockaddr_un un;
    } at;
};

#define ENDPOINT_TEXT_MAX 128

/* Copies a socket address. False: the family or the size is another one. */
bool endpoint_set(struct endpoint *e, const struct sockaddr *from, socklen_t len);
bool endpoint_equal(const struct endpoint *a, const struct endpoint *b);
/* The address without the port: "192.0.2.1", "2001:db8::1", "/path". */
void endpoint_host(const struct endpoint *e, char *text, size_t size);
/* With the port: "192.0.2.1:587", "[2001:db8::1]:587", "/path". */
void endpoint_text(const struct endpoint *e, char *text, size_t size);
/* For the address that a connection comes from: the port only if there is one. */
void endpoint_source(const struct endpoint *e, char *text, size_t size);
/* 0: none, or a unix socket. */
uint16_t endpoint_port(const struct endpoint *e);
/* Is the server at the other end of a connected unix socket root's, or of the same user as this process? */
bool endpoint_is_ours(int fd);

#endif

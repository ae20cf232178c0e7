/* SPDX-License-Identifier: MIT */
#include "net/endpoint.h"

#include "portable/socket.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool endpoint_set(struct endpoint *e, const struct sockaddr *from, socklen_t len)
{
    bool fits = (from->sa_family == AF_INET && len >= sizeof e->at.in) ||
                (from->sa_family == AF_INET6 && len >= sizeof e->at.in6) || from->sa_family == AF_UNIX;

    memset(e, 0, sizeof *e);
    if (!fits || len > sizeof e->at)
        return false;
    e->len = len;
    memcpy(&e->at, from, len);
    return true;
}

bool endpoint_equal(const struct endpoint *a, const struct endpoint *b)
{
    return a->len == b->len && memcmp(&a->at, &b->at, a->len) == 0;
}

void endpoint_host(const struct endpoint *e, char *text, size_t size)
{
    char host[INET6_ADDRSTRLEN] = "";

    switch (e->at.any.sa_family) {
    case AF_INET:
        (void)inet_ntop(AF_INET, &e->at.in.sin_addr, host, sizeof host);
        break;
    case AF_INET6:
        (void)inet_ntop(AF_INET6, &e->at.in6.sin6_addr, host, sizeof host);
        break;
    case AF_UNIX:
        (void)snprintf(text, size, "%.*s", (int)sizeof e->at.un.sun_path, e->at.un.sun_path);
        return;
    }
    (void)snprintf(text, size, "%s", host);
}

void endpoint_text(const struct endpoint *e, char *text, size_t size)
{
    char host[ENDPOINT_TEXT_MAX];

    endpoint_host(e, host, sizeof host);
    switch (e->at.any.sa_family) {
    case AF_INET:
        (void)snprintf(text, size, "%s:%u", host, ntohs(e->at.in.sin_port));
        break;
    case AF_INET6:
        (void)snprintf(text, size, "[%s]:%u", host, ntohs(e->at.in6.sin6_port));
        break;
    default:
        (void)snprintf(text, size, "%s", host);
    }
}

uint16_t endpoint_port(const struct endpoint *e)
{
    if (e->at.any.sa_family == AF_UNIX)
        return 0;
    return ntohs(e->at.any.sa_family == AF_INET6 ? e->at.in6.sin6_port : e->at.in.sin_port);
}

void endpoint_source(const struct endpoint *e, char *text, size_t size)
{
    if (endpoint_port(e))
        endpoint_text(e, text, size);
    else
        endpoint_host(e, text, size);
}

/* The kernel noted the owner when the server called listen(2). */
bool endpoint_is_ours(int fd)
{
    struct socket_peer owner;

    return socket_find_peer(fd, &owner) && (owner.uid == 0 || owner.uid == geteuid());
}

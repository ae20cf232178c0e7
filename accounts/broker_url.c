/* SPDX-License-Identifier: MIT */
#include "accounts/broker_url.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct {
    const char *begin;
    int is_tls, port;
} schemes[] = {
    {"amqp://", 0, 5672},
    {"amqps://", 1, 5671},
};

static const char digits[] = "0123456789abcdef";

/* The value of %XX; -1: it is none. */
static int percent_octet(const char *text)
{
    int value = 0;

    for (int i = 1; i <= 2; i++) {
        const char *digit = text[i] ? strchr(digits, text[i] | 0x20) : NULL;

        if (!digit || text[i] < '0')
            return -1;
        value = value * 16 + (int)(digit - digits);
    }
    return value;
}

/* Takes the host; *end is behind it. */
static const char *take_host(const char *text, struct broker_url *url, const char **end)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_";
    struct in6_addr address;
    int bracket = *text == '[';
    size_t len = bracket ? strcspn(++text, "]") : strspn(text, letters);

    if (!len || len >= sizeof url->host)
        return "the name of the host is missing, or too long";
    memcpy(url->host, text, len);
    url->host[len] = '\0';
    *end = text + len;
    if (bracket && (!**end || inet_pton(AF_INET6, url->host, &address) != 1))
        return "what stands in brackets is an IPv6 address";
    *end += bracket;
    return strchr(":/", **end) ? NULL : "the name of the host has letters, digits, dots and hyphens";
}

/* Takes ":PORT", if it is there. */
static const char *take_port(const char *text, struct broker_url *url, const char **end)
{
    size_t len = *text == ':' ? strspn(text + 1, "0123456789") : 0;
    long port = len && len <= 5 ? strtol(text + 1, NULL, 10) : 0;

    *end = text + (*text == ':') + len;
    if (*text != ':')
        return NULL;
    if (port < 1 || port > 65535 || (**end && **end != '/'))
        return "the port is a number from 1 to 65535";
    url->port = (int)port;
    return NULL;
}

/* Takes "/VHOST", if it is there. The default vhost of a broker has the name "/". */
static const char *take_vhost(const char *text, struct broker_url *url)
{
    size_t len = 0;

    memcpy(url->vhost, "/", sizeof "/");
    if (!*text)
        return NULL;
    for (text++; *text && len < sizeof url->vhost - 1; text++) {
        int octet = *text == '%' ? percent_octet(text) : (unsigned char)*text;

        if (octet < 0x20 || octet == 0x7f)
            return "in the name of the vhost % is followed by two hexadecimal digits, such as %2F for /";
        if (strchr("/?#", *text))
            return "in the name of the vhost / is written as %2F, ? as %3F and # as %23; options are no part of the "
                   "URL";
        url->vhost[len++] = (char)octet;
        text += *text == '%' ? 2 : 0;
    }
    url->vhost[len] = '\0';
    if (!len)
        return "the name of the vhost is missing behind the slash; for the default vhost leave the slash out";
    return *text ? "the name of the vhost has more than 255 octets" : NULL;
}

const char *broker_url_parse(const char *text, struct broker_url *url)
{
    const char *rest = NULL, *wrong;

    *url = (struct broker_url){0};
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
        if (!strncasecmp(text, schemes[i].begin, strlen(schemes[i].begin))) {
            url->is_tls = schemes[i].is_tls;
            url->port = schemes[i].port;
            rest = text + strlen(schemes[i].begin);
        }
    if (strchr(text, '@'))
        return "no user and no password stands in the URL, which others may read; say broker-user = NAME and "
               "broker-password-file = FILE, and write an @ in the name of the vhost as %40";
    if (!rest)
        return "it begins with amqp:// or amqps://";
    wrong = take_host(rest, url, &rest);
    if (!wrong)
        wrong = take_port(rest, url, &rest);
    return wrong ? wrong : take_vhost(rest, url);
}

int broker_url_is_local(const struct broker_url *url)
{
    struct in_addr v4;
    struct in6_addr v6;

    if (inet_pton(AF_INET, url->host, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    if (inet_pton(AF_INET6, url->host, &v6) == 1)
        return !memcmp(&v6, &in6addr_loopback, sizeof v6);
    return !strcasecmp(url->host, "localhost");
}

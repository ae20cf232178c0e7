/* SPDX-License-Identifier: MIT */
/* The URL of a broker: amqp[s]://HOST[:PORT][/VHOST]. */
#ifndef ACCOUNTS_BROKER_URL_H
#define ACCOUNTS_BROKER_URL_H

#define BROKER_URL_NAME 256 /* with its NUL; AMQP has no longer names */

struct broker_url {
    int is_tls;                 /* amqps */
    char host[BROKER_URL_NAME]; /* an IPv6 address has no brackets */
    int port;                   /* 5672 or 5671 if there is none in the URL */
    char vhost[BROKER_URL_NAME];
};

/* Returns NULL, or why it cannot be: the end of a sentence, "it begins with amqp:// or amqps://". It has no part of the
 * URL, in which there may be a password by mistake. */
const char *broker_url_parse(const char *text, struct broker_url *url);
/* Is the host this machine, so that nobody else can listen? */
int broker_url_is_local(const struct broker_url *url);

#endif

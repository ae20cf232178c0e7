/* SPDX-License-Identifier: MIT */
/* Large providers of mailboxes, as a table: their users cannot find the server in DNS, or need to be told something. */
#ifndef CONFIGURE_PROVIDER_H
#define CONFIGURE_PROVIDER_H

enum provider_user {
    PROVIDER_ADDRESS, /* the user name is the whole address */
    PROVIDER_LOCAL,   /* ... its part before the "@" */
};

struct provider {
    const char *name;
    const char *domains;   /* of its own users, with commas between them */
    const char *exchanger; /* a host of its MX records, or the end of one; NULL: none */
    const char *host;      /* NULL: it takes no mail by SMTP */
    unsigned port;
    int tls; /* ENVOI_TLS_* */
    enum provider_user user;
    int token;          /* 1: passwords are not accepted, only OAuth 2.0 tokens */
    const char *advice; /* for a person; NULL: none */
};

/* The provider whose domain this is; NULL: none. */
const struct provider *provider_of_domain(const char *domain);
/* The provider to which a host of an MX record belongs; NULL: none. */
const struct provider *provider_of_exchanger(const char *host);
/* For tests: row number `index`, NULL: the end. */
const struct provider *provider_at(unsigned index);

#endif

/* SPDX-License-Identifier: MIT */
/* Servers that may take the mail of an address, in the order in which they are tried. */
#ifndef CONFIGURE_CANDIDATE_H
#define CONFIGURE_CANDIDATE_H

#include "configure/provider.h"
#include <stddef.h>

struct envoi_library;
struct fault;

#define CANDIDATES_MAX   80
#define CANDIDATE_HOST   256
#define CANDIDATE_SERVER (CANDIDATE_HOST + 16)

struct candidate {
    char host[CANDIDATE_HOST];
    unsigned port;
    int tls;            /* ENVOI_TLS_* */
    int outside;        /* 1: the host is not of the domain, and DNS or a file said so: a person has to agree */
    const char *source; /* "an SRV record" */
    enum provider_user user;
    int token;          /* 1: only OAuth 2.0 tokens */
    const char *advice; /* NULL: none */
};

struct candidates {
    struct candidate list[CANDIDATES_MAX];
    size_t count;
    int error;            /* why the name servers gave no answer: ENVOI_E_LOOKUP or _TIMEOUT; 0: they did */
    char why[512];        /* for a person, if error is set */
    const char *advice;   /* of a provider that takes no mail by SMTP; NULL: none */
    const char *provider; /* its name */
};

/* Adds a server; one that is there already is not added again. */
void candidates_add(struct candidates *c, const struct candidate *one);
/* "HOST:PORT", as envoi_session_connect() takes it. */
void candidate_server(const struct candidate *c, char server[CANDIDATE_SERVER]);
/* Is the host the domain, or below it? */
int candidate_within(const char *host, const char *domain);
/* Adds the servers of a domain: by SRV, of its provider, and by the usual names. `timeout`: of a question to the name
 * servers, in milliseconds; 0: the usual one. Returns 0, or the exit code with *fault filled. */
int candidates_of_domain(struct candidates *c, struct envoi_library *library, const char *domain, long timeout,
                         struct fault *fault);

#endif

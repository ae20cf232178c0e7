/* SPDX-License-Identifier: MIT */
/* A connection to a candidate: is it what it says, which mechanisms has it, and does it take the login? */
#ifndef CONFIGURE_VISIT_H
#define CONFIGURE_VISIT_H

#include "accounts/fault.h"
#include "accounts/values.h"
#include "configure/candidate.h"

struct envoi_library;
struct envoi_session;

struct visit {
    struct envoi_library *library;
    const struct values *given;    /* by options */
    struct envoi_session *session; /* NULL: none is open */
    int patient;                   /* 1: with the usual deadlines; 0: a candidate has little time to answer */
    int domain_verified;           /* 1: the certificate is for the domain, and not for the host */
    struct fault fault;            /* of the last attempt */
};

/* Connects to a candidate with verified TLS, as far as EHLO. `tls_name`: the name that the certificate must carry;
 * NULL: the host's, or that of the options. Each function returns 0, or the exit code with visit->fault filled. */
int visit_open(struct visit *visit, const struct candidate *candidate, const char *tls_name);
/* The mechanisms that are announced; "" for none. Lives until the next call. */
const char *visit_mechanisms(const struct visit *visit);
/* Are there mechanisms for tokens only? */
int visit_wants_token(const struct visit *visit);
/* Logs in, once. */
int visit_login(struct visit *visit, const char *user, const char *secret, int is_token);
/* Sends a mail from the address to itself. */
int visit_test(struct visit *visit, const char *address);
/* QUIT. The session is gone. */
void visit_close(struct visit *visit);

#endif

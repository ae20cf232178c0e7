/* SPDX-License-Identifier: MIT */
/* When TLS is spoken, and with which certificates. */
#ifndef LIBESMTP_TLS_H
#define LIBESMTP_TLS_H

#include <stdbool.h>

struct smtp_session;

/* What a start has settled before it connects. */
struct tls_plan {
    int policy;    /* ENVOI_TLS_*, for envoi_session_set_tls() */
    bool starttls; /* STARTTLS is sent if it is announced */
    bool required; /* ... and if it is not, nothing is sent */
    bool clear;    /* a password may go without TLS: the server is this machine, or the administrator named it */
    bool loopback; /* the server's name means this machine */
};

/* login: there are credentials. 1; 0: the error is set. */
int tls_plan(struct smtp_session *s, bool login, struct tls_plan *plan);
/* Behind connect: is the server really this machine, if the plan counts on that? */
int tls_check_peer(struct smtp_session *s, const struct tls_plan *plan);
/* STARTTLS as planned, behind EHLO. */
int tls_start(struct smtp_session *s, const struct tls_plan *plan);
/* Tells the program of a handshake that failed for the certificate. */
void tls_tell_failure(struct smtp_session *s, int rc);
/* Asks the program for the passphrase of the client's key. ENVOI_OK or an error of envoi. */
int tls_ask_passphrase(struct smtp_session *s);

#endif

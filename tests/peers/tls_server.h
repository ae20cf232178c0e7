/* SPDX-License-Identifier: MIT */
/* An SMTP server with TLS (OpenSSL), on TCP at 127.0.0.1, a thread for each connection: polite, until it is told to
 * stall. */
#ifndef TEST_TLS_SERVER_H
#define TEST_TLS_SERVER_H

struct tls_server_config {
    const char *chain, *key; /* PEM files; the certificate */
    const char *client_ca;   /* asks for a client's certificate of this CA; NULL: does not */
    int version;             /* the one that is spoken, 0x0303 or 0x0304 */
    int starttls;            /* 1: STARTTLS is announced; 0: TLS from the first octet */
    /* Reads and says nothing any more: from "handshake" on, or instead of the answer to a command that begins so. The
     * stall ends with the connection. */
    const char *stall;
    int sparing;  /* 1: one ticket, and none on a resumed session, as Postfix does */
    int auth;     /* 1: AUTH PLAIN is announced; the password is "pw" */
    int identity; /* 1: the local part of a sender has to be tls_server.c's identity() of the connection */
};

struct tls_server;

/* The config's texts live as long as the server. */
struct tls_server *tls_server_start(const struct tls_server_config *config);
/* One more server, at another port, that accepts the other one's tickets. Stop it before the other one. */
struct tls_server *tls_server_start_twin(struct tls_server *other);
/* From now on it knows none of the tickets that it gave. Not while a client is connected. */
void tls_server_forget(struct tls_server *s);
/* From now on it closes connections in place of the handshake, or no longer does. */
void tls_server_refuse(struct tls_server *s, int on);
/* "127.0.0.1:PORT" */
const char *tls_server_where(const struct tls_server *s);
/* The last handshake that it has finished: 1 abbreviated, 0 whole, -1 there was none. */
int tls_server_resumed(struct tls_server *s);
/* So far. */
struct tls_server_report {
    int connections, handshakes, resumed, messages;
    char wrong[256]; /* the first message that came over another user's connection; "": none */
};
struct tls_server_report tls_server_report(struct tls_server *s);
void tls_server_stop(struct tls_server *s);

#endif

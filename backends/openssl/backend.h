/* SPDX-License-Identifier: MIT */
/* Shared by the files of this plugin. backends/gnutls is its twin: the same files with the same functions in the same
 * order, so that a diff of the two folders shows only where the libraries differ. */
#ifndef BACKEND_H
#define BACKEND_H

#include "alert.h"
#include "bundle.h"
#include "date.h"
#include "name.h"
#include "peer_chain.h"
#include "pem.h"
#include "reason.h"
#include "text.h"

#include <envoi/plugin.h>
#include <openssl/ssl.h>
#include <stdbool.h>

/* Both twins may be linked into one libenvoi, so the shared functions carry the name of the backend there. */
#define SHARED(name)       envoi_openssl_##name
#define context_new        SHARED(context_new)
#define context_free       SHARED(context_free)
#define connection_new     SHARED(connection_new)
#define connection_step    SHARED(connection_step)
#define connection_recv    SHARED(connection_recv)
#define connection_send    SHARED(connection_send)
#define connection_pending SHARED(connection_pending)
#define connection_close   SHARED(connection_close)
#define connection_free    SHARED(connection_free)
#define lower_setup        SHARED(lower_setup)
#define lower_attach       SHARED(lower_attach)
#define trust_setup        SHARED(trust_setup)
#define trust_add_bundle   SHARED(trust_add_bundle)
#define trust_add_dirs     SHARED(trust_add_dirs)
#define trust_free         SHARED(trust_free)
#define verify_setup       SHARED(verify_setup)
#define verify_key         SHARED(verify_key)
#define verify_finish      SHARED(verify_finish)
#define verify_has_chain   SHARED(verify_has_chain)
#define verify_names       SHARED(verify_names)
#define info_agreed        SHARED(info_agreed)
#define info_certificate   SHARED(info_certificate)
#define info_binding       SHARED(info_binding)
#define info_ticket        SHARED(info_ticket)
#define info_sum           SHARED(info_sum)
#define info_add_dn        SHARED(info_add_dn)
#define info_time          SHARED(info_time)
#define info_forget        SHARED(info_forget)

#define ERROR_TEXT 512 /* octets of an error text, NUL included */

/* A ticket has: the SHA-256 of all that follows; TICKET_MARK; TICKET_VERIFIED or TICKET_UNVERIFIED; the session as
 * exported by the library. The sum protects the library from damaged data, which it may not survive. */
#define TICKET_SUM        32
#define TICKET_HEADER     (TICKET_SUM + 2)
#define TICKET_MARK       'O' /* of this library */
#define TICKET_VERIFIED   'v' /* the chain had been checked */
#define TICKET_UNVERIFIED 'u'

struct tls_state {
    const struct envoi_host *host;
    BIO_METHOD *lower;           /* a BIO over struct envoi_lower */
    X509_LOOKUP_METHOD *bundles; /* looks for an issuer in a struct tls_bundle */
};

/* The system's CAs that have not been needed yet. */
struct tls_bundle {
    struct backend_bundle all;
    bool *loaded; /* those that are in the store since the context was made: their keys are not unique */
};

/* Immutable after context_new(), as threads share it. */
struct tls_context {
    const struct tls_state *state;
    SSL_CTX *library;
    struct tls_bundle bundle;
    bool has_crl;
};

struct tls_connection {
    const struct envoi_host *host;
    const struct tls_context *context;
    const struct envoi_lower *lower;
    struct envoi_errctx *errctx;
    SSL *library;
    SSL_SESSION *offered; /* the session that was offered for resumption, or NULL */

    struct backend_name name;
    uint32_t verify; /* ENVOI_VERIFY_* */
    uint8_t (*pins)[32];
    uint32_t pin_count;

    bool open;      /* the handshake is done and the certificate is good */
    bool closed;    /* our close_notify was sent */
    bool asked;     /* the server asked for a client certificate, and none is set */
    bool checked;   /* the certificate passed all checks, in a handshake of this connection */
    int32_t dead;   /* the ENVOI_E_* that ended the connection, or 0 */
    size_t unsent;  /* length given to a send that said AGAIN, or 0: the same octets come again */
    uint32_t wants; /* ENVOI_WANT_* for which lower said AGAIN in this call */
    int32_t below;  /* any other error of lower in this call, or 0 */
    size_t moved;   /* octets that lower read or wrote in this call */

    int32_t reason_code;     /* ENVOI_E_* of a failed check, 0: none failed */
    int64_t reason_library;  /* the library's code for it */
    char reason[ERROR_TEXT]; /* the text of it */

    struct backend_chain chain; /* the peer's */
};

/* The functions of the transport are documented in plugin.h. AGAIN, EOF, END and NOT_SUPPORTED are no failures, so no
 * text is set for them. */
int32_t context_new(void *state, const struct envoi_tls_config *config, struct envoi_errctx *errctx, void **context);
void context_free(void *context);

int32_t connection_new(void *context, const struct envoi_conn_params *params, void **connection);
int32_t connection_step(void *connection, uint32_t *want);
int32_t connection_recv(void *connection, void *buf, size_t cap, size_t *n, uint32_t *want);
int32_t connection_send(void *connection, const void *buf, size_t len, size_t *n, uint32_t *want);
size_t connection_pending(void *connection);
int32_t connection_close(void *connection, uint32_t *want);
void connection_free(void *connection);

int32_t info_agreed(void *connection, struct envoi_tls_info *out);
int32_t info_certificate(void *connection, size_t index, struct envoi_certificate *out);
int32_t info_binding(void *connection, const char *type, void *buf, size_t cap, size_t *len);
int32_t info_ticket(void *connection, const struct envoi_sink *out);

/* Makes the BIO_METHOD of all connections. Once per state. */
bool lower_setup(struct tls_state *state);

/* Makes the library read from and write to conn->lower. */
bool lower_attach(struct tls_connection *conn);

/* Makes the method of all bundles. Once per state. */
bool trust_setup(struct tls_state *state);

/* Trusts the certificates of a file; each is parsed when it is needed. Returns ENVOI_OK; ENVOI_E_MEMORY; or
 * ENVOI_E_NOT_SUPPORTED: the library has to read the file by itself. Once per context. */
int32_t trust_add_bundle(struct tls_context *context, const char *file);

/* Trusts the certificates of directories by `openssl rehash`, separated by ":". `now`: all are read at once, otherwise
 * each when it is needed. Returns false if the library cannot. */
bool trust_add_dirs(struct tls_context *context, const char *directories, bool now);

/* After the library's own context. */
void trust_free(struct tls_context *context);

/* Makes the library check the certificate within the handshake, before it sends any data of ours. Once per context. */
void verify_setup(struct tls_context *context);

/* Completes the checks after the handshake: a resumed session brings no certificate, so the stored one is checked.
 * Returns ENVOI_OK, or reason_code with `reason` set. */
int32_t verify_finish(struct tls_connection *conn);

/* Computes the SHA-256 of the public key. Returns false if the library cannot. */
bool verify_key(const X509 *cert, uint8_t digest[32]);

/* Is the chain to be checked? */
bool verify_has_chain(const struct tls_connection *conn);

/* Calls visit() for each dNSName and iPAddress of the subjectAltName until it returns false. */
void verify_names(const X509 *cert, backend_name_fn *visit, void *arg);

/* Adds a name as RFC 4514 text. */
void info_add_dn(struct backend_text *text, const X509_NAME *dn);

/* Returns false, with 0, if the date cannot be read. */
bool info_time(const ASN1_TIME *time, int64_t *seconds);

/* Computes the SHA-256 of `data`. Returns false if the library cannot. */
bool info_sum(const void *data, size_t len, uint8_t sum[TICKET_SUM]);

/* Frees the descriptions that info_certificate() made. */
void info_forget(struct tls_connection *conn);

#endif

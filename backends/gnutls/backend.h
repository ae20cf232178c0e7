/* SPDX-License-Identifier: MIT */
/* Shared by the files of this plugin. backends/openssl is its twin: the same files with the same functions in the same
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
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <pthread.h>
#include <stdbool.h>

/* Both twins may be linked into one libenvoi, so the shared functions carry the name of the backend there. */
#define SHARED(name)       envoi_gnutls_##name
#define context_new        SHARED(context_new)
#define context_free       SHARED(context_free)
#define connection_new     SHARED(connection_new)
#define connection_step    SHARED(connection_step)
#define connection_recv    SHARED(connection_recv)
#define connection_send    SHARED(connection_send)
#define connection_pending SHARED(connection_pending)
#define connection_close   SHARED(connection_close)
#define connection_free    SHARED(connection_free)
#define lower_attach       SHARED(lower_attach)
#define lower_spill        SHARED(lower_spill)
#define trust_add_bundle   SHARED(trust_add_bundle)
#define trust_system_file  SHARED(trust_system_file)
#define trust_lock         SHARED(trust_lock)
#define trust_unlock       SHARED(trust_unlock)
#define trust_free         SHARED(trust_free)
#define verify_setup       SHARED(verify_setup)
#define verify_key         SHARED(verify_key)
#define verify_finish      SHARED(verify_finish)
#define verify_has_chain   SHARED(verify_has_chain)
#define verify_names       SHARED(verify_names)
#define verify_defect      SHARED(verify_defect)
#define verify_usage       SHARED(verify_usage)
#define info_agreed        SHARED(info_agreed)
#define info_certificate   SHARED(info_certificate)
#define info_binding       SHARED(info_binding)
#define info_ticket        SHARED(info_ticket)
#define info_sum           SHARED(info_sum)
#define info_add_dn        SHARED(info_add_dn)
#define info_time          SHARED(info_time)
#define info_peer_at       SHARED(info_peer_at)
#define info_forget        SHARED(info_forget)

#define ERROR_TEXT 512 /* octets of an error text, NUL included */

/* Most certificates of a chain that are looked at; the library's own bound is the same. */
#define CHAIN_MAX 16

/* A ticket has: the SHA-256 of all that follows; TICKET_MARK; TICKET_VERIFIED or TICKET_UNVERIFIED; the session as
 * exported by the library. The sum protects the library from damaged data, which it may not survive. */
#define TICKET_SUM        32
#define TICKET_HEADER     (TICKET_SUM + 2)
#define TICKET_MARK       'G' /* of this library */
#define TICKET_VERIFIED   'v' /* the chain had been checked */
#define TICKET_UNVERIFIED 'u'

struct tls_state {
    const struct envoi_host *host;
};

/* The system's CAs that have not been needed yet. */
struct tls_bundle {
    struct backend_bundle all;
    bool *loaded;          /* those that are in a list of the context by now */
    pthread_rwlock_t lock; /* of loaded and of the lists; made if `all` has any */
};

/* Immutable after context_new(), as threads share it; but see trust_lock(). */
struct tls_context {
    const struct tls_state *state;
    gnutls_certificate_credentials_t library;
    gnutls_priority_t priority;
    struct tls_bundle *bundle;
    gnutls_x509_trust_list_t singles; /* configured as trusted, but no CAs: each may stand for itself only; or NULL */
    bool has_client;                  /* a certificate of the client */
    gnutls_x509_crl_t *crls;
    unsigned crl_count;
};

struct tls_connection {
    const struct envoi_host *host;
    const struct tls_context *context;
    const struct envoi_lower *lower;
    struct envoi_errctx *errctx;
    gnutls_session_t library;

    struct backend_name name;
    uint32_t verify; /* ENVOI_VERIFY_* */
    uint8_t (*pins)[32];
    uint32_t pin_count;

    bool open;         /* the handshake is done and the certificate is good */
    bool closed;       /* our close_notify was sent */
    bool checked;      /* the certificate passed all checks, in a handshake of this connection */
    int32_t dead;      /* the ENVOI_E_* that ended the connection, or 0 */
    unsigned requests; /* for renegotiation that were declined */
    size_t unsent;     /* length given to a send that said AGAIN, or 0: the same octets come again */
    size_t taken;      /* how many of them the library has encrypted */
    bool spills;       /* octets for which lower has no room are kept in spilt, and count as sent for the library */
    uint8_t *spilt;    /* the octets that lower has not taken yet */
    size_t spilt_len;  /* their number */
    uint32_t wants;    /* ENVOI_WANT_* for which lower said AGAIN in this call */
    int32_t below;     /* any other error of lower in this call, or 0 */
    size_t moved;      /* octets that lower read or wrote in this call; goes_on() resets it */

    int32_t reason_code;     /* ENVOI_E_* of a failed check, 0: none failed */
    int64_t reason_library;  /* the library's code for it */
    char reason[ERROR_TEXT]; /* the text of it */

    char group[32]; /* name of the group of the key exchange */

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

/* Makes the library read from and write to conn->lower. */
bool lower_attach(struct tls_connection *conn);

/* Writes the kept octets to lower. Returns ENVOI_OK: none is left; ENVOI_E_AGAIN: see conn->wants; else as
 * conn->below. */
int32_t lower_spill(struct tls_connection *conn);

/* Trusts the certificates of a file; each is parsed when it is needed. Returns ENVOI_OK; ENVOI_E_MEMORY; or
 * ENVOI_E_NOT_SUPPORTED: the library has to read the file by itself. Once per context. */
int32_t trust_add_bundle(struct tls_context *context, const char *file);

/* Returns the file that the library reads if it is told to trust the system's CAs; NULL: it is not known to read one
 * file and nothing else. */
const char *trust_system_file(void);

/* Takes the CAs that the peer's chain may need into the lists of trust, and keeps the lists as they are until
 * trust_unlock(). */
void trust_lock(const struct tls_connection *conn);
void trust_unlock(const struct tls_connection *conn);

/* After the library's own context. */
void trust_free(struct tls_context *context);

/* Makes the library check the certificate within the handshake, before it sends any data of ours. Once per
 * connection. */
void verify_setup(struct tls_connection *conn);

/* Completes the checks after the handshake: a resumed session brings no certificate, so the stored one is checked.
 * Returns ENVOI_OK, or reason_code with `reason` set. */
int32_t verify_finish(struct tls_connection *conn);

/* Computes the SHA-256 of the public key. Returns false if the library cannot. */
bool verify_key(gnutls_x509_crt_t cert, uint8_t digest[32]);

/* Is the chain to be checked? */
bool verify_has_chain(const struct tls_connection *conn);

/* Calls visit() for each dNSName and iPAddress of the subjectAltName until it returns false. */
void verify_names(gnutls_x509_crt_t cert, backend_name_fn *visit, void *arg);

/* Refuses the leaf because of its keyUsage. Returns ENVOI_E_CERTIFICATE. */
int32_t verify_usage(struct tls_connection *conn);

/* Returns why the certificate may not issue those of TLS servers, or REASON_NONE. */
enum backend_reason verify_defect(gnutls_x509_crt_t cert);

/* Adds the subject's or the issuer's name as RFC 4514 text. */
void info_add_dn(struct backend_text *text, gnutls_x509_crt_t cert, bool issuer);

/* Returns false, with zeros, if the dates cannot be read. */
bool info_time(gnutls_x509_crt_t cert, int64_t *not_before, int64_t *not_after);

/* Returns a certificate of the peer's chain, to be freed by gnutls_x509_crt_deinit(), or NULL after the last. */
gnutls_x509_crt_t info_peer_at(const struct tls_connection *conn, size_t index);

/* Computes the SHA-256 of `data`. Returns false if the library cannot. */
bool info_sum(const void *data, size_t len, uint8_t sum[TICKET_SUM]);

/* Frees the descriptions that info_certificate() made. */
void info_forget(struct tls_connection *conn);

#endif

/* SPDX-License-Identifier: MIT */
/* Shared by the files of this plugin. backends/gnutls and backends/openssl are its siblings: files and functions of
 * the same name do the same. Here the library verifies single chains only (chain.c); the plugin decides which
 * certificates are trusted and which chains are refused. */
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
#include <mbedtls/ssl.h>
#include <pthread.h>
#include <stdbool.h>

/* All backends may be linked into one libenvoi, so the shared functions carry the name of the backend there. */
#define SHARED(name)       envoi_mbedtls_##name
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
#define trust_new          SHARED(trust_new)
#define trust_add_bundle   SHARED(trust_add_bundle)
#define trust_add_dirs     SHARED(trust_add_dirs)
#define trust_add_pem      SHARED(trust_add_pem)
#define trust_read         SHARED(trust_read)
#define trust_drop         SHARED(trust_drop)
#define trust_lock         SHARED(trust_lock)
#define trust_unlock       SHARED(trust_unlock)
#define trust_free         SHARED(trust_free)
#define chain_check        SHARED(chain_check)
#define verify_setup       SHARED(verify_setup)
#define verify_key         SHARED(verify_key)
#define verify_finish      SHARED(verify_finish)
#define verify_failed      SHARED(verify_failed)
#define verify_refuse      SHARED(verify_refuse)
#define verify_has_chain   SHARED(verify_has_chain)
#define verify_names       SHARED(verify_names)
#define info_agreed        SHARED(info_agreed)
#define info_certificate   SHARED(info_certificate)
#define info_binding       SHARED(info_binding)
#define info_ticket        SHARED(info_ticket)
#define info_keep_session  SHARED(info_keep_session)
#define info_take_session  SHARED(info_take_session)
#define info_add_dn        SHARED(info_add_dn)
#define info_peer          SHARED(info_peer)
#define info_forget        SHARED(info_forget)
#define library_start      SHARED(library_start)
#define library_random     SHARED(library_random)
#define library_versions   SHARED(library_versions)
#define library_setup      SHARED(library_setup)
#define library_parse_key  SHARED(library_parse_key)
#define library_key_fits   SHARED(library_key_fits)
#define library_is_ca      SHARED(library_is_ca)
#define library_bits       SHARED(library_bits)
#define library_alert      SHARED(library_alert)
#define library_has_asked  SHARED(library_has_asked)
#define library_export     SHARED(library_export)
#define library_sum        SHARED(library_sum)
#define library_can_resume SHARED(library_can_resume)
#define library_is_merged  SHARED(library_is_merged)
#define library_kind       SHARED(library_kind)

#define ERROR_TEXT 512 /* octets of an error text, NUL included */

/* Most certificates of a chain that are looked at; the library's own bound is less. */
#define CHAIN_MAX 16

/* A ticket has: the SHA-256 of all that follows; TICKET_MARK; TICKET_VERIFIED or TICKET_UNVERIFIED; the session as
 * exported by the library; the server's certificate, which a session of TLS 1.3 does not have; the length of the
 * latter. The sum protects the library from damaged data, which it may not survive. */
#define TICKET_SUM        32
#define TICKET_HEADER     (TICKET_SUM + 2)
#define TICKET_TRAILER    4
#define TICKET_MARK       'M' /* of this library */
#define TICKET_VERIFIED   'v' /* the chain had been checked */
#define TICKET_UNVERIFIED 'u'

struct tls_state {
    const struct envoi_host *host;
};

/* Which CAs are trusted. The system's are parsed when they are needed. */
struct tls_trust {
    mbedtls_x509_crt list; /* of those that were parsed */
    struct backend_bundle bundle;
    bool *loaded;         /* those of the bundle that are in the list by now */
    pthread_mutex_t lock; /* of list and loaded. Keys in the list change when they are used for the first time, so it is
                           * held while a chain is verified */
};

/* Immutable after context_new(), as threads share it; but see trust_lock(). */
struct tls_context {
    const struct tls_state *state;
    mbedtls_ssl_config library[2]; /* for connections that do not verify the chain, and for those that do */
    struct tls_trust *trust;
    mbedtls_x509_crt nothing; /* for the library, which is told to trust none: chains are verified in chain.c */
    mbedtls_x509_crl crls;
    bool has_crl;
    mbedtls_x509_crt client;
    mbedtls_pk_context key;
    bool has_client;
    int *ciphers; /* of the library, 0 is the end; NULL: the default */
};

struct tls_connection {
    const struct envoi_host *host;
    const struct tls_context *context;
    const struct envoi_lower *lower;
    struct envoi_errctx *errctx;
    mbedtls_ssl_context library;

    struct backend_name name;
    uint32_t verify; /* ENVOI_VERIFY_* */
    uint8_t (*pins)[32];
    uint32_t pin_count;

    bool open;        /* the handshake is done and the certificate is good */
    bool closed;      /* our close_notify was sent */
    bool ended;       /* the server's close_notify came */
    bool shown;       /* the server showed a certificate: the handshake is not abbreviated */
    bool checked;     /* the certificate passed all checks, in a handshake of this connection */
    int32_t dead;     /* the ENVOI_E_* that ended the connection, or 0 */
    size_t unsent;    /* length given to a send that said AGAIN, or 0: the same octets come again */
    size_t taken;     /* how many of them the library has encrypted */
    uint8_t *spilt;   /* the octets that lower has not taken yet, and that count as sent for the library */
    size_t spilt_len; /* their number */
    uint32_t wants;   /* ENVOI_WANT_* for which lower said AGAIN in this call */
    int32_t below;    /* any other error of lower in this call, or 0 */
    size_t moved;     /* octets that lower read or wrote in this call */
    unsigned rounds;  /* how often the library was called in this call */

    int32_t reason_code;     /* ENVOI_E_* of a failed check, 0: none failed */
    int64_t reason_library;  /* the library's code for it */
    char reason[ERROR_TEXT]; /* the text of it */

    uint8_t *session; /* as exported by the library; it holds secrets */
    size_t session_len;
    mbedtls_x509_crt stored; /* the server's certificate of the session that was offered */

    char cipher[64]; /* its name */

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

/* ---- lower.c ---- */

/* Makes the library read from and write to conn->lower. All that it writes is taken: it cannot go on with a record
 * that is partly written once it has written another, such as an alert. */
void lower_attach(struct tls_connection *conn);

/* Writes the kept octets to lower. Returns ENVOI_OK: none is left; ENVOI_E_AGAIN: see conn->wants; else as
 * conn->below. */
int32_t lower_spill(struct tls_connection *conn);

/* ---- trust.c ---- */

/* Reads a source, of which the last octet is a NUL that counts. To be given back to trust_drop(), which wipes. Returns
 * ENVOI_OK; ENVOI_E_MEMORY; or ENVOI_E_NOT_SUPPORTED: it cannot be read, or is no PEM. */
int32_t trust_read(const struct envoi_host *host, const struct backend_source *source, uint8_t **pem, size_t *len);
void trust_drop(const struct envoi_host *host, uint8_t *pem, size_t len);

/* Makes an empty set. Returns ENVOI_OK or ENVOI_E_MEMORY. */
int32_t trust_new(struct tls_context *context);

/* Trusts the certificates of a source, but those that the library does not understand. Returns ENVOI_OK;
 * ENVOI_E_MEMORY; or ENVOI_E_NOT_SUPPORTED: there is none, and *library is the library's code. */
int32_t trust_add_pem(struct tls_context *context, const struct backend_source *source, int *library);

/* Trusts the certificates of a file; each is parsed when it is needed. Returns ENVOI_OK; ENVOI_E_MEMORY; or
 * ENVOI_E_NOT_SUPPORTED: it is no bundle. Once per context. */
int32_t trust_add_bundle(struct tls_context *context, const char *file);

/* Trusts the certificates of directories by `openssl rehash`, separated by ":". One that has none is no error. Returns
 * ENVOI_OK or ENVOI_E_MEMORY. */
int32_t trust_add_dirs(struct tls_context *context, const char *directories);

/* Takes the CAs that the server's chain may need into the list, and keeps it for this thread until trust_unlock(). */
struct tls_trust *trust_lock(const struct tls_connection *conn, const mbedtls_x509_crt *chain);
void trust_unlock(struct tls_trust *trust);

void trust_free(struct tls_context *context);

/* ---- chain.c ---- */

/* Checks the server's chain, the leaf first, but not its name. Returns ENVOI_OK, or reason_code with `reason` set. */
int32_t chain_check(struct tls_connection *conn, mbedtls_x509_crt *chain);

/* ---- verify.c ---- */

/* Makes the library check the certificate within the handshake, before it sends any data of ours. Once per
 * connection. */
void verify_setup(struct tls_connection *conn);

/* Completes the checks after the handshake: a resumed session brings no certificate, so the stored one is checked.
 * Returns ENVOI_OK, or reason_code with `reason` set. */
int32_t verify_finish(struct tls_connection *conn);

/* The library refuses the certificate, with its code. Returns reason_code with `reason` set. */
int32_t verify_failed(struct tls_connection *conn, int library);

/* Stores why the certificate is refused, for connection_step() to report. `cert` may be NULL; `index` is its place
 * in the chain, -1: not worth a word. `library` is the library's code for it. Returns ENVOI_E_CERTIFICATE. */
int32_t verify_refuse(struct tls_connection *conn, enum backend_reason reason, const mbedtls_x509_crt *cert, int index,
                      int64_t library);

/* Computes the SHA-256 of the public key. Returns false if the library cannot. */
bool verify_key(const mbedtls_x509_crt *cert, uint8_t digest[32]);

/* Is the chain to be checked? */
bool verify_has_chain(const struct tls_connection *conn);

/* Calls visit() for each dNSName and iPAddress of the subjectAltName until it returns false. */
void verify_names(const mbedtls_x509_crt *cert, backend_name_fn *visit, void *arg);

/* ---- info.c ---- */

/* Adds a name as RFC 4514 text. */
void info_add_dn(struct backend_text *text, const mbedtls_x509_name *name);

/* Returns the peer's chain, or NULL. A resumed session has the leaf only. */
const mbedtls_x509_crt *info_peer(const struct tls_connection *conn);

/* Keeps the session that the library has now. Returns ENVOI_OK, ENVOI_E_NOT_SUPPORTED: there is none, or
 * ENVOI_E_MEMORY. */
int32_t info_keep_session(struct tls_connection *conn);

/* Offers the session of a ticket to the server. One that does not fit is ignored. */
void info_take_session(struct tls_connection *conn, const uint8_t *ticket, size_t len);

/* Frees the descriptions that info_certificate() made, and the session. */
void info_forget(struct tls_connection *conn);

/* ---- library.c: where the versions of the library differ ---- */

/* Makes the library ready for use, by any thread. Returns its code. */
int library_start(void);

/* Random octets from the kernel: there is no state that threads or processes would share. */
int library_random(void *nothing, unsigned char *out, size_t len);

/* Sets the versions of TLS; 0 is no limit. Returns false if none is left. */
bool library_versions(mbedtls_ssl_config *config, uint32_t least, uint32_t most);

/* Sets the signature algorithms, and asks for a signal when a ticket comes. */
void library_setup(mbedtls_ssl_config *config);

int library_parse_key(mbedtls_pk_context *key, const uint8_t *pem, size_t len, const char *passphrase,
                      size_t passphrase_len);

/* Is it the key of the certificate? It is used once, after which threads may share it. */
bool library_key_fits(mbedtls_pk_context *key, const mbedtls_x509_crt *cert);

bool library_is_ca(const mbedtls_x509_crt *cert);

/* Strength of the cipher of a suite in bits; 0: it encrypts nothing. */
uint32_t library_bits(const char *suite);

/* The number of the alert that ended the connection. */
unsigned library_alert(const mbedtls_ssl_context *library);

/* Has the server asked for a client certificate? Where the library does not tell it: false. */
bool library_has_asked(const mbedtls_ssl_context *library);

/* Exports keying material (RFC 8446 section 7.5). Returns false if the library cannot, or if it may not be bound to the
 * server's certificate. */
bool library_export(mbedtls_ssl_context *library, const char *label, uint8_t *out, size_t len);

/* Does the session have a ticket or an id? */
bool library_can_resume(const mbedtls_ssl_session *session);

/* Is the attribute in one part of the name with the next one? */
bool library_is_merged(const mbedtls_x509_name *attribute);

/* Computes a hash. Returns its length, 0: the library cannot. */
size_t library_sum(mbedtls_md_type_t type, const void *data, size_t len, uint8_t *sum);

/* The kind of a failure; the versions have other codes for it. */
enum library_failure {
    FAILURE_OTHER,
    FAILURE_MEMORY,
    FAILURE_CERTIFICATE, /* of the server */
    FAILURE_NOT_TLS,
    FAILURE_VERSION,
    FAILURE_ALERT,
};
enum library_failure library_kind(int code);

#endif

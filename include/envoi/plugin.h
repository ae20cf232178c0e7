/* SPDX-License-Identifier: MIT */
/**
 * @file
 * The plugin ABI: the only header, beside error.h, that a plugin may see.
 *
 * A plugin is a shared object with one exported symbol, `envoi_plugin_<id>` (an ::envoi_plugin_entry), that returns a
 * constant description. It offers *transports* (a TLS library), *mechanisms* (SASL), or both. The core finds plugins by
 * descriptor files (plugins.d), loads one only when it is needed, and never unloads it.
 *
 * **How the ABI grows.** Every struct begins with `struct_size`, set by whoever allocated the struct; the other side
 * touches no member beyond it (ENVOI_HAS()). Members are appended, never moved, never reused. A changed meaning raises
 * ENVOI_ABI_MAJOR, and a plugin of another major is refused. Only fixed-width integers, size_t and pointers cross the
 * border: no enum members, no bit-fields, no FILE, no file descriptor, no errno.
 *
 * **Memory** is freed by the side that allocated it. Plugins allocate through the host, so that an application's
 * allocator reaches into them.
 *
 * **Rules for a plugin's own code.** It never blocks, sleeps, polls, reads the environment, starts a thread, or keeps a
 * buffer that was lent for a call. It writes no secret to a log or an error text. It keeps no mutable static data.
 *
 * **Threads.** init and fini run under one lock of the process. A state and a TLS context may be used by many threads
 * at once; a TLS connection or a mechanism context is used by one thread at a time. That need not be the same one: with
 * ENVOI_MECH_MAY_BLOCK steps are taken, and the context perhaps freed, by other threads than the one that made it.
 *
 * **Fork.** What existed before a fork(2) is used on both sides: states and TLS contexts as before, connections and
 * mechanism contexts in the child only to be freed.
 */
#ifndef ENVOI_PLUGIN_H
#define ENVOI_PLUGIN_H

#include <envoi/error.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Raised when a member changes its meaning; a plugin of another major is refused. */
#define ENVOI_ABI_MAJOR    1
/** Raised when members are appended; for information only, struct_size decides. */
#define ENVOI_ABI_MINOR    0
/** The value of envoi_plugin::magic ("ENVO"). */
#define ENVOI_PLUGIN_MAGIC 0x454e564fu

/** True when the struct behind `p` is large enough to have `member`. */
#define ENVOI_HAS(p, member) ((p)->struct_size >= (size_t)((const char *)(&(p)->member + 1) - (const char *)(p)))

/** Where the text of a failure goes: opaque, one per session, given to each connection and mechanism context. */
struct envoi_errctx;

/** @name envoi_host::log levels
 * @{ */
#define ENVOI_LOG_ERROR   0u /**< something was asked for and cannot be done */
#define ENVOI_LOG_WARNING 1u /**< it goes on, but somebody should look at it */
#define ENVOI_LOG_INFO    2u /**< worth knowing */
#define ENVOI_LOG_DEBUG   3u /**< for who looks for a fault */
/** @} */

/** Services of the core for a plugin. Allocated by the core; lives until fini() returned. All members REQUIRED. */
struct envoi_host {
    uint32_t struct_size; /**< set by the core */

    /** @returns memory of `size` octets, or NULL. Any thread. */
    void *(*alloc)(size_t size);
    /** Like realloc(3): `ptr` may be NULL; on NULL the old memory is still there. Any thread. */
    void *(*realloc)(void *ptr, size_t size);
    /** Frees what alloc or realloc gave; NULL is a no-op. Any thread. */
    void (*free)(void *ptr);
    /** Overwrites `len` octets with zeros in a way that the compiler cannot drop. */
    void (*wipe)(void *ptr, size_t len);
    /** Writes one line (NUL-terminated, no line end, no secret) to the application's log.
     * @param host   this struct
     * @param level  ENVOI_LOG_*
     * @param text   borrowed for the call */
    void (*log)(const struct envoi_host *host, uint32_t level, const char *text);
    /** Says what failed, once, before the failing function returns.
     * @param errctx        from the params of the connection or mechanism; NULL (in init, probe, ctx_new) is logged
     * @param code          the ENVOI_E_* that will be returned
     * @param library_code  the code of the library below, 0 if there is none
     * @param text          what was wrong, for a person; borrowed for the call; no secret */
    void (*set_error)(const struct envoi_host *host, struct envoi_errctx *errctx, int32_t code, int64_t library_code,
                      const char *text);
};

/** Where variable output goes. Allocated by the core. */
struct envoi_sink {
    uint32_t struct_size; /**< set by the core */
    /** Appends `len` octets (0 is legal and means "there is output, and it is empty").
     * @returns ENVOI_OK; ENVOI_E_MEMORY; ENVOI_E_PROTOCOL when the sink's bound is passed. The plugin returns it. */
    int32_t (*write)(void *ctx, const void *data, size_t len);
    void *ctx; /**< handed to write */
};

/* ------------------------------------------------------------------------------------------------ transports ---- */

/** @name `want`: what a call that said ENVOI_E_AGAIN waits for
 * @{ */
#define ENVOI_WANT_READ       0x1u /**< lower.recv has to have octets */
#define ENVOI_WANT_WRITE      0x2u /**< lower.send has to have room */
#define ENVOI_WANT_CREDENTIAL 0x4u /**< cred() said AGAIN */
/** @} */

/** The octets below a TLS connection: two memory buffers of the core. Never a socket. Allocated by the core. */
struct envoi_lower {
    uint32_t struct_size; /**< set by the core */
    /** Takes up to `cap` octets that came from the peer.
     * @returns ENVOI_OK and *n > 0; ENVOI_E_AGAIN when there are none yet; ENVOI_E_EOF when there will be none. */
    int32_t (*recv)(void *ctx, void *buf, size_t cap, size_t *n);
    /** Takes octets for the peer, perhaps only the first *n of them.
     * @returns ENVOI_OK and *n > 0; ENVOI_E_AGAIN when the buffer is full; ENVOI_E_MEMORY. */
    int32_t (*send)(void *ctx, const void *buf, size_t len, size_t *n);
    void *ctx; /**< handed to recv and send */
};

/** @name TLS versions, as on the wire
 * @{ */
#define ENVOI_TLS_1_2 0x0303u /**< TLS 1.2 (RFC 5246) */
#define ENVOI_TLS_1_3 0x0304u /**< TLS 1.3 (RFC 8446) */
/** @} */

/** @name envoi_transport::caps
 * The core goes by ENVOI_CAP_RESUME and ENVOI_CAP_CLIENT_CERT; the others are information.
 * @{ */
#define ENVOI_CAP_EXPORTER    0x1u  /**< channel binding "tls-exporter" */
#define ENVOI_CAP_END_POINT   0x2u  /**< channel binding "tls-server-end-point" */
#define ENVOI_CAP_UNIQUE      0x4u  /**< channel binding "tls-unique" (TLS 1.2 with extended master secret only) */
#define ENVOI_CAP_RESUME      0x8u  /**< ticket and envoi_conn_params::ticket work */
#define ENVOI_CAP_CLIENT_CERT 0x10u /**< envoi_tls_config::cert_file works; without it: never used when one is set */
/** @} */

/** What a TLS context is made of: trust, versions, client certificate. Allocated by the core, borrowed for ctx_new. */
struct envoi_tls_config {
    uint32_t struct_size;  /**< set by the core */
    uint32_t system_trust; /**< 1: the system's CA certificates are trusted */
    uint32_t min_version;  /**< ENVOI_TLS_1_2 or ENVOI_TLS_1_3; system policy may raise it, nothing lowers it */
    uint32_t max_version;  /**< ENVOI_TLS_*, or 0: the newest */
    const char *ca_file;   /**< PEM file of further trusted CA certificates, or NULL */
    const char *crl_file;  /**< PEM file of revocation lists, or NULL; when given, the leaf is checked against them */
    const char *ciphers;   /**< cipher string (OpenSSL, TLS 1.2) or priority string (GnuTLS), or NULL: the default */
    const char *cert_file; /**< PEM chain of the client, or NULL */
    const char *key_file;  /**< PEM key of the client; NULL with a cert_file: the key is in cert_file */
    /** Asks for the passphrase of an encrypted key; NULL: an encrypted key is an error. Called only within ctx_new.
     * @param ctx  passphrase_ctx
     * @param buf  to be filled, the plugin wipes it
     * @param cap  room in buf
     * @param len  octets put there, no NUL counted
     * @returns ENVOI_OK or ENVOI_E_CANCELLED */
    int32_t (*passphrase)(void *ctx, char *buf, size_t cap, size_t *len);
    void *passphrase_ctx; /**< handed to passphrase */
};

/** What a TLS connection is made of. Allocated by the core, borrowed for conn_new (lower and errctx: until conn_free). */
struct envoi_conn_params {
    uint32_t struct_size;            /**< set by the core */
    uint32_t verify;                 /**< 1: chain, dates, name and pins are checked; 0: only the pins */
    const char *server_name;         /**< A-labels without trailing dot, or the text of an IP address; never NULL */
    uint32_t name_is_ip;             /**< 1: server_name is an address: match iPAddress SANs, send no SNI */
    uint32_t pin_count;              /**< how many pins there are, may be 0 */
    const uint8_t (*pins)[32];       /**< SHA-256 of the SPKI; with pins, the leaf must match one of them (as well) */
    const uint8_t *ticket;           /**< what `ticket` gave on an earlier connection to the same server, or NULL */
    size_t ticket_len;               /**< octets in ticket */
    const struct envoi_lower *lower; /**< the octets below; lives until conn_free */
    struct envoi_errctx *errctx;     /**< for set_error; lives until conn_free */
};

/** What was agreed. Allocated by the core, filled by info(); pointers are borrowed until conn_free. */
struct envoi_tls_info {
    uint32_t struct_size;      /**< set by the core */
    uint32_t protocol;         /**< ENVOI_TLS_* */
    uint32_t strength_bits;    /**< of the cipher; the external SSF of SASL */
    uint32_t verified;         /**< 1: chain and name were checked and are good */
    uint32_t resumed;          /**< 1: an abbreviated handshake */
    const char *protocol_name; /**< "TLSv1.3" */
    const char *cipher;        /**< name of the cipher suite */
};

/** One certificate of the peer's chain. Allocated by the core, filled by certificate(); borrowed until conn_free. */
struct envoi_certificate {
    uint32_t struct_size; /**< set by the core */
    const uint8_t *der;   /**< the certificate */
    size_t der_len;       /**< octets in der */
    const char *subject;  /**< RFC 4514 text, printable */
    const char *issuer;   /**< RFC 4514 text, printable */
    const char *names;    /**< the DNS names and IP addresses of the SAN, separated by blanks; "" if there are none */
    int64_t not_before;   /**< seconds since 1970 */
    int64_t not_after;    /**< seconds since 1970 */
};

/** A TLS library. Constant, owned by the plugin. All members REQUIRED unless said otherwise. */
struct envoi_transport {
    uint32_t struct_size; /**< sizeof(struct envoi_transport), set by the plugin */
    uint32_t caps;        /**< ENVOI_CAP_* */
    const char *name;     /**< "openssl", "gnutls" */
    const char *library;  /**< the library and its version, for a person: "OpenSSL 3.0.17" */

    /** Is the library usable here? Optional (NULL: yes).
     * @returns ENVOI_OK; ENVOI_E_NOT_SUPPORTED: the next transport in priority is tried. */
    int32_t (*probe)(void *state);

    /** Makes an immutable context that many connections share. May read files.
     * @returns ENVOI_OK; ENVOI_E_TLS: a file cannot be read or does not fit, the text names it; ENVOI_E_CANCELLED: the
     * passphrase was not given; ENVOI_E_MEMORY. */
    int32_t (*ctx_new)(void *state, const struct envoi_tls_config *config, struct envoi_errctx *errctx, void **ctx);
    /** Frees a context (NULL is a no-op). The core frees it after the last connection. */
    void (*ctx_free)(void *ctx);

    /** Makes a client connection. No I/O yet.
     * @returns ENVOI_OK; ENVOI_E_USAGE (a name that cannot be one); ENVOI_E_TLS; ENVOI_E_MEMORY. A ticket that cannot be
     * used is ignored: a full handshake follows. */
    int32_t (*conn_new)(void *ctx, const struct envoi_conn_params *params, void **conn);

    /** Goes on with the handshake. Verification is finished before ENVOI_OK, on resumed sessions too: name, pin and
     * dates are checked again on the stored leaf.
     * @returns ENVOI_OK; ENVOI_E_AGAIN with *want, and only after lower.recv or lower.send said AGAIN in this call;
     * ENVOI_E_CERTIFICATE: the text says which check failed; ENVOI_E_TRUNCATED: EOF below; ENVOI_E_TLS. */
    int32_t (*handshake)(void *conn, uint32_t *want);

    /** Reads decrypted octets.
     * @returns ENVOI_OK and *n > 0; ENVOI_E_AGAIN with *want (same rule as handshake); ENVOI_E_EOF only after the
     * peer's close_notify; ENVOI_E_TRUNCATED when the octets below end without it; ENVOI_E_TLS. */
    int32_t (*recv)(void *conn, void *buf, size_t cap, size_t *n, uint32_t *want);

    /** Encrypts octets, perhaps only the first *n. After ENVOI_E_AGAIN the same octets come again, perhaps at another
     * address, perhaps followed by more.
     * @returns ENVOI_OK and *n > 0; ENVOI_E_AGAIN with *want (same rule as handshake); ENVOI_E_TLS; ENVOI_E_MEMORY. */
    int32_t (*send)(void *conn, const void *buf, size_t len, size_t *n, uint32_t *want);

    /** @returns how many decrypted octets are held; a hint only. */
    size_t (*pending)(void *conn);

    /** Queues close_notify and does not wait for the peer's.
     * @returns ENVOI_OK; ENVOI_E_AGAIN with *want; ENVOI_E_TLS. */
    int32_t (*shutdown)(void *conn, uint32_t *want);

    /** Tells what was agreed, after the handshake (before it: ENVOI_E_USAGE). */
    int32_t (*info)(void *conn, struct envoi_tls_info *out);

    /** Tells certificate number `index` of the peer's chain, the leaf first.
     * @returns ENVOI_OK; ENVOI_E_END after the last; ENVOI_E_MEMORY. */
    int32_t (*certificate)(void *conn, size_t index, struct envoi_certificate *out);

    /** Channel binding data (RFC 5056): `type` is "tls-exporter" (RFC 9266), "tls-server-end-point" or "tls-unique"
     * (RFC 5929). `buf` NULL: only *len is told.
     * @returns ENVOI_OK; ENVOI_E_NOT_SUPPORTED, never a wrong value; ENVOI_E_USAGE when cap is too small. */
    int32_t (*channel_binding)(void *conn, const char *type, void *buf, size_t cap, size_t *len);

    /** Writes the newest resumption ticket (it holds secrets) to the sink. Optional (NULL without ENVOI_CAP_RESUME). A
     * connection that was resumed has one of TLS 1.3 only when the server gave it another. What comes of TLS 1.2 stays
     * good, and may be given to many connections, even at once.
     * @returns ENVOI_OK; ENVOI_E_NOT_SUPPORTED when the server gave none (yet); ENVOI_E_MEMORY. */
    int32_t (*ticket)(void *conn, const struct envoi_sink *out);

    /** Frees a connection (NULL is a no-op), legal in any state, no I/O; keys and buffers are wiped. */
    void (*conn_free)(void *conn);
};

/* ------------------------------------------------------------------------------------------------ mechanisms ---- */

/** @name Credentials (bits, so that a mechanism can name all that it needs)
 * @{ */
#define ENVOI_CRED_AUTHID   0x1u  /**< who logs in */
#define ENVOI_CRED_AUTHZID  0x2u  /**< as whom to act; optional everywhere */
#define ENVOI_CRED_PASSWORD 0x4u  /**< the password */
#define ENVOI_CRED_TOKEN    0x8u  /**< an OAuth 2.0 bearer token */
#define ENVOI_CRED_REALM    0x10u /**< the realm; optional everywhere */
/** @} */

/** A question for a credential. Allocated by the asker. */
struct envoi_cred_request {
    uint32_t struct_size;  /**< set by the asker */
    uint32_t id;           /**< one ENVOI_CRED_* */
    const char *mechanism; /**< SASL name of the asker; borrowed for the call */
    const char *prompt;    /**< text for a person, or NULL; borrowed for the call */
};

/** The answer. Allocated by the asker, filled by the core, given back through release as soon as it is used. */
struct envoi_cred {
    uint32_t struct_size;                    /**< set by the asker */
    const char *data;                        /**< not NUL-terminated; may be "" */
    size_t len;                              /**< octets in data */
    void (*release)(struct envoi_cred *out); /**< set by the core, never NULL after ENVOI_OK; wipes */
    void *core;                              /**< the core's own */
};

/** @name envoi_mech_info::flags
 * ENVOI_MECH_CLIENT_FIRST, ENVOI_MECH_MUTUAL and ENVOI_MECH_SECURITY_LAYER are information: the core goes by what step and
 * layer do.
 * @{ */
#define ENVOI_MECH_CLIENT_FIRST    0x1u  /**< has an initial response */
#define ENVOI_MECH_PLAINTEXT       0x2u  /**< shows the secret to whoever reads the connection */
#define ENVOI_MECH_MUTUAL          0x4u  /**< the server proves itself */
#define ENVOI_MECH_CHANNEL_BINDING 0x8u  /**< can bind to the TLS channel (-PLUS) */
#define ENVOI_MECH_SECURITY_LAYER  0x10u /**< may offer a layer */
#define ENVOI_MECH_ANONYMOUS       0x20u /**< logs in as nobody; never chosen unless named */
#define ENVOI_MECH_MAY_BLOCK       0x40u /**< the library below may block inside step (Kerberos asks its KDC) */
/** @} */

/** One SASL mechanism of a provider. Allocated by the core, filled by mech_at(). */
struct envoi_mech_info {
    uint32_t struct_size; /**< set by the core */
    uint32_t flags;       /**< ENVOI_MECH_* */
    uint32_t needs;       /**< ENVOI_CRED_* that it cannot do without */
    const char *name;     /**< SASL name, upper case; lives as long as the state */
};

/** What a login knows. Allocated by the core; lives until mech_free. */
struct envoi_mech_params {
    uint32_t struct_size;    /**< set by the core */
    uint32_t external_ssf;   /**< strength of the TLS layer below in bits, 0 without one */
    uint32_t min_ssf;        /**< least strength asked of the mechanism's own layer; 0 */
    uint32_t max_ssf;        /**< most strength allowed for it; 0: no layer */
    const char *service;     /**< "smtp" or "lmtp" */
    const char *host;        /**< the name that TLS verified, or that the caller gave */
    const char *server_list; /**< what the server announced, upper case, separated by blanks */
    /** Channel binding of the TLS layer below; same contract as envoi_transport::channel_binding. */
    int32_t (*binding)(void *core, const char *type, void *buf, size_t cap, size_t *len);
    /** Asks the application for a credential.
     * @returns ENVOI_OK; ENVOI_E_AGAIN: the answer comes later, step returns AGAIN with ENVOI_WANT_CREDENTIAL and is
     * called again with the same input; ENVOI_E_CANCELLED: there is none (for an optional one: go on without). */
    int32_t (*cred)(void *core, const struct envoi_cred_request *request, struct envoi_cred *out);
    void *core;                  /**< handed to binding and cred */
    struct envoi_errctx *errctx; /**< for set_error */
};

/** @name The `result` of a step
 * @{ */
#define ENVOI_STEP_CONTINUE 0u /**< the mechanism waits for the server */
#define ENVOI_STEP_DONE     1u /**< the mechanism is satisfied; the server's 235 is still needed, and a failure before */
/** @} */

/** A security layer that a mechanism brought. Allocated by the core, filled by layer(). */
struct envoi_sasl_layer {
    uint32_t struct_size; /**< set by the core */
    uint32_t ssf;         /**< strength in bits; 0: no layer, the rest is not set */
    size_t max_chunk;     /**< most octets that one encode takes */
    /** Protects `len` octets. @returns ENVOI_OK, ENVOI_E_MEMORY, ENVOI_E_AUTH. */
    int32_t (*encode)(void *ctx, const void *in, size_t len, const struct envoi_sink *out);
    /** Takes octets from the wire, cut anywhere; writes what became readable (perhaps nothing).
     * @returns ENVOI_OK, ENVOI_E_MEMORY, ENVOI_E_PROTOCOL (forged or damaged). */
    int32_t (*decode)(void *ctx, const void *in, size_t len, const struct envoi_sink *out);
};

/** A provider of one or many mechanisms. Constant, owned by the plugin. All members REQUIRED unless said otherwise. */
struct envoi_mechanism {
    uint32_t struct_size; /**< sizeof(struct envoi_mechanism), set by the plugin */
    const char *name;     /**< of the provider, for a person */

    /** Lists the mechanisms. @returns ENVOI_OK; ENVOI_E_END after the last. */
    int32_t (*mech_at)(void *state, size_t index, struct envoi_mech_info *out);

    /** May `mech` be tried under these params? Optional (NULL: yes). Asks no credential.
     * @returns ENVOI_OK; ENVOI_E_NOT_SUPPORTED: it is passed over, the text says why. */
    int32_t (*usable)(void *state, const char *mech, const struct envoi_mech_params *params);

    /** Begins one exchange. `mech` is one of mech_at's names, or such a name with "-PLUS" when the server announces that
     * and the mechanism has ENVOI_MECH_CHANNEL_BINDING.
     * @returns ENVOI_OK; ENVOI_E_NOT_SUPPORTED; ENVOI_E_MEMORY. */
    int32_t (*mech_new)(void *state, const char *mech, const struct envoi_mech_params *params, void **ctx);

    /** One step. Raw octets; base64 is the core's.
     * @param ctx     from mech_new
     * @param in      the server's challenge; NULL: initial response is asked for. After AGAIN the same comes again.
     * @param len     octets in `in`
     * @param out     a write, be it of 0 octets, is the response. No write: there is no initial response (server
     *                first), or later: an empty one.
     * @param result  ENVOI_STEP_*
     * @param want    after AGAIN: ENVOI_WANT_CREDENTIAL
     * @returns ENVOI_OK, and CONTINUE even after an earlier DONE; a challenge that says why the server is going to refuse
     * (RFC 7628) is told by set_error then, and becomes a part of the refusal's text; ENVOI_E_AGAIN; ENVOI_E_CANCELLED: a
     * needed credential was not given (the core sends `*`); ENVOI_E_AUTH: the server failed its proof or the challenge is
     * not acceptable (the core sends `*`, no other mechanism is tried); ENVOI_E_USAGE: a credential cannot be used here (a
     * NUL in it, say); ENVOI_E_NOT_SUPPORTED: only from the first step, before anything was sent: not usable after all,
     * the next provider is tried; ENVOI_E_MEMORY. */
    int32_t (*step)(void *ctx, const void *in, size_t len, const struct envoi_sink *out, uint32_t *result,
                    uint32_t *want);

    /** The security layer, after DONE and 235. Optional (NULL: none). ctx lives as long as the layer is used. */
    int32_t (*layer)(void *ctx, struct envoi_sasl_layer *out);

    /** Frees an exchange (NULL is a no-op), legal in any state; wipes all that came from a secret. */
    void (*mech_free)(void *ctx);
};

/* ---------------------------------------------------------------------------------------------------- plugin ---- */

/** What a plugin is. Constant, owned by the plugin, valid for ever. */
struct envoi_plugin {
    uint32_t struct_size; /**< sizeof(struct envoi_plugin), set by the plugin */
    uint32_t magic;       /**< ENVOI_PLUGIN_MAGIC */
    uint32_t abi_major;   /**< ENVOI_ABI_MAJOR */
    uint32_t abi_minor;   /**< ENVOI_ABI_MINOR */
    const char *id;       /**< `[a-z0-9_]+`, the same as in the entry's name and the descriptor's file name */
    const char *version;  /**< of the plugin */
    const char *license;  /**< SPDX expression */
    /** Called once by each library object before it uses the plugin. Optional (NULL: state is NULL).
     * @param host   lives until fini
     * @param state  handed to everything that takes a state
     * @returns ENVOI_OK; ENVOI_E_MEMORY: it is called again later; anything else: the plugin is reported broken and
     * passed over. */
    int32_t (*init)(const struct envoi_host *host, void **state);
    /** Undoes init. Optional. No exit handlers, no threads are left behind. */
    void (*fini)(void *state);
    const struct envoi_transport *const *transports; /**< NULL-terminated, or NULL */
    const struct envoi_mechanism *const *mechanisms; /**< NULL-terminated, or NULL */
};

/** The entry `envoi_plugin_<id>`: no side effects, callable any number of times. */
typedef const struct envoi_plugin *envoi_plugin_entry(void);

/** Marks the entry, so that it is the one symbol that a module exports. */
#define ENVOI_PLUGIN_EXPORT __attribute__((visibility("default")))

#ifdef __cplusplus
}
#endif

#endif

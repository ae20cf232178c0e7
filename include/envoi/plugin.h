/* SPDX-License-Identifier: MIT */
/**
 * @file
 * The plugin ABI: the only header, beside error.h, that a plugin may see. docs/plugins.md shows how to write a plugin.
 *
 * A plugin is a shared object with one exported symbol, `envoi_plugin_<id>` (an ::envoi_plugin_entry), that returns a
 * constant description. It offers *transports* (a TLS library), *mechanisms* (SASL), or both. The core finds plugins by
 * descriptor files (plugins.d), loads one only when it is needed, and never unloads it.
 *
 * @code{.c}
 * // The frame of a plugin with one mechanism, which another file of the module defines.
 * extern const struct envoi_mechanism my_mechanism;
 *
 * ENVOI_PLUGIN_EXPORT envoi_plugin_entry envoi_plugin_mine;
 *
 * const struct envoi_plugin *envoi_plugin_mine(void)
 * {
 *     static const struct envoi_mechanism *const mechanisms[] = {&my_mechanism, NULL};
 *     static const struct envoi_plugin plugin = {
 *         .struct_size = sizeof plugin,
 *         .magic = ENVOI_PLUGIN_MAGIC,
 *         .abi_major = ENVOI_ABI_MAJOR,
 *         .abi_minor = ENVOI_ABI_MINOR,
 *         .id = "mine",
 *         .version = "1",
 *         .license = "MIT",
 *         .mechanisms = mechanisms,
 *     };
 *
 *     return &plugin;
 * }
 * @endcode
 *
 * **Life cycle.** A star marks a slot that is called any number of times. The last column says in which threads:
 * (P) one at a time in the process, (L) one at a time for each library object, (C) one at a time for each connection or
 * exchange, (W) as (C), but perhaps in a worker thread, (A) several threads at once.
 * @code{.unparsed}
 * envoi_plugin_<id>()*        the plugin is needed and its module was loaded                      P
 * init                        once for each library object, before all that follows               P
 * |
 * +- transport
 * |    probe                  before the first TLS connection of the library object               L
 * |    ctx_new                no context with these settings exists                               L
 * |    |  conn_new            STARTTLS was answered with 220; or implicit TLS, and connected      C
 * |    |  handshake*          until it returns something else than AGAIN                          C
 * |    |  recv*, send*        octets came, or there are some to send                              C
 * |    |  info*, certificate*, channel_binding*, ticket*     after the handshake                  C
 * |    |  shutdown            after the reply to QUIT                                             C
 * |    |  conn_free           the connection is closed; also after a failed handshake             C
 * |    ctx_free               after the last connection; a few contexts are kept for the next     A
 * |
 * +- mechanism
 * |    mech_at*               a name is looked for                                                L
 * |    usable                 before AUTH, for each candidate                                     A
 * |    mech_new               an exchange begins; before AUTH is sent                             A
 * |    |  step*               the initial response, then each challenge                           W
 * |    |  layer               after DONE and 235                                                  C
 * |    |  encode*, decode*    octets to send, octets that came; until the connection is closed    C
 * |    mech_free              the exchange is over; with a layer: the connection is closed        W
 * |
 * fini                        the library object is freed; the module stays loaded                P
 * @endcode
 *
 * **How the ABI grows.** Every struct begins with `struct_size`, which the side that allocated the struct sets. The
 * other side touches no member beyond it (ENVOI_HAS()). Members are appended, never moved, never reused. If a meaning
 * changes, ENVOI_ABI_MAJOR is raised, and a plugin of another major is refused. Only fixed-width integers, size_t and
 * pointers cross the border: no enum members, no bit-fields, no FILE, no file descriptor, no errno.
 *
 * **Results.** A slot returns ENVOI_OK, ENVOI_E_MEMORY, or one of the results that are listed for it. The core takes
 * anything else, and a length that exceeds the buffer, as ENVOI_E_PLUGIN: the connection ends, and the text names the
 * plugin and the slot. Where a slot makes an object, ENVOI_OK means that the object is not NULL; where it gives texts,
 * none of them is NULL.
 *
 * **Memory** is freed by the side that allocated it. Plugins allocate through the host, so that an application's
 * allocator reaches into them.
 *
 * **Rules for a plugin's own code.** It never blocks, sleeps, polls, reads the environment, starts a thread, or keeps a
 * buffer that it borrowed for a call. It writes no secret to a log or an error text. It has no mutable static data.
 *
 * **Threads.** init and fini run under one lock of the process. A state and a TLS context may be used by many threads
 * at once. A TLS connection or a mechanism context is used by one thread at a time, which need not be the same one each
 * time: with ENVOI_MECH_MAY_BLOCK or ENVOI_MECH_MAY_TAKE_LONG a worker thread may take the steps, and free the context.
 *
 * **Fork.** After fork(2) both processes use the states and TLS contexts that existed before. The child may only free
 * connections and mechanism contexts.
 *
 * **Trust.** A plugin ignores the members that it does not know. So each member that trust hangs on, and that came
 * after version 1.0, has a bit in envoi_transport::caps. If a program uses such a setting and the plugin lacks the bit,
 * the core returns ENVOI_E_NOT_SUPPORTED before TLS begins, that is before STARTTLS is sent.
 *
 * **The log of the ABI.** All that is not named here is of version 1.0. Version 1 is frozen: members are only appended.
 * | version | date       | added |
 * |---------|------------|-------|
 * | 1.0     | 2026-11-24 | the structs and their members |
 * | 1.1     | 2026-11-29 | envoi_tls_config: `ca_pem`, `cert_pem`, `key_pem` |
 * | 1.1     | 2026-11-29 | envoi_tls_config: `system_ca_file`, `system_ca_dir`, `read_all` |
 * | 1.1     | 2026-11-29 | envoi_conn_params: `sni` |
 * | 1.1     | 2026-11-29 | envoi_tls_info: `group` |
 * | 1.1     | 2026-11-29 | envoi_certificate: `pin` |
 * | 1.1     | 2026-11-29 | ENVOI_CAP_MEMORY, ENVOI_CAP_SNI, ENVOI_VERIFY_CHAIN, ENVOI_VERIFY_PIN |
 * | 1.1     | 2026-11-29 | ENVOI_MECH_MAY_TAKE_LONG |
 * | 1.1     | 2026-11-30 | ENVOI_CAP_CHAIN, ENVOI_CAP_PIN, ENVOI_CAP_SYSTEM_CA, ENVOI_CAP_READ_ALL |
 *
 * @since 0.1, which has ABI 1.1. A plugin that was made for ABI 1.0 works as before
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
#define ENVOI_ABI_MAJOR 1
/** Raised when members are appended; for information only, struct_size decides. A plugin that is to compile unchanged
 * with later headers defines ENVOI_PLUGIN_ABI_MINOR, the version that it was written for, before it includes this one.
 * It then gets the structs of that version, and ENVOI_ABI_MINOR is that version. Not defined: the newest. */
#ifdef ENVOI_PLUGIN_ABI_MINOR
#define ENVOI_ABI_MINOR ENVOI_PLUGIN_ABI_MINOR
#else
#define ENVOI_ABI_MINOR 1
#endif
#if ENVOI_ABI_MINOR > 1
#error "ENVOI_PLUGIN_ABI_MINOR is newer than this header: a plugin for it needs a newer envoi"
#endif
/** The value of envoi_plugin::magic ("ENVO"). */
#define ENVOI_PLUGIN_MAGIC 0x454e564fu

/** True if the struct behind `p` is large enough to have `member`. */
#define ENVOI_HAS(p, member) ((p)->struct_size >= (size_t)((const char *)(&(p)->member + 1) - (const char *)(p)))

/** Holds the text of a failure: opaque, one for each session, given to each connection and mechanism context. */
struct envoi_errctx;

/** @name envoi_host::log levels
 * @{ */
#define ENVOI_LOG_ERROR   0u /**< something was asked for and cannot be done */
#define ENVOI_LOG_WARNING 1u /**< it goes on, but needs attention */
#define ENVOI_LOG_INFO    2u /**< worth knowing */
#define ENVOI_LOG_DEBUG   3u /**< helps to find a fault */
/** @} */

/** Services of the core for a plugin. Allocated by the core; lives until fini() returned. All members REQUIRED. */
struct envoi_host {
    uint32_t struct_size; /**< set by the core */

    /** Allocates `size` octets. Any thread.
     * @returns NULL if there is no memory */
    void *(*alloc)(size_t size);
    /** Like realloc(3): `ptr` may be NULL; if it returns NULL the old memory stays valid. Any thread. */
    void *(*realloc)(void *ptr, size_t size);
    /** Frees memory of alloc or realloc; NULL is a no-op. Any thread. */
    void (*free)(void *ptr);
    /** Overwrites `len` octets with zeros in a way that the compiler cannot drop. Any thread. */
    void (*wipe)(void *ptr, size_t len);
    /** Writes one line to the application's log. Any thread.
     * @param host   this struct
     * @param level  ENVOI_LOG_*
     * @param text   NUL-terminated, no line end, no secret; borrowed for the call */
    void (*log)(const struct envoi_host *host, uint32_t level, const char *text);
    /** Reports the reason of a failure, once, before the failing function returns.
     * @param host          this struct
     * @param errctx        from the params of the connection or mechanism; NULL if the slot has none (init, probe,
     *                      mech_at): the text goes to the log
     * @param code          the ENVOI_E_* that will be returned
     * @param library_code  the code of the library below, 0 if there is none
     * @param text          the reason, for a person; no secret; borrowed for the call */
    void (*set_error)(const struct envoi_host *host, struct envoi_errctx *errctx, int32_t code, int64_t library_code,
                      const char *text);
};

/** Takes output of any length. Allocated by the core. */
struct envoi_sink {
    uint32_t struct_size; /**< set by the core */
    /** Appends `len` octets. 0 is legal and means "there is output, and it is empty". The plugin returns the error.
     * @retval ENVOI_OK
     * @retval ENVOI_E_MEMORY
     * @retval ENVOI_E_PROTOCOL  the sink's bound is exceeded */
    int32_t (*write)(void *ctx, const void *data, size_t len);
    void *ctx; /**< passed to write */
};

/* ---- transports ---- */

/** @name `want`: the reason of an ENVOI_E_AGAIN
 * @{ */
#define ENVOI_WANT_READ       0x1u /**< lower.recv has no octets */
#define ENVOI_WANT_WRITE      0x2u /**< lower.send has no room */
#define ENVOI_WANT_CREDENTIAL 0x4u /**< cred() returned AGAIN */
/** @} */

/** The octets below a TLS connection: two memory buffers of the core. Never a socket. Allocated by the core. */
struct envoi_lower {
    uint32_t struct_size; /**< set by the core */
    /** Gives up to `cap` octets from the peer.
     * @retval ENVOI_OK       *n is above 0
     * @retval ENVOI_E_AGAIN  there are none yet
     * @retval ENVOI_E_EOF    there will be none */
    int32_t (*recv)(void *ctx, void *buf, size_t cap, size_t *n);
    /** Takes octets for the peer, perhaps only the first *n of them.
     * @retval ENVOI_OK       *n is above 0
     * @retval ENVOI_E_AGAIN  the buffer is full
     * @retval ENVOI_E_MEMORY */
    int32_t (*send)(void *ctx, const void *buf, size_t len, size_t *n);
    void *ctx; /**< passed to recv and send */
};

/** @name TLS versions, as on the wire
 * @{ */
#define ENVOI_TLS_1_2 0x0303u /**< TLS 1.2 (RFC 5246) */
#define ENVOI_TLS_1_3 0x0304u /**< TLS 1.3 (RFC 8446) */
/** @} */

/** @name envoi_transport::caps
 * The first three are information. Without ENVOI_CAP_RESUME no session is resumed. Without one of those that follow it,
 * a setting that needs it is ENVOI_E_NOT_SUPPORTED.
 * @{ */
#define ENVOI_CAP_EXPORTER    0x1u   /**< channel binding "tls-exporter" */
#define ENVOI_CAP_END_POINT   0x2u   /**< channel binding "tls-server-end-point" */
#define ENVOI_CAP_UNIQUE      0x4u   /**< channel binding "tls-unique" (TLS 1.2 with extended master secret only) */
#define ENVOI_CAP_RESUME      0x8u   /**< ticket and envoi_conn_params::ticket work */
#define ENVOI_CAP_CLIENT_CERT 0x10u  /**< envoi_tls_config::cert_file works; without it: never used when one is set */
#define ENVOI_CAP_MEMORY      0x20u  /**< envoi_tls_config::ca_pem, cert_pem and key_pem work (ABI 1.1) */
#define ENVOI_CAP_SNI         0x40u  /**< envoi_conn_params::sni works (ABI 1.1) */
#define ENVOI_CAP_CHAIN       0x80u  /**< ENVOI_VERIFY_CHAIN works (ABI 1.1) */
#define ENVOI_CAP_PIN         0x100u /**< ENVOI_VERIFY_PIN works (ABI 1.1) */
#define ENVOI_CAP_SYSTEM_CA   0x200u /**< envoi_tls_config::system_ca_file and system_ca_dir work (ABI 1.1) */
#define ENVOI_CAP_READ_ALL    0x400u /**< envoi_tls_config::read_all works (ABI 1.1) */
/** @} */

/** @name envoi_conn_params::verify (asked for) and envoi_tls_info::verified (done)
 * Pins are checked in all four cases, if there are any. CHAIN is asked for only with ENVOI_CAP_CHAIN, PIN only with
 * ENVOI_CAP_PIN.
 * @{ */
#define ENVOI_VERIFY_NONE  0u /**< nothing */
#define ENVOI_VERIFY_ALL   1u /**< chain, dates, purpose, revocation and name */
#define ENVOI_VERIFY_CHAIN 2u /**< the same without the name (ABI 1.1) */
#define ENVOI_VERIFY_PIN   3u /**< a pin stands for all of that; without a pin the handshake fails (ABI 1.1) */
/** @} */

/** The ingredients of a TLS context: trust, versions, client certificate. Allocated by the core, borrowed for
 * ctx_new. */
struct envoi_tls_config {
    uint32_t struct_size;  /**< set by the core */
    uint32_t system_trust; /**< 1: the system's CA certificates are trusted; see system_ca_file */
    uint32_t min_version;  /**< ENVOI_TLS_1_2 or ENVOI_TLS_1_3; system policy may raise it, nothing lowers it */
    uint32_t max_version;  /**< ENVOI_TLS_*, or 0: the newest */
    const char *ca_file;   /**< PEM file of further trusted CA certificates, or NULL */
    const char *crl_file;  /**< PEM file of revocation lists, against which the leaf is checked, or NULL */
    const char *ciphers;   /**< cipher string (OpenSSL, TLS 1.2) or priority string (GnuTLS), or NULL: the default */
    const char *cert_file; /**< PEM chain of the client, or NULL */
    const char *key_file;  /**< PEM key of the client; NULL with a cert_file: the key is in cert_file */
    /** Asks for the passphrase of an encrypted key; NULL: an encrypted key is an error. Called only within ctx_new.
     * @param ctx  passphrase_ctx
     * @param buf  to be filled; the plugin wipes it
     * @param cap  room in buf
     * @param len  set to the number of octets, without a NUL
     * @retval ENVOI_OK
     * @retval ENVOI_E_CANCELLED  the passphrase does not fit */
    int32_t (*passphrase)(void *ctx, char *buf, size_t cap, size_t *len);
    void *passphrase_ctx; /**< passed to passphrase */
#if ENVOI_ABI_MINOR >= 1
    const char *ca_pem;   /**< PEM of further trusted CA certificates, beside ca_file, or NULL (ABI 1.1) */
    const char *cert_pem; /**< PEM chain of the client, instead of cert_file, or NULL (ABI 1.1) */
    const char *key_pem;  /**< PEM key of the client; NULL with a cert_pem: the key is in cert_pem (ABI 1.1) */
    /** A PEM file, or NULL. If this or system_ca_dir is set, they are the system's CA certificates: SSL_CERT_FILE and
     * SSL_CERT_DIR of the environment, which only the core reads. Both NULL: those that the library knows of, without a
     * look at the environment. Only with system_trust (ABI 1.1) */
    const char *system_ca_file;
    /** Directories of PEM files, separated by ":", with names as by `openssl rehash`, or NULL (ABI 1.1) */
    const char *system_ca_dir;
    /** 1: the files will be out of reach (chroot), so ctx_new reads all that the context may ever need; 0: it may look
     * for a CA certificate when a connection needs it (ABI 1.1) */
    uint32_t read_all;
#endif
};

/** The ingredients of a TLS connection. Allocated by the core, borrowed for conn_new (lower and errctx: until
 * conn_free). */
struct envoi_conn_params {
    uint32_t struct_size;            /**< set by the core */
    uint32_t verify;                 /**< one of ENVOI_VERIFY_* */
    const char *server_name;         /**< A-labels without trailing dot, or the text of an IP address; never NULL */
    uint32_t name_is_ip;             /**< 1: server_name is an address: match iPAddress SANs, send no SNI */
    uint32_t pin_count;              /**< number of pins, may be 0 */
    const uint8_t (*pins)[32];       /**< SHA-256 of the SPKI; with pins, the leaf must match one of them (as well) */
    const uint8_t *ticket;           /**< given by `ticket` of an earlier connection to the same server, or NULL */
    size_t ticket_len;               /**< octets in ticket */
    const struct envoi_lower *lower; /**< the octets below; lives until conn_free */
    struct envoi_errctx *errctx;     /**< for set_error; lives until conn_free */
#if ENVOI_ABI_MINOR >= 1
    const char *sni; /**< the name to send (RFC 6066); NULL: server_name (ABI 1.1) */
#endif
};

/** The result of a handshake. Allocated by the core, filled by info(); pointers are borrowed until conn_free. */
struct envoi_tls_info {
    uint32_t struct_size;      /**< set by the core */
    uint32_t protocol;         /**< ENVOI_TLS_* */
    uint32_t strength_bits;    /**< of the cipher; the external SSF of SASL */
    uint32_t verified;         /**< one of ENVOI_VERIFY_*: the check that was made and passed. If it is neither
                                  the one that was asked for nor ENVOI_VERIFY_ALL, the core sends nothing */
    uint32_t resumed;          /**< 1: an abbreviated handshake */
    const char *protocol_name; /**< "TLSv1.3" */
    const char *cipher;        /**< name of the cipher suite */
#if ENVOI_ABI_MINOR >= 1
    const char *group; /**< name of the group of the key exchange, such as "x25519"; NULL or "": unknown (ABI 1.1) */
#endif
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
#if ENVOI_ABI_MINOR >= 1
    const char *pin; /**< SHA-256 of the SPKI, 64 hexadecimal digits, or NULL (ABI 1.1) */
#endif
};

/** A TLS library. Constant, owned by the plugin. All members REQUIRED unless said otherwise. */
struct envoi_transport {
    uint32_t struct_size; /**< sizeof(struct envoi_transport), set by the plugin */
    uint32_t caps;        /**< ENVOI_CAP_* */
    const char *name;     /**< "openssl", "gnutls" */
    const char *library;  /**< the library and its version, for a person: "OpenSSL 3.0.17" */

    /** Says whether the library can be used here. Optional (NULL: yes).
     * @retval ENVOI_OK
     * @retval ENVOI_E_NOT_SUPPORTED  the next transport in priority is tried
     * @retval ENVOI_E_MEMORY         TLS fails with it, and the next use asks again */
    int32_t (*probe)(void *state);

    /** Makes an immutable context that many connections share. May read files.
     * @retval ENVOI_OK
     * @retval ENVOI_E_TLS        a file cannot be read or does not fit; the text names it
     * @retval ENVOI_E_CANCELLED  the passphrase was not given
     * @retval ENVOI_E_MEMORY */
    int32_t (*ctx_new)(void *state, const struct envoi_tls_config *config, struct envoi_errctx *errctx, void **ctx);
    /** Frees a context (NULL is a no-op), after its last connection. */
    void (*ctx_free)(void *ctx);

    /** Makes a client connection. No I/O yet. A ticket that cannot be used is ignored: a full handshake follows.
     * @retval ENVOI_OK
     * @retval ENVOI_E_USAGE   the server's name is malformed
     * @retval ENVOI_E_TLS
     * @retval ENVOI_E_MEMORY */
    int32_t (*conn_new)(void *ctx, const struct envoi_conn_params *params, void **conn);

    /** Goes on with the handshake. Verification is finished before ENVOI_OK, on resumed sessions too: name, pins and
     * dates are checked again on the stored leaf.
     * @retval ENVOI_OK
     * @retval ENVOI_E_AGAIN        with *want, and only after lower.recv or lower.send returned AGAIN in this call
     * @retval ENVOI_E_CERTIFICATE  the text says which check failed
     * @retval ENVOI_E_TRUNCATED    EOF below
     * @retval ENVOI_E_TLS */
    int32_t (*handshake)(void *conn, uint32_t *want);

    /** Reads decrypted octets.
     * @retval ENVOI_OK           *n is above 0
     * @retval ENVOI_E_AGAIN      with *want (same rule as handshake)
     * @retval ENVOI_E_EOF        only after the peer's close_notify
     * @retval ENVOI_E_TRUNCATED  the octets below end without it
     * @retval ENVOI_E_TLS */
    int32_t (*recv)(void *conn, void *buf, size_t cap, size_t *n, uint32_t *want);

    /** Encrypts octets, perhaps only the first *n. After ENVOI_E_AGAIN the same octets come again, perhaps at another
     * address, perhaps followed by more.
     * @retval ENVOI_OK       *n is above 0
     * @retval ENVOI_E_AGAIN  with *want (same rule as handshake)
     * @retval ENVOI_E_TLS
     * @retval ENVOI_E_MEMORY */
    int32_t (*send)(void *conn, const void *buf, size_t len, size_t *n, uint32_t *want);

    /** Returns the number of decrypted octets that are held; a hint only. */
    size_t (*pending)(void *conn);

    /** Queues close_notify and does not wait for the peer's.
     * @retval ENVOI_OK
     * @retval ENVOI_E_AGAIN  with *want
     * @retval ENVOI_E_TLS */
    int32_t (*shutdown)(void *conn, uint32_t *want);

    /** Describes the result of the handshake.
     * @retval ENVOI_OK
     * @retval ENVOI_E_USAGE  the handshake is not finished */
    int32_t (*info)(void *conn, struct envoi_tls_info *out);

    /** Describes certificate number `index` of the peer's chain, the leaf first.
     * @retval ENVOI_OK
     * @retval ENVOI_E_END  after the last
     * @retval ENVOI_E_MEMORY */
    int32_t (*certificate)(void *conn, size_t index, struct envoi_certificate *out);

    /** Gives channel binding data (RFC 5056): `type` is "tls-exporter" (RFC 9266), "tls-server-end-point" or
     * "tls-unique" (RFC 5929). `buf` NULL: only *len is set.
     * @retval ENVOI_OK
     * @retval ENVOI_E_NOT_SUPPORTED  never a wrong value instead
     * @retval ENVOI_E_USAGE          cap is too small */
    int32_t (*channel_binding)(void *conn, const char *type, void *buf, size_t cap, size_t *len);

    /** Writes the newest resumption ticket (it holds secrets) to the sink. Optional (NULL without ENVOI_CAP_RESUME). A
     * resumed connection has a ticket of TLS 1.3 only if the server gave it another one. A session of TLS 1.2 stays
     * good, and may be given to many connections, even at once.
     * @retval ENVOI_OK
     * @retval ENVOI_E_NOT_SUPPORTED  the server gave none (yet)
     * @retval ENVOI_E_MEMORY */
    int32_t (*ticket)(void *conn, const struct envoi_sink *out);

    /** Frees a connection (NULL is a no-op). Legal in any state, no I/O; wipes keys and buffers. */
    void (*conn_free)(void *conn);
};

/* ---- mechanisms ---- */

/** @name Credentials (bits, so that a mechanism can name all that it needs)
 * @{ */
#define ENVOI_CRED_AUTHID   0x1u  /**< the user */
#define ENVOI_CRED_AUTHZID  0x2u  /**< as whom to act; optional everywhere */
#define ENVOI_CRED_PASSWORD 0x4u  /**< the password */
#define ENVOI_CRED_TOKEN    0x8u  /**< an OAuth 2.0 bearer token */
#define ENVOI_CRED_REALM    0x10u /**< the realm; optional everywhere */
/** @} */

/** A question for a credential. Allocated by the mechanism. */
struct envoi_cred_request {
    uint32_t struct_size;  /**< set by the mechanism */
    uint32_t id;           /**< one ENVOI_CRED_* */
    const char *mechanism; /**< SASL name of the mechanism; borrowed for the call */
    const char *prompt;    /**< text for a person, or NULL; borrowed for the call */
};

/** The answer. Allocated by the mechanism, filled by the core, given back through release as soon as it was used. */
struct envoi_cred {
    uint32_t struct_size;                    /**< set by the mechanism */
    const char *data;                        /**< not NUL-terminated; may be "" */
    size_t len;                              /**< octets in data */
    void (*release)(struct envoi_cred *out); /**< set by the core, never NULL after ENVOI_OK; wipes */
    void *core;                              /**< the core's own */
};

/** @name envoi_mech_info::flags
 * ENVOI_MECH_CLIENT_FIRST, ENVOI_MECH_MUTUAL and ENVOI_MECH_SECURITY_LAYER are information; the core goes by the
 * results of step and layer.
 * @{ */
#define ENVOI_MECH_CLIENT_FIRST    0x1u  /**< has an initial response */
#define ENVOI_MECH_PLAINTEXT       0x2u  /**< shows the secret to a reader of the connection */
#define ENVOI_MECH_MUTUAL          0x4u  /**< the server proves itself */
#define ENVOI_MECH_CHANNEL_BINDING 0x8u  /**< can bind to the TLS channel (-PLUS) */
#define ENVOI_MECH_SECURITY_LAYER  0x10u /**< may offer a layer */
#define ENVOI_MECH_ANONYMOUS       0x20u /**< logs in as nobody; never chosen unless named */
#define ENVOI_MECH_MAY_BLOCK       0x40u /**< the library below may block inside step (Kerberos asks its KDC) */
#define ENVOI_MECH_MAY_TAKE_LONG   0x80u /**< a step may compute for a tenth of a second and more (SCRAM) */
/** @} */

/** One SASL mechanism of a provider. Allocated by the core, filled by mech_at(). */
struct envoi_mech_info {
    uint32_t struct_size; /**< set by the core */
    uint32_t flags;       /**< ENVOI_MECH_* */
    uint32_t needs;       /**< ENVOI_CRED_* that it cannot do without */
    const char *name;     /**< SASL name, upper case; lives as long as the state */
};

/** The circumstances of a login. Allocated by the core; lives until mech_free. */
struct envoi_mech_params {
    uint32_t struct_size;    /**< set by the core */
    uint32_t external_ssf;   /**< strength of the TLS layer below in bits, 0 without one */
    uint32_t min_ssf;        /**< least strength asked of the mechanism's own layer; 0: none is needed */
    uint32_t max_ssf;        /**< most strength allowed for it; 0: no layer */
    const char *service;     /**< "smtp" or "lmtp" */
    const char *host;        /**< the name that TLS verified, or that the caller gave */
    const char *server_list; /**< the mechanisms that the server announced, upper case, separated by blanks */
    /** Gives channel binding data of the TLS layer below; same contract as envoi_transport::channel_binding. */
    int32_t (*binding)(void *core, const char *type, void *buf, size_t cap, size_t *len);
    /** Asks the application for a credential.
     * @retval ENVOI_OK
     * @retval ENVOI_E_AGAIN      the answer comes later: step returns AGAIN with ENVOI_WANT_CREDENTIAL and is called
     *                            again with the same input
     * @retval ENVOI_E_CANCELLED  there is none; if it is optional, go on without
     * @retval ENVOI_E_MEMORY */
    int32_t (*cred)(void *core, const struct envoi_cred_request *request, struct envoi_cred *out);
    void *core;                  /**< passed to binding and cred */
    struct envoi_errctx *errctx; /**< for set_error */
};

/** @name The `result` of a step
 * @{ */
#define ENVOI_STEP_CONTINUE 0u /**< the mechanism waits for the server; a 235 now is a failure */
#define ENVOI_STEP_DONE     1u /**< the mechanism is satisfied: from now on a 235 is accepted */
/** @} */

/** A security layer of a mechanism. Allocated by the core, filled by layer(). */
struct envoi_sasl_layer {
    uint32_t struct_size; /**< set by the core */
    uint32_t ssf;         /**< strength in bits; 0: no layer, the other members are not set */
    size_t max_chunk;     /**< most octets that one encode takes */
    /** Protects `len` octets.
     * @retval ENVOI_OK
     * @retval ENVOI_E_AUTH
     * @retval ENVOI_E_MEMORY */
    int32_t (*encode)(void *ctx, const void *in, size_t len, const struct envoi_sink *out);
    /** Takes octets from the wire, cut anywhere, and writes those that became readable, perhaps none.
     * @retval ENVOI_OK
     * @retval ENVOI_E_PROTOCOL  forged or damaged
     * @retval ENVOI_E_MEMORY */
    int32_t (*decode)(void *ctx, const void *in, size_t len, const struct envoi_sink *out);
};

/** A provider of one or many mechanisms. Constant, owned by the plugin. All members REQUIRED unless said otherwise. */
struct envoi_mechanism {
    uint32_t struct_size; /**< sizeof(struct envoi_mechanism), set by the plugin */
    const char *name;     /**< of the provider, for a person */

    /** Describes mechanism number `index`, from 0.
     * @retval ENVOI_OK
     * @retval ENVOI_E_END  after the last
     * @retval ENVOI_E_MEMORY */
    int32_t (*mech_at)(void *state, size_t index, struct envoi_mech_info *out);

    /** Says whether `mech` can be tried under these params. Optional (NULL: yes). Asks for no credential.
     * @retval ENVOI_OK
     * @retval ENVOI_E_NOT_SUPPORTED  it is passed over; the text says why
     * @retval ENVOI_E_MEMORY         the login fails */
    int32_t (*usable)(void *state, const char *mech, const struct envoi_mech_params *params);

    /** Begins one exchange. `mech` is one of mech_at's names, or such a name with "-PLUS" if the server announces that
     * and the mechanism has ENVOI_MECH_CHANNEL_BINDING.
     * @retval ENVOI_OK
     * @retval ENVOI_E_NOT_SUPPORTED  it is passed over; the text says why
     * @retval ENVOI_E_MEMORY         the login fails */
    int32_t (*mech_new)(void *state, const char *mech, const struct envoi_mech_params *params, void **ctx);

    /** Takes one step. Octets are raw: the core does the base64.
     * @param ctx     from mech_new
     * @param in      the server's challenge; NULL: the initial response is asked for. After AGAIN the same input comes
     *                again
     * @param len     octets in `in`
     * @param out     a write, even of 0 octets, is the response. No write means, in the first step, that there is no
     *                initial response (server first), and later an empty response
     * @param result  ENVOI_STEP_*
     * @param want    set to ENVOI_WANT_CREDENTIAL with AGAIN
     * @retval ENVOI_OK               CONTINUE is legal after an earlier DONE, too. If the challenge explains why the
     *                                server is going to refuse (RFC 7628), report that by set_error; it becomes a part
     *                                of the text of the refusal
     * @retval ENVOI_E_AGAIN          cred() returned AGAIN
     * @retval ENVOI_E_CANCELLED      a needed credential was not given (the core sends `*`)
     * @retval ENVOI_E_SERVER_PROOF   the server did not prove that it knows the secret: its signature is wrong or
     *                                missing (the core sends `*` and tries no other mechanism)
     * @retval ENVOI_E_AUTH           the challenge is not acceptable for another reason (likewise)
     * @retval ENVOI_E_USAGE          a credential cannot be used here (it has a NUL, for example)
     * @retval ENVOI_E_NOT_SUPPORTED  only from the first step, before anything was sent: not usable after all, the next
     *                                provider is tried
     * @retval ENVOI_E_MEMORY */
    int32_t (*step)(void *ctx, const void *in, size_t len, const struct envoi_sink *out, uint32_t *result,
                    uint32_t *want);

    /** Gives the security layer, after DONE and 235. Optional (NULL: none). ctx lives as long as the layer is used.
     * @retval ENVOI_OK  with ssf 0 if there is no layer
     * @retval other     the login fails and the connection is closed */
    int32_t (*layer)(void *ctx, struct envoi_sasl_layer *out);

    /** Frees an exchange (NULL is a no-op). Legal in any state; wipes all that came from a secret. */
    void (*mech_free)(void *ctx);
};

/* ---- plugin ---- */

/** The description of a plugin. Constant, owned by the plugin, valid for ever. */
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
     * @param state  passed to every slot that takes a state
     * @retval ENVOI_OK
     * @retval ENVOI_E_MEMORY  it is called again later
     * @retval other           the plugin is reported as broken and passed over */
    int32_t (*init)(const struct envoi_host *host, void **state);
    /** Undoes init. Optional. Must leave no exit handlers and no threads behind. */
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

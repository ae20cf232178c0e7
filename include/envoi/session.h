/* SPDX-License-Identifier: MIT */
/**
 * @file
 * A session: one connection to one server, the counterpart of Python's smtplib.SMTP.
 *
 * @code{.c}
 * // Sends one message in blocking calls. TLS is required and the certificate verified, unless settings say otherwise.
 * int send_one(struct envoi_library *library, struct envoi_message *message)
 * {
 *     struct envoi_session *session = NULL;
 *     int rc = envoi_session_new(library, &session);
 *
 *     if (rc)
 *         return rc;
 *     envoi_session_set_password(session, "me", getenv("SMTP_PASSWORD")); // if it fails, connect fails with its error
 *     rc = envoi_session_connect(session, "mail.example.org:587");
 *     if (rc == ENVOI_OK)
 *         rc = envoi_session_send(session, message); // EHLO, STARTTLS, EHLO, AUTH as needed
 *     if (rc)
 *         fprintf(stderr, "%s\n", envoi_session_error(session));
 *     envoi_session_quit(session);
 *     envoi_session_free(session);
 *     return rc;
 * }
 * @endcode
 *
 * **Two faces.** Without a watch function every verb (connect, send, quit ...) blocks until it is done and returns its
 * result. After envoi_session_set_watch() the session is non-blocking: a verb returns ENVOI_E_AGAIN at once, and
 * envoi_session_process() carries it on. When that returns anything but ENVOI_E_AGAIN, it is the verb's result. One
 * verb at a time. `examples/` has programs for poll, epoll, libuv, libevent and GLib.
 *
 * **Which call in which state.** A cell is the effect of the call, or the ENVOI_E_* that it returns:
 *
 * | call                     | not connected (1) | connected     | in a verb (2) | callback (3) | child (4)   |
 * | ------------------------ | ----------------- | ------------- | ------------- | ------------ | ----------- |
 * | connect, adopt_fd        | begins            | USAGE         | BUSY          | BUSY         | USAGE       |
 * | quit                     | returns OK        | begins        | BUSY          | BUSY         | USAGE       |
 * | every other verb         | DISCONNECTED      | begins        | BUSY          | BUSY         | USAGE       |
 * | sendmail if non-blocking | USAGE             | USAGE         | BUSY          | BUSY         | USAGE       |
 * | process                  | returns OK        | listens (5)   | carries on    | BUSY         | USAGE       |
 * | close                    | returns OK        | closes        | ends the verb | BUSY         | closes copy |
 * | free                     | frees             | closes, frees | ends, frees   | forbidden    | frees copy  |
 * | other setters            | sets              | sets          | BUSY, sticks  | BUSY, sticks | as parent   |
 * | set_watch                | sets              | BUSY, sticks  | BUSY, sticks  | BUSY, sticks | as parent   |
 * | set_trace                | sets              | sets          | sets          | sets         | sets        |
 * | interrupt                | the next verb     | the next verb | ends the verb | as the state | the copy    |
 * | functions that read      | reads             | reads         | reads         | reads        | reads       |
 *
 * 1. Also after quit or close, after a reply 421 (even to a verb that returned ENVOI_OK), and after a lost connection.
 *    envoi_session_connected() says whether there is a connection. A loss that was not noticed yet makes the next verb
 *    return ENVOI_E_DISCONNECTED.
 * 2. Between the calls of envoi_session_process(), in the non-blocking face.
 * 3. Of this session: trace, watch, dial, interrupt, credential, AUTH step and content functions, and the log function
 *    of the library object.
 * 4. While the child has its copy of a connection that belongs to the parent. After close it is "not connected".
 * 5. It notices a server that closes the connection between verbs, and returns ENVOI_OK.
 *
 * **Errors.** Every verb can return these, which are not repeated below, nor is ENVOI_OK where it only means success:
 *
 * | result               | cause                                                                 | connection    |
 * | -------------------- | --------------------------------------------------------------------- | ------------- |
 * | ENVOI_E_AGAIN        | non-blocking face: the verb is in progress                            |               |
 * | ENVOI_E_USAGE        | the session is NULL; see also the table above                         | as before     |
 * | ENVOI_E_BUSY         | see the table above                                                   | as before     |
 * | ENVOI_E_DISCONNECTED | not connected, or the connection was lost or closed by the server     | closed        |
 * | ENVOI_E_TIMEOUT      | a deadline passed (::envoi_phase)                                     | closed        |
 * | ENVOI_E_CANCELLED    | envoi_session_interrupt()                                             | closed        |
 * | ENVOI_E_PROTOCOL     | the server does not keep to the protocol, or to its bounds            | closed        |
 * | ENVOI_E_MEMORY       | out of memory                                                         | may be closed |
 * | ENVOI_E_SYSTEM       | the machine failed: too many open files, no thread, ...               | may be closed |
 * | a sticky error       | a setter of the session or the library object failed; nothing is sent | as before     |
 *
 * After any other error the connection may be closed: ask envoi_session_connected(). While it is open the session is
 * usable as before. envoi_session_error() has the text of the last failure. Functions that read take NULL and return 0,
 * -1, NULL or "".
 *
 * **Sticky errors.** If a setter fails, it returns its error, and the next verb but quit fails with it, once: nothing
 * is sent. The library object's setters do so until they succeed: see library.h.
 *
 * **Threads.** One thread at a time; envoi_session_interrupt() may be called from any other meanwhile. Different
 * sessions may be used in different threads.
 *
 * **Callbacks.** From a callback of a session only functions that read and envoi_session_set_trace() may be called on
 * that session. A callback must return. If it is left by longjmp() or an exception, the session must not be touched any
 * more, not even to free it.
 *
 * **Fork.** A connection stays with the process that made it or is making it. In a child of fork(2) the verbs and
 * envoi_session_process() send nothing and return ENVOI_E_USAGE. envoi_session_close() and envoi_session_free() close
 * the child's copy of the descriptor without sending anything, and the parent's connection is as it was. Then the
 * session can connect again, in the child too. The watch function is called as always, so the child's loop must be its
 * own by then (uv_loop_fork(), event_reinit(), a new epoll descriptor).
 *
 * **Connections of the application.** envoi_session_adopt_fd() goes on over a socket, a socketpair or two pipes that
 * the application has connected (`ssh -W`, a child process, a network namespace), and envoi_session_set_dial() sets a
 * function that is asked for one whenever the session or a pool connects. Such a connection never counts as a unix
 * socket, not even if it is one: TLS is required by default, and plaintext mechanisms need it.
 *
 * **Signals.** envoi_session_interrupt() and envoi_pool_interrupt() are async-signal-safe; no other function of envoi
 * is. A signal whose handler returns ends no verb by itself (EINTR is handled), and puts no deadline off. A handler
 * that is to end a wait (Ctrl-C) calls one of the two, or the program sets a function that is asked after each signal:
 * envoi_session_set_interrupt_callback(). See library.h for SIGPIPE.
 *
 * **errno** is left unchanged by verbs, envoi_session_process() and envoi_session_close().
 *
 * @since 0.1
 */
#ifndef ENVOI_SESSION_H
#define ENVOI_SESSION_H

#include <envoi/error.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct envoi_library;
struct envoi_session;
struct envoi_message;
struct envoi_reply;

/** The phases of a session. Each has a deadline, whose default stands here, and a failure has the phase in which it
 * happened. */
enum envoi_phase {
    ENVOI_PHASE_NONE = 0,     /**< no phase */
    ENVOI_PHASE_DNS = 1,      /**< 30 s */
    ENVOI_PHASE_CONNECT = 2,  /**< 30 s for all addresses; begins anew after an address that gave no greeting */
    ENVOI_PHASE_TLS = 3,      /**< handshake, 60 s */
    ENVOI_PHASE_GREETING = 4, /**< 5 min */
    ENVOI_PHASE_EHLO = 5,     /**< EHLO, LHLO, HELO, 5 min */
    ENVOI_PHASE_STARTTLS = 6, /**< 2 min */
    ENVOI_PHASE_AUTH = 7,     /**< each step, 2 min */
    ENVOI_PHASE_MAIL = 8,     /**< 5 min */
    ENVOI_PHASE_RCPT = 9,     /**< 5 min */
    ENVOI_PHASE_DATA = 10,    /**< until the 354, 2 min */
    ENVOI_PHASE_CONTENT = 11, /**< content, 3 min; each octet that leaves puts it off by 10 ms, up to 3 min from then */
    ENVOI_PHASE_FINAL = 12,   /**< from the last octet to the reply, 10 min */
    ENVOI_PHASE_COMMAND = 13, /**< any other command, 5 min */
    ENVOI_PHASE_QUIT = 14,    /**< 5 s */
    ENVOI_PHASE_ANSWER = 15,  /**< the application's answer for a credential, 5 min */
    ENVOI_PHASES = 16,        /**< number of phases */
};
/** Returns the name of a phase: "connect", "MAIL" ...; "?" for another number. Lives for ever. @since 0.1 */
const char *envoi_phase_name(int phase);

/** The TLS policies. On port 465 all but ENVOI_TLS_OFF mean implicit.
 *
 * ENVOI_TLS_DEFAULT is off on a unix socket only if the session has, at connect, no client certificate, no pin, no name
 * to verify or to send, and no CA certificates of its own: they are of no use in clear.
 *
 * ENVOI_TLS_OPPORTUNISTIC means required if there is a login, a client certificate, a pin, a name to verify or to send,
 * or a CA certificate of the session, set at any time before the message, or if the library object has a CA file or a
 * revocation list at connect.
 * A connection that goes on in clear is reported to the log of the library object and to the trace, once: as
 * ENVOI_LOG_WARNING if the server announces STARTTLS and refuses it, as ENVOI_LOG_INFO if it announces none, the case
 * that this policy is made for. envoi_session_tls_backend() is "" then. A failed handshake or certificate is an error
 * nevertheless. */
enum envoi_tls {
    ENVOI_TLS_DEFAULT = 0,       /**< off on a unix socket, otherwise required */
    ENVOI_TLS_OFF = 1,           /**< never */
    ENVOI_TLS_OPPORTUNISTIC = 2, /**< STARTTLS if it is announced and accepted, otherwise in clear */
    ENVOI_TLS_REQUIRED = 3,      /**< STARTTLS, or nothing is sent */
    ENVOI_TLS_IMPLICIT = 4,      /**< TLS from the first octet (RFC 8314) */
};

/** @name Life
 * @{ */
/** Makes a session.
 * @param library  must outlive the session
 * @param out      set to the session, which the caller frees with envoi_session_free(); set to NULL on failure
 * @retval ENVOI_E_USAGE   library or out is NULL
 * @retval ENVOI_E_MEMORY
 * @since 0.1 */
int envoi_session_new(struct envoi_library *library, struct envoi_session **out);
/** Makes a session and connects it, blocking.
 * @param library  must outlive the session
 * @param server   as for envoi_session_connect()
 * @param out      set to the session, which the caller frees. If connecting fails it is set too, so that the error can
 *                 be read; it is NULL only if no session could be made
 * @returns as envoi_session_new() and envoi_session_connect()
 * @since 0.1 */
int envoi_session_open(struct envoi_library *library, const char *server, struct envoi_session **out);
/** Closes the connection without QUIT and frees the session; NULL is a no-op. Never blocks. Wipes secrets.
 * @since 0.1 */
void envoi_session_free(struct envoi_session *session);
/** @} */

/** @name Settings
 * LMTP, the TLS policy and the TLS backend are read at connect, for the whole connection. Settings of certificates are
 * read at the handshake, all others at the next verb. Texts are copied; NULL takes a setting back.
 *
 * Every setter returns ENVOI_OK or one of these errors, all of which stick. Below stand only the causes of
 * ENVOI_E_USAGE that are not in the table.
 *
 * | result         | cause                                                    |
 * | -------------- | -------------------------------------------------------- |
 * | ENVOI_E_USAGE  | a text with CR, LF or another control character          |
 * | ENVOI_E_BUSY   | a verb is in progress, or the call comes from a callback |
 * | ENVOI_E_MEMORY | out of memory; the setting is as before                  |
 * @{ */
/** Chooses SMTP (0, the default) or LMTP (1). With LMTP each accepted recipient has its own verdict after the content
 * (RFC 2033). @since 0.1 */
int envoi_session_set_lmtp(struct envoi_session *session, int on);
/** Sets the name after EHLO.
 * @param session  the session
 * @param name     a host name, an address, or an address literal in brackets. An address gets them. Default:
 *                 the FQDN of this host if it is known without asking the network, otherwise an address literal of the
 *                 connection
 * @retval ENVOI_E_USAGE  not a host name
 * @since 0.1 */
int envoi_session_set_helo_name(struct envoi_session *session, const char *name);
/** Sets the address to connect from. Addresses of the server that are of another family are passed over. It does not
 * count for a unix socket, envoi_session_adopt_fd() and the dial function.
 * @param session  the session
 * @param address  "192.0.2.7", "192.0.2.7:2525", "2001:db8::7" or "[2001:db8::7]:2525"; NULL, the default: any. With a
 *                 port (other than 0) there can be one connection to a server at a time
 * @retval ENVOI_E_USAGE  not an address of one of these forms
 * @since 0.1 */
int envoi_session_set_source_address(struct envoi_session *session, const char *address);
/** Sets the TLS policy. ENVOI_TLS_OFF does not allow plaintext logins: see envoi_session_allow_cleartext_auth().
 * @param session  the session
 * @param tls      one of ENVOI_TLS_*
 * @retval ENVOI_E_USAGE  another value
 * @since 0.1 */
int envoi_session_set_tls(struct envoi_session *session, int tls);
/** Sets the TLS backend of this session, instead of the library object's choice.
 * @param session  the session
 * @param id       the plugin's id. A backend that does not exist is reported when TLS begins (ENVOI_E_PLUGIN)
 * @retval ENVOI_E_USAGE  not an id (`[a-z0-9_]+`)
 * @since 0.1 */
int envoi_session_set_tls_backend(struct envoi_session *session, const char *id);
/** Sets the name or IP address that the server's certificate must carry.
 * @param session  the session
 * @param name     default: the host of envoi_session_connect()
 * @retval ENVOI_E_USAGE  not a host name or an address
 * @since 0.1 */
int envoi_session_set_tls_name(struct envoi_session *session, const char *name);
/** Says whether the server's certificate is verified (1, the default; 0: not). Pins are checked in both cases. A
 * connection that is not verified counts as clear: no plaintext mechanism is used on it. @since 0.1 */
int envoi_session_set_tls_verify(struct envoi_session *session, int on);
/** Says whether the name in the server's certificate is ignored (1; default 0). Chain, dates and pins are verified as
 * ever, but any server with a certificate of a trusted CA passes: **a certificate for any name is enough to read the
 * mail.** Such a connection counts as not verified: envoi_session_tls_verified() is 0, and no plaintext mechanism is
 * used on it. If the TLS backend cannot do that (one of ABI 1.0), ENVOI_E_NOT_SUPPORTED is returned when TLS begins.
 * For a certificate with another name than the host's use envoi_session_set_tls_name(). @since 0.1 */
int envoi_session_dangerously_ignore_tls_name(struct envoi_session *session, int on);
/** Sets the name that is sent to the server as SNI (RFC 6066). The name that is verified is that of
 * envoi_session_set_tls_name(), or the host. If the TLS backend cannot tell the two apart (one of ABI 1.0),
 * ENVOI_E_NOT_SUPPORTED is returned when TLS begins.
 * @param session  the session
 * @param name     default: the name that is verified, unless it is an IP address
 * @retval ENVOI_E_USAGE  not a host name
 * @since 0.1 */
int envoi_session_set_tls_sni(struct envoi_session *session, const char *name);
/** Sets the CA certificates of this session, from a file. With this or envoi_session_set_ca_pem() those of the library
 * object do not count for the session, and the system's only with envoi_session_set_system_trust(). If both calls are
 * used, both sets are trusted. A file that cannot be read, or is no PEM, is ENVOI_E_TLS when TLS begins.
 * @param session  the session
 * @param path     a PEM file; NULL: none
 * @since 0.1 */
int envoi_session_set_ca_file(struct envoi_session *session, const char *path);
/** The same from memory. If the TLS backend can read files only (one of ABI 1.0), ENVOI_E_NOT_SUPPORTED is returned
 * when TLS begins; without a certificate in it, ENVOI_E_TLS.
 * @param session  the session
 * @param pem      one or more certificates, copied; need not end with NUL; NULL: none
 * @param len      octets in pem; 0 if it is NULL
 * @retval ENVOI_E_USAGE  pem is NULL and len is not 0
 * @retval ENVOI_E_TLS  a NUL octet in it, as in DER: this is no PEM
 * @since 0.1 */
int envoi_session_set_ca_pem(struct envoi_session *session, const void *pem, size_t len);
/** Says whether the system's CA certificates are trusted in this session (1: yes, 0: no). Default: as set for the
 * library object; no, if the session has CA certificates of its own. @since 0.1 */
int envoi_session_set_system_trust(struct envoi_session *session, int on);
/** Adds a pin. If there are pins, the server's public key must match one of them.
 * @param session  the session
 * @param sha256   the SHA-256 of the public key (SPKI), 64 hexadecimal digits; NULL: removes all pins
 * @retval ENVOI_E_USAGE  not 64 hexadecimal digits
 * @since 0.1 */
int envoi_session_add_pin(struct envoi_session *session, const char *sha256);
/** Says whether a pin stands for the chain (1; default 0): a server whose public key matches a pin is trusted, without
 * a look at issuer, name and dates of its certificate (as in RFC 7671 section 5.1), and all others are refused. This is
 * for one server of an unknown CA. The connection counts as verified. Without verification
 * (envoi_session_set_tls_verify()) it has no effect. If the TLS backend cannot do that (one of ABI 1.0),
 * ENVOI_E_NOT_SUPPORTED is returned when TLS begins.
 * @param session  the session, with a pin. If its pins are removed later, ENVOI_E_USAGE is returned when TLS begins
 * @param on       1 or 0
 * @retval ENVOI_E_USAGE  no pin is set
 * @since 0.1 */
int envoi_session_set_pin_trust(struct envoi_session *session, int on);
/** Sets a client certificate. If the TLS backend cannot present one, ENVOI_E_NOT_SUPPORTED is returned when TLS begins.
 * @param session    the session
 * @param cert_file  path of a PEM chain
 * @param key_file   path of the PEM key; NULL: the key is in cert_file
 * @retval ENVOI_E_USAGE  a key without a certificate
 * @since 0.1 */
int envoi_session_set_client_certificate(struct envoi_session *session, const char *cert_file, const char *key_file);
/** The same from memory, instead of the files; the last call of the two counts. If the TLS backend can read files only
 * (one of ABI 1.0), ENVOI_E_NOT_SUPPORTED is returned when TLS begins. The copies are wiped on free.
 * @param session   the session
 * @param cert      a PEM chain, copied; need not end with NUL; NULL: no client certificate
 * @param cert_len  octets in cert; 0 if it is NULL
 * @param key       the PEM key, copied; NULL: it is in cert
 * @param key_len   octets in key; 0 if it is NULL
 * @retval ENVOI_E_USAGE  a key without a certificate, or a length without a text
 * @retval ENVOI_E_TLS    a NUL octet in it, as in DER or PKCS#12: this is no PEM
 * @since 0.1 */
int envoi_session_set_client_certificate_pem(struct envoi_session *session, const void *cert, size_t cert_len,
                                             const void *key, size_t key_len);
/** Sets the passphrase of an encrypted key. It is wiped on free. @since 0.1 */
int envoi_session_set_passphrase(struct envoi_session *session, const char *passphrase);
/** Loads now all that TLS of this session takes from files: the backend's plugin, the CA certificates (all of the
 * system's too), the revocation lists, the client certificate and its key. For a program that gives up access to them
 * before it connects, by chroot(2) or by dropping privileges, and for one that wants to know early of a file that does
 * not fit.
 *
 * The library object keeps it until it is freed. Its sessions and pools with the same TLS backend, trust, versions,
 * ciphers and client certificate use it from then on, and read none of the files again, not even changed ones, and not
 * the system's CA certificates once a day. To read them anew, call it again, also in another session: the next TLS
 * connections use that. Other settings are other files: call it for each kind of session.
 *
 * TLS is not all that a program reads late. Names are looked up by means of /etc/resolv.conf and /etc/hosts, which must
 * be there in the new root, and envoi_library_check_plugin() loads the plugins that log in.
 * @param session  the session; not connected. It may be freed afterwards
 * @retval ENVOI_E_USAGE          a connection exists
 * @retval ENVOI_E_BUSY           a verb is in progress
 * @retval ENVOI_E_PLUGIN         there is no such TLS backend, or none that can be used
 * @retval ENVOI_E_TLS            a file cannot be read or does not fit; the text names it
 * @retval ENVOI_E_NOT_SUPPORTED  the TLS backend may read some files later, or lacks another thing that is set
 * @retval ENVOI_E_CANCELLED      the key needs a passphrase, and none is set
 * @retval ENVOI_E_SYSTEM         plugins.d cannot be read, for a reason of the machine
 * @retval ENVOI_E_MEMORY
 * @since 0.1 */
int envoi_session_load_tls(struct envoi_session *session);
/** Sets user and password. If a user is set, envoi_session_send() logs in or fails. The password is wiped on free.
 * @since 0.1 */
int envoi_session_set_password(struct envoi_session *session, const char *user, const char *password);
/** Sets user and OAuth 2.0 bearer token, for OAUTHBEARER (RFC 7628) or XOAUTH2 of the plugin `oauth`. The user is the
 * same setting as in envoi_session_set_password(). The application fetches and renews tokens. The token is wiped on
 * free.
 * @since 0.1 */
int envoi_session_set_token(struct envoi_session *session, const char *user, const char *token);
/** Sets the authorization identity: as whom to act, if not as the user. If it is set, envoi_session_send() logs in.
 * @since 0.1 */
int envoi_session_set_authzid(struct envoi_session *session, const char *authzid);

/** Asks the application for a credential. In the blocking face the callback may wait for a person: no deadline of the
 * session passes meanwhile, but the server has deadlines of its own. In the non-blocking face it returns ENVOI_E_AGAIN;
 * then ENVOI_PHASE_ANSWER bounds the wait.
 * @param ctx        as given to envoi_session_set_credential_callback()
 * @param credential one of ENVOI_CRED_* (plugin.h)
 * @param mechanism  the SASL name; borrowed for the call
 * @param data       set to the octets, which are copied before the callback is called again
 * @param len        set to the number of octets
 * @retval ENVOI_OK
 * @retval ENVOI_E_AGAIN      later, non-blocking face only: envoi_session_process() asks again
 * @retval ENVOI_E_CANCELLED  there is none; any other error means the same
 * @since 0.1 */
typedef int envoi_credential_fn(void *ctx, unsigned credential, const char *mechanism, const char **data, size_t *len);
/** Sets the callback for credentials that were not set. If there is one, envoi_session_send() logs in.
 * @param session   the session
 * @param callback  NULL: none
 * @param ctx       passed to it
 * @since 0.1 */
int envoi_session_set_credential_callback(struct envoi_session *session, envoi_credential_fn *callback, void *ctx);
/** Sets the mechanisms that may be used, and their order.
 * - "SCRAM-SHA-256 PLAIN": these two, in this order. "*" stands for all others.
 * - "!CRAM-MD5": all but this one, strongest first.
 * - Among "all" and "all others", those that the administrator prefers (`prefer` in plugins.d) come first.
 * - EXTERNAL and ANONYMOUS are used only if named. If a user is set, so are mechanisms that take the identity from a
 *   ticket (GSSAPI).
 * - If the list names a mechanism, envoi_session_send() logs in.
 * @param session  the session
 * @param names    SASL names, separated by blanks; NULL, the default: all, strongest first
 * @retval ENVOI_E_USAGE  an empty list, or a word that is not a SASL name
 * @since 0.1 */
int envoi_session_set_mechanisms(struct envoi_session *session, const char *names);
/** Says whether plaintext mechanisms (PLAIN, LOGIN, XOAUTH2, OAUTHBEARER) are allowed (1) on a connection that is
 * neither verified TLS nor a unix socket whose server is root's or of the same effective user. Default: 0. The
 * administrator's `require-tls: yes` cannot be lifted.
 * @since 0.1 */
int envoi_session_allow_cleartext_auth(struct envoi_session *session, int on);
/** Says whether envoi_session_auth() and envoi_session_auth_with() use a mechanism that the server does not announce
 * (1), and send no EHLO by themselves. Default: 0. All other rules hold: TLS, the administrator's, and the one about
 * plaintext.
 * @since 0.1 */
int envoi_session_allow_unannounced_auth(struct envoi_session *session, int on);
/** Says whether envoi_session_docmd() sends AUTH (1), for programs that speak a mechanism themselves: "AUTH" with
 * arguments "XOAUTH2 dXNlcj0..." is the command; behind a 334 the verb of the next docmd is the answer, in base64, or
 * "*", and no other verb but quit and close is possible (ENVOI_E_USAGE). A 235 logs the session in. Default: 0;
 * envoi_session_auth_with() is the better way.
 *
 * The policy of TLS holds, and so do the administrator's `enabled: no` and `require-tls: yes` and the rule about
 * plaintext, by the mechanism's name: one that envoi does not know counts as plaintext. The lines are masked in the
 * trace, and echoes of them in replies are starred. The challenge is in envoi_session_reply().
 * @since 0.1 */
int envoi_session_allow_docmd_auth(struct envoi_session *session, int on);
/** Sets how often one login may present a password or a token that is refused. The first time it is presented by the
 * strongest mechanism, the last time by a plaintext one, over verified TLS, because many servers can check a password
 * by that one only. But after a mechanism that binds to the TLS channel, or could have (SCRAM over TLS), and after a
 * plaintext one, only mechanisms that envoi_session_set_mechanisms() names follow.
 *
 * A login that was refused for its password or token is not begun again with the same user and the same one, by any
 * session or pool of this library object, to whatever host, for half an hour: it fails at once with ENVOI_E_AUTH and
 * ENVOI_DETAIL_REFUSED_BEFORE. An accepted login of that user ends that. Only envoi_session_auth() tries it again
 * before, or any login after envoi_library_forget_refusals().
 * @param session  the session
 * @param times    1 to 32; default 2
 * @retval ENVOI_E_USAGE  out of range
 * @since 0.1 */
int envoi_session_set_password_tries(struct envoi_session *session, unsigned times);
/** Sets the strength of a SASL security layer (RFC 4422 section 3.7), in bits.
 * @param session  the session
 * @param min_ssf  the login fails without this strength; 0: no layer is needed
 * @param max_ssf  0: no layer is used. Both are 0 by default
 * @retval ENVOI_E_USAGE  min_ssf is above max_ssf
 * @since 0.1 */
int envoi_session_set_security_layer(struct envoi_session *session, unsigned min_ssf, unsigned max_ssf);
/** Says whether mechanisms whose library may block inside a step (Kerberos asks its KDC) are allowed (1) in the
 * non-blocking face and in a pool, envoi_pool_run() included. Default: 0. Blocking calls always allow them: there the
 * caller's thread takes the steps, and only the library bounds their time.
 * - SCRAM needs no permission, but computes for as long as the server demands: some 0.1 s for the most that is accepted
 *   (65,536 iterations; 4,096 to 15,000 are usual). The loop stands still meanwhile, unless this is 1.
 * - Each step is taken by a worker thread of envoi, which has all signals blocked. Meanwhile one more descriptor is
 *   watched, and the loop goes on.
 * - ENVOI_PHASE_AUTH bounds a step. If its deadline passes, or the session is closed or freed, the step goes on in the
 *   background until the library returns. Then the worker frees the memory that the step needed.
 * - Callbacks are called in the caller's thread as always, except the log function and the allocator.
 * - Settings that the program made for its own thread only (gss_krb5_ccache_name()) do not count in the worker.
 * @since 0.1 */
int envoi_session_allow_blocking_mechanisms(struct envoi_session *session, int on);
/** Says which extensions are not to be used, such as one that a server, or a proxy before it, announces and does wrong.
 * Each reply to EHLO then counts, and is shown, as if it did not announce them: without STARTTLS there is no TLS, which
 * ENVOI_TLS_REQUIRED takes as a failure, and without AUTH there is no login.
 * @param session  the session
 * @param names    keywords of EHLO, separated by commas or blanks, such as "CHUNKING,PIPELINING", in any case; NULL or
 *                 "": none, the default; copied. It counts from the next EHLO on
 * @retval ENVOI_E_USAGE  a word is no keyword (RFC 5321 section 4.1.1.1)
 * @since 0.1 */
int envoi_session_set_ignored_extensions(struct envoi_session *session, const char *names);
/** Sets how content goes out if the server announces CHUNKING (RFC 3030).
 *
 * By BDAT it goes ahead of the replies to RCPT, in one round trip. A server, or a proxy before it, that announces
 * CHUNKING and does not discard the chunk of a BDAT that it refuses would read the content as commands. So BDAT is used
 * only after a proof: the first message goes by DATA (two round trips), and before the second one MAIL, a BDAT whose
 * chunk is "QUIT" CR LF, and RSET go out alone, in one round trip, if PIPELINING is announced, too. The server passes
 * if it answers 250, 4yz or 5yz, and 250. If it does anything else the session connects again with the same settings,
 * before the message has begun, and goes on with DATA. (The function of envoi_session_set_dial() is asked once more.)
 * - The answer is remembered by the library object for a day, for this server as long as it greets with the same name
 *   and says the same to EHLO, and apart for TLS and clear text. A 500, 502 or 503 to BDAT and any reply out of step
 *   strike it out.
 * - ENVOI_BODY_BINARY needs BDAT: the proof goes out before the first such message. Without it the message fails
 *   (ENVOI_E_NOT_SUPPORTED).
 * - No proof goes out, and content goes by DATA, on a connection that could not be made again as it was: one from
 *   envoi_session_adopt_fd(), or after envoi_session_auth(), envoi_session_auth_with(), an
 *   envoi_session_starttls() that the policy does not require, or an envoi_session_docmd() other than NOOP, RSET and
 *   HELP; or after the dial function or the source address was set anew, or after a login any setting but deadlines,
 *   chunking, trace and the interrupt callback.
 *
 * @param session  the session
 * @param octets   most octets of content for one BDAT (the repair of line ends can double them), 512 to 64 Mi; default
 *                 65536; 0: never BDAT and no proof, always DATA
 * @param wait     1: the first BDAT waits for the replies to RCPT, as RFC 3030 section 2 asks; 0, the default: one
 *                 chunk goes ahead of them, which saves a round trip and which servers accept. More than one never goes
 *                 ahead
 * @retval ENVOI_E_USAGE  octets out of range
 * @since 0.1 */
int envoi_session_set_chunking(struct envoi_session *session, size_t octets, int wait);
/** Sets a deadline. It bounds whole replies, not single reads.
 * @param session       the session
 * @param phase         one of ENVOI_PHASE_*; ENVOI_PHASE_NONE: all of them
 * @param milliseconds  0: the default; ENVOI_TIMEOUT_NEVER: no deadline. A look-up comes to an end all the same,
 *                      because name servers are asked a few times only
 * @retval ENVOI_E_USAGE  no such phase, or another negative time
 * @since 0.1 */
int envoi_session_set_timeout(struct envoi_session *session, int phase, int64_t milliseconds);
/** Without a deadline a server, or a network, that says nothing more is waited for until envoi_session_interrupt(). */
#define ENVOI_TIMEOUT_NEVER (-1)
/** Returns the deadline of a phase in milliseconds, or ENVOI_TIMEOUT_NEVER; 0: no such phase. @since 0.1 */
int64_t envoi_session_timeout(const struct envoi_session *session, int phase);

/** Makes a connection to a server for the session, in place of a look-up and connect(2).
 * @param ctx   as given to envoi_session_set_dial()
 * @param host  the host of envoi_session_connect(): A-labels, or an address without brackets; borrowed for the call
 * @param port  its port
 * @param in    is -1; set to a descriptor that is connected to the server, as for envoi_session_adopt_fd(). After
 *              ENVOI_OK it belongs to the session, after anything else to the application
 * @param out   is -1, which means the same descriptor as in; otherwise as in
 * @retval ENVOI_OK           if in or out is no connection, the verb ends with ENVOI_E_USAGE all the same
 * @retval ENVOI_E_AGAIN      later, non-blocking face only: `envoi_session_process(session, -1, 0)` asks again, and
 *                            ENVOI_PHASE_CONNECT bounds the wait
 * @retval ENVOI_E_CANCELLED  the verb ends with this result; a pool gives up all messages that wait on the route
 * @retval other              the verb ends with ENVOI_E_CONNECT
 * @since 0.1 */
typedef int envoi_dial_fn(void *ctx, const char *host, unsigned port, int *in, int *out);
/** Sets the function that makes connections. With it no name is looked up. It is called once for each connect (until it
 * does not return ENVOI_E_AGAIN), and once more by a send whose connection was lost to the proof of BDAT
 * (envoi_session_set_chunking()), but not for a "/path". In the blocking face it may wait, and no deadline passes
 * meanwhile.
 * @param session  the session
 * @param dial     NULL, the default: the session connects by itself
 * @param ctx      passed to it
 * @since 0.1 */
int envoi_session_set_dial(struct envoi_session *session, envoi_dial_fn *dial, void *ctx);

/** Says whether a wait goes on that a signal has interrupted: Python's PyErr_CheckSignals() is such a function.
 * @param ctx  as given to envoi_session_set_interrupt_callback() or envoi_pool_set_interrupt_callback()
 * @returns 0: it goes on; anything else: as envoi_session_interrupt() or envoi_pool_interrupt()
 * @since 0.1 */
typedef int envoi_interrupt_fn(void *ctx);
/** Sets the function that is called when a signal handler has run while a blocking verb was waiting (EINTR). A signal
 * that comes just before the wait does not interrupt it: where none may be missed, its handler calls
 * envoi_session_interrupt().
 * @param session   the session
 * @param callback  NULL, the default: every wait goes on
 * @param ctx       passed to it
 * @since 0.1 */
int envoi_session_set_interrupt_callback(struct envoi_session *session, envoi_interrupt_fn *callback, void *ctx);

/** The kinds of trace lines. */
enum envoi_trace {
    ENVOI_TRACE_INFO = 0,     /**< an event: connecting, plugin chosen, TLS agreed, ... */
    ENVOI_TRACE_SENT = 1,     /**< a line to the server, without CR LF */
    ENVOI_TRACE_RECEIVED = 2, /**< a line from the server, without CR LF */
};
/** Takes one line of the trace. Secrets are masked: "AUTH PLAIN [28 octets]".
 * @param ctx   as given to envoi_session_set_trace()
 * @param kind  one of ENVOI_TRACE_*
 * @param text  not NUL-terminated; borrowed for the call
 * @param len   octets in text
 * @since 0.1 */
typedef void envoi_trace_fn(void *ctx, int kind, const char *text, size_t len);
/** Sets the trace, smtplib's set_debuglevel. May be called at any time, from a callback too.
 * @param session  the session
 * @param level    0, the default: off; 1: the dialogue, content as a count of octets; 2: content too
 * @param trace    NULL: standard error, with ">> ", "<< " and "-- " before the lines
 * @param ctx      passed to it
 * @retval ENVOI_E_USAGE  another level; this sticks, too
 * @since 0.1 */
int envoi_session_set_trace(struct envoi_session *session, int level, envoi_trace_fn *trace, void *ctx);
/** @} */

/** @name The non-blocking face
 * No call waits for the network, a name server or a clock, and every socket is O_NONBLOCK from the beginning. Only
 * regular files are read in a way that may take time: content from a file, plugins and their descriptors, certificates
 * and keys, /etc/hosts and /etc/resolv.conf.
 * @{ */
#define ENVOI_EVENT_READ  1u /**< wait until the descriptor is readable */
#define ENVOI_EVENT_WRITE 2u /**< wait until it is writable */
/** Says which events of a descriptor to wait for from now on. There are several descriptors while names are looked up
 * and addresses are tried; afterwards there is the socket alone (or both descriptors of envoi_session_adopt_fd()), and
 * the descriptor of a worker while it takes a step of a login.
 * @param ctx     as given to envoi_session_set_watch()
 * @param fd      the descriptor
 * @param events  ENVOI_EVENT_*; 0: forget the descriptor, which may be closed already
 * @since 0.1 */
typedef void envoi_watch_fn(void *ctx, int fd, unsigned events);
/** Makes the session non-blocking.
 * @param session  the session, not connected
 * @param watch    NULL: blocking again
 * @param ctx      passed to it
 * @retval ENVOI_E_BUSY  connected, or a verb is in progress, or the call comes from a callback; this sticks
 * @since 0.1 */
int envoi_session_set_watch(struct envoi_session *session, envoi_watch_fn *watch, void *ctx);
/** Carries the verb on. Call it when a watched descriptor is ready, when the deadline has passed, and when a callback
 * that returned ENVOI_E_AGAIN has an answer.
 * @param session  the session
 * @param fd       the descriptor that is ready; -1: none
 * @param events   ENVOI_EVENT_*
 * @retval ENVOI_E_AGAIN  the verb is still in progress
 * @retval ENVOI_OK       no verb is in progress, or the verb succeeded
 * @retval other          the verb's result
 * @since 0.1 */
int envoi_session_process(struct envoi_session *session, int fd, unsigned events);
/** Returns the time at which envoi_session_process() must be called at the latest, in milliseconds of CLOCK_MONOTONIC.
 * @returns -1: no deadline, or no verb in progress
 * @since 0.1 */
int64_t envoi_session_deadline(struct envoi_session *session);
/** @} */

/** @name Verbs
 * See "Which call in which state" and "Errors" at the head of this file. "OK for any code" means that a refusal is not
 * an error: the code is in envoi_session_reply().
 * @{ */
/** Connects and reads the greeting (RFC 5321 section 3.1). Sends nothing. A name may have several addresses: if one
 * cannot be connected to, gives no greeting in time, or gives another one than 220, the next one is tried (RFC 5321
 * section 5.1), each with its own time for the greeting. With implicit TLS the first address that accepts the
 * connection is final.
 * @param session  the session
 * @param server   "host", "host:port", "[v6]:port", "v6" or "/path" (a unix socket). Default ports: 25; 465 with
 *                 implicit TLS; 24 for LMTP
 * @retval ENVOI_E_USAGE          already connected, server is NULL, or it has another form
 * @retval ENVOI_E_RESOLVE        the name has no address, as the name servers say
 * @retval ENVOI_E_LOOKUP         no name server gives an answer: it may be another one later
 * @retval ENVOI_E_CONNECT        no address accepts the connection, the dial function failed, or this machine has not
 *                                the source address
 * @retval ENVOI_E_GREETING       another greeting than 220, which is in envoi_session_reply()
 * @retval ENVOI_E_TLS            these five only with implicit TLS: see envoi_session_starttls()
 * @retval ENVOI_E_CERTIFICATE
 * @retval ENVOI_E_NOT_SUPPORTED
 * @retval ENVOI_E_PLUGIN
 * @retval ENVOI_E_CANCELLED      also if the dial function said so
 * @since 0.1 */
int envoi_session_connect(struct envoi_session *session, const char *server);
/** Goes on over a connection that the application has made, and reads the greeting. Apart from that it is as
 * envoi_session_connect().
 * - The descriptors belong to the session from this call on, whatever it returns: after a failure they are closed.
 * - They become non-blocking. This is a property of the open file, which other descriptors and processes may share.
 * - envoi_session_peer() is the address of a TCP socket, otherwise "descriptor 5" or "descriptors 5 and 6". On anything
 *   but a TCP socket the default name after EHLO is "[127.0.0.1]" if the FQDN of this host is not known.
 * - The watch function is told of both descriptors: in for ENVOI_EVENT_READ, out for ENVOI_EVENT_WRITE.
 * - A pipe that the other side has closed raises no SIGPIPE.
 * @param session  the session
 * @param in       a connected stream socket; or the reading end of a pipe, or a terminal
 * @param out      the descriptor to write to; -1: the same as in
 * @param server   "host", "host:port" and so on, not "/path": the name that the certificate must carry, and the one in
 *                 error texts. Port 465 means implicit TLS here too
 * @retval ENVOI_E_USAGE  already connected; server is NULL or has another form; or a descriptor is not open, not open
 *                        for its direction, a file, or a socket that listens or is no stream
 * @returns also as envoi_session_connect()
 * @since 0.1 */
int envoi_session_adopt_fd(struct envoi_session *session, int in, int out, const char *server);
/** Sends EHLO, or LHLO for LMTP.
 * @param session  the session
 * @param name     also for later EHLOs on this connection; NULL: the setting of envoi_session_set_helo_name()
 * @retval ENVOI_E_HELO   refused
 * @retval ENVOI_E_USAGE  name is empty, has more than 255 octets, or has a blank or a control character
 * @since 0.1 */
int envoi_session_ehlo(struct envoi_session *session, const char *name);
/** Sends HELO. Afterwards no extension is known. Parameters and results are those of envoi_session_ehlo().
 * @since 0.1 */
int envoi_session_helo(struct envoi_session *session, const char *name);
/** Sends EHLO if neither EHLO nor HELO was accepted on this connection yet. If EHLO is answered with 5yz it sends HELO,
 * unless TLS or a login is required, or with LMTP.
 * @retval ENVOI_E_HELO  refused
 * @since 0.1 */
int envoi_session_ehlo_or_helo_if_needed(struct envoi_session *session);
/** Sends STARTTLS (RFC 3207) and makes the handshake, after EHLO if needed. The extensions and a login are forgotten;
 * EHLO goes out again before the next command that needs it.
 * @retval ENVOI_E_HELO           EHLO was refused
 * @retval ENVOI_E_NOT_SUPPORTED  STARTTLS is not announced; or the backend can present no client certificate, take
 *                                none from memory or send no other name, and that is set
 * @retval ENVOI_E_STARTTLS       STARTTLS was refused
 * @retval ENVOI_E_TLS            TLS cannot be set up (a CA file cannot be read, say): nothing was sent; or the
 *                                handshake failed: the connection is closed
 * @retval ENVOI_E_CERTIFICATE    the server's certificate was not accepted, or the backend says that it was not
 *                                verified: the connection is closed
 * @retval ENVOI_E_PLUGIN         there is no usable TLS backend
 * @retval ENVOI_E_CANCELLED      the backend has no room for the passphrase
 * @retval ENVOI_E_PROTOCOL       octets came before the handshake
 * @retval ENVOI_E_USAGE          there is TLS already, or a security layer
 * @since 0.1 */
int envoi_session_starttls(struct envoi_session *session);
/** Logs in (AUTH, RFC 4954), after EHLO if needed. It tries the mechanisms that are announced, available and allowed,
 * strongest first. It goes on to the next mechanism only after 504, 534 and 535, and if a token was asked for and not
 * given; envoi_session_set_password_tries() says how often a password is presented. If the server refuses and then
 * closes, is silent or says 4yz to the next mechanism, the result is the refusal.
 * @retval ENVOI_OK               also if the session was logged in already and the server answers 503
 * @retval ENVOI_E_HELO           EHLO was refused
 * @retval ENVOI_E_TLS            the policy requires TLS and there is none
 * @retval ENVOI_E_NOT_SUPPORTED  AUTH is not announced
 * @retval ENVOI_E_NO_MECHANISM   none suits; the text says why each was passed over
 * @retval ENVOI_E_AUTH           refused, and envoi_session_reply() has the last refusal; or the same password was
 *                                refused before, and nothing was sent; or a challenge was not
 *                                acceptable, or there is no security layer of the strength that is set. A reply to
 *                                the `*` that ends an exchange is not in envoi_session_reply(), it means nothing
 * @retval ENVOI_E_SERVER_PROOF   the server did not prove that it knows the secret: a wrong signature (SCRAM), a wrong
 *                                rspauth (DIGEST-MD5), or a 235 before either. It is not the server that knows the
 *                                account, so no other mechanism is tried
 * @retval ENVOI_E_CANCELLED      a credential was not given
 * @retval ENVOI_E_PLUGIN         the administrator's plugins.d cannot be read, or a plugin marked `critical` cannot be
 *                                used
 * @retval ENVOI_E_USAGE          a credential cannot be used (a NUL in it); in blocking calls a callback returned
 *                                ENVOI_E_AGAIN (the connection is closed); or an earlier login on this connection
 *                                brought a security layer
 * @since 0.1 */
int envoi_session_login(struct envoi_session *session);
/** Logs in with one mechanism. It must be announced, unless envoi_session_allow_unannounced_auth() says otherwise. The
 * list of envoi_session_set_mechanisms() does not count.
 * @param session    the session
 * @param mechanism  a SASL name
 * @retval ENVOI_E_USAGE  mechanism is NULL, or not a SASL name
 * @returns also as envoi_session_login()
 * @since 0.1 */
int envoi_session_auth(struct envoi_session *session, const char *mechanism);

/** Takes one step of the application's own mechanism. It may wait for a person, as envoi_credential_fn may.
 * @param ctx           as given to envoi_session_auth_with()
 * @param challenge     the server's challenge, decoded; NULL: the initial response is asked for
 * @param len           octets in challenge
 * @param response      set to the response, borrowed until the next call; if left NULL there is none, which in the
 *                      first step means that the server speaks first
 * @param response_len  octets in response, at most 49152. More is ENVOI_E_PROTOCOL, and the connection stays open
 * @param done          is 1; set it to 0 if a 235 would be too early now, which is ENVOI_E_SERVER_PROOF then
 * @retval ENVOI_OK
 * @retval ENVOI_E_SERVER_PROOF  the server failed its proof; `*` is sent if AUTH went out
 * @retval ENVOI_E_AUTH          the challenge is not acceptable, likewise
 * @retval ENVOI_E_CANCELLED     the login is given up, likewise; any other error means the same
 * @since 0.1 */
typedef int envoi_auth_fn(void *ctx, const void *challenge, size_t len, const void **response, size_t *response_len,
                          int *done);
/** Logs in with a mechanism of the application's own. An administrator's `enabled: no` and `require-tls: yes` for its
 * name hold (ENVOI_E_NO_MECHANISM).
 * @param session    the session
 * @param mechanism  a SASL name, which the server must announce
 * @param safe       0: counts as plaintext, and needs verified TLS; 1: does not show the secret
 * @param step       called for each step
 * @param ctx        passed to it
 * @retval ENVOI_E_USAGE  mechanism or step is NULL, or mechanism is not a SASL name
 * @returns also as envoi_session_login()
 * @since 0.1 */
int envoi_session_auth_with(struct envoi_session *session, const char *mechanism, int safe, envoi_auth_fn *step,
                            void *ctx);

/** Sends any command. Lines of a multi-line reply are joined.
 * @param session    the session
 * @param verb       letters, digits and "-", at most 64, not "-" first; not DATA, BDAT, STARTTLS or AUTH, which have
 *                   verbs of their own; but see envoi_session_allow_docmd_auth()
 * @param arguments  without control characters (tab is one); NULL: none
 * @retval ENVOI_OK       for any code
 * @retval ENVOI_E_USAGE  verb is NULL or another text; arguments has a control character; or the line is longer than
 *                        4000 octets
 * @retval ENVOI_E_TLS    the policy requires TLS and there is none; not for EHLO, LHLO, HELO, NOOP, RSET, HELP and QUIT
 * @retval ENVOI_E_NO_MECHANISM  AUTH: the mechanism may not be used here
 * @retval ENVOI_E_PLUGIN        AUTH: the administrator's plugins.d cannot be read
 * @since 0.1 */
int envoi_session_docmd(struct envoi_session *session, const char *verb, const char *arguments);
/** Sends NOOP. Returns ENVOI_OK for any code. @since 0.1 */
int envoi_session_noop(struct envoi_session *session);
/** Sends RSET, which ends the transaction of mail, rcpt and data. Returns ENVOI_OK for any code. @since 0.1 */
int envoi_session_rset(struct envoi_session *session);
/** Sends VRFY.
 * @param session  the session
 * @param address  an address as in message.h, sent as MAIL sends it but without brackets; or, without any of `@<>`, the
 *                 name of a user or a list, sent as it is. With SMTPUTF8 if that is not ASCII
 * @retval ENVOI_OK               for any code
 * @retval ENVOI_E_ADDRESS        address is empty, not UTF-8, or has a control or bidirectional format character; or it
 *                                has one of `@<>` and is no address
 * @retval ENVOI_E_NOT_SUPPORTED  the address or name is not ASCII, and SMTPUTF8 is not announced
 * @retval ENVOI_E_TLS            the policy requires TLS and there is none
 * @retval ENVOI_E_USAGE          address is NULL, or longer than 4000 octets with the command
 * @since 0.1 */
int envoi_session_verify(struct envoi_session *session, const char *address);
/** Sends EXPN. Results are those of envoi_session_verify(). @since 0.1 */
int envoi_session_expn(struct envoi_session *session, const char *list);
/** Sends HELP. `topic` may be NULL. Results are those of envoi_session_docmd(). @since 0.1 */
int envoi_session_help(struct envoi_session *session, const char *topic);
/** Sends MAIL FROM.
 * @param session  the session
 * @param sender   an address as in message.h; NULL: the null reverse-path
 * @param options  as in envoi_message_set_options(), sent as they are; NULL: none. SMTPUTF8, REQUIRETLS and
 *                 BODY=BINARYMIME need the extension, as in a message; others are sent in any case
 * @retval ENVOI_OK               for any code
 * @retval ENVOI_E_ADDRESS        sender is not an address
 * @retval ENVOI_E_NOT_SUPPORTED  sender needs SMTPUTF8, which is not announced; or one of these three options cannot
 *                                be had: it is not announced, or REQUIRETLS is not on verified TLS
 * @retval ENVOI_E_TLS            the policy requires TLS and there is none
 * @retval ENVOI_E_USAGE          options are not parameters, or have more than 900 octets
 * @since 0.1 */
int envoi_session_mail(struct envoi_session *session, const char *sender, const char *options);
/** Sends RCPT TO. Results are those of envoi_session_mail(); `recipient` NULL is ENVOI_E_USAGE. @since 0.1 */
int envoi_session_rcpt(struct envoi_session *session, const char *recipient, const char *options);
/** Sends DATA and the content, normalised as message.h says. With LMTP envoi_session_reply() is the last reply; use
 * envoi_session_send() to have all of them.
 * @param session  the session
 * @param content  borrowed until the verb is over; NULL only if len is 0
 * @param len      octets
 * @retval ENVOI_OK         for any code to the content
 * @retval ENVOI_E_DATA     DATA was not answered with 354
 * @retval ENVOI_E_UNKNOWN  the connection was lost after the content
 * @retval ENVOI_E_CONTENT  the content has a NUL octet: the connection is closed
 * @retval ENVOI_E_TLS      the policy requires TLS and there is none
 * @retval ENVOI_E_USAGE    content is NULL and len is not 0
 * @since 0.1 */
int envoi_session_data(struct envoi_session *session, const void *content, size_t len);

/** Sends a message: EHLO, STARTTLS, EHLO, AUTH as needed and as the settings say, then the transaction, pipelined if
 * the server announces it. RSET follows a refused transaction. Ask the message for the verdict of each recipient.
 *
 * If the server takes only a part of the recipients in one transaction, the others follow in further ones on the same
 * connection, and the message has one result. It does so if it announces LIMITS (RFC 9422: RCPTMAX, RCPTDOMAINMAX), or
 * if it refuses recipients behind accepted ones with x.5.3, or all that follow with 452 or 552 and no enhanced code
 * (RFC 5321 section 4.5.3.1.10). In each transaction at least one recipient gets its verdict. None follows beyond the
 * server's MAILMAX, or with content that cannot be rewound: then those that were refused are deferred, and those beyond
 * LIMITS not attempted. MAIL that is refused is the verdict of all that are left.
 * @param session  the session
 * @param message  belongs to the session until the verb is over
 * @retval ENVOI_OK                    at least one recipient was accepted. ::envoi_result compares result and message
 * @retval ENVOI_E_SENDER_REFUSED      MAIL was refused
 * @retval ENVOI_E_RECIPIENTS_REFUSED  RCPT was refused for all recipients; or for one, if all are required
 *                                     (envoi_message_set_require_all()) or the reply was 421
 * @retval ENVOI_E_DATA                the content was refused
 * @retval ENVOI_E_TOO_LARGE           larger than the announced SIZE: nothing was sent
 * @retval ENVOI_E_UNKNOWN             the connection was lost after the content: it may have been delivered
 * @retval ENVOI_E_NOT_SUPPORTED       an extension that the message needs is not announced; all recipients are
 *                                     required, and LIMITS allows only a part of them; or as
 *                                     envoi_session_starttls() and envoi_session_login()
 * @retval ENVOI_E_CONTENT             the source failed, or has a NUL octet: the connection is closed, unless that was
 *                                     found before MAIL; or it has to be read once more and cannot be
 * @retval ENVOI_E_HELO                EHLO was refused
 * @retval ENVOI_E_TLS                 TLS is required and STARTTLS is not announced; or as envoi_session_starttls()
 * @retval ENVOI_E_STARTTLS            as envoi_session_starttls()
 * @retval ENVOI_E_CERTIFICATE         as envoi_session_starttls()
 * @retval ENVOI_E_PLUGIN              as envoi_session_starttls() and envoi_session_login()
 * @retval ENVOI_E_CANCELLED           as envoi_session_starttls() and envoi_session_login()
 * @retval ENVOI_E_NO_MECHANISM        as envoi_session_login()
 * @retval ENVOI_E_AUTH                as envoi_session_login()
 * @retval ENVOI_E_SERVER_PROOF        as envoi_session_login()
 * @retval ENVOI_E_BUSY                the message belongs to another session or to a pool
 * @retval ENVOI_E_USAGE               message is NULL, has no recipient or no content; all recipients have it from an
 *                                     earlier send ("Another try" in message.h); its options and its body
 *                                     contradict each other; or in blocking calls a callback returned ENVOI_E_AGAIN
 *                                     (the connection is closed)
 * @returns also the message's sticky error
 * @since 0.1 */
int envoi_session_send(struct envoi_session *session, struct envoi_message *message);
/** Sends many messages, one after the other, each as envoi_session_send() does. If the server announces PIPELINING and
 * has proved that it takes more than one transaction (by its answer to a lone RSET behind the first content, once per
 * server and library object), a transaction goes out before the one ahead of it is answered, with a RSET between them.
 * The proof of BDAT (envoi_session_set_chunking()) goes out alone, so that nothing overtakes the first message.
 *
 * Each message has its own verdicts; a refusal of one does not touch the others. After a failure that ends the
 * connection the other messages are not attempted, or unknown if their content had left. Nothing that may have been
 * delivered is sent twice.
 * @param session   the session
 * @param messages  `count` different messages; they belong to the session until the verb is over
 * @param count     number of messages; 0: sends nothing
 * @retval ENVOI_OK       each message has at least one accepted recipient
 * @retval ENVOI_E_BUSY   a message belongs to another session or to a pool, or is there twice: nothing was sent
 * @retval ENVOI_E_USAGE  a message is NULL, or has no recipient or no content: nothing was sent
 * @returns otherwise the first failure in the order of the messages, as envoi_session_send(); envoi_session_error() and
 *          its like are about that one, too
 * @since 0.1 */
int envoi_session_send_all(struct envoi_session *session, struct envoi_message *const *messages, size_t count);
/** Sends a message from memory in one call, as smtplib's sendmail does. Options that are not announced are left out,
 * except SMTPUTF8, REQUIRETLS and BODY=BINARYMIME.
 * @param session       the session; blocking only
 * @param sender        the reverse-path
 * @param recipients    NULL-terminated
 * @param content       a complete message; borrowed for the call; NULL only if len is 0
 * @param len           octets
 * @param mail_options  NULL: none; with BODY=BINARYMIME line ends are left as they are
 * @param rcpt_options  NULL: none
 * @param out           NULL: not wanted; otherwise set to the message with the verdicts, which the caller frees; set to
 *                      NULL if none was made
 * @retval ENVOI_E_USAGE    the session is non-blocking, recipients is NULL, or content is NULL and len is not 0
 * @retval ENVOI_E_ADDRESS  sender or a recipient is not an address
 * @returns also as envoi_session_send()
 * @since 0.1 */
int envoi_session_sendmail(struct envoi_session *session, const char *sender, const char *const *recipients,
                           const void *content, size_t len, const char *mail_options, const char *rcpt_options,
                           struct envoi_message **out);
/** Sends QUIT and closes. The session can connect again. The failure of the verb before stays in envoi_session_error().
 * @retval ENVOI_OK  also if the server did not answer, or there is no connection: accepted messages stay accepted
 * @since 0.1 */
int envoi_session_quit(struct envoi_session *session);
/** Ends the blocking verb that is in progress, at once. The connection is closed, and messages are settled as by a lost
 * connection. May be called from a signal handler, from another thread and from a callback; the session must not be
 * freed meanwhile. NULL is a no-op.
 * - The verb returns ENVOI_E_CANCELLED, or ENVOI_E_UNKNOWN if a content had left: that message may have been delivered.
 * - If no verb is in progress, or its result is certain already, the next verb but quit ends so. A quit that is in
 *   progress returns ENVOI_OK at once. No request is lost, and several are one.
 * - In the non-blocking face nothing waits: the verb ends in the next envoi_session_process().
 * - Callbacks (a credential, content, a connection), a step of a mechanism whose library blocks, and files that are
 *   read are not interrupted: the verb ends after they have returned. Before it ends, the answer of a callback (a
 *   response of a login, a block of content) may still be sent.
 * @since 0.1 */
void envoi_session_interrupt(struct envoi_session *session);
/** Closes without QUIT. Never blocks. A verb in progress ends without a result, and its messages are settled as lost.
 * The session can connect again.
 * @retval ENVOI_E_BUSY  called from a callback of the session
 * @since 0.1 */
int envoi_session_close(struct envoi_session *session);
/** @} */

/** @name Information
 * These functions read. Texts live until the next verb, envoi_session_process() or envoi_session_close(), unless said
 * otherwise; a setter that fails replaces the text of the last failure.
 * @{ */
/** Returns the text of the last failure: the cause, the place (phase, recipient) and the remedy; "" if the last verb
 * succeeded.
 * @since 0.1 */
const char *envoi_session_error(const struct envoi_session *session);
/** Returns the code of the last failure, ENVOI_OK if the last verb succeeded. @since 0.1 */
int envoi_session_error_code(const struct envoi_session *session);
/** Returns the detail of the last failure, one of ENVOI_DETAIL_*. It tells apart causes of the same code: a port that
 * is none, a control character, a call out of order. Setters report theirs, too.
 * @returns ENVOI_DETAIL_NONE if the code says it all
 * @since 0.1 */
int envoi_session_error_detail(const struct envoi_session *session);
/** Returns the phase of the last failure, one of ENVOI_PHASE_*. @since 0.1 */
int envoi_session_error_phase(const struct envoi_session *session);
/** Returns the code of the library below (OpenSSL, GnuTLS, errno) of the last failure, 0 if there was none.
 * @since 0.1 */
int64_t envoi_session_error_library_code(const struct envoi_session *session);
/** The work of a session since it was made, over all its connections. */
struct envoi_telemetry {
    size_t struct_size;       /**< set by the caller, as sizeof of its own: members behind it are not written */
    uint64_t connections;     /**< that were begun, or given by envoi_session_adopt_fd() */
    uint64_t transactions;    /**< of messages: MAIL was written */
    uint64_t replies;         /**< that were read whole */
    uint64_t octets_sent;     /**< to the wire, TLS included */
    uint64_t octets_received; /**< likewise */
    /** Milliseconds spent in each of ENVOI_PHASE_*; [ENVOI_PHASE_NONE] is 0. While several commands are under way, it
     * is the phase of the one whose reply comes next. */
    uint64_t phase_ms[ENVOI_PHASES];
};
/** Tells how much work was done so far. Also from its callbacks.
 * @param session    the session
 * @param telemetry  with struct_size; filled in
 * @retval ENVOI_E_USAGE  an argument is NULL, or struct_size has no room for a member
 * @since 0.1 */
int envoi_session_telemetry(const struct envoi_session *session, struct envoi_telemetry *telemetry);
/** Returns the last reply of the server; never NULL for a session. The reply to a RSET of envoi's own does not replace
 * that of the refusal before it. A line that is no reply can be read, too: the code is ENVOI_E_PROTOCOL then (see
 * reply.h). The reply stays when the connection is lost or closed. After
 * envoi_session_quit() it is the reply to QUIT, or empty (code 0) if there was none. @since 0.1 */
const struct envoi_reply *envoi_session_reply(const struct envoi_session *session);
/** Returns the greeting; empty after the connection was closed, never NULL for a session. @since 0.1 */
const struct envoi_reply *envoi_session_greeting(const struct envoi_session *session);
/** Returns 1 while connected. @since 0.1 */
int envoi_session_connected(const struct envoi_session *session);
/** Returns the address of the connection, "192.0.2.1:587", "/path" or "descriptor 5" (envoi_session_adopt_fd());
 * "" if not connected. @since 0.1 */
const char *envoi_session_peer(const struct envoi_session *session);
/** The results of envoi_session_hello(). */
enum envoi_hello {
    ENVOI_HELLO_NONE = 0, /**< none was accepted */
    ENVOI_HELLO_EHLO = 1, /**< EHLO */
    ENVOI_HELLO_LHLO = 2, /**< LHLO (LMTP) */
    ENVOI_HELLO_HELO = 3, /**< HELO: there are no extensions */
};
/** Returns which hello the server accepted last on this connection, also if a verb such as envoi_session_send() sent it
 * by itself.
 * @returns one of ENVOI_HELLO_*. ENVOI_HELLO_NONE after STARTTLS, and after a login that brought a security layer,
 * until the next one, and without a connection
 * @since 0.1 */
int envoi_session_hello(const struct envoi_session *session);
/** Returns the reply to that hello; empty if it is ENVOI_HELLO_NONE, never NULL for a session. The reply of a refusal
 * is in envoi_session_reply(). @since 0.1 */
const struct envoi_reply *envoi_session_hello_reply(const struct envoi_session *session);
/** Returns the name behind the last EHLO, LHLO or HELO that was sent, accepted or not; "" if none was on this
 * connection. It stays when the connection is lost or closed, until the next connect. @since 0.1 */
const char *envoi_session_helo_name(const struct envoi_session *session);
/** Returns 1 if the server announced extension `name` (in any case of letters) after the last EHLO. @since 0.1 */
int envoi_session_has_extension(const struct envoi_session *session, const char *name);
/** Returns the parameters of extension `name` as announced: "" if none, lines of AUTH merged; NULL: not announced.
 * @since 0.1 */
const char *envoi_session_extension(const struct envoi_session *session, const char *name);
/** Returns the number of announced extensions. @since 0.1 */
size_t envoi_session_extensions(const struct envoi_session *session);
/** Returns the name of extension number `index`, from 0, in upper case; NULL: no such number. @since 0.1 */
const char *envoi_session_extension_name(const struct envoi_session *session, size_t index);
/** Returns 1 if this connection is logged in. @since 0.1 */
int envoi_session_authenticated(const struct envoi_session *session);
/** Returns the mechanism of the last AUTH, "" if there was none. @since 0.1 */
const char *envoi_session_mechanism(const struct envoi_session *session);
/** Returns the mechanisms that the last login did not try although the server announces them and they can be used,
 * because it was refused before: names, separated by blanks. To try one, name it: envoi_session_set_mechanisms().
 * @returns "" if there is none, or if the login was not refused
 * @since 0.1 */
const char *envoi_session_mechanisms_left(const struct envoi_session *session);
/** Returns the id of the plugin of that mechanism; "application" for envoi_session_auth_with(). @since 0.1 */
const char *envoi_session_mechanism_plugin(const struct envoi_session *session);
/** Returns the id of the plugin that would serve mechanism `name`. May read plugins.d and load a plugin.
 * @returns NULL: none; lives as long as the library object
 * @since 0.1 */
const char *envoi_session_mechanism_provider(struct envoi_session *session, const char *name);
/** Returns the id of the TLS plugin of this connection; "" without TLS. @since 0.1 */
const char *envoi_session_tls_backend(const struct envoi_session *session);
/** Returns the TLS version, such as "TLSv1.3"; "" without TLS. @since 0.1 */
const char *envoi_session_tls_protocol(const struct envoi_session *session);
/** Returns the cipher suite; "" without TLS. @since 0.1 */
const char *envoi_session_tls_cipher(const struct envoi_session *session);
/** Returns the group of the key exchange, such as "x25519" or "secp256r1"; "" without TLS, without such an exchange (a
 * resumed session of TLS 1.2), or if the backend does not know it. @since 0.1 */
const char *envoi_session_tls_group(const struct envoi_session *session);
/** Returns 1 if the server's certificate was verified: by chain and name, or by a pin that stands for them.
 * @since 0.1 */
int envoi_session_tls_verified(const struct envoi_session *session);
/** Returns by what the server's certificate was verified: "chain" (chain, dates, purpose, revocation and name); "pin"
 * (a pin that stands for all of that: envoi_session_set_pin_trust()); "chain-without-name"
 * (envoi_session_dangerously_ignore_tls_name(), which does not count as verified); "" if it was not, and without TLS.
 * Other words may be added. @since 0.1 */
const char *envoi_session_tls_verified_by(const struct envoi_session *session);
/** Returns 1 if the handshake was abbreviated: see envoi_library_set_tls_resumption(). @since 0.1 */
int envoi_session_tls_resumed(const struct envoi_session *session);
/** Returns the number of certificates that the server sent. @since 0.1 */
size_t envoi_session_certificates(const struct envoi_session *session);
/** Returns certificate `index` (0 is the server's) in DER. Borrowed until the connection is closed.
 * @param session  the session
 * @param index    from 0
 * @param len      set to the number of octets; may be NULL
 * @returns NULL, and 0 in *len: no such number
 * @since 0.1 */
const void *envoi_session_certificate_der(const struct envoi_session *session, size_t index, size_t *len);
/** Returns the pin of certificate `index`, as envoi_session_add_pin() takes it: the SHA-256 of its public key. NULL: no
 * such number; "": the backend does not tell (one of ABI 1.0). Borrowed until the connection is closed. @since 0.1 */
const char *envoi_session_certificate_pin(const struct envoi_session *session, size_t index);
/** Returns the subject of certificate `index` (0 is the server's), RFC 4514 text; NULL: no such number. @since 0.1 */
const char *envoi_session_certificate_subject(const struct envoi_session *session, size_t index);
/** Returns its issuer, RFC 4514 text; NULL: no such number. @since 0.1 */
const char *envoi_session_certificate_issuer(const struct envoi_session *session, size_t index);
/** Returns its DNS names and addresses, separated by blanks; NULL: no such number. @since 0.1 */
const char *envoi_session_certificate_names(const struct envoi_session *session, size_t index);
/** Returns the begin of its validity in seconds since 1970; 0: no such number. @since 0.1 */
int64_t envoi_session_certificate_not_before(const struct envoi_session *session, size_t index);
/** Returns the end of its validity in seconds since 1970; 0: no such number. @since 0.1 */
int64_t envoi_session_certificate_not_after(const struct envoi_session *session, size_t index);
/** @} */

#ifdef __cplusplus
}
#endif

#endif

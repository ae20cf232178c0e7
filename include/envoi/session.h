/* SPDX-License-Identifier: MIT */
/**
 * @file
 * A session: one connection to one server, the counterpart of Python's smtplib.SMTP.
 *
 * **Two ways to use it.** Without a watch function every verb (connect, send, quit ...) blocks until it is done and
 * returns its result. After envoi_session_set_watch() the same verbs return ENVOI_E_AGAIN at once, and
 * envoi_session_process() carries them on; when that returns anything but ENVOI_E_AGAIN, it is the verb's result. One verb
 * at a time: another one meanwhile is ENVOI_E_BUSY.
 *
 * **Results.** Each verb says which errors are its own. All can also return ENVOI_E_DISCONNECTED (not connected, or the
 * connection was lost), ENVOI_E_TIMEOUT (a deadline passed), ENVOI_E_PROTOCOL (the server does not keep to the protocol),
 * ENVOI_E_MEMORY, ENVOI_E_SYSTEM (the machine failed: too many open files, an input error), ENVOI_E_BUSY and ENVOI_E_USAGE.
 * envoi_session_error() has the text of the last failure. The first three close the connection, and a 421 does, even to a
 * verb that returns ENVOI_OK; after any other error it may be closed: ask envoi_session_connected(). While it is open the
 * session is usable as before.
 *
 * **Sticky errors.** A setter that fails returns its error and makes the next verb but quit fail with it: nothing is sent.
 * The library object's setters do so too, until they succeed: see library.h.
 *
 * **NULL.** Every function takes it for the session and answers ENVOI_E_USAGE (or 0, -1, NULL or "").
 *
 * **Threads.** One thread at a time; different sessions may be used in different threads. From a callback of a session
 * only functions that read (no verb, no free, no setter but envoi_session_set_trace()) may be called on that session. A
 * callback returns: one that is left by longjmp() or by an exception leaves a session behind that may not be touched any
 * more, not even to free it.
 *
 * **Fork.** A connection stays with the process that made it (or is making it). In a child of fork(2) the verbs and
 * envoi_session_process() send nothing and return ENVOI_E_USAGE; envoi_session_close() and envoi_session_free() close the
 * child's copy of the descriptor without a word, and the parent's connection is as it was. Once closed the session can
 * connect again, in the child too. The watch function is told as always: the child's loop has to be its own by then
 * (uv_loop_fork(), event_reinit(), a new epoll descriptor).
 *
 * **errno** is after a verb, envoi_session_process() and envoi_session_close() what it was before.
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

/** The phases of a session, for deadlines and for "where did it fail". */
enum envoi_phase {
    ENVOI_PHASE_NONE = 0,
    ENVOI_PHASE_DNS = 1,      /**< 30 s */
    ENVOI_PHASE_CONNECT = 2,  /**< 30 s for all addresses, and again behind one that gave no greeting */
    ENVOI_PHASE_TLS = 3,      /**< handshake, 60 s */
    ENVOI_PHASE_GREETING = 4, /**< 5 min */
    ENVOI_PHASE_EHLO = 5,     /**< EHLO, LHLO, HELO, 5 min */
    ENVOI_PHASE_STARTTLS = 6, /**< 2 min */
    ENVOI_PHASE_AUTH = 7,     /**< each step, 2 min */
    ENVOI_PHASE_MAIL = 8,     /**< 5 min */
    ENVOI_PHASE_RCPT = 9,     /**< 5 min */
    ENVOI_PHASE_DATA = 10,    /**< until the 354, 2 min */
    ENVOI_PHASE_CONTENT = 11, /**< each write of content, 3 min */
    ENVOI_PHASE_FINAL = 12,   /**< from the last octet to the reply, 10 min */
    ENVOI_PHASE_COMMAND = 13, /**< any other command, 5 min */
    ENVOI_PHASE_QUIT = 14,    /**< 5 s */
    ENVOI_PHASE_ANSWER = 15,  /**< the application's answer for a credential, 5 min */
    ENVOI_PHASES = 16,        /**< how many there are */
};
/** The name of a phase: "connect", "MAIL", ... Lives for ever. */
const char *envoi_phase_name(int phase);

/** How TLS is used. On port 465 all but ENVOI_TLS_OFF mean implicit. */
enum envoi_tls {
    ENVOI_TLS_DEFAULT = 0,       /**< off on a unix socket, else required */
    ENVOI_TLS_OFF = 1,           /**< never */
    ENVOI_TLS_OPPORTUNISTIC = 2, /**< STARTTLS if it is announced and accepted; with a login or a client certificate,
                                  * set at any time before the login, it means required. What goes on in clear is told
                                  * to the log of the library object (envoi_library_set_log()) and the trace, once for a
                                  * connection: that a server refuses what it announces as ENVOI_LOG_WARNING, that it
                                  * announces nothing, which is what this policy is for, as ENVOI_LOG_INFO; and
                                  * envoi_session_tls_backend() is "". A handshake or a certificate that fails is an
                                  * error all the same */
    ENVOI_TLS_REQUIRED = 3,      /**< STARTTLS, or nothing is sent */
    ENVOI_TLS_IMPLICIT = 4,      /**< TLS from the first octet (RFC 8314) */
};

/** @name Life
 * @{ */
/** Makes a session. @returns ENVOI_OK; ENVOI_E_USAGE; ENVOI_E_MEMORY. */
int envoi_session_new(struct envoi_library *library, struct envoi_session **out);
/** Makes a session and connects it, blocking.
 * @param library  the library object, which must outlive the session
 * @param server   as for envoi_session_connect()
 * @param out      set to the session, also when connecting fails, so that its error can be read; NULL only when there is
 *                 no session
 * @returns as envoi_session_connect(). */
int envoi_session_open(struct envoi_library *library, const char *server, struct envoi_session **out);
/** Closes the connection without a word and frees the session; NULL is a no-op. Never blocks. Secrets are wiped. */
void envoi_session_free(struct envoi_session *session);
/** @} */

/** @name Settings
 * SMTP or LMTP, the TLS policy and the TLS backend are taken at connect, for the whole connection; what concerns the
 * certificates, at the handshake. All others count from the next verb.
 *
 * Texts are copied; NULL takes a setting back. Each @returns ENVOI_OK; ENVOI_E_USAGE: a value that cannot be one, or a text
 * with CR, LF or a control character; ENVOI_E_BUSY; ENVOI_E_MEMORY.
 * @{ */
/** SMTP (0, the default) or LMTP (1; RFC 2033: one verdict per accepted recipient after the content). */
int envoi_session_set_lmtp(struct envoi_session *session, int on);
/** The name after EHLO. Default: the FQDN of this host if it is known without asking the network, else an address
 * literal of the connection. */
int envoi_session_set_helo_name(struct envoi_session *session, const char *name);
/** One of ENVOI_TLS_*. ENVOI_TLS_OFF alone allows no plaintext logins: see envoi_session_allow_cleartext_auth(). */
int envoi_session_set_tls(struct envoi_session *session, int tls);
/** The TLS backend of this session, over the library's choice. */
int envoi_session_set_tls_backend(struct envoi_session *session, const char *id);
/** The name or IP address that the server's certificate must carry, instead of the host of envoi_session_connect(). */
int envoi_session_set_tls_name(struct envoi_session *session, const char *name);
/** Checks (1, the default) or does not check (0) the server's certificate; pins are checked all the same. An unverified
 * connection counts as clear: no plaintext mechanism is used on it. */
int envoi_session_set_tls_verify(struct envoi_session *session, int on);
/** Adds a pin: the SHA-256 of the server's public key (SPKI), 64 hexadecimal digits. One of the pins must match. */
int envoi_session_add_pin(struct envoi_session *session, const char *sha256);
/** A client certificate: PEM chain, PEM key (NULL: in the same file). A TLS backend that can show none is an error when
 * TLS begins, ENVOI_E_NOT_SUPPORTED. */
int envoi_session_set_client_certificate(struct envoi_session *session, const char *cert_file, const char *key_file);
/** The passphrase of an encrypted key. Wiped on free. */
int envoi_session_set_passphrase(struct envoi_session *session, const char *passphrase);
/** Who logs in, with what password. With a user set, envoi_session_send() logs in, or fails. Wiped on free. */
int envoi_session_set_password(struct envoi_session *session, const char *user, const char *password);
/** Who logs in, with what OAuth 2.0 bearer token: by OAUTHBEARER (RFC 7628) or XOAUTH2, which the plugin `oauth` has.
 * Fetching and renewing tokens is the application's. Wiped on free. */
int envoi_session_set_token(struct envoi_session *session, const char *user, const char *token);
/** As whom to act (authorization identity); default: the user. With one set, envoi_session_send() logs in. */
int envoi_session_set_authzid(struct envoi_session *session, const char *authzid);

/** Asks the application for a credential. It may wait for a person (in the blocking face; the other one does not wait, and
 * says AGAIN): no deadline of the session passes meanwhile. The server has deadlines of its own.
 * @param ctx        as given
 * @param credential one of ENVOI_CRED_* (plugin.h)
 * @param mechanism  the SASL name; borrowed for the call
 * @param data       set to the octets; they are copied before the callback is called again
 * @param len        set to how many
 * @returns ENVOI_OK; ENVOI_E_CANCELLED: there is none; ENVOI_E_AGAIN: later (non-blocking face only): it is asked again
 * when envoi_session_process() is called. */
typedef int envoi_credential_fn(void *ctx, unsigned credential, const char *mechanism, const char **data, size_t *len);
/** Sets who is asked for credentials that were not set; with it envoi_session_send() logs in. */
int envoi_session_set_credential_callback(struct envoi_session *session, envoi_credential_fn *callback, void *ctx);
/** Which mechanisms may be used, in which order, separated by blanks: "SCRAM-SHA-256 PLAIN". A name with "!" before it
 * is forbidden: "!CRAM-MD5" forbids one and leaves the rest in the order of strength. "*" stands for all others. NULL:
 * all, strongest first. EXTERNAL and ANONYMOUS are used only when named, and so is, where a user was set, whatever logs in
 * whoever has a ticket (GSSAPI). With any name that is not forbidden envoi_session_send() logs in. */
int envoi_session_set_mechanisms(struct envoi_session *session, const char *names);
/** Allows (1) plaintext mechanisms (PLAIN, LOGIN, XOAUTH2, OAUTHBEARER) on a connection that is not verified TLS and not
 * a unix socket. The admin's `require-tls: yes` cannot be lifted. */
int envoi_session_allow_cleartext_auth(struct envoi_session *session, int on);
/** Least and most strength in bits of a SASL security layer (RFC 4422 section 3.7); 0 and 0, the default: none. */
int envoi_session_set_security_layer(struct envoi_session *session, unsigned min_ssf, unsigned max_ssf);
/** Allows (1) mechanisms whose library may block inside a step (Kerberos asks its KDC) in the non-blocking face and in a
 * pool, also in envoi_pool_run(). Each step of theirs is taken by a thread of envoi's, which has all signals blocked;
 * meanwhile one more descriptor is watched, and the loop goes on. ENVOI_PHASE_AUTH bounds the step. One that is given up (its
 * deadline has passed, the session was closed or freed) goes on in the background until the library comes back; what it
 * keeps alive is freed then, by that thread. Callbacks are called in the caller's thread as ever, but for the log and the
 * allocator. What the program has set for its own thread only (gss_krb5_ccache_name()) does not count there. In blocking
 * calls the caller's thread takes the steps, and nothing bounds them but the library. */
int envoi_session_allow_blocking_mechanisms(struct envoi_session *session, int on);
/** How content goes out where the server announces CHUNKING (RFC 3030).
 * @param session  the session
 * @param octets   most octets of content taken for one BDAT (the repair of line ends can double them), 512 to 64 Mi;
 *                 default 65536; 0: never BDAT, always DATA
 * @param wait     1: the first BDAT waits for the replies to RCPT, as RFC 3030 section 2 asks; 0, the default: one chunk
 *                 goes ahead of them, which saves a round trip and which servers take. More than one never does. */
int envoi_session_set_chunking(struct envoi_session *session, size_t octets, int wait);
/** The deadline of one phase (ENVOI_PHASE_*), or of all (ENVOI_PHASE_NONE), in milliseconds; 0: the default.
 * It bounds whole replies, not single reads. */
int envoi_session_set_timeout(struct envoi_session *session, int phase, int64_t milliseconds);

/** What a trace line is. */
enum envoi_trace {
    ENVOI_TRACE_INFO = 0,     /**< an event: connecting, plugin chosen, TLS agreed, ... */
    ENVOI_TRACE_SENT = 1,     /**< a line to the server, without CR LF */
    ENVOI_TRACE_RECEIVED = 2, /**< a line from the server, without CR LF */
};
/** Told every line. `text` is not NUL-terminated and borrowed for the call. Secrets are masked: "AUTH PLAIN [28 octets]". */
typedef void envoi_trace_fn(void *ctx, int kind, const char *text, size_t len);
/** The counterpart of set_debuglevel. May be set at any time, from a callback too.
 * @param session  the session
 * @param level    0: off; 1: the dialogue, content as a count of octets; 2: content too
 * @param trace    NULL: standard error, with ">> ", "<< " and "-- " before the lines
 * @param ctx      handed to it
 * @returns ENVOI_OK; ENVOI_E_USAGE. */
int envoi_session_set_trace(struct envoi_session *session, int level, envoi_trace_fn *trace, void *ctx);
/** @} */

/** @name The non-blocking face
 * No call waits for the network, a name server or a clock, and no socket is ever without O_NONBLOCK. What may take its time
 * is reading regular files: content that was given as one, plugins and their descriptors, certificates and keys,
 * /etc/hosts and /etc/resolv.conf.
 * @{ */
#define ENVOI_EVENT_READ  1u /**< wait until the descriptor is readable */
#define ENVOI_EVENT_WRITE 2u /**< wait until it is writable */
/** Told which events of which descriptor matter now; events 0: forget it (it may be closed already). While names are
 * looked up and addresses are tried there are several, afterwards the socket alone. */
typedef void envoi_watch_fn(void *ctx, int fd, unsigned events);
/** Makes the session non-blocking (or, with NULL, blocking again); only while no verb is in progress and not connected.
 * @returns ENVOI_OK; ENVOI_E_USAGE; ENVOI_E_BUSY. */
int envoi_session_set_watch(struct envoi_session *session, envoi_watch_fn *watch, void *ctx);
/** Carries on: call it when a watched descriptor is ready, when the deadline has passed, and when a callback that said
 * AGAIN has something now.
 * @param session  the session
 * @param fd       the descriptor that is ready, -1: none
 * @param events   ENVOI_EVENT_*
 * @returns ENVOI_E_AGAIN: still at it; anything else: the result of the verb. ENVOI_OK when no verb is in progress. */
int envoi_session_process(struct envoi_session *session, int fd, unsigned events);
/** When envoi_session_process() is to be called at the latest: milliseconds of CLOCK_MONOTONIC; -1: no deadline. */
int64_t envoi_session_deadline(struct envoi_session *session);
/** @} */

/** @name Verbs
 * @{ */
/** Connects and reads the greeting; nothing more. A name may have several addresses: one that cannot be connected to, or
 * gives no greeting in time or another one than 220, is passed over for the next (RFC 5321 section 5.1), each having its
 * own time for the greeting. With implicit TLS the first that takes the connection is the one.
 * @param session  the session
 * @param server   "host", "host:port", "[v6]:port", "v6" or "/path" (a unix socket). Default ports: 25; 465 with
 *                 implicit TLS; 24 for LMTP.
 * @returns ENVOI_OK; ENVOI_E_RESOLVE; ENVOI_E_CONNECT; ENVOI_E_GREETING: not a 220 (envoi_session_reply() has it);
 * with implicit TLS ENVOI_E_TLS, ENVOI_E_CERTIFICATE, ENVOI_E_PLUGIN, ENVOI_E_NOT_SUPPORTED as envoi_session_starttls(); a
 * setter's sticky error, of the session or the library object. RFC 5321 section 3.1. */
int envoi_session_connect(struct envoi_session *session, const char *server);
/** EHLO (LHLO for LMTP). `name` NULL: envoi_session_set_helo_name()'s. @returns ENVOI_OK; ENVOI_E_HELO: refused. */
int envoi_session_ehlo(struct envoi_session *session, const char *name);
/** HELO. Afterwards no extension is known. @returns ENVOI_OK; ENVOI_E_HELO: refused. */
int envoi_session_helo(struct envoi_session *session, const char *name);
/** EHLO if neither was accepted on this connection yet; HELO if EHLO is answered with 5yz and neither TLS nor a login is
 * required. @returns ENVOI_OK; ENVOI_E_HELO. */
int envoi_session_ehlo_or_helo_if_needed(struct envoi_session *session);
/** STARTTLS (RFC 3207) and the handshake, EHLO first if needed. All that EHLO told is forgotten, and a login; EHLO goes out
 * again before the next command that needs it.
 * @returns ENVOI_OK; ENVOI_E_NOT_SUPPORTED: not announced, or the backend knows no client certificates and one is set;
 * ENVOI_E_STARTTLS: refused; ENVOI_E_TLS, ENVOI_E_CERTIFICATE: the connection is closed, unless STARTTLS was not sent at all
 * (ENVOI_E_TLS: a CA file that cannot be read, say); ENVOI_E_PLUGIN: no usable backend; ENVOI_E_PROTOCOL: octets came before
 * the handshake; ENVOI_E_USAGE: there is TLS already, or a security layer. */
int envoi_session_starttls(struct envoi_session *session);
/** AUTH (RFC 4954), EHLO first if needed: the mechanisms announced, available and allowed, strongest first; the next one
 * after 504, 534 and 535 only, and after one whose token was asked for and not given.
 * @returns ENVOI_OK (also when already logged in and the server says 503); ENVOI_E_NOT_SUPPORTED: AUTH is not announced;
 * ENVOI_E_NO_MECHANISM: none suits, the text says why each was passed over; ENVOI_E_AUTH: refused, the last refusal is in
 * envoi_session_reply(); ENVOI_E_CANCELLED: a credential was not given; ENVOI_E_TLS: the policy requires TLS and there is
 * none; ENVOI_E_PLUGIN; ENVOI_E_USAGE: an earlier login has brought a security layer, there is no other one on that
 * connection. */
int envoi_session_login(struct envoi_session *session);
/** AUTH with one mechanism. It must be announced; the order and the "!" of envoi_session_set_mechanisms() do not count.
 * @returns as envoi_session_login(). */
int envoi_session_auth(struct envoi_session *session, const char *mechanism);

/** One step of the application's own mechanism. It may wait for a person, as envoi_credential_fn may.
 * @param ctx           as given
 * @param challenge     the server's challenge, decoded; NULL: the initial response is asked for
 * @param len           octets in it
 * @param response      set to the answer, borrowed until the next call; left NULL: none (first: server speaks first)
 * @param response_len  octets in it, at most 49152 (more: ENVOI_E_PROTOCOL, and the connection stays)
 * @param done          is 1; set it to 0 when a 235 now would be too soon
 * @returns ENVOI_OK; ENVOI_E_CANCELLED: `*` is sent; ENVOI_E_AUTH: the server is not who it should be. */
typedef int envoi_auth_fn(void *ctx, const void *challenge, size_t len, const void **response, size_t *response_len,
                          int *done);
/** AUTH with a mechanism of the application's own. It counts as plaintext, unless `safe` is 1. The admin's word on
 * its name in plugins.d (`enabled: no`, `require-tls: yes`) holds.
 * @returns as envoi_session_login(). */
int envoi_session_auth_with(struct envoi_session *session, const char *mechanism, int safe, envoi_auth_fn *step,
                            void *ctx);

/** Any command. The reply is in envoi_session_reply(), whatever its code; lines of a multi-line reply are joined.
 * @param session    the session
 * @param verb       letters, digits and "-", at most 64; not DATA, BDAT, STARTTLS, AUTH: these have verbs of their own
 * @param arguments  NULL: none; no control character, tab neither; the line has at most 4000 octets
 * @returns ENVOI_OK for any code; ENVOI_E_USAGE; ENVOI_E_TLS as envoi_session_mail(), but not for EHLO, LHLO, HELO, NOOP,
 * RSET, HELP and QUIT. */
int envoi_session_docmd(struct envoi_session *session, const char *verb, const char *arguments);
/** NOOP. @returns ENVOI_OK for any code. */
int envoi_session_noop(struct envoi_session *session);
/** RSET: the transaction of mail, rcpt and data is forgotten. @returns ENVOI_OK for any code. */
int envoi_session_rset(struct envoi_session *session);
/** VRFY. @returns ENVOI_OK for any code; ENVOI_E_ADDRESS; ENVOI_E_NOT_SUPPORTED: UTF-8, and SMTPUTF8 is not announced;
 * ENVOI_E_TLS as envoi_session_mail(). */
int envoi_session_verify(struct envoi_session *session, const char *address);
/** EXPN. @returns as envoi_session_verify(). */
int envoi_session_expn(struct envoi_session *session, const char *list);
/** HELP, `topic` may be NULL. @returns as envoi_session_docmd(). */
int envoi_session_help(struct envoi_session *session, const char *topic);
/** MAIL FROM. `sender` NULL: the null reverse-path. `options` as in envoi_message_set_options(), or NULL; sent as they are.
 * @returns ENVOI_OK for any code; ENVOI_E_ADDRESS; ENVOI_E_NOT_SUPPORTED as envoi_session_verify(); ENVOI_E_TLS: the policy
 * requires TLS and there is none. */
int envoi_session_mail(struct envoi_session *session, const char *sender, const char *options);
/** RCPT TO. @returns as envoi_session_mail(). */
int envoi_session_rcpt(struct envoi_session *session, const char *recipient, const char *options);
/** DATA and the content from memory, borrowed until the verb is over, normalised as message.h says. With LMTP
 * envoi_session_reply() is the last reply; use envoi_session_send() for all of them.
 * @returns ENVOI_OK for any code to the content; ENVOI_E_DATA: DATA was not answered with 354; ENVOI_E_UNKNOWN: the
 * connection was lost after the content; ENVOI_E_CONTENT: it has a NUL octet, the connection is closed; ENVOI_E_TLS as
 * envoi_session_mail(). */
int envoi_session_data(struct envoi_session *session, const void *content, size_t len);

/** Sends a message: EHLO, STARTTLS, EHLO, AUTH as needed and as the settings say, then the transaction, pipelined when
 * the server announces it. A RSET follows a refused one. Only a pool splits it by the server's LIMITS (RFC 9422). Ask the
 * message for the verdict of each recipient.
 * @returns ENVOI_OK: at least one recipient accepted (see envoi_message_result()); ENVOI_E_SENDER_REFUSED;
 * ENVOI_E_RECIPIENTS_REFUSED; ENVOI_E_DATA; ENVOI_E_TOO_LARGE: larger than the announced SIZE, nothing was sent;
 * ENVOI_E_UNKNOWN: it may have been delivered; ENVOI_E_NOT_SUPPORTED: needs an extension that is not announced;
 * ENVOI_E_CONTENT: the source failed, or has a NUL octet; the connection is closed, unless that was found before MAIL; and
 * those of ehlo, starttls and login; the sticky error of a setter of the session, the message or the library object. */
int envoi_session_send(struct envoi_session *session, struct envoi_message *message);
/** Sends many messages, one behind the other, as envoi_session_send() does each. Where the server announces PIPELINING
 * and takes it (a lone RSET behind the first content proves that, once per server and library object), a transaction
 * goes out before the one ahead of it is answered, with a RSET between them. Each message has its own verdicts; what is
 * refused of one does not touch the others. After a failure that ends the connection the rest is not attempted, or
 * unknown where the content had left. Nothing that may have been delivered is sent twice.
 * @param session   the session
 * @param messages  `count` different messages; they belong to the session until the verb is over
 * @param count     how many; 0 does nothing
 * @returns ENVOI_OK: each has at least one accepted recipient; else the first failure, as envoi_session_send(). */
int envoi_session_send_all(struct envoi_session *session, struct envoi_message *const *messages, size_t count);
/** smtplib's sendmail: a message from memory, in one call. Options that are not announced are left out, as smtplib does,
 * except SMTPUTF8, REQUIRETLS and BODY=BINARYMIME.
 * @param session       the session; blocking only (ENVOI_E_USAGE otherwise)
 * @param sender        the reverse-path
 * @param recipients    NULL-terminated
 * @param content       a complete message, borrowed for the call
 * @param len           octets in it
 * @param mail_options  or NULL; with BODY=BINARYMIME the content goes as it is
 * @param rcpt_options  or NULL
 * @param out           NULL; or set to the message with the verdicts, to be freed by the caller, whenever one was made
 * @returns as envoi_session_send(); ENVOI_E_ADDRESS. */
int envoi_session_sendmail(struct envoi_session *session, const char *sender, const char *const *recipients,
                           const void *content, size_t len, const char *mail_options, const char *rcpt_options,
                           struct envoi_message **out);
/** QUIT, then closes. The session can connect again.
 * @returns ENVOI_OK, also when the server did not answer: what was sent stays sent. */
int envoi_session_quit(struct envoi_session *session);
/** Closes without a word. Never blocks. A verb in progress ends without a result, its messages are settled as lost. The
 * session can connect again. */
int envoi_session_close(struct envoi_session *session);
/** @} */

/** @name What is known
 * Texts live until the next verb, envoi_session_process() or close, unless said otherwise.
 * @{ */
/** The text of the last failure: what, where (phase, recipient), and what to do. "" if there was none. */
const char *envoi_session_error(const struct envoi_session *session);
/** Its code, ENVOI_OK if there was none. */
int envoi_session_error_code(const struct envoi_session *session);
/** The phase it happened in. */
int envoi_session_error_phase(const struct envoi_session *session);
/** The code of the library below (OpenSSL, GnuTLS, errno), 0 if there was none. */
int64_t envoi_session_error_library_code(const struct envoi_session *session);
/** The last reply of the server; never NULL for a session. */
const struct envoi_reply *envoi_session_reply(const struct envoi_session *session);
/** The greeting, until the connection is closed. */
const struct envoi_reply *envoi_session_greeting(const struct envoi_session *session);
/** 1 while connected. */
int envoi_session_connected(const struct envoi_session *session);
/** The address connected to, "192.0.2.1:587" or "/path"; "" when not connected. */
const char *envoi_session_peer(const struct envoi_session *session);
/** 1 when the server announced `name` (any case) after the last EHLO. */
int envoi_session_has_extension(const struct envoi_session *session, const char *name);
/** The parameters of extension `name`, as announced ("" if none; lines of AUTH are merged); NULL: not announced. */
const char *envoi_session_extension(const struct envoi_session *session, const char *name);
/** How many extensions were announced. */
size_t envoi_session_extensions(const struct envoi_session *session);
/** The name of extension number `index`, upper case; NULL: no such number. */
const char *envoi_session_extension_name(const struct envoi_session *session, size_t index);
/** 1 when this connection is logged in. */
int envoi_session_authenticated(const struct envoi_session *session);
/** The mechanism of the last AUTH, "" if none. */
const char *envoi_session_mechanism(const struct envoi_session *session);
/** The id of the plugin that served it; "application" for envoi_session_auth_with(). */
const char *envoi_session_mechanism_plugin(const struct envoi_session *session);
/** The id of the plugin that would serve mechanism `name`; NULL: none. May load a plugin. Lives as long as the library. */
const char *envoi_session_mechanism_provider(struct envoi_session *session, const char *name);
/** The id of the TLS plugin of this connection; "" without TLS. */
const char *envoi_session_tls_backend(const struct envoi_session *session);
/** "TLSv1.3"; "" without TLS. */
const char *envoi_session_tls_protocol(const struct envoi_session *session);
/** The cipher suite; "" without TLS. */
const char *envoi_session_tls_cipher(const struct envoi_session *session);
/** 1 when the server's certificate was checked and is good. */
int envoi_session_tls_verified(const struct envoi_session *session);
/** 1 when the handshake was an abbreviated one: see envoi_library_set_tls_resumption(). */
int envoi_session_tls_resumed(const struct envoi_session *session);
/** How many certificates the server sent. */
size_t envoi_session_certificates(const struct envoi_session *session);
/** The subject of certificate `index` (0 is the server's), RFC 4514 text; NULL: no such number. */
const char *envoi_session_certificate_subject(const struct envoi_session *session, size_t index);
/** Its issuer. */
const char *envoi_session_certificate_issuer(const struct envoi_session *session, size_t index);
/** Its DNS names and addresses, separated by blanks. */
const char *envoi_session_certificate_names(const struct envoi_session *session, size_t index);
/** Begin and end of its validity, seconds since 1970; 0: no such number. */
int64_t envoi_session_certificate_not_before(const struct envoi_session *session, size_t index);
/** See envoi_session_certificate_not_before(). */
int64_t envoi_session_certificate_not_after(const struct envoi_session *session, size_t index);
/** @} */

#ifdef __cplusplus
}
#endif

#endif

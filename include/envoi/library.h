/* SPDX-License-Identifier: MIT */
/**
 * @file
 * The library object: what sessions share. It holds the plugins that plugins.d describes, the trust store, and the
 * choice of the TLS backend.
 *
 * **Threads.** One library object may serve sessions in many threads, and a process may have several objects. The setters
 * are for the time before the first session exists; they are not to be called while another thread uses the object. A
 * setter that fails changes nothing. The log function is called from whichever threads use the object, also from several
 * at once.
 *
 * **Errors.** Every function takes NULL for the object and answers ENVOI_E_USAGE (or 0, or NULL).
 *
 * **Sticky errors.** A setter that fails returns its error, and from then on every verb but quit of every session of the
 * object fails with it: nothing is sent with another trust or other plugins than the program asked for. So do
 * envoi_pool_add_route() and the messages that wait in a pool. envoi_session_error() names the setter. It is forgotten when
 * the same setter succeeds (NULL, where a setter takes it, says that the setting is not wanted any more), and not by being
 * told once, as a session's is: other sessions would go on. What comes too late, a directory after descriptors were read,
 * can never succeed: make another library object. Not so envoi_library_add_plugin(), which sets nothing.
 *
 * **Fork.** fork(2) is for a moment when no other thread is in a call of envoi; otherwise the child may only exec, as POSIX
 * has it for every program with threads. Then both processes may go on with the object, and each frees its own. Not so with
 * connections: these stay with the process that made them, see session.h.
 *
 * **The process** belongs to the program. envoi changes no signal's disposition or mask and causes no SIGPIPE; it leaves
 * locale, umask, current directory and environment alone, installs no exit handler, and starts no thread but for a login
 * that envoi_session_allow_blocking_mechanisms() lets in. Its sockets and files are close-on-exec. Modules are never
 * unloaded.
 *
 * **The libraries below** may be used by the program as well, at the same time. envoi sets nothing in OpenSSL, GnuTLS and
 * Cyrus SASL that holds for the whole process. Where they count their users it is one of them, from when a library object
 * first needs the plugin until that object is freed. What the program has to know:
 * - Cyrus SASL keeps the callbacks of whoever calls sasl_client_init() first, and counts without a lock. A program that
 *   has callbacks for the whole process calls it before it uses envoi, and ends its use when no other thread uses envoi.
 * - OpenSSL is not to be ended by OPENSSL_cleanup() while library objects exist. Where envoi is the first to use it, its
 *   exit handler is not installed. Errors that the program left in OpenSSL's queue of the thread are gone after a call.
 */
#ifndef ENVOI_LIBRARY_H
#define ENVOI_LIBRARY_H

#include <envoi/error.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct envoi_library;
struct envoi_plugin;

/** The version of the library at run time, "0.1.0". Lives for ever. */
const char *envoi_version(void);

/** The name of a result, "ENVOI_E_TIMEOUT"; "ENVOI_OK" for 0; "ENVOI_E_?" for a number that is none. Lives for ever. */
const char *envoi_error_name(int code);
/** The general text of a result, for a person; the particular one is envoi_session_error(). Lives for ever. */
const char *envoi_error_text(int code);
/** The class of a result, one of ENVOI_CLASS_*; ENVOI_CLASS_LOCAL for a number that is none. */
int envoi_error_class(int code);

/** An allocator: `ptr` NULL allocates, `size` 0 frees (and returns NULL), else as realloc(3).
 * @returns NULL when there is no memory (the old memory stays). */
typedef void *envoi_allocate_fn(void *ctx, void *ptr, size_t size);

/** Sets the allocator of all that envoi and its plugins allocate, for the whole process. To be called before anything
 * else, while one thread runs. NULL sets the C library's again.
 * @param allocate  called from any thread that uses envoi
 * @param ctx       handed to it */
void envoi_set_allocator(envoi_allocate_fn *allocate, void *ctx);

/** Makes a library object. Reads no file yet: plugins.d is read when the first plugin is asked for.
 * @param out  set to the object, to be freed with envoi_library_free(); set to NULL on failure
 * @returns ENVOI_OK; ENVOI_E_USAGE (out is NULL); ENVOI_E_MEMORY. */
int envoi_library_new(struct envoi_library **out);

/** Frees the object; NULL is a no-op. All sessions made from it must be freed before. Modules stay loaded. */
void envoi_library_free(struct envoi_library *library);

/** What is told to a log function: ENVOI_LOG_* of plugin.h and one line of text, borrowed for the call. */
typedef void envoi_log_fn(void *ctx, int level, const char *text);

/** Sets who is told of what the library notices beside the results: a descriptor that is passed over, a plugin that
 * cannot be loaded and what takes its place, a connection of opportunistic TLS that goes on in clear (see
 * ENVOI_TLS_OPPORTUNISTIC). Never a secret. It is called in the midst of a verb, as a callback of the session is. NULL:
 * nobody (the default).
 * @returns ENVOI_OK; ENVOI_E_USAGE. */
int envoi_library_set_log(struct envoi_library *library, envoi_log_fn *log, void *ctx);

/** Sets the one directory from which modules are loaded, instead of the compiled-in one. It and what is in it obey the
 * same rules (owner root or the caller, not writable by others).
 * @param library  the object
 * @param path     absolute; copied
 * @returns ENVOI_OK; ENVOI_E_USAGE: not absolute, or descriptors were already read; ENVOI_E_MEMORY. */
int envoi_library_set_module_directory(struct envoi_library *library, const char *path);

/** Sets the directories of descriptors (plugins.d) instead of the compiled-in ones. The admin's wins over the user's,
 * the user's (which can only change `priority` and set `enabled: no`) over the vendor's, key by key. What the admin's says
 * of a plugin (`require-tls: yes`, `enabled: no`) holds for the mechanisms that the plugin names, whoever serves them.
 *
 * The descriptors are read when the first plugin is asked for. When the admin's directory is there and cannot be trusted
 * or read, what asks for a plugin fails with ENVOI_E_PLUGIN, as nobody knows what is forbidden; with ENVOI_E_SYSTEM when a
 * directory could not be read because of the machine. The next use tries again.
 * @param library  the object
 * @param vendor   absolute, or NULL: none; copied
 * @param user     absolute, or NULL: none (the default, also in set-uid programs whatever is given); copied
 * @param admin    absolute, or NULL: none; copied
 * @returns ENVOI_OK; ENVOI_E_USAGE: not absolute, or descriptors were already read; ENVOI_E_MEMORY. */
int envoi_library_set_descriptor_directories(struct envoi_library *library, const char *vendor, const char *user,
                                             const char *admin);

/** Reads the user's own descriptors too: `$XDG_CONFIG_HOME/envoi/plugins.d`, or `~/.config/envoi/plugins.d`. Ignored in
 * set-uid programs.
 * @returns ENVOI_OK; ENVOI_E_USAGE: descriptors were already read; ENVOI_E_MEMORY. */
int envoi_library_use_user_descriptors(struct envoi_library *library);

/** Registers a plugin that is already in the process, for tests, bindings and programs that bring their own.
 * @param library     the object
 * @param plugin      lives as long as the object
 * @param descriptor  the text of a descriptor without `module`, such as "kind: auth\nprovides: X-OURS\n"; copied
 * @returns ENVOI_OK; ENVOI_E_PLUGIN: not whole, wrong ABI, or the id is none or is taken; ENVOI_E_USAGE: a line or a value
 * of the descriptor is wrong, `kind` or `provides` is missing, a transport does not provide `tls`, there is a `module`, or
 * the log function calls this while descriptors are read; ENVOI_E_MEMORY. The log function is told the reason.
 *
 * The error does not stick: a program may bring a plugin that it can do without. One that it cannot do without it asks for
 * by name, with envoi_session_set_mechanisms() or envoi_library_set_tls_backend(), and then its absence is an error. */
int envoi_library_add_plugin(struct envoi_library *library, const struct envoi_plugin *plugin, const char *descriptor);

/** Chooses the TLS backend for all sessions by its plugin's id, "openssl" or "gnutls". Without a choice the environment
 * variable ENVOI_TLS_BACKEND decides (not in set-uid programs), then the priority in plugins.d.
 * @param library  the object
 * @param id       NULL takes the choice back; copied
 * @returns ENVOI_OK; ENVOI_E_USAGE; ENVOI_E_MEMORY. That there is no such backend shows when TLS begins. */
int envoi_library_set_tls_backend(struct envoi_library *library, const char *id);

/** Sets a PEM file of CA certificates that are trusted.
 * @param library  the object
 * @param path     NULL: none; copied. With a file the system's certificates are no longer trusted, unless
 *                 envoi_library_set_system_trust() says so.
 * @returns ENVOI_OK; ENVOI_E_MEMORY. A file that cannot be read shows when TLS begins (ENVOI_E_TLS). */
int envoi_library_set_ca_file(struct envoi_library *library, const char *path);
/** Trusts (1) or does not trust (0) the system's CA certificates, which are read again once a day; without a call: yes,
 * unless a CA file is set.
 * @returns ENVOI_OK; ENVOI_E_USAGE. */
int envoi_library_set_system_trust(struct envoi_library *library, int on);
/** Sets a PEM file of certificate revocation lists; the server's certificate is checked against them. NULL: none.
 * @returns ENVOI_OK; ENVOI_E_MEMORY. */
int envoi_library_set_crl_file(struct envoi_library *library, const char *path);
/** Sets the least TLS version: 0x0303 (TLS 1.2, the default) or 0x0304 (TLS 1.3).
 * @returns ENVOI_OK; ENVOI_E_USAGE: another value. */
int envoi_library_set_min_tls(struct envoi_library *library, unsigned version);
/** Sets the ciphers, in the words of the backend: an OpenSSL cipher list (TLS 1.2) or a GnuTLS priority string.
 * @returns ENVOI_OK; ENVOI_E_MEMORY. */
int envoi_library_set_ciphers(struct envoi_library *library, const char *ciphers);
/** Resumes (1, the default) TLS sessions: a connection goes on with what an earlier one of this library object agreed on,
 * which saves the certificates and, with TLS 1.2, a round trip. Only between connections to the same server with the same
 * backend, trusted certificates, versions, ciphers, pins, client certificate and name to verify; not when there is a file
 * of revocation lists. A ticket of TLS 1.3 is used once; a session of TLS 1.2 serves all connections that are made while
 * the server takes it. Name, dates and pins are checked again. No certificate goes unverified for longer than a day (by
 * CLOCK_MONOTONIC, which stands still while the machine sleeps).
 * @param library  the object
 * @param on       0: every handshake is a whole one, and what was kept is wiped
 * @returns ENVOI_OK; ENVOI_E_USAGE. */
int envoi_library_set_tls_resumption(struct envoi_library *library, int on);

/** @name What plugins.d says, as `envoi plugins --why` prints it
 * These read the descriptors if that was not done yet. The index runs from 0 in the order of kind, priority and id.
 * Texts live until the library object is freed. When the descriptors cannot be read there are no plugins, and the last of
 * the warnings says why; its text is good until the next call for this object.
 * @{ */

/** How many plugins are described, usable or not. */
size_t envoi_library_plugins(struct envoi_library *library);
/** A value of plugin number `index`: key "id", or a descriptor's key ("kind", "provides", "module", "abi", "enabled",
 * "priority", "critical", "require-tls"); or "state": "available" (not loaded yet), "loaded", "disabled" or "unusable".
 * @returns NULL when there is no such plugin or key. */
const char *envoi_library_plugin_value(struct envoi_library *library, size_t index, const char *key);
/** Where the value came from: "/usr/share/envoi/plugins.d/plain.plugin:3", "built in", "default", or for "state" why it
 * is so.
 * @returns NULL when there is no such plugin or key. */
const char *envoi_library_plugin_source(struct envoi_library *library, size_t index, const char *key);
/** How many things were found wrong in plugins.d. */
size_t envoi_library_warnings(struct envoi_library *library);
/** One of them: "FILE:LINE: what is wrong". NULL when there is no such number. */
const char *envoi_library_warning(struct envoi_library *library, size_t index);
/** @} */

#ifdef __cplusplus
}
#endif

#endif

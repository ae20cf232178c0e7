/* SPDX-License-Identifier: MIT */
/**
 * @file
 * A library object: the state that sessions share. It holds the plugins that plugins.d describes, the trust settings,
 * the TLS sessions to resume and the choice of the TLS backend.
 *
 * @code{.c}
 * // Makes a library object that trusts one CA only and takes no TLS below 1.3.
 * int make_library(const char *ca_file, struct envoi_library **out)
 * {
 *     int rc = envoi_library_new(out);
 *
 *     if (rc)
 *         return rc;
 *     envoi_library_set_ca_file(*out, ca_file); // if a setter fails, no session of the object sends anything
 *     envoi_library_set_min_tls(*out, 0x0304);
 *     return ENVOI_OK; // after its sessions: envoi_library_free(*out)
 * }
 * @endcode
 *
 * **Errors.** Every function takes NULL for the object and then returns ENVOI_E_USAGE (or 0, or NULL). This is not
 * repeated below, nor is ENVOI_OK, which means success. ENVOI_E_MEMORY: there was no memory, and nothing was changed.
 *
 * **Threads.** One library object may serve sessions in many threads, and a process may have several objects. Call the
 * setters before the first session exists, and never while another thread uses the object. A setter that fails changes
 * nothing.
 *
 * **Sticky errors.** If a setter fails, it returns its error, and from then on every verb but quit of every session of
 * the object fails with that error, because nothing may be sent with other trust or other plugins than the program
 * asked for. envoi_pool_add_route() and the messages that wait in a pool fail likewise. envoi_session_error() names the
 * setter.
 * - The error stays until the same setter succeeds. A session reports its own sticky error only once; this one is
 *   reported again and again, because other sessions would go on otherwise.
 * - Where a setter takes NULL, a call with NULL succeeds and gives the setting up.
 * - A setter that comes too late (a directory after descriptors were read) cannot succeed any more: make another
 *   object.
 * - envoi_library_add_plugin() is the exception. Its error does not stick.
 *
 * **Fork.** Call fork(2) while no other thread is inside envoi. Otherwise the child may only exec, as POSIX says of
 * every program with threads. Afterwards both processes may go on with the object, and each frees its own copy.
 * Connections stay with the process that made them: see session.h.
 *
 * **The process** belongs to the program. envoi changes no signal's disposition, leaves the mask as it was, and causes
 * no SIGPIPE. It leaves locale, umask, current directory and environment alone and installs no exit handler. It starts
 * no thread, except for a login that envoi_session_allow_blocking_mechanisms() permits. Its sockets and files are
 * close-on-exec. Modules are never unloaded.
 *
 * **OpenSSL, GnuTLS and Cyrus SASL** may be used by the program at the same time. envoi sets nothing in them that holds
 * for the whole process. If such a library counts its users, envoi is one of them from the moment a library object
 * first needs the plugin until that object is freed.
 * - Cyrus SASL keeps the callbacks of the first caller of sasl_client_init(), and counts its users without a lock. A
 *   program with callbacks for the whole process must call it before it uses envoi, and must end its use while no other
 *   thread uses envoi.
 * - OpenSSL must not be ended by OPENSSL_cleanup() while library objects exist. If envoi is the first to use OpenSSL,
 *   its exit handler is not installed. Errors that the program left in the thread's error queue are gone after a call.
 *
 * @since 0.1
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

/** Returns the version of the library at run time, such as "0.1.0". Lives for ever. @since 0.1 */
const char *envoi_version(void);

/** Returns the name of a result, such as "ENVOI_E_TIMEOUT". Lives for ever.
 * @returns "ENVOI_OK" for 0; "ENVOI_E_?" if the number is not a result
 * @since 0.1 */
const char *envoi_error_name(int code);
/** Returns the general text of a result, for a person. envoi_session_error() has the text of one failure. Lives for
 * ever.
 * @returns "not a result of envoi" if the number is not a result
 * @since 0.1 */
const char *envoi_error_text(int code);
/** Returns the name of a detail, "ENVOI_DETAIL_PORT"; "ENVOI_DETAIL_?" for another number. @since 0.1 */
const char *envoi_error_detail_name(int detail);
/** Returns the meaning of a detail for a person; "" for ENVOI_DETAIL_NONE and for another number. @since 0.1 */
const char *envoi_error_detail_text(int detail);
/** Returns the class of a result, one of ENVOI_CLASS_*.
 * @returns ENVOI_CLASS_LOCAL if the number is not a result
 * @since 0.1 */
int envoi_error_class(int code);

/** An allocator: allocates if `ptr` is NULL, frees if `size` is 0 (and returns NULL), otherwise works as realloc(3).
 * @returns the memory; NULL if there is none, and then the old memory stays valid
 * @since 0.1 */
typedef void *envoi_allocate_fn(void *ctx, void *ptr, size_t size);

/** Sets the allocator of envoi and its plugins, for the whole process. Call it before any other function, while the
 * process has one thread.
 * @param allocate  called from any thread that uses envoi; NULL: the C library's, the default
 * @param ctx       passed to it
 * @since 0.1 */
void envoi_set_allocator(envoi_allocate_fn *allocate, void *ctx);

/** Makes a library object. Reads no file: plugins.d is read when the first plugin is needed.
 * @param out  set to the object, which the caller frees with envoi_library_free(); set to NULL on failure
 * @retval ENVOI_E_USAGE   out is NULL
 * @retval ENVOI_E_MEMORY
 * @since 0.1 */
int envoi_library_new(struct envoi_library **out);

/** Frees the object; NULL is a no-op. Free its sessions and pools first. Modules stay loaded. @since 0.1 */
void envoi_library_free(struct envoi_library *library);

/** Forgets the passwords and tokens that servers have refused, so that they are presented again: for a person who says
 * "try again", because the server was at fault. See envoi_session_set_password_tries(). Safe to call at any time and
 * from any thread; NULL is a no-op. @since 0.1 */
void envoi_library_forget_refusals(struct envoi_library *library);

/** Takes one line of the log.
 * @param ctx    as given to envoi_library_set_log()
 * @param level  ENVOI_LOG_* of plugin.h
 * @param text   NUL-terminated, without a line end, never with a secret; borrowed for the call
 * @since 0.1 */
typedef void envoi_log_fn(void *ctx, int level, const char *text);

/** Sets the log function. It is told of events that are not results: a descriptor that is passed over, a plugin that
 * cannot be loaded, a connection of opportunistic TLS that goes on in clear (ENVOI_TLS_OPPORTUNISTIC).
 *
 * The function is called in the middle of a verb, under the rules for callbacks of a session. Any thread that uses the
 * object may call it, several at once, and so may a worker thread (envoi_session_allow_blocking_mechanisms()).
 * @param library  the object
 * @param log      NULL: no log, the default
 * @param ctx      passed to it
 * @returns ENVOI_OK
 * @since 0.1 */
int envoi_library_set_log(struct envoi_library *library, envoi_log_fn *log, void *ctx);

/** Sets the directory of modules, instead of the compiled-in one. The directory, those above it and the files in it
 * must be owned by root or the caller and not be writable by others.
 * @param library  the object
 * @param path     absolute; copied
 * @retval ENVOI_E_USAGE   path is NULL or not absolute, or descriptors have been read
 * @retval ENVOI_E_MEMORY
 * @since 0.1 */
int envoi_library_set_module_directory(struct envoi_library *library, const char *path);

/** Sets the directories of descriptors (plugins.d), instead of the compiled-in ones. They are merged key by key: the
 * administrator's value wins over the user's, and the user's over the vendor's. A user's file can only change
 * `priority` and set `enabled: no`. If an administrator's file says `require-tls: yes` or `enabled: no` of a plugin,
 * that holds for the mechanisms which the plugin names, whichever plugin serves them. `prefer: X-OURS`, which only an
 * administrator's file can say, puts a mechanism before stronger ones.
 *
 * Descriptors are read when the first plugin is needed. If the administrator's directory exists and cannot be trusted
 * or read, calls that need a plugin fail with ENVOI_E_PLUGIN, because its prohibitions are not known. If the machine is
 * the reason that a directory cannot be read, they fail with ENVOI_E_SYSTEM. In both cases the next use tries again.
 * @param library  the object
 * @param vendor   absolute, or NULL: none; copied
 * @param user     absolute, or NULL: none, the default; ignored in set-uid programs; copied
 * @param admin    absolute, or NULL: none; copied
 * @retval ENVOI_E_USAGE   a path is not absolute, or descriptors have been read
 * @retval ENVOI_E_MEMORY
 * @since 0.1 */
int envoi_library_set_descriptor_directories(struct envoi_library *library, const char *vendor, const char *user,
                                             const char *admin);

/** Sets the directory of the vendor's descriptors, and that no descriptors of the user are read. The administrator's
 * directory stays: so this is the call for a directory that comes from a user, such as the program's `--plugins-d`.
 * Otherwise as envoi_library_set_descriptor_directories().
 * @param library  the object
 * @param vendor   absolute, or NULL: none; copied
 * @retval ENVOI_E_USAGE   the path is not absolute, or descriptors have been read
 * @retval ENVOI_E_MEMORY
 * @since 0.1 */
int envoi_library_set_vendor_directory(struct envoi_library *library, const char *vendor);

/** Reads the user's own descriptors too: `$XDG_CONFIG_HOME/envoi/plugins.d`, or `~/.config/envoi/plugins.d`. Does
 * nothing in set-uid programs.
 * @retval ENVOI_E_USAGE   descriptors have been read
 * @retval ENVOI_E_MEMORY
 * @since 0.1 */
int envoi_library_use_user_descriptors(struct envoi_library *library);

/** Registers a plugin that is already in the process: for tests, bindings and programs with plugins of their own.
 *
 * The error does not stick, because a program may be able to do without the plugin. If it cannot, it names the plugin
 * in envoi_session_set_mechanisms() or envoi_library_set_tls_backend(); then the missing plugin is an error there. The
 * log function is told the reason of a failure.
 * @param library     the object
 * @param plugin      must live as long as the object
 * @param descriptor  the text of a descriptor without `module`, such as "kind: auth\nprovides: X-OURS\n"; copied
 * @retval ENVOI_E_USAGE   plugin or descriptor is NULL; a line or a value of the descriptor is wrong; `kind` or
 *                         `provides` is missing; a transport does not provide `tls`; there is a `module`; or the log
 *                         function makes this call while descriptors are read
 * @retval ENVOI_E_PLUGIN  the plugin is incomplete or of another ABI; its id is malformed or taken
 * @retval ENVOI_E_MEMORY
 * @since 0.1 */
int envoi_library_add_plugin(struct envoi_library *library, const struct envoi_plugin *plugin, const char *descriptor);

/** Chooses the TLS backend of all sessions by its plugin's id, "openssl" or "gnutls". Without a choice the environment
 * variable ENVOI_TLS_BACKEND decides (not in set-uid programs), and then the priority in plugins.d. A backend that does
 * not exist is reported when TLS begins (ENVOI_E_PLUGIN).
 * @param library  the object
 * @param id       copied; NULL: no choice
 * @retval ENVOI_E_MEMORY
 * @since 0.1 */
int envoi_library_set_tls_backend(struct envoi_library *library, const char *id);

/** Sets a PEM file of trusted CA certificates. The system's certificates are then trusted only if
 * envoi_library_set_system_trust() says so. A file that cannot be read is reported when TLS begins (ENVOI_E_TLS).
 * @param library  the object
 * @param path     copied; NULL: none
 * @retval ENVOI_E_MEMORY
 * @since 0.1 */
int envoi_library_set_ca_file(struct envoi_library *library, const char *path);
/** Says whether the system's CA certificates are trusted. They are read again once a day.
 * @param library  the object
 * @param on       1: yes; 0: no. Without this call: yes, unless a CA file is set
 * @returns ENVOI_OK
 * @since 0.1 */
int envoi_library_set_system_trust(struct envoi_library *library, int on);
/** Sets a PEM file of certificate revocation lists, against which the server's certificate is checked. A file that
 * cannot be read is reported when TLS begins (ENVOI_E_TLS).
 * @param library  the object
 * @param path     copied; NULL: none, the default
 * @retval ENVOI_E_MEMORY
 * @since 0.1 */
int envoi_library_set_crl_file(struct envoi_library *library, const char *path);
/** Sets the lowest TLS version.
 * @param library  the object
 * @param version  0x0303 (TLS 1.2, the default) or 0x0304 (TLS 1.3)
 * @retval ENVOI_E_USAGE  another version
 * @since 0.1 */
int envoi_library_set_min_tls(struct envoi_library *library, unsigned version);
/** Sets the ciphers. A text that the backend does not understand is reported when TLS begins (ENVOI_E_TLS).
 * @param library  the object
 * @param ciphers  an OpenSSL cipher list (TLS 1.2) or a GnuTLS priority string; copied; NULL: the backend's default
 * @retval ENVOI_E_MEMORY
 * @since 0.1 */
int envoi_library_set_ciphers(struct envoi_library *library, const char *ciphers);
/** Says whether TLS sessions are resumed. A resumed handshake uses the keys of an earlier connection of this library
 * object. It saves the certificates and, with TLS 1.2, a round trip.
 * - Connections share a session only if server, backend, trusted certificates, versions, ciphers, pins, client
 *   certificate and the name to verify are the same. With a file of revocation lists nothing is resumed.
 * - A ticket of TLS 1.3 is used once. A session of TLS 1.2 serves all connections that are made while the server
 *   accepts it.
 * - Name, dates and pins are checked again each time. The chain is verified anew after one day at the latest (by
 *   CLOCK_MONOTONIC, which stands still while the machine sleeps).
 * @param library  the object
 * @param on       1, the default: yes; 0: every handshake is a full one, and stored tickets are wiped
 * @returns ENVOI_OK
 * @since 0.1 */
int envoi_library_set_tls_resumption(struct envoi_library *library, int on);

/** @name The contents of plugins.d, as `envoi plugins --why` prints them
 * These functions read the descriptors if that has not been done yet. The index runs from 0, in the order of kind,
 * priority and id. Texts live until the library object is freed.
 *
 * If the descriptors cannot be read, there are no plugins, and the last warning says why. The text of that one warning
 * lives until the next call for this object.
 * @{ */

/** Returns the number of plugins that are described, usable or not. @since 0.1 */
size_t envoi_library_plugins(struct envoi_library *library);
/** Returns a value of plugin number `index`.
 * @param library  the object
 * @param index    from 0
 * @param key      "id"; a descriptor's key ("kind", "provides", "module", "abi", "enabled", "priority", "critical",
 *                 "require-tls", "prefer"); or "state", whose value is "available" (not loaded yet), "loaded",
 *                 "disabled", "absent" (a vendor's plugin whose module is not installed for this architecture) or
 *                 "unusable"
 * @returns NULL if there is no such plugin, no such key or no value
 * @since 0.1 */
const char *envoi_library_plugin_value(struct envoi_library *library, size_t index, const char *key);
/** Returns the origin of that value: "/usr/share/envoi/plugins.d/plain.plugin:3", "built in" or "default". For "state"
 * it is the reason of the state.
 * @param library  the object
 * @param index    from 0
 * @param key      as for envoi_library_plugin_value()
 * @returns NULL if there is no such plugin, no such key or no value
 * @since 0.1 */
const char *envoi_library_plugin_source(struct envoi_library *library, size_t index, const char *key);
/** Looks whether a plugin can be used. If it cannot, its state is "absent" or "unusable" from then on, and the origin
 * of the state gives the reason. A disabled plugin is not looked at.
 * @param library  the object
 * @param index    from 0
 * @param load     0: whether its module is there, trusted and whole; 1: loads the plugin too, which runs its code
 * @retval ENVOI_E_USAGE   there is no such plugin
 * @retval ENVOI_E_PLUGIN  it cannot be used
 * @retval ENVOI_E_SYSTEM  the machine is the reason: another try may succeed, and the state is as before
 * @retval ENVOI_E_MEMORY
 * @since 0.1 */
int envoi_library_check_plugin(struct envoi_library *library, size_t index, int load);
/** Returns the number of faults found in plugins.d. @since 0.1 */
size_t envoi_library_warnings(struct envoi_library *library);
/** Returns fault number `index`, from 0, as "FILE:LINE: reason".
 * @returns NULL if there is no such number
 * @since 0.1 */
const char *envoi_library_warning(struct envoi_library *library, size_t index);
/** @} */

#ifdef __cplusplus
}
#endif

#endif

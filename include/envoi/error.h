/* SPDX-License-Identifier: MIT */
/**
 * @file
 * The one list of results. Every fallible function of envoi and of its plugins returns `int`: ENVOI_OK (0) or one of
 * the negative ENVOI_E_* below. A number never changes its meaning and is never reused.
 *
 * The list is an X-macro, so that constants, names, classes and texts cannot drift apart. Programs use the constants;
 * envoi_error_name(), envoi_error_text() and envoi_error_class() of library.h give the name, the text and the class.
 *
 * @since 0.1
 */
#ifndef ENVOI_ERROR_H
#define ENVOI_ERROR_H

/** X(name, number, class, text), one row per result. */
#define ENVOI_ERROR_MAP(X)                                                                                             \
    X(AGAIN, -1, CONTROL, "not yet: more input, output room or an answer is needed")                                   \
    X(EOF, -2, CONTROL, "the other side closed in good order")                                                         \
    X(END, -3, CONTROL, "no more items")                                                                               \
    X(CANCELLED, -4, CONTROL, "the application cancelled")                                                             \
    X(USAGE, -10, USAGE, "a wrong argument, or a call out of order")                                                   \
    X(ADDRESS, -11, USAGE, "not a mail address")                                                                       \
    X(BUSY, -12, USAGE, "an operation is still in progress on this session")                                           \
    X(MEMORY, -20, LOCAL, "out of memory")                                                                             \
    X(SYSTEM, -21, LOCAL, "a system call failed")                                                                      \
    X(CONTENT, -22, LOCAL, "the message content cannot be read or may not be sent as it is")                           \
    X(RESOLVE, -30, NETWORK, "the host name has no address")                                                           \
    X(CONNECT, -31, NETWORK, "no connection to the server")                                                            \
    X(TIMEOUT, -32, NETWORK, "the deadline of this phase passed")                                                      \
    X(DISCONNECTED, -33, NETWORK, "not connected, or the connection was lost")                                         \
    X(TRUNCATED, -34, NETWORK, "the connection ended without the closing alert of TLS")                                \
    X(LOOKUP, -35, NETWORK, "the host name cannot be looked up now")                                                   \
    X(TLS, -40, TLS, "the TLS layer failed, or TLS is required and cannot be had")                                     \
    X(CERTIFICATE, -41, TLS, "the certificate of the server is not trusted")                                           \
    X(STARTTLS, -42, TLS, "the server refused STARTTLS")                                                               \
    X(AUTH, -50, AUTH, "the login failed")                                                                             \
    X(NO_MECHANISM, -51, AUTH, "no login mechanism is announced, available and allowed")                               \
    X(SERVER_PROOF, -52, AUTH, "the server did not prove that it knows the secret")                                    \
    X(GREETING, -60, REFUSED, "the server greeted with a refusal")                                                     \
    X(HELO, -61, REFUSED, "the server refused EHLO or HELO")                                                           \
    X(NOT_SUPPORTED, -62, REFUSED, "not supported here, or not announced by the server")                               \
    X(SENDER_REFUSED, -63, REFUSED, "the sender was refused")                                                          \
    X(RECIPIENTS_REFUSED, -64, REFUSED, "all recipients were refused")                                                 \
    X(DATA, -65, REFUSED, "the content was refused")                                                                   \
    X(TOO_LARGE, -66, REFUSED, "the message is larger than the server takes")                                          \
    X(UNKNOWN, -70, UNKNOWN, "the connection was lost after the content: it may have been delivered")                  \
    X(PROTOCOL, -80, PROTOCOL, "the server does not keep to the protocol, or to its bounds")                           \
    X(PLUGIN, -90, PLUGIN, "a plugin is missing, broken or not allowed")

/** The result of a call that succeeded. */
#define ENVOI_OK 0

/** Every negative result: ENVOI_E_AGAIN, ENVOI_E_USAGE, ... */
enum envoi_error {
/** Turns one row of the list into a constant; undefined again below. */
#define ENVOI_X(name, number, class_, text) ENVOI_E_##name = number,
    ENVOI_ERROR_MAP(ENVOI_X)
#undef ENVOI_X
};

/** The classes of results, for callers that need only the kind of failure. */
enum envoi_error_class {
    ENVOI_CLASS_OK = 0,       /**< nothing went wrong */
    ENVOI_CLASS_CONTROL = 1,  /**< no failure: not yet, end, cancelled */
    ENVOI_CLASS_USAGE = 2,    /**< the calling program is at fault */
    ENVOI_CLASS_LOCAL = 3,    /**< this machine is at fault: memory, files, the content source */
    ENVOI_CLASS_NETWORK = 4,  /**< no connection, or a lost one */
    ENVOI_CLASS_TLS = 5,      /**< no trusted TLS */
    ENVOI_CLASS_AUTH = 6,     /**< no login */
    ENVOI_CLASS_REFUSED = 7,  /**< the server said no */
    ENVOI_CLASS_UNKNOWN = 8,  /**< the mail may have been delivered, and there is no way to tell */
    ENVOI_CLASS_PROTOCOL = 9, /**< the server breaks the protocol */
    ENVOI_CLASS_PLUGIN = 10,  /**< plugins.d or a module is at fault */
};

#endif

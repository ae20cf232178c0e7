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

/** X(name, number, text): the causes that a result has in common with others. Rows are added at the end of a block;
 * numbers never change. */
#define ENVOI_DETAIL_MAP(X)                                                                                            \
    X(NONE, 0, "")                                                                                                     \
    X(MISSING, 1, "an argument is missing")                                                                            \
    X(ORDER, 2, "a call out of order")                                                                                 \
    X(CONTROL, 3, "a line end or another control character")                                                           \
    X(EMPTY, 4, "an empty text or list")                                                                               \
    X(LENGTH, 5, "too long")                                                                                           \
    X(RANGE, 6, "a number out of range, or none of the constants")                                                     \
    X(FORM, 7, "not of the form that is asked for")                                                                    \
    X(PORT, 8, "not a port")                                                                                           \
    X(HOST, 9, "not a host name or an address")                                                                        \
    X(MECHANISM, 10, "not the name of a mechanism")                                                                    \
    X(CONFLICT, 11, "two settings contradict each other")                                                              \
    X(OWN_CALL, 12, "a command that has a call of its own")                                                            \
    X(CALLBACK, 13, "a callback said AGAIN in a blocking call")                                                        \
    X(FORKED, 14, "the connection belongs to the process that this one was forked from")                               \
    X(NO_RECIPIENT, 15, "the message has no recipient")                                                                \
    X(NO_CONTENT, 16, "the message has no content")                                                                    \
    X(DESCRIPTOR, 17, "not the descriptor of a connection")                                                            \
    X(CHALLENGES, 30, "the server asks without end")                                                                   \
    X(CHALLENGE, 31, "a challenge cannot be read")                                                                     \
    X(REFUSED_BEFORE, 32, "the same secret was refused before, and is not presented again")                            \
    X(TOO_SOON, 33, "the server accepts a login that is not over")                                                     \
    X(NO_LAYER, 34, "no security layer of the strength that is set")

/** Tells apart failures with the same result: ENVOI_DETAIL_*. 1 to 29 are causes of ENVOI_E_USAGE and
 * ENVOI_E_ADDRESS, 30 to 49 of a failed login. Programs must expect numbers that are not listed yet. */
enum envoi_detail {
/** Turns one row of the list into a constant; undefined again below. */
#define ENVOI_X(name, number, text) ENVOI_DETAIL_##name = number,
    ENVOI_DETAIL_MAP(ENVOI_X)
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

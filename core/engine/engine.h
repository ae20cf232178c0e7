/* SPDX-License-Identifier: MIT */
/* The protocol, sans-I/O: octets and events in, octets and events out. No socket, no clock, no thread.
 *
 * Its driver (a session, or a test) makes a connection, calls engine_connect(), and then moves octets: engine_drain()
 * lends octets for the wire, engine_drained() reports how many of them were written, engine_feed() takes octets from
 * the wire, and engine_tick() passes the time. Each verb begins one operation; engine_result() is ENVOI_E_AGAIN until
 * it is over. */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include "base/buf.h"
#include "base/fault.h"
#include "base/task.h"
#include "plugin/registry.h"
#include "settings/settings.h"

#include <envoi/session.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct engine;
struct extensions;

/* Does the server accept a transaction after another one that it has not answered yet? */
enum {
    ENGINE_WINDOW_UNPROVED = 0, /* unknown: a lone RSET after the content finds out */
    ENGINE_WINDOW_OPEN = 1,
    ENGINE_WINDOW_CLOSED = 2, /* one message at a time */
};

/* Has the server proved that it knows BDAT, and discards the chunk of a BDAT that it refuses? */
enum {
    ENGINE_PROOF_NONE = 0, /* unknown: it is tried before the second message */
    ENGINE_PROOF_PASSED = 1,
    ENGINE_PROOF_FAILED = 2, /* content goes by DATA */
};

/* The services that the engine needs. `driver` is the first argument of each. engine_new() copies the struct; the
 * objects that it points to must live as long as the engine. */
struct engine_env {
    struct registry *registry;
    const struct settings *settings;
    struct envoi_errctx *fault; /* failures are reported here */
    /* Gives the shared TLS context for a transport under the settings. It is borrowed: the driver keeps it until the
     * next call, or until engine_close() has returned. ENVOI_OK, or an error that is reported to fault. */
    int (*tls_context)(void *driver, const struct registry_transport *transport, void **ctx);
    /* ticket(): appends the ticket that an earlier connection to this server left, under the same settings and context;
     * nothing if there is none. keep_ticket(): at most once per handshake, with the newest ticket; resumed: the
     * handshake was abbreviated by means of the ticket from ticket(); lasting: several connections may use the new one.
     * Both NULL: full handshakes only. */
    void (*ticket)(void *driver, struct buf *out);
    void (*keep_ticket)(void *driver, const struct buf *ticket, bool resumed, bool lasting);
    /* window(): ENGINE_WINDOW_* as earlier connections found it for this server. set_window(): remembers it for later
     * ones. Both NULL: unknown, and not remembered. */
    int (*window)(void *driver);
    void (*set_window)(void *driver, int window);
    /* proof(): ENGINE_PROOF_* as earlier connections found it for this server when it said the same: `said` is the
     * greeting's name and the reply to EHLO, in clear or in TLS. set_proof(): remembers it for later ones. Both NULL:
     * unknown, and not remembered. */
    int (*proof)(void *driver, const char *said);
    void (*set_proof)(void *driver, const char *said, int proof);
    /* The time, as for engine_tick(). Called after a callback of the application, or a mechanism's step, that may have
     * taken long. NULL: assume that no time has passed. */
    int64_t (*now)(void *driver);
    /* A message has left the queue: its verdicts are final, and rc is its own result. The message may be freed here,
     * and engine_queue() called; no other call is allowed. NULL: not reported. */
    void (*done)(void *driver, struct envoi_message *message, int rc);
    /* Copies *task, runs it on another thread, and returns at once. There is one task at a time: if the one before has
     * not ended, its result is not wanted any more. ENVOI_OK, or an error that is reported to fault: then the task is
     * neither run nor released. NULL: steps that may block are taken on the caller's thread, and block it. */
    int (*run_detached)(void *driver, const struct task *task);
    /* A line of the dialogue, or an event (ENVOI_TRACE_*), secrets masked. text has no NUL behind it. NULL: no trace */
    void (*trace)(void *driver, int kind, const char *text, size_t len);
    /* An event for the library's log, ENVOI_LOG_*, without the server's name. NULL: not reported. */
    void (*log)(void *driver, uint32_t level, const char *text);
    void *driver;
};

/* The connection. engine_connect() copies it, with its texts. */
struct engine_peer {
    const char *host;      /* the name given by the caller: A-labels or an address; "localhost" for a unix socket */
    bool host_is_ip;       /* an address: iPAddress SANs are matched */
    bool unix_socket;      /* one of a trusted user: counts as verified TLS */
    int tls;               /* ENVOI_TLS_OFF .. ENVOI_TLS_IMPLICIT; ENVOI_TLS_DEFAULT is resolved by the driver */
    bool repeatable;       /* the driver can connect once more: see engine_wants_connection() */
    const char *helo_name; /* FQDN or address literal, used if the settings have no name */
};

/* ENVOI_OK, or ENVOI_E_MEMORY: *out is NULL. */
int engine_new(const struct engine_env *env, struct engine **out);
/* Calls engine_close() first. NULL is a no-op. */
void engine_free(struct engine *e);

/* 0: no trace; 1: the dialogue; 2: the content, too. */
void engine_set_trace_level(struct engine *e, int level);

/* Passes the time, in milliseconds of a monotonic clock. To be called first in each round, and before engine_connect().
 * Ends the connection if a deadline has passed, and retries a content source, credential or step that has said
 * AGAIN. */
void engine_tick(struct engine *e, int64_t now);
/* Writes the commands that may be written, and moves them down through the layers. */
void engine_go(struct engine *e);
/* The time at which engine_tick() is due at the latest; -1: never. */
int64_t engine_deadline(const struct engine *e);

/* Takes octets from the wire, all of them. */
void engine_feed(struct engine *e, const void *data, size_t len);
/* The connection has ended: with an errno, or 0 if the server closed it. */
void engine_lost(struct engine *e, int error_number);

/* Lends at most max pieces for the wire; returns how many. They are valid until the next call of an engine function. */
size_t engine_drain(struct engine *e, struct iovec *pieces, size_t max);
/* The first len octets of those that were lent have been written. */
void engine_drained(struct engine *e, size_t len);

enum {
    ENGINE_WANT_READ = 1,
    ENGINE_WANT_WRITE = 2,
    ENGINE_WANT_CREDENTIAL = 4, /* the credential callback said AGAIN: tick when the answer may be there */
    ENGINE_WANT_CONTENT = 8,    /* the content source said AGAIN: likewise */
    ENGINE_WANT_DONE = 16,      /* no operation is in progress */
    ENGINE_WANT_STEP = 32,      /* a task was given to run_detached(): tick when it has been run */
};
/* A set of ENGINE_WANT_*. READ stays set with WRITE and while something is waited for, so that no full window can
 * deadlock. */
unsigned engine_want(const struct engine *e);

/* ENVOI_E_AGAIN: an operation is in progress; else the result of the last one. */
int engine_result(const struct engine *e);
/* False: the connection is over. The driver closes its socket; it may drain the remaining octets first. */
bool engine_alive(const struct engine *e);
/* The connection was lost to the proof of BDAT before any message of the verb was begun. The driver goes on with the
 * verb: it closes its socket, connects again, and calls engine_connect(). That happens once for a verb at most. If it
 * cannot connect, it says so with engine_give_up(). */
bool engine_wants_connection(const struct engine *e);
/* The driver closes the connection: unfinished work is settled as lost, and the engine can connect again. */
void engine_close(struct engine *e);

/* ---- the verbs of envoi/session.h ---- */

/* Unless said otherwise, each returns ENVOI_E_AGAIN while it is in progress, or its result if it is over at once;
 * ENVOI_E_BUSY: another verb is in progress, which goes on. Texts are copied. */

int engine_connect(struct engine *e, const struct engine_peer *peer);
/* LHLO instead of EHLO if the settings say LMTP. name NULL: the one of the settings or of the peer. */
int engine_ehlo(struct engine *e, const char *name);
int engine_helo(struct engine *e, const char *name);
/* EHLO, or HELO if EHLO is refused, unless the server has accepted one already. */
int engine_hello_if_needed(struct engine *e);
int engine_starttls(struct engine *e);
/* mechanism NULL: by policy. step NULL: by a plugin; else the application's own mechanism. safe: that one does not show
 * the secret to a reader of the connection. */
int engine_login(struct engine *e, const char *mechanism, envoi_auth_fn *step, void *ctx, bool safe);
/* arguments NULL or "": none. */
int engine_simple_command(struct engine *e, const char *verb, const char *arguments);
/* The same; and if the settings allow it, AUTH and the answers to its challenges. */
int engine_command(struct engine *e, const char *verb, const char *arguments);
/* VRFY and EXPN of an address, or of the name of a user or a list. If it is not ASCII, SMTPUTF8 follows it. */
int engine_lookup(struct engine *e, const char *verb, const char *name);
int engine_rset(struct engine *e);
/* options NULL or "": none. */
int engine_mail(struct engine *e, const char *sender, const char *options);
int engine_rcpt(struct engine *e, const char *recipient, const char *options);
/* The content is not copied: it must stay valid until the verb is over. */
int engine_data(struct engine *e, const void *content, size_t len);
int engine_send(struct engine *e, struct envoi_message *message);
/* Sends several messages, one after the other; none if one of them cannot be sent (it has no recipient, say). Stops at
 * a failure that ends the connection or concerns all of them. The result is the first failure of a message, or ENVOI_OK
 * if each has an accepted recipient. */
int engine_send_all(struct engine *e, struct envoi_message *const *messages, size_t count);
/* Does hello, TLS and login as a message would need them, and sends no message. */
int engine_prepare(struct engine *e);
/* Queues a message after those that are being sent, if there are any: one transaction for its recipients that are due.
 * engine_go(), called once after several messages, begins to write. ENVOI_OK; ENVOI_E_BUSY: another verb is in
 * progress, or the message is being sent; else the errors of engine_send(). */
int engine_queue(struct engine *e, struct envoi_message *message);
/* Between transactions: makes those open recipients of the message due that the next one on this connection is for.
 * Their number is bounded by LIMITS (RFC 9422), and by the one after which the server has said that they are too many.
 * ENVOI_OK; ENVOI_E_NOT_SUPPORTED, reported in *why: they would be a part, but the message requires all of them. */
int engine_pick(const struct engine *e, struct envoi_message *message, struct envoi_errctx *why);
/* May there be a transaction more than messages, for the proof of BDAT? */
bool engine_may_prove(const struct engine *e);
/* Does the server accept messages after one another without a wait, so that queueing several saves round trips? */
bool engine_pipelines(const struct engine *e);
/* Frees memory that only much work needs, or that is for the records of TLS; idle: also what the next message will need
 * again. */
void engine_shrink(struct engine *e, bool idle);
/* Ends the connection with this code and text, because a callback said AGAIN where it must not, or because there is no
 * other connection for the messages that wait for one. */
void engine_give_up(struct engine *e, int code, const char *why);
int engine_quit(struct engine *e);

/* Of all connections. Its driver adds the number of them, and the time of making them. */
struct envoi_telemetry *engine_telemetry(struct engine *e);

/* ---- facts about the connection; pointers are never NULL ---- */

const struct envoi_reply *engine_reply(const struct engine *e);
const struct envoi_reply *engine_greeting(const struct engine *e);
int engine_hello(const struct engine *e); /* ENVOI_HELLO_* */
const struct envoi_reply *engine_hello_reply(const struct engine *e);
const char *engine_helo_name(const struct engine *e);
const struct extensions *engine_extensions(const struct engine *e);
bool engine_authenticated(const struct engine *e);
const char *engine_mechanism(const struct engine *e);
const char *engine_mechanism_plugin(const struct engine *e);
const char *engine_mechanisms_left(const struct engine *e);
const char *engine_tls_backend(const struct engine *e); /* "" without TLS */
/* Has TLS verified the server, by chain and name or by a pin? */
bool engine_tls_verified(const struct engine *e);
const char *engine_tls_verified_by(const struct engine *e);
/* Both: ENVOI_E_USAGE without TLS. The pointers in *out are borrowed until the connection is closed. */
int engine_tls_info(const struct engine *e, struct envoi_tls_info *out);
int engine_certificate(const struct engine *e, size_t index, struct envoi_certificate *out);

#endif

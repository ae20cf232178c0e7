/* SPDX-License-Identifier: MIT */
/* The protocol, sans-I/O: octets and events in, octets and events out. No socket, no clock, no thread.
 *
 * A driver makes a connection, calls engine_connect(), and from then on shovels: engine_drain() lends octets for the wire,
 * engine_drained() says how many went; engine_feed() takes octets from the wire; engine_tick() tells the time. Each verb
 * begins one operation; engine_result() is ENVOI_E_AGAIN until it is over. */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include "base/buf.h"
#include "base/fault.h"
#include "engine/settings.h"
#include "plugin/registry.h"

#include <envoi/session.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct engine;
struct extensions;

/* Whether a server takes a transaction behind another one that it has not answered yet. */
enum {
    ENGINE_WINDOW_UNPROVED = 0, /* a lone RSET behind the content will tell */
    ENGINE_WINDOW_OPEN = 1,
    ENGINE_WINDOW_CLOSED = 2, /* one message at a time */
};

/* Work that may block: run() once, then release(), both on whatever thread it is done. */
struct engine_errand {
    void (*run)(void *ctx);
    void (*release)(void *ctx);
    void *ctx;
};

/* What the engine needs from outside. Lives as long as the engine. */
struct engine_env {
    struct registry *registry;
    const struct settings *settings;
    struct envoi_errctx *fault; /* where failures are told */
    /* Gives the shared TLS context for a transport under the settings; borrowed, the driver keeps it while the engine
     * lives. ENVOI_OK or an error that was told to fault. */
    int (*tls_context)(void *driver, const struct registry_transport *transport, void **ctx);
    /* Appends what an earlier connection to the server gave for resuming its TLS session, under the same settings and
     * context; nothing: there is none. Then what this connection gives, once; resumed: it had been given one that was
     * taken; lasting: it may serve more than one connection. NULL: every handshake is a whole one. */
    void (*ticket)(void *driver, struct buf *out);
    void (*keep_ticket)(void *driver, const struct buf *ticket, bool resumed, bool lasting);
    /* What is known of the server about transactions behind one another, ENGINE_WINDOW_*, and a place to remember it for
     * later connections; NULL: nothing is known and nothing remembered. */
    int (*window)(void *driver);
    void (*set_window)(void *driver, int window);
    /* The time, for engine_tick(): asked behind a callback of the application, or a mechanism's step, that may have waited.
     * NULL: no time has passed. */
    int64_t (*now)(void *driver);
    /* A message has left the queue, its verdicts are final, rc is its own result; NULL: nobody asks. It may be freed, or
     * another one queued, from here; no other call. */
    void (*done)(void *driver, struct envoi_message *message, int rc);
    /* Runs work that may block on another thread and returns at once. One at a time: the one before was run, or nobody waits
     * for it. ENVOI_OK, or an error told to fault; NULL: there is no such thread, and what may block blocks. */
    int (*aside)(void *driver, const struct engine_errand *errand);
    /* One line of the dialogue or an event, secrets already masked; NULL: no trace. See struct engine_trace below. */
    void (*trace)(void *driver, int kind, const char *text, size_t len);
    /* What the library's log is to be told, ENVOI_LOG_*: text without the server's name; NULL: nobody is told. */
    void (*log)(void *driver, uint32_t level, const char *text);
    void *driver;
};

/* The connection that was made. Borrowed for engine_connect(). */
struct engine_peer {
    const char *host;      /* the caller's name: A-labels or the text of an address; "localhost" for a unix socket */
    bool host_is_ip;       /* an address: match iPAddress SANs */
    bool unix_socket;      /* counts as verified; EHLO name and TLS default differ */
    int tls;               /* ENVOI_TLS_OFF .. ENVOI_TLS_IMPLICIT: the default was resolved */
    const char *helo_name; /* FQDN or address literal, used when the settings have none */
};

int engine_new(const struct engine_env *env, struct engine **out);
void engine_free(struct engine *e);

/* Trace level: 0 nothing, 1 dialogue, 2 content too. */
void engine_set_trace_level(struct engine *e, int level);

/* The time: milliseconds of a monotonic clock. To be called before anything else of a round; acts on a deadline that has
 * passed, and asks again for what said AGAIN (content, credential). */
void engine_tick(struct engine *e, int64_t now);
/* When engine_tick() is due at the latest; -1: never. */
int64_t engine_deadline(const struct engine *e);

/* Octets from the wire; all are taken. */
void engine_feed(struct engine *e, const void *data, size_t len);
/* The connection ended: code ENVOI_E_DISCONNECTED with an errno, or 0 for an orderly end. */
void engine_lost(struct engine *e, int error_number);

/* Lends at most max pieces for the wire; returns how many. They stay valid until engine_drained() or any other call. */
size_t engine_drain(struct engine *e, struct iovec *pieces, size_t max);
/* The first len octets of what was lent have left. */
void engine_drained(struct engine *e, size_t len);

enum {
    ENGINE_WANT_READ = 1,
    ENGINE_WANT_WRITE = 2,
    ENGINE_WANT_CREDENTIAL = 4, /* the application's answer: tick when it may be there */
    ENGINE_WANT_CONTENT = 8,    /* the content source said AGAIN: likewise */
    ENGINE_WANT_DONE = 16,      /* no operation is in progress */
    ENGINE_WANT_STEP = 32,      /* the errand that was given to aside(): tick when it has been run */
};
unsigned engine_want(const struct engine *e);

/* ENVOI_E_AGAIN: an operation is in progress; else the result of the last one. */
int engine_result(const struct engine *e);
/* False when there is no connection any more: the driver closes its socket (after draining what is left, if it likes). */
bool engine_alive(const struct engine *e);
/* Forgets the connection (the driver closed it): unfinished work is settled as lost. The engine can connect again. */
void engine_close(struct engine *e);

/* The verbs of session.h. Each returns engine_result(): ENVOI_E_AGAIN when it has begun, or an error at once. */
int engine_connect(struct engine *e, const struct engine_peer *peer);
int engine_ehlo(struct engine *e, const char *name);
int engine_helo(struct engine *e, const char *name);
int engine_hello_if_needed(struct engine *e);
int engine_starttls(struct engine *e);
/* mechanism NULL: by policy. step NULL: plugins; else the application's own. */
int engine_login(struct engine *e, const char *mechanism, envoi_auth_fn *step, void *ctx, bool safe);
int engine_command(struct engine *e, const char *verb, const char *arguments);
/* VRFY and EXPN: UTF-8 in the argument needs SMTPUTF8 behind it. */
int engine_lookup(struct engine *e, const char *verb, const char *address);
int engine_rset(struct engine *e);
int engine_mail(struct engine *e, const char *sender, const char *options);
int engine_rcpt(struct engine *e, const char *recipient, const char *options);
int engine_data(struct engine *e, const void *content, size_t len);
int engine_send(struct engine *e, struct envoi_message *message);
/* Many messages, one behind the other; stops at a failure that ends the connection or concerns all. The result is the first
 * failure of a message, ENVOI_OK when each has at least one accepted recipient. */
int engine_send_all(struct engine *e, struct envoi_message *const *messages, size_t count);
/* Hello, TLS and login as a message would bring them about, and no message. */
int engine_prepare(struct engine *e);
/* Puts one more message behind those that are being sent, or begins with it: a transaction for those of its recipients that
 * are due. engine_go() sets it in motion, later and once for many. ENVOI_OK; ENVOI_E_BUSY: another verb is in progress; else
 * as engine_send() refuses one. */
int engine_queue(struct engine *e, struct envoi_message *message);
void engine_go(struct engine *e);
/* Is it worth while to queue more than one? */
bool engine_pipelines(const struct engine *e);
/* Gives back memory that the next message will need again: for a connection that is idle. */
void engine_rest(struct engine *e);
/* Ends the connection because of what is waited for: a callback that must not say AGAIN did. */
void engine_give_up(struct engine *e, int code, const char *why);
int engine_quit(struct engine *e);

/* What is known; never NULL. */
const struct envoi_reply *engine_reply(const struct engine *e);
const struct envoi_reply *engine_greeting(const struct engine *e);
const struct extensions *engine_extensions(const struct engine *e);
bool engine_authenticated(const struct engine *e);
const char *engine_mechanism(const struct engine *e);
const char *engine_mechanism_plugin(const struct engine *e);
const char *engine_tls_backend(const struct engine *e); /* "" without TLS */
/* ENVOI_E_USAGE without TLS. Borrowed until the connection is closed. */
int engine_tls_info(const struct engine *e, struct envoi_tls_info *out);
int engine_certificate(const struct engine *e, size_t index, struct envoi_certificate *out);

#endif

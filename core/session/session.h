/* SPDX-License-Identifier: MIT */
/* One connection: joins the application, the engine and the socket.
 *
 * The files of this room use only those before them: worker, session; helo, stream, io, loop, verbs,
 * sendmail. session_settings and session_info use none behind session. */
#ifndef SESSION_SESSION_H
#define SESSION_SESSION_H

#include "base/fault.h"
#include "base/interrupt.h"
#include "base/trace.h"
#include "engine/engine.h"
#include "library/library.h"
#include "net/dialer.h"
#include "net/target.h"
#include "net/watch.h"
#include "session/worker.h"
#include "settings/settings.h"

#include <envoi/session.h>
#include <stdbool.h>
#include <stdint.h>

enum verb {
    VERB_NONE, /* none is in progress */
    VERB_CONNECT,
    VERB_QUIT,
    VERB_OTHER,
};

struct envoi_session {
    struct envoi_library *library;
    struct settings settings;
    char *tls_backend; /* as set; NULL: settings.tls_backend is the library's choice */
    struct engine *engine;
    struct envoi_errctx fault;   /* the last failure */
    struct envoi_errctx *sticky; /* of a setter; NULL: none, or memory was short */
    int sticky_code;             /* its code; ENVOI_OK: none */
    struct envoi_errctx earlier; /* a failure that quit, or the next address in connect, must not replace */
    struct trace trace;
    struct watch watch;
    envoi_dial_fn *dial; /* NULL: names are looked up, and addresses connected to */
    void *dial_ctx;
    struct endpoint source; /* the address to connect from; len 0: any */
    struct interrupt interrupt;
    envoi_interrupt_fn *on_signal; /* asked after a signal whether the wait goes on; NULL: it does */
    void *on_signal_ctx;

    /* the connection */
    int fd;                /* is read from; -1: none */
    int out;               /* is written to: the same, unless the application has given two descriptors */
    bool pipe_in;          /* fd is no socket */
    bool pipe_out;         /* out is no socket */
    bool dialing;          /* the dial callback is asked for a descriptor */
    int64_t dial_until;    /* when it is asked no more; -1: never */
    int64_t dialed_at;     /* up to then the time of making it is counted */
    struct dialer *dialer; /* until the greeting, because there may be other addresses */
    struct worker *worker; /* runs a step of the login that may block; NULL: none */
    unsigned process;      /* process_number() of the process that the connection belongs to */
    bool unanswered;       /* connect has begun, and there is no connection yet: an older reply is no answer */
    struct target target;
    char peer[ENDPOINT_TEXT_MAX];
    struct tls_context *tls;   /* of the engine's TLS connection */
    struct buf ticket_key;     /* its trust settings before the handshake; secret; empty: no ticket is stored */
    struct ticket_loan ticket; /* the ticket that it was given */

    /* the verb in progress */
    enum verb verb;
    bool readable;  /* the socket was reported readable */
    bool choked;    /* the socket took less than it was given: wait until it is writable */
    bool latched;   /* quit began with a request to interrupt, which is for the verb after it */
    int64_t expiry; /* deadline of the whole verb, -1: none; for quit, which must come to an end */

    unsigned depth;  /* 1 during a call of the application: its callbacks may only read */
    int outer_errno; /* errno at the beginning of that call, restored at its end */
    bool doomed;     /* freed in a callback: destroyed when the call ends */

    /* set by a pool; NULL: finished messages are not reported */
    void (*message_done)(void *ctx, struct envoi_message *message, int rc);
    void *message_ctx;
    struct host_cache *host_cache; /* of the pool; NULL: each connect looks the name up */
    int64_t round_at;              /* when the last round of a verb began */
    bool impatient;                /* a callback must not say AGAIN, although this is the non-blocking face */
};

/* Every call that can run a callback stands between session_enter() and session_leave(). ENVOI_OK; ENVOI_E_USAGE: NULL,
 * or the connection belongs to the process that this one was forked from; ENVOI_E_BUSY: in a callback. After an error
 * session_leave() must not be called. */
int session_enter(struct envoi_session *s);
/* The same, but also for a connection of another process. */
int session_enter_any(struct envoi_session *s);
/* Returns rc. Destroys a session that was freed in a callback. */
int session_leave(struct envoi_session *s, int rc);

/* Makes another session with the same settings, not connected. Fails with the sticky error of a setter, if there is
 * one. */
int session_copy(const struct envoi_session *from, struct envoi_session **out);

/* Makes the TLS context of the session's settings, for good. */
int session_load_tls(struct envoi_session *s);

/* Verbs for a pool, in verbs.c. Non-blocking: brings a connection to where a message can be sent. */
int session_prepare(struct envoi_session *s);
/* Puts a message behind those that are being sent, or begins with it. session_go() sets them in motion and returns the
 * result of the verb. See engine_queue(). */
int session_queue(struct envoi_session *s, struct envoi_message *message);
int session_go(struct envoi_session *s);

/* For a pool, what it would otherwise have to ask the engine. */
/* Makes those recipients due that the next transaction on this connection is for: see engine_pick(). */
int session_pick(const struct envoi_session *s, struct envoi_message *message, struct envoi_errctx *why);
/* How many messages it takes on this connection (MAILMAX), where the proof of BDAT may count as one; 0: no limit. */
uint64_t session_mail_max(const struct envoi_session *s);
/* Is it worth while to queue more than one message? */
bool session_pipelines(const struct envoi_session *s);
/* Did a content, credential or dial callback say AGAIN, so that it must be asked again later? */
bool session_waits(const struct envoi_session *s);
/* Do the settings ask for a login? */
bool session_has_login(const struct envoi_session *s);
/* After a login failed: was the last reply a 4yz? */
bool session_was_deferred(const struct envoi_session *s);
/* Is there a connection, or is the verb in progress making another one? */
bool session_goes_on(const struct envoi_session *s);
/* Frees memory that the next message will need again: for a connection that is idle. */
void session_shrink(struct envoi_session *s);

/* Adds the telemetry of the session. */
void session_add_telemetry(const struct envoi_session *s, struct envoi_telemetry *sum);

/* Stops waiting for the worker, which runs on. */
void session_forget_worker(struct envoi_session *s);
/* Closes the socket, which leaves the engine as it is. */
void session_hang_up(struct envoi_session *s);
/* Closes the connection, or ends the making of it, without QUIT. Unfinished work is settled as lost. */
void session_drop(struct envoi_session *s);
/* Notes the failure of a setter, which the next connect or send returns. Returns code. */
int session_stick(struct envoi_session *s, int code, int detail, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Reports a noted failure in s->fault, once: returns its code, or ENVOI_OK. */
int session_unstick(struct envoi_session *s);

#endif

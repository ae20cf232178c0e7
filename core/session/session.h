/* SPDX-License-Identifier: MIT */
/* One connection: what stands between the application, the engine and the socket. */
#ifndef SESSION_SESSION_H
#define SESSION_SESSION_H

#include "base/fault.h"
#include "base/trace.h"
#include "engine/engine.h"
#include "engine/settings.h"
#include "net/dialer.h"
#include "net/target.h"
#include "net/watch.h"
#include "session/library.h"
#include "session/worker.h"

#include <envoi/session.h>
#include <stdbool.h>
#include <stdint.h>

enum verb {
    VERB_NONE, /* the application may call one */
    VERB_CONNECT,
    VERB_QUIT,
    VERB_OTHER,
};

struct envoi_session {
    struct envoi_library *library;
    struct settings settings;
    char *tls_backend; /* as set; settings.tls_backend has the library's choice when this has none */
    struct engine *engine;
    struct envoi_errctx fault;   /* the last failure */
    struct envoi_errctx sticky;  /* of a setter; code ENVOI_OK: none */
    struct envoi_errctx earlier; /* what quit, or another address in connect, must not cover up */
    struct trace trace;
    struct watch watch;

    /* the connection */
    int fd;                /* -1: none */
    struct dialer *dialer; /* while it is being made, and until it was greeted */
    struct worker *worker; /* takes a step of the login that may block; NULL: none is under way */
    unsigned process;      /* whose it is: process_number() */
    struct target target;
    char peer[ENDPOINT_TEXT_MAX];
    struct tls_context *tls;   /* what the engine's connection was made from */
    struct buf ticket_key;     /* what its trust depends on, as it was then; secret; empty: it brings no ticket */
    struct ticket_loan ticket; /* the one that it was given */

    /* the verb in progress */
    enum verb verb;
    bool readable;  /* the socket is said to be */
    bool choked;    /* it took less than it was given: wait until it is writable */
    int64_t expiry; /* of the whole verb, -1: none; for quit, which must come to an end */

    unsigned depth;  /* calls of the application we are in: from a callback nothing but reading is allowed */
    int outer_errno; /* what errno was when the call came */
    bool doomed;     /* freed in a callback: freed for good when the call ends */

    /* of a pool: told each message that is done; NULL: nobody asks */
    void (*message_done)(void *ctx, struct envoi_message *message, int rc);
    void *message_ctx;
    struct host_cache *host_cache; /* what the pool knows of the server's name; NULL: it is looked up */
    int64_t round_at;              /* when something was last done */
    bool impatient;                /* a callback may not say AGAIN, although this is the non-blocking face */
};

/* Brackets every call that can call back: ENVOI_OK, ENVOI_E_USAGE (NULL, or the connection is of the process that we were
 * forked from) or ENVOI_E_BUSY (in a callback). But for ENVOI_OK nothing was entered. */
int session_enter(struct envoi_session *s);
/* The same for what may be done to a connection of another process too. */
int session_enter_any(struct envoi_session *s);
/* Returns rc; the session may be gone. */
int session_leave(struct envoi_session *s, int rc);

/* Makes another one with the same settings, not connected. The sticky error of a setter is returned. */
int session_copy(const struct envoi_session *from, struct envoi_session **out);
/* Non-blocking: brings a connection to where a message may be sent. */
int session_prepare(struct envoi_session *s);
/* Puts a message behind those that are being sent, or begins with it; session_go() sets them in motion and returns the
 * result of the verb. See engine_queue(). */
int session_queue(struct envoi_session *s, struct envoi_message *message);
int session_go(struct envoi_session *s);

/* Nobody waits for the worker any more. */
void session_forget_worker(struct envoi_session *s);
/* Ends the connection, or the making of it, without a word; unfinished work is settled as lost. */
void session_drop(struct envoi_session *s);
/* A setter failed: what the next connect or send returns. Returns code. */
int session_stick(struct envoi_session *s, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Reports a setter's failure, once: ENVOI_OK or its code. */
int session_unstick(struct envoi_session *s);

#endif

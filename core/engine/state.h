/* SPDX-License-Identifier: MIT */
/* The inside of an engine, for the files of this folder. */
#ifndef ENGINE_STATE_H
#define ENGINE_STATE_H

#include "engine/auth.h"
#include "engine/command.h"
#include "engine/engine.h"
#include "engine/extensions.h"
#include "engine/output.h"
#include "engine/reply.h"
#include "layer/stack.h"
#include "message/content.h"

struct engine {
    struct engine_env env;
    const struct settings *settings;
    struct envoi_errctx *fault;
    int trace_level;
    int64_t now;

    /* the connection */
    bool open;
    bool closing;      /* a 421 was read */
    bool lost_idle;    /* it ended while no verb was in progress: the next one tells how */
    bool switching;    /* a layer is about to change: nothing may be unread */
    bool ticket_tried; /* octets came behind the handshake: a ticket was looked for */
    bool ticket_kept;
    char *host;
    char *helo_default;
    const struct envoi_errctx *loss; /* why it is being lost, while messages are settled; NULL: the fault says it */
    bool host_is_ip;
    bool unix_socket;
    int tls;           /* the policy at connect, ENVOI_TLS_OFF .. ENVOI_TLS_IMPLICIT */
    bool tls_verified; /* the TLS that is there was told to verify the server: settings may have changed since */
    bool lmtp;
    struct registry_transport transport;
    void *tls_context; /* of the transport; the driver's */
    struct stack stack;
    struct output output;
    struct reply_parser parser;

    /* what is known */
    struct envoi_reply replies[2]; /* the last one, and the one that is read */
    struct envoi_reply *reply;     /* the last one */
    struct envoi_reply greeting;
    struct extensions extensions;
    bool hello_done;
    bool esmtp;
    bool tls_declined; /* opportunistic: STARTTLS was refused or not announced, go on in clear */
    bool authenticated;

    /* the queue and the cursors; the written one is in each job */
    struct job *head;
    struct job *tail;    /* of the queue, while there is a head */
    struct job *writing; /* whose commands go out; NULL: the queue is empty */
    struct job *answering;
    struct position answered;
    unsigned owed;     /* commands whose replies are not read */
    unsigned left;     /* how many of them have left the engine whole */
    uint64_t wire;     /* octets that the wire has taken, layers and all */
    bool group_closed; /* the last command written ends a group */
    int window;        /* ENGINE_WINDOW_*: may a transaction follow another before that is answered? */
    unsigned waiting;  /* ENGINE_WANT_CREDENTIAL or ENGINE_WANT_CONTENT */
    struct job *spare; /* a free list for the jobs of messages */
    unsigned spare_count;
    int result;
    struct envoi_errctx first; /* the failure that the result is */

    /* the deadline */
    int phase;
    int64_t armed_at;

    /* one job of each kind is enough: the application has one verb at a time */
    struct job connect_job, hello_job, tls_job, login_job, verb_job;
    bool helo;       /* the next hello is HELO */
    bool hello_only; /* the application asked for exactly this one: no fall back */
    char *hello_name;
    struct buf line;          /* the command of the application's verb */
    struct content line_data; /* the content of the verb data */
    size_t line_accepted;     /* recipients that the verb rcpt got accepted: so many replies LMTP owes to the content */
    struct auth auth;
};

/* ---- queue.c: the queue ---- */
/* Gives the message a job, so that it is busy. ENVOI_OK or ENVOI_E_MEMORY. */
int queue_claim(struct engine *e, struct envoi_message *m);
/* Takes the job back. It must not be in the queue. */
void queue_disclaim(struct engine *e, struct envoi_message *m);
/* Frees the jobs that are on the free list. */
void queue_shrink(struct engine *e);
/* Appends, or puts in front of everything. */
void queue_append(struct engine *e, struct job *job);
void queue_prepend(struct engine *e, struct job *job);
/* Carries on as far as possible: writes, finishes jobs. */
void queue_pump(struct engine *e);
/* Takes a reply to the command that the answered cursor stands at. */
void queue_answer(struct engine *e, const struct envoi_reply *reply);
/* Empties the queue after a failure that ended the connection. */
void queue_abort(struct engine *e, int code);

/* ---- engine.c ---- */
/* Writes what can be written and moves it down through the layers. Every verb begins with it. */
void engine_carry_on(struct engine *e);
/* The connection is of no use any more: everything unfinished is settled as lost, the operation ends with code. */
void engine_die(struct engine *e, int code);
/* Sets the fault and dies. Returns code. */
int engine_die_of(struct engine *e, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Starts the clock of a phase; ENVOI_PHASE_NONE stops it. */
void engine_arm(struct engine *e, int phase);
/* Sets the fault with the last reply behind the text: "MAIL refused: 550 5.1.8 ...". Returns code. */
int engine_refused(struct engine *e, int code, int phase, const struct envoi_reply *reply, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
void engine_trace(struct engine *e, int kind, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* An event that is more than a line of the trace: the library's log is told too. */
void engine_log(struct engine *e, uint32_t level, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Ends the line that was appended to output.text since `from`: adds CR LF, traces it, puts it into the output as the head of
 * a command. ENVOI_OK or ENVOI_E_MEMORY. */
int engine_put_line(struct engine *e, size_t from);
/* The same, and the line is a whole command; the trace shows mask instead, when it is not NULL. */
int engine_end_line(struct engine *e, size_t from, const char *mask);
/* Puts a command without arguments. */
int engine_put_command(struct engine *e, const char *command);
/* Has the end of the job's content left for the wire? From here on a lost connection means unknown. */
static inline bool engine_content_left(const struct engine *e, const struct job *job)
{
    return job->content_end && job->content_end <= e->wire;
}
/* Is what goes out now safe from readers: verified TLS, or a unix socket? */
bool engine_is_safe(const struct engine *e);
/* The policy of now: opportunistic TLS protects nobody who has something to lose, so with a login or a client certificate it
 * is required. */
int engine_tls_policy(const struct engine *e);
/* Forgets what EHLO told. */
void engine_forget(struct engine *e);

/* ---- prepare.c ---- */
/* What the job still needs goes in front of it. ENVOI_OK: ready; ENVOI_E_AGAIN: a job was put in front; else it fails. */
int prepare_job(struct engine *e, struct job *job);

/* ---- parameters.c ---- */
/* What the message asks for, checked against what is announced, before MAIL goes out; fills message->dropped and, in
 * *out, the parameters of MAIL. ENVOI_OK or a failure told to fault. */
int parameters_of_mail(struct engine *e, struct envoi_message *m, bool chunked, struct buf *out);
/* Appends " NAME=VALUE ..." for those of options that are announced. */
int parameters_append(const struct engine *e, const char *options, struct buf *out);

/* ---- tls.c ---- */
/* Finds the backend and its context: before STARTTLS goes out, so that nothing is lost when there is none. */
int tls_choose(struct engine *e);
/* Puts the chosen TLS on the stack. ENVOI_OK or a failure told to fault. */
int tls_begin(struct engine *e);
/* Hands the driver what the server gave for resuming the session, if it did and that was not yet done. */
void tls_keep_ticket(struct engine *e);

#endif

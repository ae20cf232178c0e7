/* SPDX-License-Identifier: MIT */
/* The inside of an engine, for the files of this folder, and the small functions that all of them use.
 *
 * The files build on one another in this order, and none uses a later one:
 *
 *   state                           this file: trace, deadlines, lines for the output, safety
 *   settle, mail_parameters         verdicts and parameters of a message
 *   proof, split                    may it go by BDAT? in how many transactions?
 *   tls                             a TLS layer
 *   queue                           jobs, and the end of the connection
 *   cmd_*                           the rows of the table
 *   prepare, cursor                 jobs walk over the rows
 *   engine                          octets in and out, time
 *   submit                          the verbs */
#ifndef ENGINE_STATE_H
#define ENGINE_STATE_H

#include "base/echo.h"
#include "engine/engine.h"
#include "engine/queue.h"
#include "layer/output.h"
#include "layer/stack.h"
#include "login/login.h"
#include "message/content.h"
#include "reply/extensions.h"
#include "reply/reply.h"

struct engine {
    struct engine_env env;
    const struct settings *settings;
    struct envoi_errctx *fault;
    int64_t now;
    int trace_level;

    /* the connection */
    bool open;
    bool closing;       /* the reply that was read last is a 421 */
    bool lost_idle;     /* it ended while no verb was in progress: the next verb reports it */
    bool greeting_late; /* the trace has said so */
    bool switching;     /* a layer follows the reply that was read last: no octets may come with that reply */
    bool ticket_tried;  /* octets came after the handshake, and a ticket was looked for */
    bool ticket_kept;
    bool host_is_ip;
    bool unix_socket;
    bool lmtp;
    bool tls_verified;   /* the present TLS has verified the server, by chain and name or by a pin */
    int tls;             /* the policy at connect, ENVOI_TLS_OFF .. ENVOI_TLS_IMPLICIT */
    uint32_t tls_asked;  /* asked of the present TLS, ENVOI_VERIFY_* */
    uint32_t tls_passed; /* the part of it that was verified */
    char *host;
    char *helo_default;
    const struct envoi_errctx *loss; /* the reason, while messages are settled as lost; NULL: the fault is the reason */
    struct registry_transport transport;
    void *tls_context;              /* of the transport; borrowed from the driver */
    struct envoi_tls_info tls_info; /* its description by the plugin */
    struct stack stack;
    struct output output;
    struct reply_parser parser;

    /* the server's replies and state */
    struct envoi_reply replies[2]; /* the last reply, and the one that is being read */
    struct envoi_reply *reply;     /* the last one */
    struct envoi_reply greeting;
    struct extensions extensions;
    struct envoi_reply hello_reply;
    struct echo echo;  /* the secrets that were used on this connection */
    char *hello_said;  /* the name in the last hello that was sent; NULL: none was */
    int hello;         /* ENVOI_HELLO_*: which was accepted */
    bool tls_declined; /* opportunistic: STARTTLS was refused or not announced; go on in clear */
    bool authenticated;

    /* the queue and the cursors; the written cursor is in each job */
    struct job *head;
    struct job *tail;         /* valid while there is a head */
    struct job *writing;      /* the job whose commands go out; NULL: the queue is empty */
    struct job *answering;    /* the job of the answered cursor; valid while `unanswered` is not 0 */
    struct position answered; /* the command whose reply comes next; likewise */
    unsigned unanswered;      /* commands written whose replies were not read yet */
    unsigned answerable;      /* how many of them have left the engine whole */
    uint64_t wire;            /* octets that the wire has taken, layers included */
    struct buf said;          /* the server's own words, for which the proof is remembered */
    uint64_t mails;           /* transactions that were begun on this connection, the proof's too */
    uint64_t rcpt_taken;  /* recipients that the server took before it said that there were too many; 0: it never did */
    int window;           /* ENGINE_WINDOW_*: may a transaction follow another before that is answered? */
    int proof;            /* ENGINE_PROOF_*: may content go by BDAT? */
    bool group_closed;    /* the last command written ends a group */
    bool begun;           /* a transaction was begun on this connection */
    bool repeatable;      /* nothing was done by hand that another connection would not have */
    bool proof_lost;      /* the proof has cost the connection before this one */
    bool orphaned;        /* and the messages wait for another one */
    unsigned waiting;     /* ENGINE_WANT_CREDENTIAL, ENGINE_WANT_CONTENT or ENGINE_WANT_STEP */
    unsigned spare_count; /* jobs on the free list */
    struct job *spare;    /* a free list for the jobs of messages */
    struct envoi_errctx first; /* the failure whose code is `result` */
    int result;

    struct envoi_telemetry telemetry;
    int64_t phase_at; /* its phase_ms are counted up to then */

    /* the deadline: the phase's time-out after armed_at; ENVOI_PHASE_NONE: there is none */
    int phase;
    int64_t armed_at;

    /* The application has one verb at a time, so one job of each kind is enough. */
    struct job connect_job, hello_job, tls_job, login_job, proof_job, verb_job;
    bool helo;       /* the next hello is HELO */
    bool hello_only; /* the application asked for exactly this hello: no fallback */
    char *hello_name;
    struct buf line;          /* the command of the application's verb */
    struct content line_data; /* the content of the verb data */
    size_t line_accepted;     /* recipients accepted by the verb rcpt: LMTP sends so many replies to the content */
    struct login login;
};

/* ---- trace and log ---- */

void engine_trace(struct engine *e, int kind, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* A line of the dialogue or of the content, not NUL-terminated. A very long one is shown as several. */
void engine_trace_line(struct engine *e, int kind, const char *line, size_t len);
/* Replaces the client's secrets in a reply by stars: some servers repeat them. */
void engine_cover_reply(struct engine *e, struct envoi_reply *reply);
/* An event for the library's log; the trace shows it, too. level: ENVOI_LOG_*. */
void engine_log(struct engine *e, uint32_t level, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Sets the fault to the text followed by the reply: "MAIL refused: 550 5.1.8 ...". Returns code. */
int engine_refused(struct engine *e, int code, int phase, const struct envoi_reply *reply, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* ---- deadlines ---- */

/* Starts the clock of a phase; ENVOI_PHASE_NONE stops it. */
void engine_arm(struct engine *e, int phase);
/* Asks the driver for the time again: a callback or a mechanism's step may have taken long, and the server's deadline
 * begins after it. */
void engine_refresh_clock(struct engine *e);

/* ---- a command line ---- */

/* Ends the line that was appended to output.text from offset `from` on, the head of a command: adds CR LF, traces it,
 * and adds it to the output. ENVOI_OK or ENVOI_E_MEMORY, also if an earlier append to output.text failed. */
int engine_put_line(struct engine *e, size_t from);
/* The same for a line that is a whole command. If mask is not NULL the trace shows it instead. */
int engine_end_line(struct engine *e, size_t from, const char *mask);
/* Puts a command without arguments. */
int engine_put_command(struct engine *e, const char *command);

/* ---- the connection ---- */

/* Has the end of the job's content left for the wire? From then on a lost connection makes the outcome unknown. */
static inline bool engine_content_left(const struct engine *e, const struct job *job)
{
    return job->content_end && job->content_end <= e->wire;
}

/* Is this verified TLS or a unix socket, so that secrets may be sent? */
bool engine_is_safe(const struct engine *e);
/* The server, for a login. */
struct login_peer engine_login_peer(const struct engine *e);
/* If a login is under way and had failed before, puts that reason into *why, before its text. */
void engine_explain_end(const struct engine *e, struct envoi_errctx *why);
/* The TLS policy in force. Opportunistic TLS protects neither a login nor a client certificate, and checks neither a
 * pin nor a name if there is none, so with one of them it means required. */
int engine_tls_policy(const struct engine *e);
/* Was EHLO or LHLO accepted, so that MAIL and RCPT may have parameters? */
static inline bool engine_is_esmtp(const struct engine *e)
{
    return e->hello == ENVOI_HELLO_EHLO || e->hello == ENVOI_HELLO_LHLO;
}
/* Forgets that a hello was accepted, its reply and the extensions that it announced. */
void engine_forget(struct engine *e);

#endif

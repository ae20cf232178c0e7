/* SPDX-License-Identifier: MIT */
/* The queue of jobs, and the end of the connection, which ends all of them. */
#ifndef ENGINE_QUEUE_H
#define ENGINE_QUEUE_H

#include "engine/command.h"

#include <stdint.h>

struct content;
struct envoi_errctx;
struct envoi_message;

/* Conditions that must be met before the first command of a job goes out (prepare.h). */
enum {
    NEED_HELLO = 1, /* EHLO, LHLO or HELO was accepted */
    NEED_TLS = 2,   /* the TLS policy is satisfied */
    NEED_LOGIN = 4, /* if there are credentials, the login has succeeded */
    NEED_PROOF = 8, /* if the content may go by BDAT once that is proved, it was tried (proof.h) */
};

/* One message, one login, or one command of the application. */
struct job {
    struct job *next;
    const struct command *first;
    unsigned needs;                /* NEED_* */
    struct envoi_message *message; /* of a transaction; else NULL */
    struct content *content;       /* of the message, or of the verb data; else NULL */
    struct position start;         /* the first command that was written when none was unanswered */
    struct position written;       /* the written cursor: the command that goes out next */
    unsigned unanswered;           /* commands written whose replies were not read yet */
    bool chunked;                  /* the content goes by BDAT */
    size_t chunks;                 /* BDAT commands written */
    size_t rcpt_answered;          /* recipients whose RCPT was answered */
    bool failed;                   /* no more commands, except those that a refusal requires */
    bool mail_refused;             /* the reply to MAIL was not 2yz */
    size_t accepted;               /* recipients with a 2yz to RCPT */
    bool more;                     /* recipients are left for another transaction */
    bool content_open;             /* DATA: 354 was read; BDAT: the first chunk is being made */
    bool content_done;             /* the last octet of the content is in the output */
    uint64_t content_end;          /* set when that octet leaves: see output_piece.gone_at; 0: it has not left */
    bool rset_done;
    bool doubted; /* the RSET before its MAIL was refused: if MAIL is too, the sender may be good all the same */
    bool again;   /* its MAIL was refused for that reason: it goes to the end of the queue and is sent once more */
    int result;   /* the first failure; ENVOI_OK: none */
    struct envoi_errctx *why; /* its fault, if jobs before this one may still replace it; else NULL */
};

void job_init(struct job *job, const struct command *first, unsigned needs);

/* ---- the jobs of messages ---- */

/* Gives the message a job that begins with `first`; the message is busy from now on. ENVOI_OK or ENVOI_E_MEMORY. */
int queue_claim(struct engine *e, struct envoi_message *m, const struct command *first);
/* Takes the job away again, and keeps it on the free list. It must not be in the queue. */
void queue_disclaim(struct engine *e, struct envoi_message *m);
/* Frees the jobs on the free list. */
void queue_shrink(struct engine *e);

/* ---- the queue ---- */

/* Puts the job after all others. */
void queue_append(struct engine *e, struct job *job);
/* Puts the job in front of all others. */
void queue_prepend(struct engine *e, struct job *job);
/* The job has failed, as the fault says, before all jobs ahead of it are answered: keeps the fault for its turn. */
void queue_keep_reason(const struct engine *e, struct job *job);
/* Takes the job at the head, which is done, out of the queue. If it is a failed preparation, all others fail, too. */
void queue_finish(struct engine *e);

/* ---- the end of the connection ---- */

/* Ends the connection with a code: settles all jobs as lost and empties the queue. The fault is set already. If the
 * connection was lost to the proof of BDAT (proof.h), the messages stay in the queue, and no fault is left. Without a
 * connection: ends the messages that wait for another one. */
void engine_die(struct engine *e, int code);
/* The same, and sets the fault. Returns code. */
int engine_die_of(struct engine *e, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The same for a reply that may not come here: ENVOI_E_PROTOCOL, and the text ends with the reply in quotes. */
int engine_die_of_reply(struct engine *e, const struct envoi_reply *reply, const char *which);
/* Has the current verb failed already? Then that failure is reported, not the end of the connection that follows. */
bool engine_has_failed(const struct engine *e);

#endif

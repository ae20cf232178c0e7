/* SPDX-License-Identifier: MIT */
/* The queue of jobs, and the end of the connection, which ends all of them. */
#ifndef ENGINE_QUEUE_H
#define ENGINE_QUEUE_H

#include "engine/command.h"

#include <stdint.h>

struct content;
struct envoi_message;

/* Conditions that must be met before the first command of a job goes out (prepare.h). */
enum {
    NEED_HELLO = 1, /* EHLO, LHLO or HELO was accepted */
    NEED_TLS = 2,   /* the TLS policy is satisfied */
    NEED_LOGIN = 4, /* if there are credentials, the login has succeeded */
};

/* One message, one login, or one command of the application. */
struct job {
    struct job *next;
    const struct command *first;
    unsigned needs;                /* NEED_* */
    struct envoi_message *message; /* of a transaction; else NULL */
    struct content *content;       /* for DATA, with or without a message */
    struct position start;         /* the first command that was written */
    struct position written;
    unsigned unanswered;  /* commands written whose replies were not read yet */
    bool chunked;         /* the content goes by BDAT */
    size_t chunks;        /* BDAT commands written */
    size_t rcpt_answered; /* recipients whose RCPT was answered */
    bool failed;          /* no more commands, except those that a refusal requires */
    bool mail_refused;    /* the reply to MAIL was not 2yz */
    size_t accepted;      /* recipients with a 2yz to RCPT */
    bool content_open;    /* the server expects content: 354 was read, or the first BDAT written */
    bool content_done;    /* the last octet of the content is in the output */
    uint64_t content_end; /* ... and this is its place on the wire; 0: it has not left the engine */
    bool rset_done;
    bool doubted; /* the RSET before it was refused: a refusal of its MAIL may mean nothing */
    bool again;   /* its MAIL was refused for that reason: it goes to the end of the queue and is sent once more */
    int result;   /* the first failure, ENVOI_OK: none */
};

void job_init(struct job *job, const struct command *first, unsigned needs);

/* ---- the jobs of messages ---- */

/* Gives the message a job that begins with `first`; the message is busy from now on. ENVOI_OK or ENVOI_E_MEMORY. */
int queue_claim(struct engine *e, struct envoi_message *m, const struct command *first);
/* Takes the job away again. It must not be in the queue. */
void queue_disclaim(struct engine *e, struct envoi_message *m);
/* Frees the jobs on the free list. */
void queue_shrink(struct engine *e);

/* ---- the queue ---- */

void queue_append(struct engine *e, struct job *job);
/* Puts the job in front of all others. */
void queue_prepend(struct engine *e, struct job *job);
/* Takes the job at the head, which is done, out of the queue. */
void queue_finish(struct engine *e);

/* ---- the end of the connection ---- */

/* Ends the connection with a code: settles all jobs as lost and empties the queue. The fault was set before. */
void engine_die(struct engine *e, int code);
/* The same, and sets the fault. Returns code. */
int engine_die_of(struct engine *e, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Has the current verb failed already? Then the caller is told that failure, not the end of the connection behind
 * it. */
bool engine_has_failed(const struct engine *e);

#endif

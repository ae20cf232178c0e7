/* SPDX-License-Identifier: MIT */
/* The table of commands, and the jobs that walk it.
 *
 * A job is what the queue of an engine is made of: one message, one login, one command of the application. Its way leads
 * over rows of the table; a position says how far. Two cursors go that way: the *written* one (what goes out next) and the
 * *answered* one (whose reply comes next). As long as a group of commands is open (RFC 2920) the first may run ahead of
 * the second; that is all there is to PIPELINING. */
#ifndef ENGINE_COMMAND_H
#define ENGINE_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

struct engine;
struct job;
struct content;
struct envoi_message;
struct envoi_reply;

struct command;

/* The command of a job that a cursor stands at. row NULL: behind the last one. */
struct position {
    const struct command *row;
    size_t recipient; /* for RCPT; for the content of LMTP: whose reply comes next */
    size_t chunk;     /* for BDAT */
};

struct command {
    const char *name;
    int phase;       /* ENVOI_PHASE_*: whose deadline, and what a failure is said to be in */
    bool ends_group; /* nothing may follow before it is answered (RFC 2920, 4954, 3207) */
    bool silent;     /* owes no reply: the TLS handshake */
    /* Puts the command into the output. ENVOI_OK: all of it is there; ENVOI_E_AGAIN: there is more to come, or something is
     * waited for; another error: the job fails with it, before the command went out. */
    int (*write)(struct engine *e, struct job *job, const struct position *at);
    /* Takes a reply. It may settle verdicts, fail the job, send the written cursor elsewhere, or say that one more reply is
     * owed to the same command. Not set for silent rows. ENVOI_OK or a failure that ends the job. */
    int (*answer)(struct engine *e, struct job *job, struct position *at, const struct envoi_reply *reply);
    /* Moves to the command that follows; NULL: there is none. */
    void (*next)(struct engine *e, struct job *job, struct position *at);
};

extern const struct command command_greeting, command_handshake, command_hello, command_starttls, command_auth,
    command_auth_response, command_line, command_mail, command_rcpt, command_data, command_content, command_bdat,
    command_rset, command_rset_probe, command_rset_between, command_quit, command_ready;

/* What a job needs before its first command goes out. */
enum {
    NEED_HELLO = 1, /* EHLO or HELO was accepted */
    NEED_TLS = 2,   /* what the policy says about TLS was done */
    NEED_LOGIN = 4, /* who has credentials is logged in */
};

struct job {
    struct job *next;
    const struct command *first;
    unsigned needs;
    struct envoi_message *message; /* for a transaction */
    struct content *content;       /* for DATA, with or without a message */
    struct position start;         /* its first command, once that was written */
    struct position written;
    unsigned owed;        /* its commands whose replies are not read */
    bool chunked;         /* the content goes by BDAT */
    size_t chunks;        /* BDAT commands written */
    size_t asked;         /* recipients whose RCPT was answered */
    bool failed;          /* no more commands of this job, but for what a refusal demands */
    bool mail_refused;    /* the reply to MAIL was no 2yz */
    size_t accepted;      /* recipients with a 2yz to RCPT */
    bool content_open;    /* 354 was read, or the first BDAT written: content is owed */
    bool content_done;    /* the last octet of the content is in the output */
    uint64_t content_end; /* ... and stands here on the wire; 0: it is still with the engine */
    bool rset_done;
    bool doubted; /* the RSET in front of it was refused: its MAIL may be, too, and mean nothing */
    bool again;   /* ... and was: it goes to the end of the queue, and out once more */
    int result;   /* the first failure, ENVOI_OK: none */
};

/* Makes a job ready to be queued. */
void job_init(struct job *job, const struct command *first, unsigned needs);

#endif

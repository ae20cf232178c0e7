/* SPDX-License-Identifier: MIT */
/* The table of commands.
 *
 * Each command is one row, in a cmd_*.c file. A job (queue.h) is a walk over rows; a position says how far it is. Two
 * cursors walk (cursor.h): the written one, at the command that goes out next, and the answered one, at the command
 * whose reply comes next. While a group of commands is open (RFC 2920) the first may run ahead of the second. That is
 * all of PIPELINING. */
#ifndef ENGINE_COMMAND_H
#define ENGINE_COMMAND_H

#include <envoi/reply.h>
#include <stdbool.h>
#include <stddef.h>

struct engine;
struct job;
struct command;

/* A command of a job. */
struct position {
    const struct command *row; /* NULL: after the last command */
    size_t recipient;          /* RCPT: its index; content by LMTP: the index of the one whose reply comes next */
    size_t chunk;              /* BDAT: its number, from 0 */
};

struct command {
    const char *name;
    int phase;         /* ENVOI_PHASE_*: for deadlines, failures and verdicts */
    bool ends_group;   /* nothing may follow before it is answered (RFC 2920, 4954, 3207) */
    bool silent;       /* it gets no reply: the TLS handshake */
    bool ends_session; /* QUIT: if the connection ends after it, nothing has failed */
    /* Puts the command into the output. ENVOI_OK: it is there whole; ENVOI_E_AGAIN: call again when more can be
     * written; ENVOI_E_MEMORY: the connection ends, as half a command may be there; another error: the job fails with
     * it, and the command does not go out. */
    int (*write)(struct engine *e, struct job *job, const struct position *at);
    /* Takes the reply. May settle verdicts, and may set job->written to go on elsewhere. ENVOI_OK; ENVOI_E_AGAIN: the
     * same command gets one more reply; another error fails the job. NULL: any reply will do. */
    int (*answer)(struct engine *e, struct job *job, struct position *at, const struct envoi_reply *reply);
    /* Moves to the next command. NULL: this one is the last. */
    void (*next)(struct engine *e, struct job *job, struct position *at);
};

extern const struct command command_greeting, command_handshake, command_hello, command_starttls, command_auth,
    command_auth_response, command_line, command_mail, command_rcpt, command_data, command_content, command_bdat,
    command_rset, command_rset_probe, command_rset_between, command_proof_mail, command_proof_bdat, command_proof_rset,
    command_quit, command_ready;

#endif

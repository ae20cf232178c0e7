/* SPDX-License-Identifier: MIT */
/* The envelope, the content source and the verdicts of one message: what is behind struct envoi_message. */
#ifndef MESSAGE_MESSAGE_H
#define MESSAGE_MESSAGE_H

#include "base/fault.h"
#include "engine/command.h"
#include "engine/reply.h"
#include "message/address.h"
#include "message/content.h"

#include <envoi/message.h>
#include <stdbool.h>

#define REASON_OWN_MAX 64       /* octets of a reason that needs no memory of its own, NUL included */
#define RECIPIENTS_MAX 1000000u /* of one message: a bound on memory, not a wish */

/* What the server or the engine said of recipients. All that one reply settles share it. */
struct reason {
    unsigned users;
    bool own;         /* it is a part of the message */
    const char *text; /* behind it */
};

struct recipient {
    struct address address;
    char *options; /* parameters of RCPT, or NULL */
    int verdict;   /* ENVOI_VERDICT_* */
    bool due;      /* the transaction is for it too */
    bool pending;  /* 2yz to RCPT, the content decides */
    int code;
    int phase;
    char enhanced[REPLY_ENHANCED_MAX];
    struct reason *reason;
    char *line; /* envoi_message_verdict_text()'s */
};

struct envoi_message {
    struct address sender;
    char *options; /* parameters of MAIL, or NULL */
    bool drop_options;
    int body; /* ENVOI_BODY_* */
    uint64_t size_estimate;
    struct recipient *recipients; /* at first `own` */
    size_t count, room;
    size_t due_count, due_begin, due_end; /* how many are due; all of them are in [due_begin, due_end) */
    struct content content;
    char *dropped;  /* options left out in the last send */
    int sticky;     /* first failure of a setter */
    bool pooled;    /* it belongs to a pool */
    struct job job; /* its place in an engine's queue; job.engine is set while it is sent */
    /* so that a message to one recipient needs no more memory */
    struct recipient own[1];
    struct {
        struct reason reason;
        char text[REASON_OWN_MAX];
    } said;
};

/* May a setter change it? ENVOI_OK; ENVOI_E_USAGE: NULL; ENVOI_E_BUSY: it is being sent. */
static inline int message_check(const struct envoi_message *m)
{
    return !m ? ENVOI_E_USAGE : m->job.engine || m->pooled ? ENVOI_E_BUSY : ENVOI_OK;
}

/* Notes the result of a setter: the first failure is that of the next send. Returns rc. */
static inline int message_stick(struct envoi_message *m, int rc)
{
    if (rc && !m->sticky)
        m->sticky = rc;
    return rc;
}

/* For sources that need I/O (files): they are made in driver/source.c. release is called with ctx when the source is
 * replaced or the message freed; may be NULL. */
int message_set_source(struct envoi_message *m, const struct content_source *source);
/* Forgets the verdicts and what was dropped; all recipients are due. */
void message_begin(struct envoi_message *m);
/* Why the verdict is what it is, "" when nobody said. */
const char *recipient_reason(const struct recipient *r);
/* A reason for recipients of the message, with one user. NULL: no memory, which costs the words and not the verdict. */
struct reason *reason_new(struct envoi_message *m, const char *text);
/* One user more, one less; NULL is fine. */
struct reason *reason_share(struct reason *reason);
void reason_drop(struct reason *reason);
/* Takes the verdict of one recipient back. */
void recipient_begin(struct recipient *r);
/* A transaction for some of the recipients: first nobody is due, then those that were added, in rising order. */
void message_due_none(struct envoi_message *m);
void message_due_add(struct envoi_message *m, size_t index);
/* The first one that is due from index on; due_end: there is none. */
size_t message_next_due(const struct envoi_message *m, size_t index);

#endif

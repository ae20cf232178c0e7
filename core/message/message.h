/* SPDX-License-Identifier: MIT */
/* One message: its envelope, its content source and the verdicts of its recipients. This is struct envoi_message.
 *
 * A transaction (MAIL, RCPT, content) need not be for all recipients: it is for those that are *due*. */
#ifndef MESSAGE_MESSAGE_H
#define MESSAGE_MESSAGE_H

#include "base/fault.h"
#include "base/words.h"
#include "message/address.h"
#include "message/content.h"

#include <envoi/message.h>
#include <stdbool.h>

#define REASON_OWN_MAX 64       /* octets of a reason that is stored in the message itself, NUL included */
#define REASON_MAX     2048     /* octets of any reason, NUL included; a longer text is cut and ends with "..." */
#define ENHANCED_MAX   16       /* octets of an enhanced status code, NUL included */
#define RECIPIENTS_MAX 1000000u /* of one message: a bound on memory */

struct job;
struct pool_delivery;

/* The text behind a verdict. All recipients that are settled by the same reply share it. */
struct reason {
    unsigned users;
    bool own; /* it is envoi_message.said and is not freed */
    const char *text;
};

struct recipient {
    struct address address;
    char *options; /* parameters of RCPT, or NULL */
    int verdict;   /* ENVOI_VERDICT_* */
    bool due;      /* the current transaction is for it */
    bool pending;  /* RCPT was answered with 2yz: the reply to the content decides */
    bool again;    /* its verdict is that of one transaction, and the next one is for it, too */
    int code;
    int phase;
    char enhanced[ENHANCED_MAX];
    struct reason *reason;
    char *line; /* the result of envoi_message_verdict_text() */
};

struct envoi_message {
    struct address sender;
    char *options; /* parameters of MAIL, or NULL */
    bool drop_options;
    bool require_all; /* no content goes out unless RCPT was accepted for all */
    int long_lines;   /* ENVOI_LONG_LINES_* */
    int body;         /* ENVOI_BODY_* */
    uint64_t size_estimate;
    struct recipient *recipients; /* `own`, until there are more */
    size_t count, room;
    bool special;                         /* some recipient may have options, or an address that needs SMTPUTF8 */
    size_t due_count, due_begin, due_end; /* how many are due; all of them lie in [due_begin, due_end) */
    size_t settled;                       /* the recipients before it are not open */
    struct content content;
    envoi_message_reply_fn *told; /* of replies; or NULL */
    void *told_ctx;
    struct words dropped;         /* options that the last send left out */
    int sticky;                   /* the first failure of a setter */
    int sticky_detail;            /* its ENVOI_DETAIL_* */
    char *why;                    /* its reason; NULL: the text of the error */
    struct pool_delivery *pooled; /* its place in a pool; NULL: in none */
    struct job *job;              /* its place in an engine's queue; NULL: in none */
    /* Room for one recipient and one short reason: the usual message needs no memory besides. */
    struct recipient own[1];
    struct {
        struct reason reason;
        char text[REASON_OWN_MAX];
    } said;
};

/* Is it in an engine's queue, or does it belong to a pool? Then it must not be changed, nor sent elsewhere. */
static inline bool message_is_busy(const struct envoi_message *m)
{
    return m->job || m->pooled;
}

/* May a setter change it? ENVOI_OK; ENVOI_E_USAGE: NULL; ENVOI_E_BUSY. */
static inline int message_check(const struct envoi_message *m)
{
    if (!m)
        return ENVOI_E_USAGE;
    return message_is_busy(m) ? ENVOI_E_BUSY : ENVOI_OK;
}

/* Remembers the result of a setter: the next send returns the first failure, with its detail. Returns rc. */
static inline int message_stick_as(struct envoi_message *m, int rc, int detail)
{
    if (rc && !m->sticky) {
        m->sticky = rc;
        m->sticky_detail = rc == ENVOI_E_MEMORY ? ENVOI_DETAIL_NONE : detail;
    }
    return rc;
}

static inline int message_stick(struct envoi_message *m, int rc)
{
    return message_stick_as(m, rc, ENVOI_DETAIL_NONE);
}

static inline int message_misuse(struct envoi_message *m, int detail)
{
    return message_stick_as(m, ENVOI_E_USAGE, detail);
}

/* The same for a failure with a reason. */
int message_refuse(struct envoi_message *m, int rc, const struct envoi_errctx *why);

/* Was content set? */
static inline bool message_has_content(const struct envoi_message *m)
{
    return m->content.source.memory || m->content.source.pull;
}

/* NULL if there is no message or no such recipient. */
static inline struct recipient *message_recipient(const struct envoi_message *m, size_t index)
{
    return m && index < m->count ? &m->recipients[index] : NULL;
}

/* Sets the content source of a message that is not busy; copies *source. When it is replaced, or the message is reset
 * or freed, source->release (NULL: nothing to do) is called. */
void message_set_source(struct envoi_message *m, const struct content_source *source);
/* Have all recipients the message, or may they have it, from an earlier send? */
bool message_is_served(const struct envoi_message *m);
/* Before a send: forgets dropped options, makes all recipients due that do not have the message and forgets their
 * verdicts. */
void message_begin(struct envoi_message *m);

/* Tells the message's own function, m->told, of a reply to a command of this phase, not of RSET. recipient: the index
 * that the command has, which by LMTP may be before that of the recipient whose reply to the content this is. */
void message_tell(struct envoi_message *m, int phase, size_t recipient, bool lmtp, const struct envoi_reply *reply);

/* ---- which recipients are due (due.c) ---- */

/* Is the recipient still to be sent to? After a 421 too: the server says that it processed nothing more (RFC 5321
 * section 3.8). That ends the connection but not the message. */
static inline bool recipient_is_open(const struct recipient *r)
{
    return r->verdict == ENVOI_VERDICT_NOT_ATTEMPTED || r->again ||
           (r->verdict == ENVOI_VERDICT_DEFERRED && r->code == 421);
}

/* Between transactions: is a recipient open? */
bool message_has_open(struct envoi_message *m);
/* Between transactions: makes those open recipients due that the next one is for, and takes back their verdicts. At
 * most so many recipients, from at most so many domains; 0: unlimited. */
void message_due_pick(struct envoi_message *m, uint64_t recipients_max, uint64_t domains_max);
/* Behind message_due_pick(): has it left some of them for a later transaction? */
bool message_has_more(const struct envoi_message *m);
/* The first recipient from index on that is due; due_end if there is none. */
static inline size_t message_next_due(const struct envoi_message *m, size_t index)
{
    while (index < m->due_end && !m->recipients[index].due)
        index++;
    return index;
}

/* Loops over the recipients that are due; i is declared here. */
#define for_each_due(m, i)                                                                                             \
    for (size_t i = message_next_due(m, (m)->due_begin); i < (m)->due_end; i = message_next_due(m, i + 1))

/* ---- verdicts and reasons ---- */

/* Takes back the verdict of one recipient. */
void recipient_begin(struct recipient *r);
/* The text behind the verdict, "" if there is none. */
const char *recipient_reason(const struct recipient *r);
/* Replaces the reason, of which this is one more use; NULL: none. */
void recipient_set_reason(struct recipient *r, struct reason *reason);
/* A reason with a copy of the text, to be shared by recipients of this message. It has one use, the caller's, which
 * ends it by reason_drop(). NULL: out of memory; the verdict then has no text. */
struct reason *reason_new(struct envoi_message *m, const char *text);
/* Ends one use. NULL is a no-op. */
void reason_drop(struct reason *reason);

#endif

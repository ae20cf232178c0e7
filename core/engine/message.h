/* SPDX-License-Identifier: MIT */
/* The envelope, the content source and the verdicts of one message: what is behind struct envoi_message. */
#ifndef ENGINE_MESSAGE_H
#define ENGINE_MESSAGE_H

#include "base/fault.h"
#include "engine/address.h"
#include "engine/command.h"
#include "engine/content.h"
#include "engine/reply.h"

#include <envoi/message.h>
#include <stdbool.h>

#define RECIPIENTS_MAX 1000000u /* of one message: a bound on memory, not a wish */

struct recipient {
    struct address address;
    char *options; /* parameters of RCPT, or NULL */
    int verdict;   /* ENVOI_VERDICT_* */
    bool pending;  /* 2yz to RCPT, the content decides */
    int code;
    int phase;
    char enhanced[REPLY_ENHANCED_MAX];
    char *reason;
    char *line; /* envoi_message_verdict_text()'s */
};

struct envoi_message {
    struct address sender;
    char *options; /* parameters of MAIL, or NULL */
    bool drop_options;
    int body; /* ENVOI_BODY_* */
    uint64_t size_estimate;
    struct recipient *recipients;
    size_t count, room;
    struct content content;
    char *dropped;  /* options left out in the last send */
    int sticky;     /* first failure of a setter */
    struct job job; /* its place in an engine's queue; job.engine is set while it is sent */
};

/* For sources that need I/O (files): they are made in driver/source.c. release is called with ctx when the source is
 * replaced or the message freed; may be NULL. */
int message_set_source(struct envoi_message *m, const struct content_source *source);
/* Forgets the verdicts and what was dropped. */
void message_begin(struct envoi_message *m);

#endif

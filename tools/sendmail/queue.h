/* SPDX-License-Identifier: MIT */
/* queue = amqp: the mail becomes a job of envoi-worker, which is a program beside this one. */
#ifndef SENDMAIL_QUEUE_H
#define SENDMAIL_QUEUE_H

#include "sendmail/arguments.h"
#include "sendmail/mail.h"
#include "sendmail/recipients.h"

#define QUEUE_ID 129 /* octets, with the NUL */

struct queued_mail {
    const struct arguments *arguments;
    const struct values *values; /* of the account */
    const char *account, *place; /* its name, and "FILE:LINE" */
    const char *sender;          /* "": the null one */
    const struct recipients *recipients;
    struct mail *mail;
};

int queue_is_wanted(const struct values *values);
/* Can the account be served by a queue? Returns 0, or an exit code with *fault filled. */
int queue_check(const struct values *values, struct fault *fault);
/* Runs `envoi-worker submit`. Returns 0 with the id of the job, or an exit code with *fault filled. */
int queue_submit(const struct queued_mail *queued, char id[QUEUE_ID], struct fault *fault);

#endif

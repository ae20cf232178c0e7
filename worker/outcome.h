/* SPDX-License-Identifier: MIT */
/* What became of a job in one attempt: the verdicts, in a form that outlives the message. */
#ifndef WORKER_OUTCOME_H
#define WORKER_OUTCOME_H

#include <jansson.h>
#include <stddef.h>

struct envoi_message;
struct job;

struct outcome_verdict {
    int verdict, code, phase;
    char enhanced[16];
    char *text; /* valid UTF-8 */
};

struct outcome {
    int error;  /* ENVOI_E_*, as the pool has reported it */
    char *text; /* of the error, "" if there was none */
    size_t count;
    struct outcome_verdict *verdicts; /* in the order of the job's recipients */
};

/* Copies the verdicts of a message that is done. NULL: out of memory. */
struct outcome *outcome_new(const struct envoi_message *message, int error, const char *text);
/* One in which all recipients of a job have the same verdict, for a job that was not sent. NULL: out of memory. */
struct outcome *outcome_same(const struct job *job, int verdict, int error, const char *text);
void outcome_free(struct outcome *outcome);

/* Did the server say anything about a recipient? */
int outcome_is_answered(const struct outcome *outcome);
/* The verdicts of the recipients whose flag is set (NULL: of all of them), each as `envoi send --json` has it. NULL:
 * out of memory. */
json_t *outcome_verdicts(const struct outcome *outcome, const struct job *job, const unsigned char *keep);
/* The result of a job: that of `envoi send --json`, and its id, account, attempt, meta, and `next`: the queue in which
 * it goes on, or "" if it has come to its end. */
json_t *outcome_result(const struct outcome *outcome, const struct job *job, const char *account, const char *next);

#endif

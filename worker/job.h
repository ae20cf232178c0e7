/* SPDX-License-Identifier: MIT */
/* A job: one message for its recipients, as a producer has published it. Two forms: the message itself, with the
 * envelope in the headers (message/rfc822), and a JSON object (application/vnd.envoi.job+json). docs/jobs.md describes
 * them. */
#ifndef WORKER_JOB_H
#define WORKER_JOB_H

#include "worker/broker.h"
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

struct envoi_message;
struct fault;
struct room;

/* Bounds of a job; more is an error. */
#define JOB_ID_MAX         128
#define JOB_TEXT_MAX       1024 /* octets of a text of the envelope */
#define JOB_RECIPIENTS_MAX 10000
#define JOB_META_MAX       65536 /* octets */
#define JOB_META_DEPTH     16
#define JOB_FILE_MAX       ((int64_t)256 * 1024 * 1024)

#define JOB_TYPE_MAIL "message/rfc822"
#define JOB_TYPE_JSON "application/vnd.envoi.job+json"

enum job_results { JOB_RESULTS_NONE, JOB_RESULTS_FAILURES, JOB_RESULTS_ALL };

struct job_recipient {
    const char *address;
    const char *options; /* of RCPT; NULL: none */
};

struct job {
    char id[JOB_ID_MAX + 1];
    const char *account; /* NULL: as accounts.h chooses by the sender */
    const char *from;    /* "": the null reverse-path */
    struct job_recipient *to;
    size_t to_count;
    const char *mail_options; /* NULL: none */
    int drop_options;
    enum job_results results;
    int64_t not_after; /* seconds since 1970; 0: as max-age of [worker] says */
    json_t *meta;      /* NULL: none; it comes back in the result */

    int64_t attempt; /* from 1 on */
    /* When the first and the last attempt before this one ended, seconds since 1970; 0: none did. */
    int64_t first, last;

    struct job_content *content;
    struct broker_message source; /* as it came; a copy is made of it */
    struct room *room;            /* owns the octets of the source and all texts */
};

/* Reads a delivery, of which the job keeps its own copy. `content_root` is a descriptor of the folder of the files; -1:
 * jobs may not name files. Returns 0, or EXIT_DATA (the job is invalid, the text says why) or EXIT_LOCAL with *fault
 * filled. *out is NULL then. */
int job_read(const struct broker_message *message, int content_root, struct job **out, struct fault *fault);
void job_free(struct job *job);

/* Makes the message to send, which borrows from the job. If its content has no Message-ID, one is added that depends on
 * the job's id and sender alone: all copies of a job have the same one. Bcc and Resent-Bcc are left out. Returns 0,
 * EXIT_DATA (an address or an option cannot be) or EXIT_LOCAL. */
int job_make_message(struct job *job, struct envoi_message **out, struct fault *fault);
/* After ENVOI_E_CONTENT: why the file of the job could not be read to its end, or has other content by now. NULL: it is
 * not the file. */
const char *job_file_problem(const struct job *job);

/* What a copy says that the job did not. */
struct job_copy {
    const unsigned char *keep; /* a flag for each recipient; NULL: all of them */
    int64_t attempt, first, last;
    const char *reason;     /* x-envoi-reason: "refused", "expired", "invalid" ...; NULL: none */
    const char *text;       /* x-envoi-text: for a person; NULL: none */
    const json_t *verdicts; /* x-envoi-verdicts, as compact JSON; NULL: none */
};

/* A message to publish. All that it points to is owned by `room`. */
struct job_publication {
    struct broker_message message;
    struct room *room;
};

/* Makes a copy of a job with other recipients, attempt and reason, in the form that it came in. The headers of a
 * message have a bound: a verdict that does not fit is left out, and {"omitted": N} tells how many there were. */
int job_make_copy(const struct job *job, const struct job_copy *copy, struct job_publication *out, struct fault *fault);
/* The same of a delivery that job_read() refused: as it came, with the reason. */
int job_make_invalid(const struct broker_message *message, const char *text, struct job_publication *out,
                     struct fault *fault);
void job_publication_free(struct job_publication *publication);

/* Makes a job from a message in memory, in the form JOB_TYPE_MAIL, for `envoi-worker submit`. The octets are borrowed.
 * Of `job` only the id, account, envelope, not_after and results are looked at. EXIT_DATA: the recipients do not fit
 * into the headers of a message. */
int job_make_mail(const struct job *job, const void *octets, size_t len, struct job_publication *out,
                  struct fault *fault);

#endif

/* SPDX-License-Identifier: MIT */
/* What both forms of a job share. */
#ifndef WORKER_JOB_FORM_H
#define WORKER_JOB_FORM_H

#include "worker/job.h"
#include <stdbool.h>

/* The headers of envoi begin so. */
#define JOB_HEADER           "x-envoi-"
/* Octets of headers: of a job, and of a copy, which says more. The broker takes the headers of a message in one frame,
 * mostly of 128 KiB. */
#define JOB_HEADERS_MAX      ((size_t)112 * 1024)
#define JOB_COPY_HEADERS_MAX ((size_t)120 * 1024)

/* ---- texts of the envelope ---- */

enum job_text { JOB_ACCOUNT, JOB_FROM, JOB_MAIL_OPTIONS, JOB_NOT_AFTER, JOB_RESULTS, JOB_TEXT_COUNT };

/* What a text must be, for errors. */
const char *job_text_wants(enum job_text text);
/* Sets it; the value must live as long as the job. `key` names it in errors. Returns 0 or EXIT_DATA. */
int job_text_set(struct job *job, enum job_text text, const char *key, const char *value, struct fault *fault);
const char *job_results_word(enum job_results results);

#define JOB_ADDRESS_WANTS "an address"
#define JOB_OPTIONS_WANTS "parameters of RCPT with blanks between them, such as \"NOTIFY=FAILURE\""
/* Are they texts within the bounds, without control characters? The library looks at the rest. */
bool job_text_fits(const char *text);

#define JOB_ID_WANTS "1 to 128 printable characters of ASCII without blanks"
bool job_id_fits(const char *id);

/* Stores "KEY: ..." Returns EXIT_DATA. */
int job_refuse(struct fault *fault, const char *key, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Stores "KEY: VALUE: it is WANTS". */
int job_refuse_value(struct fault *fault, const char *key, const char *value, const char *wants);

/* ---- headers ---- */

/* Copies a message into the room. Headers of the kind BROKER_OTHER are copied by their name alone. */
int job_copy_message(struct room **room, const struct broker_message *message, struct broker_message *out,
                     struct fault *fault);
/* The octets of a header on its way, and a few more. */
size_t job_header_octets(const struct broker_header *header);
/* Reads the headers of the source: the envelope (JOB_TYPE_MAIL), and the attempt of a copy. */
int job_read_headers(struct job *job, bool has_envelope, struct fault *fault);

/* ---- the body ---- */

/* Reads the body of the form JOB_TYPE_JSON. */
int job_read_json(struct job *job, int content_root, struct fault *fault);
/* Makes a body like that of the source with the recipients that are kept. The room owns it. */
int job_copy_json(const struct job *job, const unsigned char *keep, struct room **room, struct broker_message *out,
                  struct fault *fault);

#endif

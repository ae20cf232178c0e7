/* SPDX-License-Identifier: MIT */
/* Jobs as data: the files in jobs/. */
#ifndef TESTS_WORKER_JOB_CASES_H
#define TESTS_WORKER_JOB_CASES_H

#include "worker/job.h"
#include "worker/room.h"

/* {"base": {"message_id", "content_type", "timestamp", "headers": {}, "body": {} or "..."}, "cases": [...]}
 *
 * A case is the base with its own members instead. `headers` and `body` are merged; "without" lists keys of the body
 * that are taken out, "without_headers" headers. "octets": the body, each character one octet. A header that is null
 * has a type that no job has. "again": headers that come once more. "error" is the text of the error; "is" are members
 * of the job that was read, as job_show() has them. */
json_t *job_cases_load(const char *name);
/* Makes the message of a case. The room owns it. */
struct broker_message job_case_message(const json_t *base, const json_t *test, struct room **room);
/* {"account", "from", "to": [{"address", "options"}], ...}; what is not set is absent. */
json_t *job_show(const struct job *job);

/* A message of the form message/rfc822 for these recipients. The room owns it. */
struct broker_message job_case_mail(const char *id, const char *from, const char *const *to, size_t count,
                                    const char *body, struct room **room);

/* Makes the message of the job and returns its content as it would be sent, to be freed; NULL with *error, if it cannot
 * be read. It is read twice, in pieces, as if it were sent twice. */
char *job_content_sent(struct job *job, size_t *len, int *error);

#endif

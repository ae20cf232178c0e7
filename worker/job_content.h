/* SPDX-License-Identifier: MIT */
/* The content of a job: octets in memory, or a file whose digest is known. */
#ifndef WORKER_JOB_CONTENT_H
#define WORKER_JOB_CONTENT_H

#include <stddef.h>
#include <stdint.h>

struct envoi_message;
struct fault;
struct room;
struct job_content;

#define JOB_DIGEST_DIGITS 64

/* A file below the content root. */
struct job_file {
    const char *path;
    int64_t size;
    const char *sha256; /* hexadecimal digits */
};

/* Each returns 0, EXIT_DATA with *fault filled, whose text begins with `key`, or EXIT_LOCAL. *out is freed with
 * job_content_free(). */

/* Takes octets that live as long as the content. */
int job_content_of_octets(const char *key, const char *octets, size_t len, struct job_content **out,
                          struct fault *fault);
/* Decodes base64 into the room: without blanks and line ends. */
int job_content_of_base64(const char *key, const char *text, struct room **room, struct job_content **out,
                          struct fault *fault);
/* Reads the file once, to compare its size and digest. A small one is kept in memory; of others the descriptor is kept,
 * and the digest is compared again while it is sent, before the last octets leave. */
int job_content_of_file(const char *key, const struct job_file *file, int content_root, struct job_content **out,
                        struct fault *fault);
void job_content_free(struct job_content *content);

/* Makes it the content of the message, with `message_id` ("<...>") if it has none, and without Bcc. */
int job_content_attach(struct job_content *content, const char *message_id, struct envoi_message *message,
                       struct fault *fault);
/* See job_file_problem(). */
const char *job_content_problem(const struct job_content *content);

#endif

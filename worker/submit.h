/* SPDX-License-Identifier: MIT */
/* What `envoi-worker submit` is to make a job of. */
#ifndef WORKER_SUBMIT_H
#define WORKER_SUBMIT_H

#include "accounts/addresses.h"
#include "worker/job.h"

struct command_line;

struct submit {
    struct job job;           /* its texts are those of the command line, and those below */
    const char *rcpt_options; /* of the recipients that are named behind it; NULL: none */
    struct address_set *seen;
    char **addresses; /* of the recipients */
    int reads_header, shows_help;
    int64_t timeout; /* milliseconds */
    char *text;      /* the message */
    size_t len;
    char *sender; /* the account's; NULL: one was given */
};

/* Reads the command line. Returns 0, or an exit code with *fault filled, or without a text after it was reported. */
int submit_parse(struct submit *submit, const struct command_line *line, struct fault *fault);
void submit_print_help(void);
/* An address_fn: adds a recipient, each once. */
int submit_add_recipient(void *submit, const char *address, struct fault *fault);

#endif
